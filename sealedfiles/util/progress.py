"""A progress line on the terminal for long operations.

It is shown only if stderr is a terminal, and only for operations that take more than a second.  It has no
colors, so ``NO_COLOR`` does not apply.
"""

from __future__ import annotations

import os
import sys
import time

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import TypeVar

    T = TypeVar("T")


_PATIENCE = 1.0
_INTERVAL = 0.1
_WIDTH = 20


class Progress:
    """Shows ``sealedfiles: WHAT [####      ] 120 of 400`` while it is entered, and clears it at the end.

    Without a *total*, only the count is shown.
    """

    def __init__(self, what: str, total: int = 0) -> None:
        self.total = total
        self._what = what
        self._done = 0
        self._shown = 0
        self._next = time.monotonic() + _PATIENCE
        self._on = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def step(self, count: int = 1) -> None:
        """Record that *count* more pieces are done."""
        self._done += count
        if self._on and time.monotonic() >= self._next:
            self._next = time.monotonic() + _INTERVAL
            self._show()

    def each(self, pieces: Iterable[T]) -> Iterator[T]:
        """Yield *pieces*, and record each as done when the next is requested."""
        for piece in pieces:
            yield piece
            self.step()

    def clear(self) -> None:
        """Clear the line, so that a message can replace it."""
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0

    def _show(self) -> None:
        text = f"sealedfiles: {self._what} {self._done}"
        if self.total:
            bar = "#" * (_WIDTH * min(self._done, self.total) // self.total)
            text = f"sealedfiles: {self._what} [{bar:<{_WIDTH}}] {self._done} of {self.total}"
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)
