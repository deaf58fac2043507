"""What the formats with one entry on each line have in common: INI files and Java properties."""

from __future__ import annotations

import re

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Commented, Span
from sealedfiles.formats.commented import LONGEST_KEY, is_continued, is_prose, pem
from sealedfiles.model.paths import key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

ANY_TOKEN = lazy_pattern(r"sealed:v[0-9]+:[A-Za-z0-9_.:-]+")
"""A token, also of another version: alone on a line, it replaces a value without a key."""
_BASE64_END = lazy_pattern(r"[A-Za-z0-9+/_-]+==?")
_ENTRY = lazy_pattern(r"([^=:]*)(=|:(?!//))[ \t\f]*(.*)", re.DOTALL)


_MARKER = lazy_pattern(r"(?:<{7,}|>{7,})(?= |\r|\n|\Z)")


def refuse_markers(text: str) -> None:
    """Raise FormatError for conflict markers, which would be read as entries."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if _MARKER.match(line):
            raise FormatError("a conflict marker", number, 1)


def is_base64_end(line: str) -> bool:
    """Return True if *line* may be the last line of base64, and not a key with an empty value."""
    return _BASE64_END.fullmatch(line) is not None


def read_comment(comment: str, signs: str) -> Commented:
    """Return the content of *comment*, the text after its sign, without one or several comment *signs*."""
    content = len(comment) - len(comment.lstrip(f"{signs} \t\f\v\r\n\x85\xa0"))
    if content == len(comment):
        return Commented(-1)
    private_key = pem(comment, content)
    if private_key:
        return private_key
    match = _ENTRY.match(comment, content)
    key = match[1].rstrip(" \t\f") if match else ""
    if match is None or not key or len(key.split()) > LONGEST_KEY:
        return Commented(content)
    value = match[3].rstrip()
    path = key_step(key)
    opens = "\\" if is_continued(comment) else ""
    if value.startswith("-----BEGIN ") and "-----END " not in value:
        opens = "-----END "
    is_entry = match[2] == "=" or not is_prose(key, value)
    values = [Span(match.start(3), match.start(3) + len(value), path)] if value else []
    return Commented(content, values, is_entry=is_entry, header=path, opens=opens)
