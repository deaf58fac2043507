"""Handle signals for a while."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence


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
