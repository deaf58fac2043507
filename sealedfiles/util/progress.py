"""The progress of long operations, which use cases report and the command line shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from sealedfiles.light_typing import TypeAlias, TypeVar

T = TypeVar("T")

Show: TypeAlias = Callable[[str], None]
"""Shows a text in place of the one before; an empty text removes it."""

_PATIENCE = 1.0
_INTERVAL = 0.1
_WIDTH = 20
_show: Show | None = None


def show_with(show: Show | None) -> None:
    """Show the progress of this process with *show*; by default, as in a library, it is not shown."""
    global _show
    _show = show


class Progress:
    """Shows ``WHAT [####      ] 120 of 400`` while it is entered, if that takes more than a second.

    Without a *total*, only the count is shown.
    """

    def __init__(self, what: str, total: int = 0) -> None:
        self.total = total
        self._what = what
        self._done = 0
        self._is_shown = False
        self._next = time.monotonic() + _PATIENCE

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()

    def step(self, count: int = 1) -> None:
        """Record that *count* more pieces are done."""
        self._done += count
        if _show and time.monotonic() >= self._next:
            self._next = time.monotonic() + _INTERVAL
            self._is_shown = True
            _show(self._text())

    def each(self, pieces: Iterable[T]) -> Iterator[T]:
        """Yield *pieces*, and record each as done when the next is requested."""
        for piece in pieces:
            yield piece
            self.step()

    def clear(self) -> None:
        """Remove the text, so that a message can take its place."""
        if _show and self._is_shown:
            _show("")
            self._is_shown = False

    def _text(self) -> str:
        if not self.total:
            return f"{self._what} {self._done}"
        bar = "#" * (_WIDTH * min(self._done, self.total) // self.total)
        return f"{self._what} [{bar:<{_WIDTH}}] {self._done} of {self.total}"
