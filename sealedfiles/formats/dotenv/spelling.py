"""The ways to write a value into a .env file, the best first."""

from __future__ import annotations

import re

from sealedfiles.errors import FormatError
from sealedfiles.formats.dotenv.python import is_interpolated
from sealedfiles.formats.dotenv.values import read

_SAFE = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
"""What every program reads alike without quotes."""
_PROGRAMS = ("python", "node", "compose", "bash")
"""docker is none of them: it knows no quotes, and would decide against all others."""
_TAKEN_FOR_ESCAPE = {
    "'": re.compile(r"\\(?=[\\']|\Z)"),
    '"': re.compile(r"\\(?=[\\'\"abfnrtv]|\Z)"),
}


def spellings(value: str, old: str, line_end: str) -> list[str]:
    """Return sources that python-dotenv reads as *value*.

    First comes what most programs read alike, of those that read *old*, the source before (empty for
    a new key), as python-dotenv does; of equally good ones what has the quotes of *old*.
    """
    meant = _meaning(old or "x", line_end, "python")
    programs = [
        name
        for name in _PROGRAMS
        # Back-ticks are node's quotes, so that python-dotenv cannot be the measure.
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
        # Nothing keeps python-dotenv from replacing variables; but one without a name has its default.
        # In double quotes, where bash and compose refuse that, and do not misread it.
        value = value.replace("${", "${:-$}{")
        return [_quoted(value, '"'), _escaped(value)]
    quote = old[:1] if old[:1] in ("'", '"', "`") else ""
    quoted = [_quoted(value, "'"), _quoted(value, '"')]
    if quote != "'":
        quoted.reverse()
    # No lone LF in a file of CRLF, no lines in a file that has none.
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
