"""List the ways to write a value in a .env file, best first."""

from __future__ import annotations

import re

from sealedfiles.errors import FormatError
from sealedfiles.formats.dotenv.python import is_interpolated
from sealedfiles.formats.dotenv.values import read
from sealedfiles.util.lazy_pattern import lazy_pattern

_SAFE = lazy_pattern(r"[A-Za-z0-9_./:@%+,=-]+")
"""Text that every program reads in the same way without quotes."""
_PROGRAMS = ("python", "node", "compose", "bash")
"""docker is omitted: it does not read quotes, so its result would outweigh all others."""
_TAKEN_FOR_ESCAPE = {
    "'": re.compile(r"\\(?=[\\']|\Z)"),
    '"': re.compile(r"\\(?=[\\'\"abfnrtv]|\Z)"),
}


def spellings(value: str, old: str, line_end: str) -> list[str]:
    """Return sources that python-dotenv reads as *value*.

    The first source is the one that most programs read as *value*.  Only the programs that read *old*, the
    existing source (empty for a new key), as python-dotenv does are counted.  Of equally good sources, the
    one with the quotes of *old* is first.
    """
    meant = _meaning(old or "x", line_end, "python")
    programs = [
        name
        for name in _PROGRAMS
        # Only node has back-ticks as quotes, so python-dotenv cannot be the reference.
        if old.startswith("`") or meant in (None, _meaning(old or "x", line_end, name))
    ]
    scores = {
        literal: sum(_meaning(literal, line_end, name) == value for name in programs)
        for literal in _by_style(value, old, line_end)
        if _meaning(literal, line_end, "python") == value
    }
    return sorted(scores, key=lambda literal: -scores[literal])


def _meaning(literal: str, line_end: str, program: str) -> str | None:
    try:
        return read(f"A={literal}{line_end}", program, {}).get("A")
    except FormatError:
        return None


def _by_style(value: str, old: str, line_end: str) -> list[str]:
    if is_interpolated(value):
        # python-dotenv always replaces variables, but a variable without a name is replaced by its default.
        # In double quotes, because there bash and compose refuse it instead of misreading it.
        value = value.replace("${", "${:-$}{")
        return [_quoted(value, '"'), _escaped(value)]
    quote = old[:1] if old[:1] in ("'", '"', "`") else ""
    quoted = [_quoted(value, "'"), _quoted(value, '"')]
    if quote != "'":
        quoted.reverse()
    # No lone LF in a file with CRLF, and no line breaks in a value that has none.
    is_one_line = "\\n" in old if quote == '"' else line_end != "\n"
    quoted.insert(0 if is_one_line and "\n" in value else 2, _escaped(value))
    is_bare = not quote if old else not value or _SAFE.fullmatch(value)
    return [value, *quoted] if is_bare else [*quoted, value]


def _quoted(value: str, quote: str) -> str:
    inside = _TAKEN_FOR_ESCAPE[quote].sub(r"\\\\", value).replace(quote, f"\\{quote}")
    return f"{quote}{inside}{quote}"


def _escaped(value: str) -> str:
    """Return *value* in double quotes and on one line."""
    for char, escape in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"):
        value = value.replace(char, escape)
    return f'"{value}"'
