"""Writing plaintext, or tokens, into the files of the work tree: what unlock and lock do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles import atomic
from sealedfiles.document import open_file, seal_file
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.attributes import sealed_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealedfiles.document import Problem
    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry


class Outcome(NamedTuple):
    """What came of rewriting the work tree."""

    written: list[bytes]
    left: list[bytes]
    """Files with local changes: nothing was done to them."""
    problems: list[tuple[bytes, Problem]]


def tracked_sealed_files(clone: Clone) -> list[Entry]:
    """Return the index entries that the attributes send through the filter."""
    stages = clone.index.stages().values()
    entries = [entries[0] for entries in stages if 0 in entries]
    return sealed_entries(clone.repository, entries)


def open_work_tree(clone: Clone) -> Outcome:
    """Write the plaintext of every sealed file that has no local changes."""
    problems: list[tuple[bytes, Problem]] = []

    def opened(entry: Entry, blob: bytes) -> bytes:
        result = open_file(blob, clone.describe_for_smudge(entry.path), clone.ring)
        problems.extend((entry.path, problem) for problem in result.problems)
        return result.data

    outcome = _rewrite(clone, opened)
    return outcome._replace(problems=problems)


def close_work_tree(clone: Clone) -> Outcome:
    """Write the tokens of every sealed file that has no local changes."""
    return _rewrite(clone, lambda _entry, blob: blob)


def refresh(clone: Clone, paths: list[bytes], env: Mapping[str, str] | None = None) -> None:
    """Let git see that rewritten files are unchanged (``update-index --refresh`` does not)."""
    if paths:
        names = b"".join(path + b"\x00" for path in paths)
        clone.repository.run("update-index", "-z", "--stdin", stdin=names, env=env)


def is_unchanged(clone: Clone, entry: Entry, blob: bytes, data: bytes) -> bool:
    """Tell whether *data*, from the work tree, is what the index has, sealed or opened."""
    if data == blob:
        return True
    try:
        file, rules = clone.describe(entry.path)
        return seal_file(data, [blob], file, rules, clone.ring) == blob
    except SealedFilesError:
        return False


def _rewrite(clone: Clone, wanted: Callable[[Entry, bytes], bytes]) -> Outcome:
    written: list[bytes] = []
    left: list[bytes] = []
    for entry in tracked_sealed_files(clone):
        path = clone.repository.file(entry.path)
        if entry.skip_worktree or os.path.islink(path) or not path.is_file():
            continue
        blob = clone.objects.blob(entry.oid.encode("ascii"))
        if blob is None:
            continue
        data = path.read_bytes()
        new = wanted(entry, blob)
        if data == new:
            continue
        if not is_unchanged(clone, entry, blob, data):
            left.append(entry.path)
            continue
        atomic.replace(path, new)
        written.append(entry.path)
    return Outcome(written, left, [])
