"""A text as events: headers, keys, scalars, brackets, comments; and the key paths that follow from them.

For the formats whose collections are in brackets, TOML and HCL.
"""

from __future__ import annotations

from sealedfiles.formats.base import Span
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, TypeAlias
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
