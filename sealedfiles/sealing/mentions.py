"""Finding which of many texts are mentioned in a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 8
"""How many characters a text must have for its mention in a comment to be no accident."""
LONGEST = 64
"""How many of its first characters are looked for: more would cost time that is not linear."""


class Mentions:
    """*texts* to be found in comments, each by its first 64 characters, if it has 8 or more."""

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
        """Return what of *text* is looked for; empty if it is too short."""
        return text[:LONGEST] if len(text) >= SHORTEST else ""

    def find(self, comment: str) -> set[str]:
        """Return what is mentioned in *comment*."""
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
