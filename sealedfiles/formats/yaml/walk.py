"""From the events of a YAML parser to the source spans of the values.

The walk is the same for every parser.  It keeps nothing of the events, and calls no function for an
ordinary key or value: most of the time that a large file takes should be the parser's own.
"""

from __future__ import annotations

from collections.abc import Callable

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Span
from sealedfiles.formats.place import error_at as place_error
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.model.paths import ITEM, LONGEST, ROOT, key_step

_NO_INDENT = -1
"""Around a value that is a whole document: it may begin at column 0."""

_BLOCK_STYLES = ("|", ">")

_TOO_LONG = "nested too deeply, or below keys that are too long"
_LONG = LONGEST - 5 - 255
"""Below a shorter path, a key in ``_HEADS`` cannot make one that is too long."""

_CORE = "tag:yaml.org,2002:"
_MERGE_TAG, _BINARY_TAG = f"{_CORE}merge", f"{_CORE}binary"
_SCALAR_TAGS = frozenset(
    f"{_CORE}{name}"
    for name in ("str", "int", "float", "bool", "null", "binary", "timestamp", "merge", "value")
)
"""PyYAML takes ``!!str {=: x}`` for the text ``x``."""

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
    stream_end: type


class FoundValues(NamedTuple):
    """The values of a text, and its keys with a ``#`` in them, in file order."""

    values: list[Span]
    keys: list[Span]


class NodeChecks:
    """What looks at the source of unusual nodes, each when the walk comes to it.

    Raises what it likes, which ends the walk.  By itself it looks at nothing.
    """

    def __init__(self, parsed: str) -> None:
        self.parsed = parsed

    def properties(self, event: Any) -> None:
        """Look at a node with a tag or an anchor."""

    def block_scalar(self, event: Any, header: int, *, is_document: bool) -> None:
        """Look at the block scalar whose header begins at *header*."""

    def pair(self, event: Any) -> None:
        """Look at a mapping without braces in a sequence in brackets."""

    def alias(self, event: Any) -> None:
        """Look at an alias."""

    def odd_key(self, event: Any) -> None:
        """Look at a scalar key that has a blank, a ``#`` or properties, or is a block scalar."""


def walk(events: Events, text: str, check: NodeChecks) -> FoundValues:  # noqa: C901 - flat, for speed
    """Find the values of *text* by the *events* of ``check.parsed``, its stand-in of same length.

    Raises FormatError if there is no way to seal a value and leave its key; whatever the parser
    and *check* raise comes through.
    """
    get, scalar, alias, mapping_start, mapping_end, sequence_start, sequence_end, stop = events
    parsed = check.parsed
    side = _Side(text, check)
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
                    side.has_long_paths = True
                if odd_keys and side.is_odd(event):
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
                raise error_at(event, "a collection is a mapping key, as in {{ x }}")
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
            if side.has_long_paths:
                side.check_paths(values)
            return FoundValues(values, side.keys)
        else:
            side.anchors.clear()


class _Side:
    """The rare parts of a text: anchors, aliases, tags, block scalars, keys to check twice."""

    def __init__(self, text: str, check: NodeChecks) -> None:
        parsed = check.parsed
        self.special = any(sign in parsed for sign in "&!|>")
        self._is_altered = text is not parsed
        self._has_tabs = "\t" in parsed
        self.odd_keys = self._is_altered or self._has_tabs or any(sign in parsed for sign in "&!#?")
        self.anchors: dict[str, str | None] = {}
        """The anchors of this document so far; with the text of those at a key."""
        self.keys: list[Span] = []
        self.has_long_paths = False
        """Whether the path of a value may be longer than allowed; ordinary ones are not measured."""
        self._text = text
        self._parsed = parsed
        self._check = check

    def is_odd(self, event: Any) -> bool:
        """Return True if a scalar key may not be what it seems."""
        value = event.value
        return (
            event.anchor is not None
            or event.tag is not None
            or event.style in _BLOCK_STYLES
            or "#" in value
            or (self._has_tabs and "\t" in self._source(event))
            or (self._is_altered and (" " in value or "z" in value))
        )

    def _source(self, event: Any) -> str:
        return self._parsed[event.start_mark.index : event.end_mark.index]

    def key(self, event: Any) -> bytes:
        """Take note of a scalar key and return its step."""
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None or event.tag is not None:
            self._check.properties(event)
        self._check.odd_key(event)
        value = decoded(event, self._text, self._parsed)
        if event.tag == _MERGE_TAG and value != "<<":
            # PyYAML merges whatever is below it, and the path has no step that shows this.
            raise error_at(event, "a key that is a merge key by its tag alone")
        if event.tag == _BINARY_TAG:
            # Go's yaml.v3 takes it for the text in base64, such as the name of a sealed key.
            raise error_at(event, "a key in base64")
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        if "#" in value:
            self.keys.append(Span(start, end, ROOT))
        return key_step(value)

    def value(self, event: Any, start: int, end: int, indent: int) -> int:
        """Record a value with properties, or a block scalar; return its end."""
        header = start
        if event.anchor is not None or event.tag is not None:
            self._check.properties(event)
            header = yaml_literal.content_start(self._parsed, start, end)
            if event.anchor is not None:
                self.anchors[event.anchor] = None
        if event.style not in _BLOCK_STYLES:
            return end
        self._check.block_scalar(event, header, is_document=indent == _NO_INDENT)
        # Parsers accept a block scalar on the line below its key or dash even without
        # indentation; a scalar in quotes they take there for a key.  (The indent that is known of some
        # sequences is that behind the dash.)
        if indent - 1 <= event.start_mark.column <= indent:
            raise error_at(event, "a block scalar that is not indented")
        return yaml_literal.block_end(self._text, start, end)

    def check_paths(self, values: list[Span]) -> None:
        """Raise FormatError for the first value whose path is too long."""
        at = next((start for start, _, path in values if len(path) > LONGEST), None)
        if at is not None:
            raise place_error(self._text, at, _TOO_LONG)

    def collection(self, event: Any, path: bytes) -> None:
        """Take note of the start of a sequence or mapping at *path*."""
        if len(path) > _LONG:
            self.has_long_paths = True
            if len(path) > LONGEST:
                raise error_at(event, _TOO_LONG)
        if event.anchor is not None or event.tag is not None:
            self._check.properties(event)
            if event.tag in _SCALAR_TAGS:
                raise error_at(event, "a collection with the tag of a scalar")
            if event.anchor is not None:
                self.anchors[event.anchor] = None
        if event.flow_style:
            end = event.end_mark.index
            if event.start_mark.index == end or self._parsed[end - 1] == "?":
                self._check.pair(event)

    def alias(self, event: Any, *, is_key: bool) -> bytes:
        """Take note of an alias and return the step that it is as a key."""
        self._check.alias(event)
        if event.anchor not in self.anchors:
            raise error_at(event, "an alias without its anchor")
        if not is_key:
            return b""
        text = self.anchors[event.anchor]
        if text is None:
            raise error_at(event, "an alias of a value is a mapping key")
        if len(text) > LONGEST:
            raise error_at(event, "an alias of a key that is too long")
        return key_step(text)


def decoded(event: Any, text: str, parsed: str) -> str:
    """Return the text that a key, or a value that is not a block scalar, represents in *text*."""
    value: str = event.value
    if text is parsed:
        return value
    source = text[event.start_mark.index : event.end_mark.index]
    is_same = source == parsed[event.start_mark.index : event.end_mark.index]
    return value if is_same else yaml_literal.decode(source)


def error_at(event: Any, message: str) -> FormatError:
    """Return the error that says *message* about the place where *event* begins."""
    mark = event.start_mark
    return FormatError(message, mark.line + 1, mark.column + 1)
