"""Find files of the working tree with plaintext that git does not have, or does not update."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sealedfiles.errors import PolicyError
from sealedfiles.git.clone import Clone
from sealedfiles.git.leftovers import originals
from sealedfiles.git.repository import Repository, find_repository
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.inspect import inspect_file


class Left(NamedTuple):
    """A file in plaintext, and the reason why no command seals it in place."""

    path: bytes
    reason: str


def plaintext_left(clone: Clone, changed: Iterable[bytes] = ()) -> Iterator[Left]:
    """Yield the files of one working tree that are in plaintext after it was locked.

    *changed* are the tracked files with local changes, which are not rewritten.
    """
    repository = clone.repository
    for path in changed:
        yield Left(path, "it has local changes")
    for entry in tracked_sealed_files(clone):
        if entry.skip_worktree and _is_plain(clone, entry.path, entry.path):
            yield Left(entry.path, "its skip-worktree bit is set, so git does not update it")
    for path in sorted(filter(clone.covers, clone.index.unmerged())):
        if _is_plain(clone, path, path):
            yield Left(path, "it has a merge conflict")
    # Ignored files too: an ignored copy is as readable as any other.
    others = repository.run("ls-files", "--others", "-z").split(b"\0")[:-1]
    for path in sorted(filter(clone.covers, others)):
        if _is_plain(clone, path, path):
            yield Left(path, "git does not track it")
    copies = {path: originals(path) for path in others}
    names = [name for path in copies for name in copies[path]]
    sealed = set(filter(clone.covers, names))
    for path, of in copies.items():
        if any(name in sealed and _is_plain(clone, path, name) for name in of):
            yield Left(path, "it was left by an editor or a merge tool")


def plaintext_in_git(repository: Repository) -> Iterator[Left]:
    """Yield the edits that `edit` could not save and kept for the user."""
    folder = repository.state_folder / "recovery"
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield Left(
            os.fsencode(file), "an edit that could not be saved; copy what you need, then delete it"
        )


def worktrees(repository: Repository) -> Iterator[Repository]:
    """Yield the repository, then each of its other worktrees that exists."""
    yield repository
    out = repository.run("worktree", "list", "--porcelain")
    for line in out.split(b"\n"):
        if line.startswith(b"worktree "):
            found = Path(os.fsdecode(line.removeprefix(b"worktree ")))
            one = find_repository(found) if found.is_dir() else None
            if one and one.top != repository.top:
                yield one


def is_plaintext(clone: Clone, path: bytes, data: bytes) -> bool:
    """Return True if *data*, as the content of *path*, contains plaintext that the policy seals."""
    try:
        found = inspect_file(data, *clone.describe(path))
    except PolicyError:
        return True
    return found.has_plaintext


def _is_plain(clone: Clone, path: bytes, name: bytes) -> bool:
    """Return True if the file at *path* is in plaintext, by the rules for the file *name*."""
    file = clone.repository.file(path)
    if file.is_symlink() or not file.is_file():
        return False
    return is_plaintext(clone, name, file.read_bytes())
