"""Remember which lines were searched, so that each distinct line is searched once.

The versions of a file in git's history have most paragraphs in common, and those that differ have most lines
in common.  To look up a paragraph, and then the lines of those that are new, takes a fraction of the time of
a search.
"""

from __future__ import annotations

import sys

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 500_000
"""The number of lines and paragraphs to remember, in 64 bytes each."""
_PARAGRAPH = b"\n\n"

# Keyed with a random number, 64 bits are equal by chance in one of a million large histories.
_IS_UNIQUE = sys.hash_info.width >= 64


class NewLines(NamedTuple):
    """What was not searched before in a text."""

    text: bytes
    """Lines, in no order, or the whole text."""
    paragraphs: list[bytes]
    lines: set[bytes]


class SearchedLines:
    """The hashes of lines and paragraphs that have none of the texts to search for."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def new_in(self, data: bytes) -> NewLines:
        """Return the lines of *data* that were not added."""
        if b"\x00" in data or not _IS_UNIQUE:
            return NewLines(
                data, [], set()
            )  # with NUL, it has no lines, or its line ends are wider
        known = self._known
        paragraphs = [one for one in data.split(_PARAGRAPH) if hash(one) not in known]
        text = b"\n".join(paragraphs)
        lines = {one for one in text.split(b"\n") if hash(one) not in known} if text else set()
        return NewLines(b"\n".join(lines), paragraphs, lines)

    def add(self, new: NewLines, found: Iterable[bytes]) -> None:
        """Add *new* lines and paragraphs, except those with one of the texts that were *found* in them."""
        paragraphs, lines = new.paragraphs, new.lines
        for text in found:
            paragraphs = [one for one in paragraphs if text not in one]
            lines = {one for one in lines if text not in one}
        if len(self._known) + len(lines) + len(paragraphs) > _MOST:
            self._known.clear()
        self._known.update(map(hash, lines))
        self._known.update(map(hash, paragraphs))
