"""JSON (RFC 8259): the source span of every string, number, boolean and null.

The accepted texts are those of Python's ``json.loads``, which include ``NaN``, ``Infinity`` and
``-Infinity`` (they are values, and are sealed like others), with one top-level value.  Any other text may
have comments and trailing commas (``json.comments``).  JSON Lines and other JSON5 syntax raise FormatError.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import KEPT, Format, Scan, Span, unescaped
from sealedfiles.formats.gaps import BLANKS, with_gaps
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ITEM, LONGEST, ROOT, key_step
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn

    from sealedfiles.formats.base import Commented
    from sealedfiles.formats.json.comments import Stripped

_WS = r"[ \t\n\r]*"
# Unrolled, so that there is only one way to match a string and a failure costs linear time.
_CHARS = r'[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*'
_STRING = f'"{_CHARS}"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_SCALAR = f"{_STRING}|{_NUMBER}|true|false|null|NaN|-?Infinity"
_EMPTY = rf"\[{_WS}\]|\{{{_WS}\}}"


class _Container:
    """The two patterns that read an object, an array, or the whole document, compiled when first used."""

    def __init__(self, key: str, delimiter: str) -> None:
        self._key = key
        self._delimiter = delimiter

    @cached_property
    def entry(self) -> Callable[[str, int], re.Match[str] | None]:
        """Matches one whole entry at once, for speed.

        Groups: 1 is the key in quotes ("" if there is none).  For a scalar, 2 is the scalar and 3 the
        delimiter after the entry; otherwise 4 is the opening bracket of a container that is not empty.
        """
        opening = rf"[\[{{](?!{_WS}[\]}}])"
        return re.compile(
            f"{_WS}{self._key}(?:(?:({_SCALAR})|{_EMPTY}){_WS}({self._delimiter})|({opening}))"
        ).match

    @cached_property
    def delimiter(self) -> Callable[[str, int], re.Match[str] | None]:
        """Matches the text after an entry that is a container."""
        return re.compile(f"{_WS}({self._delimiter})").match


_TOO_LONG = "nested too deeply, or below keys that are too long"

_OBJECT = _Container(f"({_STRING}){_WS}:{_WS}", "[,}]")
_ARRAY = _Container("()", r"[,\]]")
_DOCUMENT = _Container("()", r"\Z")


class JsonScan(Scan):
    """The values of one JSON text."""

    def __init__(self, text: str, values: list[Span], stripped: Stripped | None = None) -> None:
        self.values = values
        self.strict = stripped.text if stripped else text
        """The text with blanks in place of comments and trailing commas."""
        self.trailing_commas = stripped.commas if stripped else []
        self._comments = stripped.comments if stripped else []

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from after ``//`` to the end of the line, or from after ``/*`` to the
        blanks before ``*/``."""
        return self._comments


class JsonFormat(Format):
    """JSON: a token is written as a string; in a comment, without quotes."""

    name = "json"
    quoted = True
    sealed_value = lazy_pattern(rf'"(?P<token>{TOKEN_PATTERN})"')
    escaped_token = lazy_pattern(
        r'"(?=[A-Za-z0-9_.:-]*\\)(?:[A-Za-z0-9_.:-]|\\u[0-9A-Fa-f]{4}){100,}"'
    )
    comment_signs = ("// ", "/* ")
    sealed_comment = lazy_pattern(rf"(?:(?<=// )|(?<=/\* ))(?P<token>{TOKEN_PATTERN})")

    def scan(self, text: str) -> JsonScan:
        """Find the values of *text*, the quotes of strings included.

        Raises FormatError with the position at which *text* is not valid JSON, or is nested too deeply (see
        ``paths.LONGEST``).  A number may have any length (``json.loads`` reads 4300 digits).
        """
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of a string, or any other value as it is written."""
        literal = literal.rstrip(BLANKS)  # those before a comment
        try:
            return unescaped(literal) if literal.startswith('"') else literal
        except ValueError:  # not a literal of a scan; this may be called before that is known
            return literal

    def commented(self, comment: str) -> Commented:
        """Return the entries of *comment*, each below its key alone."""
        from sealedfiles.formats.commented import read_block
        from sealedfiles.formats.json.comments import read_comment

        return read_block(comment, read_comment)

    def brackets(self, comment: str) -> Iterable[tuple[int, str]]:
        """Return the brackets of *comment* that are not in strings, with their offsets."""
        from sealedfiles.formats.json.comments import brackets

        return brackets(comment)


class _Steps(dict[str, bytes]):
    """The encoded step of each key, by the key's source with its quotes."""

    def __missing__(self, source: str) -> bytes:
        step = self[source] = key_step(unescaped(source)) if source else b""
        return step


def find_values(text: str) -> list[Span]:
    """Return the values of *text*, which is JSON without comments.  Raises FormatError."""
    values: list[Span] = []
    steps = _Steps()
    outer: list[tuple[_Container, bytes]] = []
    kind, prefix = _DOCUMENT, ROOT
    at = 0
    while True:
        match = kind.entry(text, at)
        if match is None:
            _refuse(text, at, kind)
        at = match.end()
        key, delimiter, bracket = match.group(1, 3, 4)
        path = prefix + steps[key]
        if len(path) > LONGEST:
            _fail(text, match.start(2) if match.start(2) >= 0 else at - 1, _TOO_LONG)
        if bracket:
            outer.append((kind, prefix))
            kind, prefix = (_OBJECT, path) if bracket == "{" else (_ARRAY, path + ITEM)
            continue
        start, end = match.span(2)
        if start >= 0:
            values.append(Span(start, end, path))
        while delimiter != ",":
            if not outer:
                return values
            kind, prefix = outer.pop()
            match = kind.delimiter(text, at)
            if match is None:
                _refuse_delimiter(text, at, kind)
            at, delimiter = match.end(), match[1]


_WHAT_FOLLOWS = {
    _OBJECT: "expected ',' or '}' after a member of an object",
    _ARRAY: "expected ',' or ']' after an element of an array",
    _DOCUMENT: "expected the end of the file after the value",
}


def _refuse(text: str, at: int, kind: _Container) -> NoReturn:
    """Raise the error for an invalid entry of *kind* at *at*: match its pattern again, part by part."""
    at = _after(_WS, text, at)
    if kind is _OBJECT:
        if not text.startswith('"', at):
            _fail(text, at, "expected a key in double quotes")
        at = _after(_WS, text, _after(_STRING, text, at))
        if not text.startswith(":", at):
            _fail(text, at, "expected ':' after a key")
        at = _after(_WS, text, at + 1)
    _refuse_delimiter(text, _after(f"{_SCALAR}|{_EMPTY}", text, at), kind)


def _refuse_delimiter(text: str, at: int, kind: _Container) -> NoReturn:
    _fail(text, _after(_WS, text, at), _WHAT_FOLLOWS[kind])


def _after(pattern: str, text: str, at: int) -> int:
    """Return the end of the match of *pattern*, which is compiled only here because few texts have errors."""
    match = re.compile(pattern).match(text, at)
    if match is None:
        chars = re.compile(f'"{_CHARS}').match(text, at)
        if chars is None:
            _fail(text, at, "expected a value")
        what = "invalid escape or control character in a string, or no closing quote"
        _fail(text, chars.end(), what)
    return match.end()


def _fail(text: str, at: int, message: str) -> NoReturn:
    from sealedfiles.formats.place import error_at  # few texts have errors

    raise error_at(text, at, message)


JSON = JsonFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> JsonScan:
    try:
        return JsonScan(text, find_values(text))
    except FormatError:
        from sealedfiles.formats.json.comments import strip  # here: most files are strict JSON

        stripped = strip(text)
        if stripped is None:
            raise
    return JsonScan(text, with_gaps(text, find_values(stripped.text), ("//", "/*")), stripped)
