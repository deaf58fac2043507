"""Read a .tfvars file as a list of events with exact positions.

This is the part of HCL that such files consist of: attributes with literal values.  A template in a string,
``${…}``, is text; one with quotes or braces in it is refused, since it changes where the string ends.
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import end_of
from sealedfiles.formats.events import COMMENT, KEY, SCALAR, Event, EventReader, Keys
from sealedfiles.util.lazy_pattern import lazy_pattern

_HEX = "[0-9a-fA-F]"
# There is only one way to match a string, so that a failure costs linear time.
_SIGNS = r"\$\$\{|%%\{|[$%]\{[^\"{}\\\r\n]*\}|\$(?!\$?\{)|%(?!%?\{)"
_ESCAPE = rf'\\(?:["\\nrt]|u{_HEX}{{4}}|U00(?:0{_HEX}|10){_HEX}{{4}})'
STRING = rf'"[^"\\\r\n$%]*(?:(?:{_ESCAPE}|{_SIGNS})[^"\\\r\n$%]*)*"'
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_WORD = r"[^\W\d][\w-]*"
_SCALAR = lazy_pattern(rf"{STRING}|(?:true|false|null)(?![\w-])|{NUMBER}(?![\w.])")
_ONE_KEY = lazy_pattern(rf"{_WORD}|{STRING}|[0-9]+")
_ATTRIBUTE = lazy_pattern(_WORD)
_HEREDOC = lazy_pattern(rf"<<-?({_WORD})(?=\r?\n)")
_BLANKS = lazy_pattern(r"(?:[ \t]|/\*(?:[^*]|\*(?!/))*\*/)*")
_BLOCK = lazy_pattern(r"/\*((?:[^*]|\*(?!/))*)\*/")
_COMMENT = lazy_pattern(r"(?:#|//)([^\r\n]*)")
_LINE_END = lazy_pattern(r"\r?\n|\Z")
_ESCAPED = lazy_pattern(rf"\\(?:u({_HEX}{{4}})|U({_HEX}{{8}})|(.))|(\$\$|%%)(?=\{{)", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_WHOLE_STRING = lazy_pattern(STRING)
_INDENT = re.compile(r"^[ \t]*(?=[^ \t\r\n])", re.MULTILINE).findall


def text_of(literal: str) -> str:
    """Return the text of a string; any other scalar as it is written.  Templates stay as they are."""
    if literal.startswith("<<"):
        found = _HEREDOC.match(literal)
        if found is None or not literal.endswith(found[1]):
            return literal
        text = literal[literal.index("\n") + 1 : len(literal) - len(found[1])].rstrip(" \t")
        if literal.startswith("<<-"):
            width = min(map(len, _INDENT(text)), default=0)
            text = re.sub(rf"^[ \t]{{0,{width}}}", "", text, flags=re.MULTILINE)
        return text.replace("$${", "${").replace("%%{", "%{")
    if literal[:1] != '"' or not _WHOLE_STRING.fullmatch(literal):
        return literal
    return _ESCAPED.sub(_resolved, literal[1:-1])


def _resolved(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code:
        return chr(int(code, 16))
    if escape[4]:
        return escape[4][0]
    return _CONTROLS.get(escape[3], escape[3])


class Reader(EventReader):
    """Reads *text* into ``events``."""

    key_signs = ("=", ":")
    lines_end_pairs = True

    def read(self) -> list[Event]:
        """Return the events of the whole text.  Raises FormatError."""
        text, at = self.text, 0
        while (at := self.gap(at)) < len(text):
            match = _ATTRIBUTE.match(text, at)
            if match is None:
                self.fail(at, "expected the name of a variable")
            self.events.append(Event(KEY, at, match.end(), ((match[0], at, match.end()),)))
            sign = self.blanks(match.end())
            if not text.startswith("=", sign):
                self.fail(sign, "expected '=' after the name of a variable")
            at = self.blanks(self.value(self.blanks(sign + 1)))
            at = self._line_comment(at)
            match = _LINE_END.match(text, at)
            if match is None:
                self.fail(at, "expected the end of the line")
            at = match.end()
        return self.events

    def keys(self, at: int) -> tuple[int, Keys]:
        """Read a key at *at*; return the offset after the blanks that follow it."""
        match = _ONE_KEY.match(self.text, at)
        if match is None:
            self.fail(at, "expected a key")
        return self.blanks(match.end()), ((text_of(match[0]), *match.span()),)

    def scalar(self, at: int) -> int:
        """See EventReader."""
        match = _SCALAR.match(self.text, at)
        if match is not None:
            end = match.end()
        else:
            heredoc = _HEREDOC.match(self.text, at)
            if heredoc is None:
                self.fail(at, "expected a literal value")
            ending = re.compile(rf"\n[ \t]*{re.escape(heredoc[1])}(?=[ \t]*(?:\r?\n|\Z))")
            found = ending.search(self.text, heredoc.end())
            if found is None:
                self.fail(at, "a text without its end")
            end = found.end()
        self.events.append(Event(SCALAR, at, end))
        return end

    def gap(self, at: int) -> int:
        """Pass blanks, line ends and comments."""
        while True:
            at = self._line_comment(self.blanks(at))
            match = _LINE_END.match(self.text, at)
            if match is None or match.end() == at:
                return at
            at = match.end()

    def blanks(self, at: int) -> int:
        """Pass blanks and comments within a line."""
        end = end_of(_BLANKS.match(self.text, at))
        if "/*" in self.text[at:end]:
            for match in _BLOCK.finditer(self.text, at, end):
                content = match[1].rstrip(" \t\r\n")
                self.events.append(Event(COMMENT, match.start(1), match.start(1) + len(content)))
        return end

    def _line_comment(self, at: int) -> int:
        match = _COMMENT.match(self.text, at)
        if match is None:
            return at
        self.events.append(Event(COMMENT, *match.span(1)))
        if not _LINE_END.match(self.text, match.end()):
            # To HCL, what follows is a part of the comment; in an editor, it may look like the next entry.
            self.fail(match.end(), "a CR in a comment")
        return match.end()
