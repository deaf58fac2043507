"""The occurrence numbers of the tokens of one file (docs/format.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from sealedfiles.light_typing import TYPE_CHECKING, Any
from sealedfiles.model.token import COMMENT

if TYPE_CHECKING:
    from sealedfiles.formats.base import Format
    from sealedfiles.model.token import FileKey

_MOST_TRIES = 4096
"""How many tokens are made until one fits into an XML comment: enough for ``longest_comment`` bytes."""


class Occurrences:
    """Gives each new token the lowest number that no other token with its place and literal has.

    All kept tokens are noted first. *earlier* returns the numbers of those that are looked up only if their
    place gets a new token. The time is proportional to the number of tokens, also for a list of thousands of
    equal values.
    """

    def __init__(self, earlier: Callable[[Any], set[int]] | None = None) -> None:
        self._earlier = earlier
        self._kept: dict[Hashable, set[int]] = {}
        self._next: dict[Hashable, int] = {}

    def keep(self, place: Hashable, occurrence: int) -> None:
        """Note a kept token."""
        self._kept_at(place).add(occurrence)

    def take(self, place: Hashable) -> int:
        """Return the number of a new token."""
        number = self._next.get(place, 0)
        kept = self._kept_at(place)
        while number in kept:
            number += 1
        self._next[place] = number + 1
        return number

    def _kept_at(self, place: Hashable) -> set[int]:
        kept = self._kept.get(place)
        if kept is None:
            kept = self._kept[place] = self._earlier(place) if self._earlier else set()
        return kept

    def comment_token(
        self, key: FileKey, path_tag: bytes, literal: str, form: Format, *, is_outer: bool
    ) -> str | None:
        """Return the token for a comment; *is_outer* if it is not the literal of another token.

        Return None if the comment is too long for the format.
        """
        data = literal.encode("utf-8")
        if is_outer and form.longest_comment is not None and len(data) > form.longest_comment:
            return None
        for _ in range(_MOST_TRIES):
            number = self.take((key, COMMENT, path_tag, literal))
            token = key.seal(COMMENT, number, path_tag, data)
            if not is_outer or form.fits_comment(token):
                return token
        return None
