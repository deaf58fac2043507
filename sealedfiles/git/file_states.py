"""The states of files that may change while a filter process runs."""

from __future__ import annotations

import os


class FileStates:
    """Reads the states of files.

    A command changes files itself, so each state is read when it is asked for.  A filter process calls
    ``refresh`` before each file that git sends, and then reads each state once for it: several parts ask for
    the index and the policy, and system calls are a large part of the time for an unchanged file.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, int] | None] | None = None

    def refresh(self) -> None:
        """Forget the states, and from now on remember those that are read."""
        self._known = {}

    def of(self, file: str) -> tuple[int, int, int] | None:
        """Return a value that changes whenever *file* is written; None if there is no such file.

        Raises PermissionError, because a file that cannot be read may exist.
        """
        if self._known is None:
            return _state(file)
        if file not in self._known:
            self._known[file] = _state(file)
        return self._known[file]


def _state(file: str) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(file)
    except PermissionError:
        raise
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
