"""Folders of the current user."""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.errors import UsageError


class NoHomeError(UsageError, RuntimeError):
    """The user has no usable home folder."""


def home() -> Path:
    """Return the home folder.  Raises NoHomeError.

    A relative home folder is refused.  It would be in the current folder, perhaps a working tree, where a
    private key could be committed, and where anyone with push access could have added one.
    """
    try:
        folder = Path.home()
    except RuntimeError:
        raise NoHomeError("no home folder was found", *_HINTS) from None
    # Python treats an empty HOME as the root of the file system.
    if not folder.is_absolute() or os.environ.get("HOME") == "":
        raise NoHomeError("HOME is not an absolute path", *_HINTS)
    return folder


def folder_variable(name: str) -> Path | None:
    """Return the folder in the variable *name*; None if it is not set, or relative: the XDG Base Directory
    Specification says to ignore relative folders."""
    folder = os.environ.get(name)
    return Path(folder) if folder and os.path.isabs(folder) else None


_HINTS = (
    "set HOME to your home folder",
    "for a new key: sealedfiles keygen --output FILE; to use one: --identity FILE",
)
