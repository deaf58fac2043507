"""Handle signals for a while, and end this process with one after cleaning up."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence

_ENDING = ("SIGTERM", "SIGHUP")


@contextlib.contextmanager
def handling(names: Sequence[str], handler: Callable[[int, object], None]) -> Iterator[None]:
    """Call *handler* for the signals *names* in this block.

    Signals that the system does not have are skipped.  Ignored ones stay ignored, as with nohup: child
    processes inherit that.
    """
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold back the signals that end this process until the end of this block.

    For the start of a child process: an exception in the middle of it would leave the child running.
    """
    received: list[int] = []
    with handling(_ENDING, lambda number, _: received.append(number)):
        yield
    for number in received[:1]:
        signal.raise_signal(number)


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

    with handling(_ENDING, end):
        try:
            yield
        except _EndedError as error:
            # The parent process must see which signal ended this process.
            signal.signal(error.number, signal.SIG_DFL)
            os.kill(os.getpid(), error.number)
            raise
