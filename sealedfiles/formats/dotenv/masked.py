"""Read a .env file with other texts in places of some, to find the variables that it sets in plaintext.

Where one dialect reads a single value, another one may read several assignments: after a back-tick, a
backslash at a line end, ``-----BEGIN`` or a semicolon.  Or a quote in a value takes in the comment on the
next line.  If that text is in plaintext, anyone with push access can set a sealed variable in it.
"""

from __future__ import annotations

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
_ONLY_MASKS = lazy_pattern(rf"(?:{MASK})*\r*")
"""Bash reads the CR of a CR LF line end as part of the value."""
_REFERENCE = lazy_pattern(r"\$\{?(?!['\"])")
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
    """Return True if *literal* has no quotes, or is a string in quotes without escapes."""
    quote = literal[:1]
    is_string = quote in _QUOTES and literal[1:].find(quote) == len(literal) - 2
    return (is_string and "\\" not in literal) or not any(one in literal for one in _QUOTES)


def _changing(
    text: str, sealed: list[tuple[int, int]], dialect: str, found: dict[str, str | None]
) -> list[tuple[str, str]]:
    """Return the variables among *found* whose values change with the characters of the plaintext.

    The plaintext is that of comments, and of values that are not *sealed*.
    References are not resolved: a sealed value may refer to any other.
    """
    from sealedfiles.formats.dotenv.scan import DotenvScan
    from sealedfiles.formats.dotenv.values import read

    scan = DotenvScan(text)
    spans = sorted({*((start, end) for start, end, _ in scan.values), *scan.comments(), *sealed})
    bare = [(start, end, _REFERENCE.sub("S", text[start:end])) for start, end in spans]
    kept = set(sealed)
    other = [
        (start, end, new if (start, end) in kept else _CHARACTER.sub(_another, new))
        for start, end, new in bare
    ]
    try:
        found = read(substituted(text, bare), dialect)
        changed = read(substituted(text, other), dialect)
    except FormatError:  # some of the plaintext is an assignment, for example after a semicolon
        changed = {}
    return [(name, value) for name, value in found.items() if value and value != changed.get(name)]


def _another(found: re.Match[str]) -> str:
    """Return another character than the one that was *found*."""
    return "x" if found[1] else "y" if found[0] == "x" else found[0]


def assignment_of(text: str, name: str, spans: Iterable[Span]) -> int:
    """Return the offset of *name* in one of *spans*, or its first offset in *text*."""
    found = (text.find(name, span.start, span.end) for span in spans)
    return next((at for at in found if at >= 0), max(text.find(name), 0))
