"""Record the plaintext that git wrote to the working tree before the filter was set up.

`git clone` checks out files before `unlock`.  If HEAD has moved since (`git reset`), only its reflog shows
from which commits they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealedfiles.git.clone import Clone
from sealedfiles.git.plaintext import (
    PlaintextFiles,
    WrittenVersion,
    blob_id,
    note_if_committed,
)
from sealedfiles.git.repository import Repository

_MOST = 1000
"""Commits: a clone that is set up late has seen a few."""


def note_earlier_checkouts(clone: Clone, *, with_index: bool) -> None:
    """Record the plaintext of the commits at which HEAD was, in every worktree (``git.plaintext_memory``).

    Without *with_index*, files that are in the index are left out, because the caller reads them.
    """
    _note_local_changes(clone)
    known = set() if with_index else {(one.path, one.oid) for one in clone.index.files()}
    files = PlaintextFiles(clone)
    for commit in _visited(clone.repository):
        _, out, _ = clone.repository.try_run("ls-tree", "-r", "-z", commit)
        fresh = [one for one in _entries(out) if one not in known and clone.covers(one[0])]
        known.update(fresh)
        blobs = clone.objects.blobs([oid for _, oid in fresh])
        for (path, _), data in zip(fresh, blobs, strict=True):
            if data:
                files.note(path, data, written=WrittenVersion(data, data, commit))


def earlier_versions(clone: Clone, path: bytes) -> list[bytes]:
    """Return the versions of *path* in the commits at which HEAD was."""
    names = (f"{commit}:".encode() + path for commit in _visited(clone.repository))
    return [data for data in dict.fromkeys(map(clone.objects.blob, names)) if data]


def _note_local_changes(clone: Clone) -> None:
    """Record the plaintext of files that are exactly as a commit has them (`git restore --source`)."""
    for entry in clone.sealed_entries(clone.index.files()):
        file = clone.repository.regular_file(entry.path)
        if file:
            data = file.read_bytes()
            if blob_id(clone, data) != entry.oid:
                note_if_committed(clone, entry.path, data)


def _visited(repository: Repository) -> list[str]:
    """Return the ids of the commits at which HEAD of this and the other worktrees was, latest first."""
    others = os.path.join(repository.common_folder, "worktrees")
    names = os.listdir(others) if os.path.isdir(others) else []
    found: dict[str, None] = {}
    is_unborn = False
    for head in ("HEAD", "main-worktree/HEAD", *(f"worktrees/{name}/HEAD" for name in names)):
        code, out, _ = repository.try_run(
            "log", "--walk-reflogs", f"--max-count={_MOST}", "--format=%H", head, "--"
        )
        found.update(dict.fromkeys(out.decode("ascii").split() if not code else ()))
        is_unborn = is_unborn or code != 0
    if is_unborn:
        # git shows the reflog of a HEAD without a commit only together with all other reflogs.
        options = ("--reflog", "--no-walk", f"--max-count={_MOST}")
        code, out, _ = repository.try_run("rev-list", *options)
        found.update(dict.fromkeys(out.decode("ascii").split() if not code else ()))
    return list(found)


def _entries(tree: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield the path and the id of each regular file in the output of `git ls-tree -z`."""
    for line in tree.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, oid = about.decode("ascii").split(" ")
        if mode.startswith("100"):
            yield path, oid
