"""Search many files for the same texts, each distinct line once.

The versions of a file in git's history have most lines in common.  A line without a text is remembered, and
left out wherever it occurs again, which takes a fraction of the time of a search.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from sealedfiles.app.held.matcher import Matcher

T = TypeVar("T")

_MOST_BYTES = 32 << 20
_OVERHEAD = 80
"""Bytes of memory for a remembered line, in addition to its characters."""
_LONGEST = 2000
"""Longer lines, as in minified files, fill the memory and rarely occur twice."""


class DistinctLines(Generic[T]):
    """Searches for the texts of *matcher*, which must not change.  A text with a line end must have a NUL."""

    def __init__(self, matcher: Matcher[T]) -> None:
        self._matcher = matcher
        self._clean: set[bytes] = set()
        """Lines without any of the texts."""
        self._size = 0

    def find(self, data: bytes) -> list[tuple[int, bytes, T]]:
        """Return each text that *data* contains, as ``Matcher.find`` does."""
        if not len(self._matcher):
            return []
        if b"\x00" in data:
            return list(self._matcher.find(data))  # it has no lines, or its line ends are wider
        lines = set(data.split(b"\n")) - self._clean
        if not lines:
            return []
        found = list(self._matcher.find(data, b"\n".join(lines)))
        for _, text, _ in found:
            lines = {line for line in lines if text not in line}
        self._remember(lines)
        return found

    def _remember(self, lines: set[bytes]) -> None:
        lines = {line for line in lines if len(line) <= _LONGEST}
        size = sum(map(len, lines)) + _OVERHEAD * len(lines)
        self._size += size
        if self._size > _MOST_BYTES:
            self._clean.clear()
            self._size = size
        self._clean |= lines
