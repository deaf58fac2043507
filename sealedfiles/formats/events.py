"""A text as events: headers, keys, scalars, brackets, comments; and the key paths that follow from them.

For the formats whose collections are in brackets, TOML and HCL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sealedfiles.formats.base import Span
from sealedfiles.light_typing import TYPE_CHECKING, ClassVar, NamedTuple, NoReturn, TypeAlias
from sealedfiles.model.paths import ITEM, LONGEST, ROOT, key_step

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER, ARRAY_HEADER, KEY, SCALAR, OPEN, CLOSE, COMMENT = range(7)
"""The kinds of events.  Only TOML has headers."""

Keys: TypeAlias = "tuple[tuple[str, int, int], ...]"
"""The parts of a key, each with its text, start and end."""


class Event(NamedTuple):
    """One part of a text, from *start* to *end*.  A comment is without its ``#``."""

    kind: int
    start: int
    end: int
    keys: Keys = ()
    """Of a header or a key."""


_CLOSING = {"[": "]", "{": "}"}


class EventReader(ABC):
    """Reads *text* into ``events``: what is the same for all formats with collections in brackets."""

    key_signs: ClassVar[tuple[str, ...]] = ("=",)
    """What may follow the key of a pair in braces."""
    lines_end_pairs: ClassVar[bool] = False
    """Whether pairs in braces may be on separate lines without a comma."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events: list[Event] = []

    @abstractmethod
    def keys(self, at: int) -> tuple[int, Keys]:
        """Read the parts of a key at *at*; return the offset after the blanks that follow it."""

    @abstractmethod
    def scalar(self, at: int) -> int:
        """Read the scalar at *at*; return its end."""

    @abstractmethod
    def gap(self, at: int) -> int:
        """Pass blanks, line ends and comments."""

    @abstractmethod
    def blanks(self, at: int) -> int:
        """Pass what may be between the parts of a line."""

    def value(self, at: int) -> int:
        """Read the value at *at*; return its end."""
        text, add = self.text, self.events.append
        open_signs: list[str] = []
        while True:
            sign = text[at : at + 1]
            if sign and sign in "[{":
                open_signs.append(_CLOSING[sign])
                add(Event(OPEN, at, at + 1))
                at = self.gap(at + 1)
                if not text.startswith(open_signs[-1], at):
                    at = self.pair(at) if sign == "{" else at
                    continue
            else:
                at = self.scalar(at)
            while open_signs:
                behind = at
                at = self.gap(at)
                is_list = open_signs[-1] == "]"
                is_apart = self.lines_end_pairs and not is_list and "\n" in text[behind:at]
                if text.startswith(",", at):
                    at, is_apart = self.gap(at + 1), True
                if not text.startswith(open_signs[-1], at):
                    if not is_apart:
                        self.fail(at, f"expected ',' or '{open_signs[-1]}'")
                    at = at if is_list else self.pair(at)
                    break
                add(Event(CLOSE, at, at + 1))
                open_signs.pop()
                at += 1
            else:
                return at

    def pair(self, at: int) -> int:
        """Read a key and the sign after it; return the start of the value."""
        end, keys = self.keys(at)
        if self.text[end : end + 1] not in self.key_signs:
            signs = " or ".join(f"'{sign}'" for sign in self.key_signs)
            self.fail(end, f"expected {signs} after a key")
        self.events.append(Event(KEY, at, keys[-1][2], keys))
        return self.blanks(end + 1)

    def fail(self, at: int, message: str) -> NoReturn:
        """Raise FormatError."""
        from sealedfiles.formats.place import error_at  # few texts have errors

        raise error_at(self.text, at, message)


class Scope(NamedTuple):
    """A place in a text from which keys, or items, are below *path*."""

    start: int
    path: bytes
    is_list: bool = False
    is_closing: bool = False
    """Whether a bracket ends here; otherwise a table or a collection begins."""


class Paths:
    """Follows *events*, and finds the path of every scalar and collection below *path*."""

    def __init__(self, text: str, events: Iterable[Event], path: bytes = ROOT) -> None:
        self.values: list[Span] = []
        self.scopes: list[Scope] = []
        self._text = text
        self._arrays: set[bytes] = set()
        above = at = path
        outer: list[bytes] = []
        for event in events:
            kind = event.kind
            if kind == KEY:
                at = above + b"".join([key_step(key) for key, _, _ in event.keys])
                self._require_short(at, event)
            elif kind == SCALAR:
                self.values.append(Span(event.start, event.end, at))
            elif kind == OPEN:
                outer.append(above)
                is_list = text[event.start] == "["
                self.scopes.append(Scope(event.end, at, is_list))
                above = at
                if is_list:
                    at += ITEM
                    self._require_short(at, event)
            elif kind == CLOSE:
                self.scopes.append(Scope(event.start, ROOT, is_closing=True))
                at, above = above, outer.pop()
            elif kind in (HEADER, ARRAY_HEADER):
                above = self._table(event)
                self._require_short(above, event)
                self.scopes.append(Scope(event.end, above))

    def _table(self, event: Event) -> bytes:
        """Return the path of a table.  Below an array of tables, it is in the last item."""
        path = ROOT
        for number, (key, _, _) in enumerate(event.keys, 1):
            path += key_step(key)
            if event.kind == ARRAY_HEADER and number == len(event.keys):
                self._arrays.add(path)
            if path in self._arrays:
                path += ITEM
        return path

    def _require_short(self, path: bytes, event: Event) -> None:
        if len(path) > LONGEST:
            from sealedfiles.formats.place import error_at

            message = "nested too deeply, or below keys that are too long"
            raise error_at(self._text, event.start, message)
