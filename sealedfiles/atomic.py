"""Replacing a file so that a reader, or a crash, sees the old one or the new one and nothing between."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def replace(path: Path, data: bytes, mode: int | None = None) -> None:
    """Make *data* the content of *path*.  Raises OSError.

    *mode* None keeps the mode of the file that is there, or gives a new one what the umask allows.
    The new file never has more rights than the old one while it is being written.
    """
    with contextlib.suppress(FileNotFoundError):
        if mode is None:
            mode = stat.S_IMODE(os.stat(path).st_mode)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, _NEW, 0o666 if mode is None else mode & 0o700 | PRIVATE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_private_folder(path: Path) -> None:
    """Make the folder *path*, with its parents, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
