"""Clean up plaintext when a signal ends the process, then re-raise the signal."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from sealedfiles.util.signals import handling


class _EndedError(BaseException):
    """A signal was received.  Not an Exception, so that no ``except Exception`` catches it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def time_to_clean_up() -> Iterator[None]:
    """Make SIGTERM and SIGHUP unwind the stack before they end the process.

    Signals that arrive during the cleanup are ignored.
    """
    ended = False

    def end(number: int, _frame: object) -> None:
        nonlocal ended
        if not ended:
            ended = True
            raise _EndedError(number)

    with handling(("SIGTERM", "SIGHUP"), end):
        try:
            yield
        except _EndedError as error:
            # The parent process must see which signal ended this process.
            signal.signal(error.number, signal.SIG_DFL)
            os.kill(os.getpid(), error.number)
            raise
