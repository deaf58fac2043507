"""Every stored version of the files that are or were sealed, current ones first."""

from __future__ import annotations

import contextlib

from sealedfiles.errors import PolicyError
from sealedfiles.git import gitattributes
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealedfiles.git.clone import Clone

_POLICY, _ATTRIBUTES = f":(top,literal){NAME}/policy.yaml", ":(top,literal).gitattributes"


class SealedVersion(NamedTuple):
    """One stored version of a file that has tokens."""

    path: bytes
    oid: str
    data: bytes
    is_current: bool
    """Whether the index has it."""


def sealed_versions(clone: Clone) -> Iterator[SealedVersion]:
    """Yield the versions in the index, then those in all commits that a ref or a reflog reaches.

    A file counts if a tracked pattern of any version of the policy matches it.
    """
    current = [(entry.path, entry.oid) for entry in tracked_sealed_files(clone)]
    yield from _read(clone, current, is_current=True)
    specs = [f":(top,literal){path.decode('utf-8', 'surrogateescape')}" for path, _ in current]
    patterns = dict.fromkeys(_patterns(clone))
    specs += [pathspec(pattern, clone.repository.ignores_case) for pattern in patterns]
    if specs:
        known = set(current)
        past = [one for one in _objects_of(clone, specs) if one not in known]
        yield from _read(clone, past, is_current=False)


def pathspec(pattern: str, ignore_case: bool) -> str:
    """Return the pathspec for the files that *pattern*, as in .gitattributes, matches."""
    icase = ",icase" if ignore_case else ""
    glob = pattern.lstrip("/") if "/" in pattern.rstrip("/") else f"**/{pattern}"
    return f":(top,glob{icase}){glob}"


def _patterns(clone: Clone) -> Iterator[str]:
    """Yield the patterns that any version of the policy, or of the top .gitattributes, seals."""
    objects = clone.objects
    for path, oid in _objects_of(clone, [_POLICY, _ATTRIBUTES]):
        data = objects.blob(oid.encode("ascii")) or b""
        if path == b".gitattributes":
            yield from gitattributes.sealed_patterns(data)
            continue
        with contextlib.suppress(PolicyError):
            yield from parse_policy(data).tracked or ()


def _objects_of(clone: Clone, specs: Iterable[str]) -> list[tuple[bytes, str]]:
    """Return the files and folders that match *specs* in any commit: path and object id."""
    out = clone.repository.run(
        "rev-list",
        "--objects",
        "--all",
        "--reflog",
        "--full-history",
        "--missing=allow-any",
        "--",
        *specs,
    )
    lines = (line.partition(b" ") for line in out.split(b"\n"))
    return [(path, oid.decode("ascii")) for oid, _, path in lines if path]


def _read(
    clone: Clone, wanted: list[tuple[bytes, str]], *, is_current: bool
) -> Iterator[SealedVersion]:
    blobs = clone.objects.blobs([oid for _, oid in wanted])
    for (path, oid), data in zip(wanted, blobs, strict=True):
        if data and b"sealed:v1:" in data:
            yield SealedVersion(path, oid, data, is_current)
