"""The error for a git command that failed."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryFile

from sealedfiles.errors import GitError
from sealedfiles.model.unavailable import FULL, explain
from sealedfiles.util.messages import on_one_line

_PROBE = 1 << 16
"""More bytes than the files that git writes when it fails because there is no space."""


def failure(
    args: Sequence[str], code: int, err: bytes, folder: str, write_hints: Sequence[str]
) -> GitError:
    """Return the error for git with *args*, which printed *err* and exited with the status *code*.

    *folder* is git's folder, and *write_hints* are why its permissions do not allow git to write there.
    """
    command = f"git {args[2 if args[0] == '-c' else 0]}"
    message = on_one_line(err)
    full = None if write_hints else _error_of_writing(folder)
    explained = explain(full) if full else None
    if explained:
        # git reports only the name of the file.
        return GitError(f"{command} failed: {explained.message}: {message}", *explained.hints)
    return GitError(f"{command} failed with exit status {code}: {message}", *write_hints)


def _error_of_writing(folder: str) -> OSError | None:
    """Return the error that a write in *folder* gives if there is no space for it."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
    except OSError as error:
        error.filename = folder
        return error if error.errno in FULL else None
    return None
