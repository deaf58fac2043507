"""Read a .env file with other texts in places of some, to find the variables that it sets in plaintext.

Where one dialect reads a single value, another one may read several assignments: after a back-tick, a
backslash at a line end, ``-----BEGIN`` or a semicolon.  Or a quote in a value takes in the comment on the
next line.  If that text is in plaintext, anyone with push access can set a sealed variable in it.
"""

from __future__ import annotations

import contextlib

from sealedfiles.errors import FormatError
from sealedfiles.formats.place import substituted
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from sealedfiles.formats.base import Span

MASK = "0sealedfiles0mark0"
"""The placeholder for a sealed value in text that is parsed only to find where values come from."""

_QUOTES = ("'", '"', "`")
_ONLY_MASKS = lazy_pattern(rf"[ \t]*(?:{MASK})*[ \t]*\r*")
"""Docker reads the blanks around a value as part of it, and bash the CR of a CR LF line end."""
_REFERENCE = lazy_pattern(r"\$\{?(?!['\"])")
_NAME = lazy_pattern(r"(\$\{?)[A-Za-z_][A-Za-z0-9_]*")
_CHARACTER = lazy_pattern(r"\bexport\b|x|([\w.,@%!?*^/])")


def set_in_plaintext(
    text: str,
    sealed: Iterable[tuple[int, int]],
    dialect: str,
    environ: Mapping[str, str],
    *,
    override: bool,
) -> list[tuple[str, str]]:
    """Return name and value of each variable that does not come only from the spans *sealed*, or *environ*.

    In the value, sealed parts are replaced by ``MASK``, unless quotes in one of them take in the next line.

    Raises FormatError, as ``read`` does.
    """
    from sealedfiles.formats.dotenv.values import read  # other formats need only the mask

    spans = sorted(sealed)
    if _takes_in_more(text, spans):
        # A mask, without quotes, would not do that.
        found = read(text, dialect, environ, override=override)
        return _changing(text, spans, dialect, found)
    masked = substituted(text, ((start, end, MASK) for start, end in spans))
    return [
        (name, value)
        for name, value in read(masked, dialect, environ, override=override).items()
        if value and not _ONLY_MASKS.fullmatch(value) and value != environ.get(name)
    ]


def _takes_in_more(text: str, spans: list[tuple[int, int]]) -> bool:
    """Return True if a quote in one of *spans* takes in the line after it."""
    odd = [(start, end) for start, end in spans if not _is_simple(text[start:end])]
    if not odd:
        return False
    from sealedfiles.formats.dotenv.words import Words  # few files have such values

    words = Words(text)
    return any(words.end(start) > end for start, end in odd)


def _is_simple(literal: str) -> bool:
    """Return True if *literal* can take nothing in: a string in quotes without escapes, or without any."""
    quote = literal[:1]
    is_string = quote in _QUOTES and literal[1:].find(quote) == len(literal) - 2
    return (is_string and "\\" not in literal and "$" not in literal) or not any(
        sign in literal for sign in (*_QUOTES, "${", "$(")
    )


def _changing(
    text: str, sealed: list[tuple[int, int]], dialect: str, found: dict[str, str | None]
) -> list[tuple[str, str]]:
    """Return the variables among *found* whose values change with the characters of the plaintext.

    The plaintext is that of comments, and of values that are not *sealed*.  References are not resolved,
    because a sealed value may refer to any other: they are read as to a variable that is set, and as to one
    that is not.
    """
    from sealedfiles.formats.dotenv.scan import DotenvScan
    from sealedfiles.formats.dotenv.values import read

    scan = DotenvScan(text)
    spans = sorted({*((start, end) for start, end, _ in scan.values), *scan.comments(), *sealed})
    kept = set(sealed)
    bare, other = [], []
    for span in spans:
        literal = text[slice(*span)]
        if span in kept:
            new = changed_text = _NAME.sub(r"\1x_", literal)
        else:
            new = _REFERENCE.sub("S", literal)
            changed_text = _CHARACTER.sub(_another, new)
        bare.append((*span, new))
        other.append((*span, changed_text))
    changing: set[str] = set()
    readings = 0
    for environ in ({}, {"x_": "x"}):
        with contextlib.suppress(FormatError):
            values = read(substituted(text, bare), dialect, environ)
            readings += 1
            try:
                changed = read(substituted(text, other), dialect, environ)
            except FormatError:
                changed = {}  # some of the plaintext is an assignment, for example after a semicolon
            changing.update(name for name in values if values[name] != changed.get(name))
    return [
        (name, value)
        for name, value in found.items()
        if value and (name in changing or not readings)
    ]


def _another(found: re.Match[str]) -> str:
    """Return another character than the one that was *found*."""
    return "x" if found[1] else "y" if found[0] == "x" else found[0]


def assignment_of(text: str, name: str, spans: Iterable[Span]) -> int:
    """Return the offset of *name* in one of *spans*, or its first offset in *text*."""
    found = (text.find(name, span.start, span.end) for span in spans)
    return next((at for at in found if at >= 0), max(text.find(name), 0))
