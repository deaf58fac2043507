"""A value whose origin is not proved, and whether new values or comments repeat it."""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.sealed_text import TELLING
from sealedfiles.sealing.spelling import comparable, telling_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sealedfiles.sealing.comment_lines import PlacedComment

COMMENT, FILE, PART = "a comment", "the whole file", "a line"
"""Names of what is not a value; a line is one of a text that does not parse."""


class Unproved(NamedTuple):
    """An unproved value, comment, or line of a file without values."""

    name: str
    text: str
    """Decoded."""
    is_plain: bool
    places: tuple[tuple[bytes, str], ...] = ()
    """The key path and the decoded value, or those of the entry of a comment."""
    groups: frozenset[str] = frozenset()
    """The groups of a sealed comment: as a value of these, it is proved."""
    is_unsigned: bool = False
    """Whether it is what a comment would be without its sign, whatever it reads as with it."""

    @property
    def is_line(self) -> bool:
        """Whether it is a sealed comment that may only be a line of a longer value."""
        return bool(self.groups) and not self.places

    @property
    def telling_values(self) -> list[str]:
        """The values of a comment that are recognized with another key in front of them, or none."""
        values = [value for _, value in self.places if self.name in (COMMENT, PART)]
        return [value for value in values if len(comparable(value)) >= TELLING]


def is_repeated(
    values: Collection[tuple[bytes, str]],
    comments: Iterable[PlacedComment],
    one: Unproved,
    *,
    is_gone: bool,
) -> bool:
    """Return True if one of *values* (key path and decoded value) or *comments* repeats the unproved *one*.

    A value that is too short to be recognized counts only with its key, or, if *is_gone*, if its own key path
    is gone.
    """
    if one.is_unsigned:
        added = [*values, *(pair for comment in comments for pair in _entries(comment))]
        return any(_is_of(one, path, value) for path, value in added)
    text, places = comparable(one.text), {(path, comparable(value)) for path, value in one.places}
    is_telling = len(one.text) >= TELLING
    parts = [text, *telling_lines(one.text)] if is_telling and not one.is_line else []
    parts += map(comparable, one.telling_values)
    for comment in comments:
        shown = comparable(comment.text)
        if any(part in shown for part in parts):
            return True
        if any(_is_at(places, path, comparable(value)) for path, value in _entries(comment)):
            return True
    is_comment = one.name in (COMMENT, PART)
    for path, value in values:
        same = comparable(value)
        if is_comment and any(line in text for line in telling_lines(value)):
            return True
        if one.is_line:
            continue
        if same == text and (is_telling or is_gone):
            return True
        is_part = len(value) >= TELLING and same in text
        is_entry = len(value) >= TELLING and any(same == other for _, other in places)
        if is_comment and (is_part or is_entry or _is_at(places, path, same)):
            return True
    return False


def _is_of(comment: Unproved, path: bytes, value: str) -> bool:
    """Return True if *value* is what *comment* would be, with its key or, if telling, any key."""
    same, places = comparable(value), {(key, comparable(found)) for key, found in comment.places}
    is_telling = len(value) >= TELLING and any(same == other for _, other in places)
    return is_telling or _is_at(places, path, same)


def _entries(comment: PlacedComment) -> tuple[tuple[bytes, str], ...]:
    return (*comment.values, *comment.uncommented)


def _is_at(places: set[tuple[bytes, str]], path: bytes, value: str) -> bool:
    """Return True if *value* is at *path* in *places*.  In JSON, the end of a comment's key path is known."""
    return any(
        value == other and (path == place or (place and path and _is_end(path, place)))
        for place, other in places
    )


def _is_end(path: bytes, place: bytes) -> bool:
    return path.endswith(place) or place.endswith(path)
