"""From the events of a YAML parser to the source spans of the values.

The walk is the same for every parser.  It keeps nothing of the events, and calls no function for an
ordinary key or value: of a large file's time most must be the parser's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealedfiles.errors import FormatError
from sealedfiles.formats import yaml_literal
from sealedfiles.formats.base import Span
from sealedfiles.paths import ITEM, ROOT, key_step

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[str, Any, bool], None]

_LONGEST_PATH = 4096
"""In bytes; more than any real file has.  Paths repeat what is above them, so without a limit a
small hostile file (brackets in brackets, or many values below one endless key) fills the memory,
and the parsers need time that grows with the square of the depth."""

_NO_INDENT = -1
"""Of a value that is a document: it may begin at column 0."""

_HEADS = tuple(key_step("." * length)[:5] for length in range(256))
"""What a step begins with, by its length: ``key_step`` without the call."""


class Events(NamedTuple):
    """A parser at the start of a text: its next event, and the classes of its events."""

    next: Callable[[], Any]
    scalar: type
    alias: type
    mapping_start: type
    mapping_end: type
    sequence_start: type
    sequence_end: type
    document_start: type
    stream_end: type


class Node(NamedTuple):
    """A node with an anchor, a tag or the look of a block scalar, or an alias."""

    event: Any
    start: int
    end: int
    is_key: bool


class Found(NamedTuple):
    """The values of a text in file order, and the keys that hold a ``#``."""

    values: list[Span]
    keys: list[Span]


def walk(events: Events, text: str, parsed: str, check: Check) -> Found:
    """Find the values of *text* by the *events* of *parsed*, its stand-in of the same length.

    *check* sees every event whose source has an anchor, tag, alias or block scalar (events from
    which a parser's ways could be told).  Raises FormatError where there is no way to seal a value
    and leave its key; whatever the parser and *check* raise comes through.
    """
    get, scalar, alias, mapping_start, mapping_end, sequence_start, sequence_end, _, stop = events
    side = _Side(text, parsed, check)
    special, odd_keys = side.special, side.odd_keys
    values: list[Span] = []
    add, new, span, heads = values.append, tuple.__new__, Span, _HEADS
    outer: list[tuple[bytes, bytes, bool, int]] = []
    prefix = path = ROOT
    in_mapping = expects_key = False
    indent = _NO_INDENT
    while True:
        event = get()
        kind = event.__class__
        if kind is scalar:
            if expects_key:
                expects_key = False
                try:
                    step = event.value.encode()
                    path = prefix + heads[len(step)] + step
                except (UnicodeEncodeError, IndexError):
                    path = prefix + key_step(event.value)
                if odd_keys and side.is_odd_key(event):
                    path = prefix + side.key(event)
            else:
                start, end = event.start_mark.index, event.end_mark.index
                # A value without source has no place of its own: parsers put it here or there.
                if start != end:
                    if special and parsed[start] in "&!|>":
                        end = side.value(event, start, end, indent)
                    add(new(span, (start, end, path)))
                expects_key = in_mapping
        elif kind is mapping_start or kind is sequence_start:
            if expects_key:
                raise _error("a collection as a mapping key", event)
            side.collection(event, path)
            outer.append((prefix, path, in_mapping, indent))
            prefix, indent = path, event.end_mark.column
            in_mapping = expects_key = kind is mapping_start
            if not in_mapping:
                path = prefix + ITEM
        elif kind is mapping_end or kind is sequence_end:
            prefix, path, in_mapping, indent = outer.pop()
            expects_key = in_mapping
        elif kind is alias:
            step = side.alias(event, is_key=expects_key)
            path = prefix + step if expects_key else path
            expects_key = in_mapping and not expects_key
        elif kind is stop:
            return Found(values, side.keys)
        else:
            side.anchors.clear()


class _Side:
    """What is rare in a text: anchors, aliases, tags, block scalars, keys that need a second look."""

    def __init__(self, text: str, parsed: str, check: Check) -> None:
        self.special = any(sign in parsed for sign in "&!|>")
        self._is_altered = text is not parsed
        self.odd_keys = self._is_altered or any(sign in parsed for sign in "&!#?\t")
        self.anchors: dict[str, str | None] = {}
        """Of this document so far, with the text where it stands at a key."""
        self.keys: list[Span] = []
        self._text = text
        self._parsed = parsed
        self._check = check

    def is_odd_key(self, event: Any) -> bool:
        """Tell whether a scalar key may not be what it seems."""
        return (
            self._is_altered
            or event.anchor is not None
            or event.tag is not None
            or event.style in ("|", ">")
            or "#" in event.value
            or "\t" in event.value
        )

    def key(self, event: Any) -> bytes:
        """Take note of a scalar key and return its step."""
        start, end = event.start_mark.index, event.end_mark.index
        value: str = event.value
        source = self._text[start:end]
        if source != self._parsed[start:end]:
            value = yaml_literal.decode(source)
        self._check(self._parsed, event, False)
        if "#" in value:
            if event.style in ("|", ">"):
                end = yaml_literal.block_end(self._text, start, end)
            self.keys.append(Span(start, end, b""))
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return key_step(value)

    def value(self, event: Any, start: int, end: int, indent: int) -> int:
        """Take note of a value and return where its literal ends."""
        self._check(self._parsed, event, indent == _NO_INDENT)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
            if yaml_literal.anchor(self._parsed[start:end]) != event.anchor:
                raise _error("an anchor that cannot be read", event)
        if event.style not in ("|", ">"):
            return end
        # Parsers take a block scalar on the line below its key or dash also where it is not
        # indented; a scalar in quotes they take there for a key.
        if event.start_mark.column == indent:
            raise _error("a block scalar that is not indented", event)
        return yaml_literal.block_end(self._text, start, end)

    def collection(self, event: Any, path: bytes) -> None:
        """Take note of a sequence or mapping at *path*."""
        if len(path) > _LONGEST_PATH:
            raise _error("nested too deeply, or below keys that are too long", event)
        is_pair = event.flow_style and self._parsed[event.start_mark.index] not in "[{"
        if is_pair or event.anchor is not None or event.tag is not None:
            self._check(self._parsed, event, False)
            if event.anchor is not None:
                self.anchors[event.anchor] = None

    def alias(self, event: Any, *, is_key: bool) -> bytes:
        """Take note of an alias and return the step that it is as a key."""
        self._check(self._parsed, event, False)
        if event.anchor not in self.anchors:
            raise _error("an alias without its anchor", event)
        text = self.anchors[event.anchor]
        if not is_key:
            return b""
        if text is None:
            raise _error("an alias of a value as a mapping key", event)
        if len(text) > _LONGEST_PATH:
            raise _error("an alias of a key that is too long", event)
        return key_step(text)


def _error(message: str, event: Any) -> FormatError:
    mark = event.start_mark
    return FormatError(message, mark.line + 1, mark.column + 1)
