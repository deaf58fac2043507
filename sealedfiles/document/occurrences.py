"""The occurrence numbers of the tokens of one file (docs/format.md, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class Occurrences:
    """Gives each new token the lowest number that no other one of its place and literal has.

    All kept tokens are noted first.  The time is proportional to the number of tokens, also for a list of
    thousands of equal values.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, set[int]] = {}
        self._next: dict[Hashable, int] = {}

    def keep(self, place: Hashable, occurrence: int) -> None:
        """Note a token that stays."""
        self._kept.setdefault(place, set()).add(occurrence)

    def take(self, place: Hashable) -> int:
        """Return the number of a new token."""
        number = self._next.get(place, 0)
        kept = self._kept.get(place, ())
        while number in kept:
            number += 1
        self._next[place] = number + 1
        return number
