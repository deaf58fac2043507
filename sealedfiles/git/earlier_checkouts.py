"""Record the plaintext that git wrote to the working tree before the filter was set up.

`git clone` checks out files before `unlock`.  If HEAD has moved since (`git reset`), only its reflog shows
from which commits they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealedfiles.git import child
from sealedfiles.git.clone import Clone
from sealedfiles.git.head_log import visited
from sealedfiles.git.plaintext import (
    PlaintextFiles,
    WrittenVersion,
    blob_id,
    commit_with,
)
from sealedfiles.git.repository import Repository

_WITHOUT_FILTER = tuple(
    word
    for setting in ("process=", "smudge=", "clean=", "required=false")
    for word in ("-c", f"filter.sealedfiles.{setting}")
)
"""Options of git with which our filter changes nothing."""


def note_earlier_checkouts(clone: Clone, *, with_index: bool) -> None:
    """Record the plaintext of the commits at which HEAD was, in every worktree (``git.plaintext_memory``).

    Without *with_index*, files that are in the index are left out, because the caller reads them.
    """
    files = PlaintextFiles(clone)
    _note_local_changes(clone, files)
    known = set() if with_index else {(one.path, one.oid) for one in clone.index.files()}
    for commit in visited(clone.repository):
        _, out, _ = clone.repository.try_run("ls-tree", "-r", "-z", commit)
        fresh = [one for one in _entries(out) if one not in known and clone.covers(one[0])]
        known.update(fresh)
        blobs = clone.objects.blobs([oid for _, oid in fresh])
        for (path, _), data in zip(fresh, blobs, strict=True):
            if data:
                files.note(path, data, written=WrittenVersion(data, data, commit))
    files.save()


def written_versions(clone: Clone, path: bytes) -> list[bytes]:
    """Return what git may have written to the file at *path* in a clone without the filter: its versions in
    the commits at which HEAD was, and what git would write now."""
    names = (f"{commit}:".encode() + path for commit in visited(clone.repository))
    now = _written_now(clone.repository, path)
    return [one for one in (*map(clone.objects.blob, names), now) if one]


def commit_written(clone: Clone, path: bytes, data: bytes) -> str | None:
    """Return a commit for whose version of the file at *path* git writes *data* without the filter, as
    `git restore --source` does; None if there is none, empty if it is unknown."""
    oids = (blob_id(clone, data), _id_if_added(clone.repository, path, data))
    commits = (commit_with(clone, path, oid) for oid in dict.fromkeys(oids) if oid)
    return next((one for one in commits if one is not None), None)


def _written_now(repository: Repository, path: bytes) -> bytes | None:
    """Return the text that git writes for the index version of *path* without our filter.

    Another filter, ``ident``, or a pushed ref in `refs/replace` makes it another one than git stores.
    """
    environment = repository.git_environment()
    del environment["GIT_NO_REPLACE_OBJECTS"]
    command = (*_WITHOUT_FILTER, "cat-file", "--filters", f":0:{os.fsdecode(path)}")
    code, out, _ = child.run(command, repository.root, environment)
    return None if code else out


def _id_if_added(repository: Repository, path: bytes, data: bytes) -> str:
    """Return the id of the blob that `git add` would make of *data* without our filter; empty if it fails.

    Line ends, ``working-tree-encoding`` and other filters make it another text than the file's.
    """
    command = (*_WITHOUT_FILTER, "hash-object", "--stdin", f"--path={os.fsdecode(path)}")
    code, out, _ = repository.try_run(*command, stdin=data)
    return "" if code else out.decode("ascii").strip()


def _note_local_changes(clone: Clone, files: PlaintextFiles) -> None:
    """Record the plaintext of files that git wrote from another commit (`git restore --source`)."""
    for entry in clone.sealed_entries(clone.index.files()):
        file = clone.repository.regular_file(entry.path)
        if file:
            data = file.read_bytes()
            if blob_id(clone, data) != entry.oid:
                commit = commit_written(clone, entry.path, data)
                if commit is not None:
                    files.note(entry.path, data, written=WrittenVersion(data, data, commit))
                now = _written_now(clone.repository, entry.path)
                if now and blob_id(clone, now) != entry.oid:
                    files.note(entry.path, now, written=WrittenVersion(now, now, ""))


def _entries(tree: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield the path and the id of each regular file in the output of `git ls-tree -z`."""
    for line in tree.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, oid = about.decode("ascii").split(" ")
        if mode.startswith("100"):
            yield path, oid
