"""Scan .env files with one grammar, the union of the dialects (python-dotenv, node, compose, bash).

If the dialects differ, the reading is used in which every part of a value in any of them is inside a
span, except for white space at its ends:

* Lines end only with LF, CRLF or a lone CR.  Blank is any other white space.
* ``KEY=value`` and ``KEY: value`` (with a blank after the colon), each after an optional ``export``.
  A key consists of letters, digits, ``_ . - [ ]``, with at least one of the first three; or it is any
  text in quotes, which are not part of its path.
* A value in quotes (single, double, back-tick; over any number of lines; a backslash escapes the
  closing quote) ends at its closing quote if the line ends there, or a blank and a comment follow.
  So does a bare token, because it may replace a value in quotes.
* Any other value extends from the first to the last non-blank of its line, including ``#``, and
  through the next line if its line ends in an odd number of backslashes.
* ``-----BEGIN …`` without quotes extends through the line of its ``-----END …``.
* Any other line that is not empty, not a comment and not ``export NAME`` is a value with the empty
  path: a shell command, part of a private key, ``NAME`` alone (it may be base64).
* So is the last line of base64, which looks like a key: ``abc==``, and ``abc=`` below more base64, or
  below a value that may be the first line of base64 that was wrapped.
* After a quote that is not closed as above, it is uncertain what is a comment: up to the next quote
  of its kind, comments, keys without a value and ``export NAME`` are also values with the empty path.
  So they are up to the end of the words of a shell that begin with a value (``Words``).
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import Scan, Span
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import LONGEST, ROOT, key_step
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from typing import TypeAlias

    from sealedfiles.formats.dotenv.words import Words

    _Above: TypeAlias = tuple[int, int, bool]
    """The entry above: start and end of its value, and whether it is an assignment."""

_BLANK = r"[^\S\r\n]"
_LINE_END = r"(?:[\r\n]|\Z)"

_LONG = 1000
"""In characters: a shorter key fits into a path, whatever characters it has."""

_START, _COMMENT, _KEY, _EXPORT = 1, 2, 3, 4
_LINE = lazy_pattern(
    rf"""\s*()(?:
    \#([^\r\n]*)
    | (?:export{_BLANK}+)?
      ('[^'\r\n]+' | "[^"\r\n]+" | [.\-\[\]]*\w[\w.\-\[\]]*)
      {_BLANK}*(?: = | :(?={_BLANK}+\S))
      {_BLANK}*
    | (export{_BLANK}+[A-Za-z_][A-Za-z0-9_]*)(?={_BLANK}*{_LINE_END})
    )?""",
    re.VERBOSE,
)
"""The next non-blank text: a comment, an assignment up to its value, or ``export NAME``; if it is none of
these, only group 1 matches, at its start."""

# There is only one way to match a string in quotes, so that a failure costs linear time.
_CLOSED = lazy_pattern(
    r"'[^'\\]*(?:\\.[^'\\]*)*'"
    r'|"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|`[^`\\]*(?:\\.[^`\\]*)*`"
    f"|{TOKEN_PATTERN}",
    re.DOTALL,
)
"""A value that determines its own end."""
_ENDS_LINE = lazy_pattern(f"{_BLANK}*{_LINE_END}")
_ENDS_IN_COMMENT = lazy_pattern(f"{_BLANK}+#")
_TO_LINE_END = lazy_pattern(r"[^\\\r\n]*(?:\\(?:\r\n|.)?[^\\\r\n]*)*", re.DOTALL)
"""The rest of a line, and of the next line if a backslash escapes the line end."""
_MAY_CONTINUE = lazy_pattern(
    r"[^'\"`$\\\r\n]*(?:(?:\\(?:\r\n|.)?|\$(?![{(]))[^'\"`$\\\r\n]*)*(?:['\"`]|\$[{(])", re.DOTALL
)
"""A line, with those that backslashes continue, in which something begins that may not end there."""
_PEM_END = lazy_pattern(rf"[\r\n]{_BLANK}*-----END ")

_MIXED = r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])"
_BASE64_LINE = lazy_pattern(r"[A-Za-z0-9+/]{32,}")
_BASE64URL_LINE = lazy_pattern(rf"{_MIXED}[A-Za-z0-9_-]{{32,}}")
_BASE64_LAST_LINE = lazy_pattern(rf"([A-Za-z0-9+/_-]+)(==?){_BLANK}*{_LINE_END}")
_BASE64 = lazy_pattern(r"[A-Za-z0-9+/]+|[A-Za-z0-9_-]+")
_HAS_BOTH_CASES = lazy_pattern(_MIXED)
"""Hexadecimal digits and the names of variables do not."""
_TO_NEXT_LINE = lazy_pattern(rf"{_BLANK}*(?:\r\n|\r|\n){_BLANK}*")
_WRAPPED = 60
"""In characters: programs that wrap base64 write 60, 64 or 76 in a line; shorter values are often tokens
of a fixed length."""
_NOTHING: _Above = (0, 0, False)

_ESCAPES = {"'": lazy_pattern(r"\\([\\'])"), '"': lazy_pattern(r"\\([\\'\"abfnrtv])")}
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


DISPUTED = lazy_pattern(r"\\['\"`]|[\u2028\u2029]")
"""Programs do not agree whether a quote is escaped after two backslashes, and whether a line ends there."""


def _step(key: str) -> bytes:
    return key_step(key[1:-1] if key[0] in "'\"" else key)


class DotenvScan(Scan):
    """The values and comments of *text*, read from the offset *at*."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.values: list[Span] = []
        self.continuations: set[int] = set()
        """The starts of the last lines of base64url, and of base64 that an assignment began."""
        self._comments: list[tuple[int, int]] = []
        self._text = text
        self._uncertain = 0
        """Before this offset, a ``#``, and a key without a value, may be inside a value."""
        self._words: Words | None = None
        self._last_line = max(text.rfind("\n"), text.rfind("\r"))
        self._read(at)

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments: whole lines, and those after a value in quotes or a token."""
        return self._comments

    def _read(self, at: int) -> None:
        above = _NOTHING
        while match := _LINE.match(self._text, at):
            start, at, kind = match.start(_START), match.end(), match.lastindex
            if kind == _KEY and self._is_assignment(match, above):
                end = self._value_end(at, assigned=True)
                if end > at:
                    self.values.append(Span(at, end, _step(match[_KEY])))
                above = (at, end, True)
                at = end
                continue
            is_certain = start >= self._uncertain
            if kind == _COMMENT and is_certain:
                self._comments.append(match.span(_COMMENT))
            elif kind == _START and start == len(self._text):
                return
            elif kind != _EXPORT or not is_certain:
                at = self._value_end(start, assigned=False)
                self.values.append(Span(start, at, ROOT))
                above = (start, at, False)
                continue
            above = _NOTHING

    def _is_assignment(self, match: re.Match[str], above: _Above) -> bool:
        """Return True unless the key and its sign are the end of base64, or may be a line of a value, or the
        key is too long."""
        start, at = match.start(_START), match.end()
        if at - start > _LONG and len(_step(match[_KEY])) > LONGEST:
            return False
        if start < self._uncertain and self._text[at : at + 1] in "\r\n":
            return False
        return not self._is_base64(start, at, above)

    def _is_base64(self, start: int, at: int, above: _Above) -> bool:
        """Return True if the assignment from *start* to a value *at* is the end of base64 instead."""
        if self._text[at : at + 1] not in "=\r\n":
            return False
        last = _BASE64_LAST_LINE.match(self._text, start)
        if last is None:
            return False
        if last[2] == "==" or (not above[2] and _BASE64_LINE.fullmatch(self._text, *above[:2])):
            return True
        if not self._continues(last, above):
            return False
        self.continuations.add(start)
        return True

    def _continues(self, last: re.Match[str], above: _Above) -> bool:
        """Return True if *last*, with one ``=``, may end base64url, or base64 that an assignment began."""
        start, end, is_assigned = above
        if not is_assigned:
            return _BASE64URL_LINE.fullmatch(self._text, start, end) is not None
        value, rest = self._text[start:end], last[1]
        return (
            _WRAPPED <= len(value) > len(rest)
            and len(value) % 4 == (len(rest) + 1) % 4 == 0
            and _BASE64.fullmatch(value + rest) is not None
            and _HAS_BOTH_CASES.match(value) is not None
            and _TO_NEXT_LINE.fullmatch(self._text, end, last.start()) is not None
        )

    def _value_end(self, at: int, *, assigned: bool) -> int:
        """Return the end of the value *at*; only that of an assignment can end with a quote."""
        closed = _CLOSED.match(self._text, at) if self._text[at : at + 1] in "'\"`s" else None
        if closed is None or "\\" in closed[0] or not _ENDS_LINE.match(self._text, closed.end()):
            self._read_words(at)
        if closed is not None:
            end = closed.end()
            if assigned and _ENDS_LINE.match(self._text, end):
                return end
            if assigned and _ENDS_IN_COMMENT.match(self._text, end):
                return end if end >= self._uncertain else self._line_end(end)
            self._uncertain = max(self._uncertain, end)
        elif self._text.startswith("-----BEGIN ", at):
            return self._line_end(self._last_pem_line(at))
        return self._line_end(at)

    def _read_words(self, at: int) -> None:
        """Let comments be uncertain up to the end of the words *at*."""
        if at > self._last_line or not _MAY_CONTINUE.match(self._text, at):
            return
        if self._words is None:
            from sealedfiles.formats.dotenv.words import Words  # few files have such values

            self._words = Words(self._text)
        self._uncertain = max(self._uncertain, self._words.end(at))

    def _last_pem_line(self, at: int) -> int:
        """Return an offset in the last line of the text that begins with ``-----BEGIN``; *at* if it has no
        end before the next ``-----BEGIN``."""
        following = self._text.find("-----BEGIN ", at + 1)
        limit = len(self._text) if following < 0 else following
        end = _PEM_END.search(self._text, at, limit)
        return at if end is None else end.end()

    def _line_end(self, at: int) -> int:
        """Return the end of the last non-blank of the line; *at* if none follows."""
        rest = _TO_LINE_END.match(self._text, at)
        return at + len(rest[0].rstrip()) if rest else at


def is_closed(value: str) -> bool:
    """Return True if *value* begins with a quote and contains its closing quote."""
    return _CLOSED.match(value) is not None


def decode(literal: str) -> str:
    """Return the text of *literal* as python-dotenv reads it, without interpolation.

    Quotes and their escapes are resolved (back-ticks, which only node has, have no escapes).  Without
    quotes, it is everything up to a blank and ``#``.
    """
    closed = _CLOSED.match(literal)
    if closed is None or not (
        _ENDS_LINE.match(literal, closed.end()) or _ENDS_IN_COMMENT.match(literal, closed.end())
    ):
        return re.split(f"{_BLANK}#", literal, maxsplit=1)[0].rstrip()
    value = closed[0]
    if value[0] == "`":
        return value[1:-1]
    if value[0] in _ESCAPES:
        escapes = _ESCAPES[value[0]]
        return escapes.sub(lambda found: _CONTROLS.get(found[1], found[1]), value[1:-1])
    return value
