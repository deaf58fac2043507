"""JSON with comments and trailing commas (JSONC): both are blanked for the parser, so that offsets do not
change.

``// …`` extends to the end of its line, ``/* … */`` to the first ``*/``.  A comma may follow the last member
of an object or element of an array.  No other JSON5 syntax is accepted.
"""

from __future__ import annotations

import re
from contextlib import suppress

from sealedfiles.formats.base import Commented, Span, end_of, unescaped
from sealedfiles.formats.commented import brackets_outside
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import ITEM, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_TOKEN = lazy_pattern(
    r'[ \t\r\n]+|"[^"\\]*(?:\\.[^"\\]*)*"|//[^\r\n]*|[^"/,\]} \t\r\n]+|.', re.DOTALL
)
_NO_BREAK = lazy_pattern(r"[^\r\n]")
_BREAKS_OF_OTHERS = lazy_pattern("[\u2028\u2029]")
_OPENING = ("[", "{", ",", ":", "")
"""The signs that a comma cannot follow."""


class Stripped(NamedTuple):
    """A JSONC text as JSON."""

    text: str
    """The text with blanks in place of comments and trailing commas."""
    comments: list[tuple[int, int]]
    """Each from after ``//`` to the end of the line, or from after ``/*`` to the blanks before ``*/``."""
    commas: list[int]
    """The offsets of the trailing commas."""


def strip(text: str) -> Stripped | None:
    """Return *text* with comments and trailing commas blanked.

    Return None if it has neither, or if a comment or string is not closed.
    """
    comments: list[tuple[int, int]] = []
    commas: list[int] = []
    out: list[str] = []
    at = 0
    comma_at = comma_number = 0
    comma = last = ""
    while match := _TOKEN.match(text, at):
        source = match[0]
        start, at = at, match.end()
        if source.startswith("//"):
            # U+2028 ends a comment in JSON5, but not in JSONC.
            if _BREAKS_OF_OTHERS.search(source):
                return None
            comments.append((start + 2, at))
        elif source == "/" and text.startswith("/*", start):
            end = text.find("*/", start + 2)
            if end < 0:
                return None
            at = end + 2
            comments.append((start + 2, start + 2 + len(text[start + 2 : end].rstrip(" \t\r\n"))))
        elif source == '"':
            # A string that is not closed: searching for its end at every quote would take too long.
            return None
        elif not source.isspace():
            if source in ("]", "}") and last == "," and comma not in _OPENING:
                out[comma_number] = " "
                commas.append(comma_at)
            if source == ",":
                comma, comma_at, comma_number = last, start, len(out)
            last = source[-1]
            out.append(source)
            continue
        else:
            out.append(source)
            continue
        out.append(_NO_BREAK.sub(" ", text[start:at]))
    if not comments and not commas:
        return None
    return Stripped("".join(out), comments, commas)


_STRING = lazy_pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_COLON = lazy_pattern(r"[ \t\r\n]*:[ \t\r\n]*")
_VALUE = lazy_pattern(rf"{_STRING.pattern}|[-+.0-9A-Za-z]+", re.DOTALL)


class CommentEntry(NamedTuple):
    """``"key": value`` in a comment, with a scalar value."""

    key: str
    """Its source, with the quotes."""
    start: int
    value_start: int
    value_end: int


def entries(comment: str) -> list[CommentEntry]:
    """Return every entry with a scalar in *comment*, at any position."""
    found = []
    at = comment.find('"')
    while at >= 0 and (key := _STRING.match(comment, at)):
        at = key.end()
        colon = _COLON.match(comment, at)
        value = _VALUE.match(comment, colon.end()) if colon else None
        if value:
            found.append(CommentEntry(key[0], key.start(), value.start(), value.end()))
            at = value.end()
        at = comment.find('"', at)
    return found


def is_entry(comment: str) -> bool:
    """Return True if *comment* consists only of entries: ``"key": value,``."""
    found = entries(comment)
    ends = [0, *(entry.value_end for entry in found)]
    gaps = [comment[end : entry.start] for end, entry in zip(ends, found, strict=False)]
    return (
        bool(found)
        and all(not gap.strip(" \t\r\n,{[") for gap in gaps)
        and not comment[ends[-1] :].strip(" \t\r\n,}]")
    )


_SIGNS = lazy_pattern(r"[\s/*]*")
_MEMBER = lazy_pattern(rf"({_STRING.pattern})[ \t\r\n]*:[ \t\r\n]*", re.DOTALL)
_WS = r"[ \t\r\n]*"
_ELEMENTS = lazy_pattern(
    rf"{_WS}{_STRING.pattern}{_WS}(?:,{_WS}{_STRING.pattern}{_WS})*,?{_WS}\]?,?{_WS}\Z", re.DOTALL
)
_STRINGS = lazy_pattern(rf"(?<!\\){_STRING.pattern}", re.DOTALL)


def read_comment(comment: str) -> Commented:
    """Return the content of *comment*, the text between its comment signs."""
    content = end_of(_SIGNS.match(comment))
    if content == len(comment):
        return Commented(-1)
    values = []
    for entry in entries(comment):
        with suppress(ValueError):  # an invalid escape
            values.append(Span(entry.value_start, entry.value_end, key_step(unescaped(entry.key))))
    opens = "[" if _depth(comment) > 0 else ""
    member = _MEMBER.match(comment, content)
    end = len(comment.rstrip())
    if member:
        with suppress(ValueError):
            header = key_step(unescaped(member[1]))
            if not values and comment[member.end() : end] not in ("", "[", "{"):
                values = [Span(member.end(), end, header)]
            return Commented(content, values, is_entry=True, header=header, opens=opens)
    if not values and (_ELEMENTS.match(comment, content) or comment[content] in "[{"):
        rest = comment[content:end].strip("[]{}, \t\r\n")
        values = [Span(content, end, ITEM)] if '"' in rest else []
        return Commented(content, values, is_entry=True, opens=opens)
    return Commented(content, values, is_entry=is_entry(comment[content:]), opens=opens)


def brackets(comment: str) -> list[tuple[int, str]]:
    """Return the brackets of *comment* that are not in strings, with their offsets."""
    return brackets_outside(_STRINGS, comment)


def _depth(comment: str) -> int:
    """Return how many brackets *comment* leaves open."""
    depth = 0
    for _, sign in brackets(comment):
        depth = depth + 1 if sign in "[{" else max(depth - 1, 0)
    return depth
