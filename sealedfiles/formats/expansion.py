"""Limit the expansion of references in a .env file, because values that double would fill the memory."""

from __future__ import annotations

from sealedfiles.errors import FormatError
from sealedfiles.formats.place import error_at

MOST_EXPANDED = 1_000_000
"""In characters, for all references of a file (docs/format.md, section 4)."""


class ExpansionError(FormatError):
    """The references of a .env file expand to more than the limit."""


class Expansion:
    """Counts the characters to which the references of one text expand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = MOST_EXPANDED

    def add(self, replacement: str, at: int) -> str:
        """Return *replacement*, for a reference at the offset *at*.  Raises ExpansionError."""
        self._left -= len(replacement)
        if self._left < 0:
            place = error_at(self._text, at, "")
            message = f"the references in it expand to more than {MOST_EXPANDED} characters"
            raise ExpansionError(message, place.line, place.column)
        return replacement
