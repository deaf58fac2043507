"""Find sealed files whose content exists only in the working tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sealedfiles.app.tracking.plaintext_left import is_plaintext
from sealedfiles.git.cached_groups import folder_removed
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository
from sealedfiles.git.worktree import is_unchanged, tracked_sealed_files, with_blobs
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import show_path


def unsaved_files(clone: Clone, top: Path) -> Iterator[str]:
    """Yield the sealed files with local changes or conflicts, and those with plaintext that is not in git.

    If a commit removed ``.sealedfiles/``, a changed file that git has in plaintext is not one of them.
    """
    repository = clone.repository
    is_removed = clone.policy_in_force.current() is None and folder_removed(clone, "HEAD")
    for path in sorted(filter(clone.covers, clone.index.unmerged())):
        yield _shown(repository, path, top)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        data = _content(repository.file(entry.path))
        if data is None or (is_removed and not TOKEN.search(blob.decode("utf-8", "replace"))):
            continue
        if not is_unchanged(clone, entry, blob, data):
            yield _shown(repository, entry.path, top)
    others = repository.run("ls-files", "--others", "--exclude-standard", "-z").split(b"\0")[:-1]
    for path in sorted(filter(clone.covers, others)):
        data = _content(repository.file(path))
        if data is not None and is_plaintext(clone, path, data):
            yield _shown(repository, path, top)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _shown(repository: Repository, path: bytes, top: Path) -> str:
    """Return a file's name for a message, with the whole path if it is in another worktree than *top*."""
    return show_path(path if repository.top == top else os.fsencode(repository.file(path)))
