"""Run commands that change ``.sealedfiles/``, ``.gitattributes`` or the keys of a clone one at a time.

Such a command reads files, changes them and stages them.  If two of them ran at once, the later one would
overwrite changes that it has not read, and a rule of the policy or a key would be lost.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.repository import find_repository
from sealedfiles.keys.folder import NAME
from sealedfiles.util.atomic import alone_in
from sealedfiles.util.messages import say

_PATIENCE = 60.0
_QUIET = 1.0
_INTERVAL = 0.05


@contextlib.contextmanager
def exclusive(start: Path | None = None) -> Iterator[None]:
    """Run this block while no other process runs such a block in the same clone.

    *start* is a folder of the clone, by default the current one.  Enter the block before anything is read.
    The filter, the hooks and commands that only read never enter one, so git can run in it.
    Raises SealedFilesError after a minute, because the other command may be waiting for an answer.
    """
    folder = _folder_to_lock(start or Path.cwd())
    if not os.access(folder, os.R_OK):
        yield
        return
    with alone_in(folder, _Waiting().wait):
        yield


def _folder_to_lock(start: Path) -> Path:
    """Return the folder to lock: one that all commands in the same clone find, and nothing else locks.

    In git it is the common folder, because worktrees share the clone's keys, its record of them and its
    attributes.  Locking a folder leaves no file behind, and works if git's folder is not writable.
    """
    repository = find_repository(start)
    if repository:
        return repository.common_dir
    folders = (folder / NAME for folder in (start.resolve(), *start.resolve().parents))
    return next((folder for folder in folders if folder.is_dir()), start)


class _Waiting:
    def __init__(self) -> None:
        self._since = time.monotonic()
        self._is_reported = False

    def wait(self) -> None:
        """Sleep before the next attempt; report it once, and raise an error in the end."""
        waited = time.monotonic() - self._since
        if waited > _PATIENCE:
            raise SealedFilesError(
                "another sealedfiles command is still running in this clone; nothing was changed",
                "it may be waiting for an answer in another terminal: answer or end it",
                "then run this command again",
            )
        if waited > _QUIET and not self._is_reported:
            self._is_reported = True
            say("waiting for another sealedfiles command in this clone")
        time.sleep(_INTERVAL)
