"""Search many files for the same texts, each distinct line once.

The versions of a file in git's history have most lines in common.  A line without a text is remembered, and
left out wherever it occurs again, which takes a fraction of the time of a search.  So is a paragraph, which
saves splitting it into lines.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from sealedfiles.app.held.matcher import Matcher

T = TypeVar("T")

_MOST_BYTES = 32 << 20
_OVERHEAD = 80
"""Bytes of memory for a remembered part, in addition to its characters."""
_LONGEST = 2000
"""Longer parts, as in minified files, fill the memory and rarely occur twice."""


class DistinctLines(Generic[T]):
    """Searches for the texts of *matcher*, which must not change.  No text may have a line end."""

    def __init__(self, matcher: Matcher[T]) -> None:
        self._matcher = matcher
        self._clean: set[bytes] = set()
        """Paragraphs and lines without any of the texts."""
        self._size = 0

    def find(self, data: bytes) -> list[tuple[int, bytes, T]]:
        """Return each text that *data* contains, as ``Matcher.find`` does."""
        if not len(self._matcher):
            return []
        if b"\x00" in data:
            return list(self._matcher.find(data))  # it has no lines, or its line ends are wider
        paragraphs = set(data.split(b"\n\n")) - self._clean
        if not paragraphs:
            return []
        lines = set(b"\n".join(paragraphs).split(b"\n")) - self._clean
        if not lines:
            self._remember(paragraphs)
            return []
        found = list(self._matcher.find(data, b"\n".join(lines)))
        for _, text, _ in found:
            lines = {line for line in lines if text not in line}
            paragraphs = {one for one in paragraphs if text not in one}
        self._remember(lines)
        self._remember(paragraphs)
        return found

    def _remember(self, parts: set[bytes]) -> None:
        parts = {part for part in parts if len(part) <= _LONGEST}
        size = sum(map(len, parts)) + _OVERHEAD * len(parts)
        self._size += size
        if self._size > _MOST_BYTES:
            self._clean.clear()
            self._size = size
        self._clean |= parts
