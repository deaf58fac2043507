"""Find which of many texts a comment contains."""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 8
"""The length in characters from which a text is not in a comment by chance."""
LONGEST = 64
"""The number of characters that are searched for: more would cost more than linear time."""


class Mentions:
    """*texts* to find in comments, each by its first 64 characters, if it has 8 or more."""

    def __init__(self, texts: Iterable[str]) -> None:
        # First eight characters -> lengths -> texts.
        self._found: dict[str, dict[int, set[str]]] = {}
        for text in texts:
            name = self.name(text)
            if name:
                by_length = self._found.setdefault(name[:SHORTEST], {})
                by_length.setdefault(len(name), set()).add(name)

    @staticmethod
    def name(text: str) -> str:
        """Return the part of *text* that is searched for; empty if it is too short."""
        return text[:LONGEST] if len(text) >= SHORTEST else ""

    def find(self, comment: str) -> set[str]:
        """Return the texts that *comment* contains."""
        found: set[str] = set()
        starts = self._found
        if not starts:
            return found
        for at in range(len(comment) - SHORTEST + 1):
            by_length = starts.get(comment[at : at + SHORTEST])
            if by_length:
                for length, texts in by_length.items():
                    if comment[at : at + length] in texts:
                        found.add(comment[at : at + length])
        return found
