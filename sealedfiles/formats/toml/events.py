"""Read TOML as a list of events with exact positions: headers, keys, scalars, brackets, comments.

This is TOML 1.0, and of TOML 1.1 line ends and a last comma in inline tables, ``\\e``, ``\\xHH``, and times
without seconds.  Whether a key is defined twice is left to ``toml.tree``: for sealing it does not matter.
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import end_of
from sealedfiles.formats.events import (
    ARRAY_HEADER,
    COMMENT,
    HEADER,
    SCALAR,
    Event,
    EventReader,
    Keys,
)
from sealedfiles.util.lazy_pattern import lazy_pattern

# There is only one way to match a string, so that a failure costs linear time.
_HEX = "[0-9a-fA-F]"
_ESCAPE = (
    rf'\\(?:["\\bfnrte]|x{_HEX}{{2}}|u(?![dD][89a-fA-F]){_HEX}{{4}}'
    rf"|U00(?:00(?![dD][89a-fA-F])|0[1-9a-fA-F]|10){_HEX}{{4}})"
)
_BASIC_CHARS = r'[^"\\\x00-\x08\x0a-\x1f\x7f]*'
BASIC = f'"(?!""){_BASIC_CHARS}(?:{_ESCAPE}{_BASIC_CHARS})*"'
LITERAL = r"'(?!'')[^'\x00-\x08\x0a-\x1f\x7f]*'"
_LINES_CHARS = r'[^"\\\x00-\x08\x0b-\x1f\x7f]*'
BASIC_LINES = (
    f'"""{_LINES_CHARS}'
    rf'(?:(?:{_ESCAPE}|\\[ \t]*\r?\n|\r\n|"{{1,2}}(?!")){_LINES_CHARS})*"{{3,5}}'
)
_LITERAL_CHARS = r"[^'\x00-\x08\x0b-\x1f\x7f]*"
LITERAL_LINES = f"'''{_LITERAL_CHARS}(?:(?:\\r\\n|'{{1,2}}(?!')){_LITERAL_CHARS})*'{{3,5}}"
STRING = f"{BASIC_LINES}|{LITERAL_LINES}|{BASIC}|{LITERAL}"
_DIGITS = "[0-9](?:_?[0-9])*"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_OFFSET = r"(?:[Zz]|[-+](?:[01][0-9]|2[0-3]):[0-5][0-9])"
NUMBER = (
    rf"0x{_HEX}(?:_?{_HEX})*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*"
    rf"|[-+]?(?:inf|nan|(?:0|[1-9](?:_?[0-9])*)(?:\.{_DIGITS})?(?:[eE][-+]?{_DIGITS})?)"
)
_SCALAR = lazy_pattern(f"{STRING}|true|false|{_DATE}(?:[Tt ]{_TIME}{_OFFSET}?)?|{_TIME}|{NUMBER}")
_ONE_KEY = lazy_pattern(f"[A-Za-z0-9_-]+|{BASIC}|{LITERAL}")
_BLANKS = lazy_pattern("[ \t]*")
_GAP = lazy_pattern(r"(?:[ \t\n]|\r\n)*")
_COMMENT = lazy_pattern(r"#([^\x00-\x08\x0a-\x1f\x7f]*)")
_LINE_END = lazy_pattern(r"\r?\n|\Z")

_ESCAPED = lazy_pattern(
    rf"\\(?:u({_HEX}{{4}})|U({_HEX}{{8}})|x({_HEX}{{2}})|[ \t]*\r?\n[ \t\r\n]*|(.))", re.DOTALL
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "e": "\x1b"}
_WHOLE_STRING = lazy_pattern(STRING)


def text_of(literal: str) -> str:
    """Return the text of a string; any other scalar as it is written.  A line end in a string is LF."""
    if literal[:1] not in ("'", '"') or not _WHOLE_STRING.fullmatch(literal):
        return literal
    lines = literal[:3] in ('"""', "'''") and len(literal) > 5
    inside = literal[3:-3] if lines else literal[1:-1]
    if lines:
        inside = inside.replace("\r\n", "\n").removeprefix("\n")
    return inside if literal[0] == "'" or "\\" not in inside else _ESCAPED.sub(_resolved, inside)


def _resolved(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(int(code, 16))
    sign = escape[4] or ""
    return _CONTROLS.get(sign, sign)


class Reader(EventReader):
    """Reads *text* into ``events``."""

    def read(self) -> list[Event]:
        """Return the events of the whole text.  Raises FormatError."""
        text, at = self.text, 0
        while (at := self.gap(at)) < len(text):
            at = self._header(at) if text[at] == "[" else self.value(self.pair(at))
            at = self._comment(self.blanks(at))
            match = _LINE_END.match(text, at)
            if match is None:
                self.fail(at, "expected the end of the line")
            at = match.end()
        return self.events

    def keys(self, at: int) -> tuple[int, Keys]:
        """Read the parts of a key at *at*; return the offset after the blanks that follow it."""
        found = []
        while True:
            match = _ONE_KEY.match(self.text, at)
            if match is None:
                self.fail(at, "expected a key")
            found.append((text_of(match[0]), *match.span()))
            at = self.blanks(match.end())
            if not self.text.startswith(".", at):
                return at, tuple(found)
            at = self.blanks(at + 1)

    def _header(self, at: int) -> int:
        signs = 2 if self.text.startswith("[[", at) else 1
        end, keys = self.keys(self.blanks(at + signs))
        if not self.text.startswith("]" * signs, end):
            self.fail(end, f"expected '{']' * signs}' after the name of a table")
        self.events.append(Event(ARRAY_HEADER if signs == 2 else HEADER, at, end + signs, keys))
        return end + signs

    def scalar(self, at: int) -> int:
        """See EventReader."""
        match = _SCALAR.match(self.text, at)
        if match is None:
            is_string = self.text[at : at + 1] in ("'", '"')
            what = "a string with an invalid character or escape, or without a closing quote"
            self.fail(at, what if is_string else "expected a value")
        self.events.append(Event(SCALAR, at, match.end()))
        return match.end()

    def gap(self, at: int) -> int:
        """Pass blanks, line ends and comments."""
        while True:
            at = end_of(_GAP.match(self.text, at))
            if not self.text.startswith("#", at):
                return at
            at = self._comment(at)

    def blanks(self, at: int) -> int:
        """Pass blanks."""
        return end_of(_BLANKS.match(self.text, at))

    def _comment(self, at: int) -> int:
        match = _COMMENT.match(self.text, at)
        if match is None:
            return at
        self.events.append(Event(COMMENT, *match.span(1)))
        if not _LINE_END.match(self.text, match.end()):
            self.fail(match.end(), "a control character in a comment")
        return match.end()
