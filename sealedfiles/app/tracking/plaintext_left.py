"""Find files of the working tree with plaintext or changes that git does not have, or does not update."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sealedfiles.errors import PolicyError
from sealedfiles.git.cached_groups import folder_removed
from sealedfiles.git.clone import Clone
from sealedfiles.git.leftovers import originals
from sealedfiles.git.repository import Repository, find_repository
from sealedfiles.git.worktree import is_unchanged, tracked_sealed_files, with_blobs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import inspect_file


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
    for found in _registered(repository):
        one = find_repository(found) if found.is_dir() else None
        if one and one.top != repository.top:
            yield one


def lost_worktrees(repository: Repository) -> list[str]:
    """Return the worktrees that git cannot find: they were moved or removed by hand, or are not mounted."""
    return [str(found) for found in _registered(repository) if not found.is_dir()]


def _registered(repository: Repository) -> Iterator[Path]:
    out = repository.run("worktree", "list", "--porcelain")
    for line in out.split(b"\n"):
        if line.startswith(b"worktree "):
            yield Path(os.fsdecode(line.removeprefix(b"worktree ")))


def unsaved_files(clone: Clone, top: Path) -> Iterator[str]:
    """Yield the sealed files with local changes or conflicts, and those with plaintext that is not in git.

    If a commit removed ``.sealedfiles/``, a changed file that git has in plaintext is not one of them.
    """
    repository = clone.repository
    is_removed = clone.policy_in_force.current() is None and folder_removed(clone, "HEAD")
    for path in sorted(filter(clone.covers, clone.index.unmerged())):
        yield _shown(repository, path, top)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        data = _content(repository, entry.path)
        if data is None or (is_removed and not TOKEN.search(blob.decode("utf-8", "replace"))):
            continue
        if not is_unchanged(clone, entry, blob, data):
            yield _shown(repository, entry.path, top)
    others = repository.run("ls-files", "--others", "--exclude-standard", "-z").split(b"\0")[:-1]
    for path in sorted(filter(clone.covers, others)):
        if _is_plain(clone, path, path):
            yield _shown(repository, path, top)


def _is_plain(clone: Clone, path: bytes, name: bytes) -> bool:
    """Return True if the file at *path* has plaintext that the policy seals in the file *name*."""
    data = _content(clone.repository, path)
    try:
        return data is not None and inspect_file(data, *clone.describe(name)).has_plaintext
    except PolicyError:
        return True


def _content(repository: Repository, path: bytes) -> bytes | None:
    file = repository.regular_file(path)
    return file.read_bytes() if file else None


def _shown(repository: Repository, path: bytes, top: Path) -> str:
    """Return a file's name for a message, with the whole path if it is in another worktree than *top*."""
    return show_path(path if repository.top == top else os.fsencode(repository.file(path)))
