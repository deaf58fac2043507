"""Positions in a text: lines, and the positions of errors."""

from __future__ import annotations

from sealedfiles.errors import FormatError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE_END = lazy_pattern(r"\r\n|\n|\r")


def error_at(text: str, at: int, message: str) -> FormatError:
    """Return the error for offset *at* of *text*.  *message* must contain nothing of *text*, a secret."""
    breaks = [match.end() for match in _LINE_END.finditer(text, 0, at)]
    return FormatError(message, len(breaks) + 1, at - (breaks[-1] if breaks else 0) + 1)


def line_end_of(text: str) -> str:
    """Return the first line end in *text*; LF if it has none."""
    first = _LINE_END.search(text)
    return first[0] if first else "\n"


def line_start(text: str, at: int) -> int:
    """Return the start of the line that contains *at*."""
    start = text.rfind("\n", 0, at) + 1
    return max(start, text.rfind("\r", start, at) + 1)


def line_end(text: str, at: int) -> int:
    """Return the end of the line of *at*, before its line end."""
    found = _LINE_END.search(text, at)
    return found.start() if found else len(text)


def next_line(text: str, at: int) -> int:
    """Return the start of the line after that of *at*, or the end of the text."""
    found = _LINE_END.search(text, at)
    return found.end() if found else len(text)


class Edit(NamedTuple):
    """One change: *text* replaces the text from *start* to *end*."""

    start: int
    end: int
    text: str


def begins_line(text: str, at: int) -> bool:
    """Return True if only blanks are in front of *at* in its line."""
    return not text[line_start(text, at) : at].strip(" \t")
