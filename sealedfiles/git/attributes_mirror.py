"""The mirror of the accepted policy in ``.git/info/attributes``.

That file has precedence in git.  So even if a pull request removes a line from ``.gitattributes``, or
overrides it further down, git still calls the filter, and the next edit of a secret is still sealed.

In a strict repository, the same file overrides the attributes that block clones without sealedfiles.

A branch from before `track`, or a parallel branch, has an older policy.  If only its patterns were
mirrored, a new secret in a folder that other branches track would be added in plaintext.  So a mirrored
pattern is dropped only if a policy in HEAD's history tracked it (as after a colleague's `untrack`), or if
no branch tracks it (as after a `track` that was never committed).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.attributes import SET_UP, line_for, sealed_patterns
from sealedfiles.git.objects import Objects
from sealedfiles.git.repository import Repository
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.model.policy import Policy, parse_policy
from sealedfiles.util import atomic

_MOST = 500
"""Maximum number of versions of the policy to read, newest first."""

_NOTE = "# sealedfiles: the tracked patterns of the policy that this clone accepted; written by sealedfiles"
_OLD_NOTES = (
    "# sealedfiles: sealed in this clone whatever .gitattributes says; see sealedfiles untrack",
)

_UNCONVERTED = "-ident !working-tree-encoding !conflict-marker-size"
"""Attributes that keep git from converting sealed files.  With a pushed ``working-tree-encoding``, the
working tree would contain another text than the one that the filter, commands and checks read from git.
With a pushed ``conflict-marker-size``, a conflict would not be recognized as one."""

_FOLDER = f"/{NAME}/** -filter -text -ident !working-tree-encoding"
"""The same for the folder: converted keys and policies could not be read."""


def pinned(repository: Repository) -> list[str]:
    """Return the patterns that ``.git/info/attributes`` sends through the filter."""
    return sealed_patterns(_file(repository))


def mirror(repository: Repository, policy: Policy | None, kept: Sequence[str] = ()) -> None:
    """Write the tracked patterns of *policy*, the accepted policy, and *kept* to ``.git/info/attributes``.

    If there is no such policy, or an older version wrote it, which does not list patterns, those in the top
    ``.gitattributes`` are added to those in the file.  Raises OSError.
    """
    file = _file(repository)
    lines = atomic.lines_of(file)
    if policy is None or policy.tracked is None:
        listed = sealed_patterns(repository.top / ".gitattributes")
        patterns = [*pinned(repository), *listed, *kept]
    else:
        patterns = [*policy.tracked, *kept]
    ours = _ours(repository)
    others = [line for line in lines if line not in ours]
    wanted = [*others, _NOTE, SET_UP, _FOLDER, *dict.fromkeys(map(_line_for, patterns))]
    if wanted != lines:
        atomic.replace_lines(file, wanted)
    else:
        # It is now newer than the accepted policy, so that the next filter need not parse that again.
        with contextlib.suppress(OSError):
            os.utime(file)


def expire(repository: Repository) -> None:
    """Mark the mirror as outdated, so that it is written again.  Raises OSError."""
    os.utime(_file(repository), (0, 0))


def still_tracked(
    repository: Repository, objects: Objects, policy: bytes, extra: list[str]
) -> list[str] | None:
    """Return the patterns that stay in the mirror, out of *extra*, which HEAD's policy does not track.

    Return None if HEAD does not have *policy*, the policy in the working tree: during a checkout or merge,
    that already is the new one, while HEAD is the old commit.
    """
    if objects.blob(f"HEAD:{NAME}/{POLICY}".encode()) != policy:
        return None
    rest = set(extra) - _ever_tracked(repository, objects, "HEAD", set(extra))
    elsewhere = _ever_tracked(repository, objects, "--all", rest) if rest else set()
    return [pattern for pattern in extra if pattern in elsewhere]


def _ever_tracked(
    repository: Repository, objects: Objects, revisions: str, patterns: set[str]
) -> set[str]:
    """Return the *patterns* that a policy in the history of *revisions* tracked."""
    options = ["--format=", "--raw", "--no-abbrev", "--no-renames", "--full-history", "-m"]
    code, out, _ = repository.try_run(
        "log", *options, f"--max-count={_MOST}", revisions, "--", f":/{NAME}/{POLICY}"
    )
    oids = [line.split()[3] for line in out.split(b"\n") if line.startswith(b":")]
    found: set[str] = set()
    for oid in dict.fromkeys(oids) if code == 0 else ():
        with contextlib.suppress(SealedFilesError):
            found |= patterns & set(parse_policy(objects.blob(oid) or b"").tracked or ())
        if found == patterns:
            break
    return found


def unpin_all(repository: Repository) -> bool:
    """Remove all lines that this module wrote; return True if there were any."""
    file = _file(repository)
    lines = atomic.lines_of(file)
    ours = _ours(repository)
    kept = [line for line in lines if line not in ours]
    if kept == lines:
        return False
    if kept:
        atomic.replace_lines(file, kept)
    else:
        file.unlink()
    return True


def _ours(repository: Repository) -> set[str]:
    patterns = pinned(repository)
    # Earlier versions wrote the lines of ``.gitattributes``.
    lines = {*map(_line_for, patterns), *map(line_for, patterns)}
    return {*lines, _NOTE, *_OLD_NOTES, SET_UP, _FOLDER}


def _line_for(pattern: str) -> str:
    return f"{line_for(pattern)} {_UNCONVERTED}"


def _file(repository: Repository) -> Path:
    return repository.common_dir / "info" / "attributes"
