"""Run a command by replacing this process; ``app.run.child`` runs it as a child."""

from __future__ import annotations

import errno
import os
import signal

from sealedfiles.errors import SealedFilesError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotExecutableError(SealedFilesError):
    """The command cannot be run.  The exit status is the same as in env(1) and shells."""

    exit_code = 126


class CommandNotFoundError(SealedFilesError):
    """The command was not found.  The exit status is the same as in env(1) and shells."""

    exit_code = 127


def become(command: tuple[str, ...], environ: Mapping[str, str]) -> int:
    """Replace this process with *command*, which so gets the terminal and signals, and sets the exit status.

    Windows cannot do that.  Raises CommandNotFoundError and NotExecutableError.
    """
    # Python ignores these signals, and exec preserves that: `yes | head` would not end.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environ)  # noqa: S606 - there must be no shell
    except OSError as error:
        raise cannot_start(command[0], environ, error) from None


def cannot_start(name: str, environ: Mapping[str, str], error: OSError) -> SealedFilesError:
    """Return the error for the command *name*, which could not be started because of *error*."""
    shown = show_path(os.fsencode(name))
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if os.path.dirname(name) and os.path.exists(name):
            what = f"{shown} cannot be run: the interpreter in its first line was not found"
            return CommandNotFoundError(what)
        return CommandNotFoundError(f"the command {shown} was not found")
    if error.errno == errno.E2BIG:
        sizes = {key: len(os.fsencode(value)) for key, value in environ.items()}
        largest = max(sizes, key=lambda key: sizes[key], default="")
        return NotExecutableError(
            f"{shown} cannot be run: its arguments and variables exceed the system's limit",
            f"the largest variable is {largest}, with {sizes.get(largest, 0)} bytes",
            "select only the values that it needs: --only PATTERN",
        )
    reason = (error.strerror or "unknown error").lower()
    return NotExecutableError(f"{shown} cannot be run: {reason}")
