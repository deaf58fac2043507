"""JSON with comments and trailing commas (JSONC): taken away for the parser, offsets unchanged.

``// …`` goes to the end of its line, ``/* … */`` to the first ``*/``.  A comma may follow the last member
of an object or element of an array.  Nothing else of JSON5 is taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r'[ \t\r\n]+|"[^"\\]*(?:\\.[^"\\]*)*"|//[^\r\n]*|[^"/,\]} \t\r\n]+|.', re.DOTALL
)
_NO_BREAK = re.compile(r"[^\r\n]")
_BREAKS_OF_OTHERS = re.compile("[\u2028\u2029]")
_OPENING = ("[", "{", ",", ":", "")
"""What a comma cannot follow."""


class Stripped(NamedTuple):
    """A JSONC text as JSON."""

    text: str
    """With blanks in the place of comments and trailing commas."""
    comments: list[tuple[int, int]]
    """From behind ``//`` to the end of the line; from behind ``/*`` to the blanks before ``*/``."""
    commas: list[int]
    """Where the trailing commas are."""


def strip(text: str) -> Stripped | None:
    """Return *text* as JSON, if the rest of it is; None if it has neither comments nor trailing commas, or
    a comment or string without an end."""
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
            # U+2028 ends a comment for readers of JSON5, and not for those of JSONC.
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
            # A string without an end: looking for it at every quote would take for ever.
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


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_VALUE = re.compile(rf"{_STRING.pattern}|[-+.0-9A-Za-z]+", re.DOTALL)


class Entry(NamedTuple):
    """``"key": value`` in a comment, the value being a scalar."""

    key: str
    """Its source, with the quotes."""
    start: int
    value_start: int
    value_end: int


def entries(comment: str) -> list[Entry]:
    """Return every entry with a scalar in *comment*, wherever it stands there."""
    found = []
    at = comment.find('"')
    while at >= 0 and (key := _STRING.match(comment, at)):
        at = key.end()
        colon = _COLON.match(comment, at)
        value = _VALUE.match(comment, colon.end()) if colon else None
        if value:
            found.append(Entry(key[0], key.start(), value.start(), value.end()))
            at = value.end()
        at = comment.find('"', at)
    return found


def is_entry(comment: str) -> bool:
    """Return True if *comment* is nothing but entries: ``"key": value,``."""
    found = entries(comment)
    ends = [0, *(entry.value_end for entry in found)]
    gaps = [comment[end : entry.start] for end, entry in zip(ends, found, strict=False)]
    return (
        bool(found)
        and all(not gap.strip(" \t\r\n,{[") for gap in gaps)
        and not comment[ends[-1] :].strip(" \t\r\n,}]")
    )
