"""Read .env files as python-dotenv does; this is the default dialect.

This follows its version 1.2.4 for a file, which it opens with universal line ends: every line
end, also in quotes, is LF in a value.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import end_of, splice
from sealedfiles.formats.place import error_at
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_BLANK = r"[^\S\r\n]"
_SPACE = lazy_pattern(r"\s*")
_EXPORT = lazy_pattern(rf"(?:export{_BLANK}+)?")
_QUOTED_KEY = lazy_pattern("'([^']+)'")
_KEY = lazy_pattern(r"([^=#\s]+)")
_EQUALS = lazy_pattern(rf"{_BLANK}*(?:(=)({_BLANK}*))?")
# There is only one way to match a string in quotes, so that a failure costs linear time.
_QUOTED = lazy_pattern(r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\"""", re.DOTALL)
# Before version 1.2.3, a backslash was not escaped by another one, and a quote after it could end the value.
_QUOTED_BEFORE = lazy_pattern(r"""'(?:\\'|[^'])*'|"(?:\\"|[^"])*\"""")
_BARE = lazy_pattern(r"[^\r\n]*")
# Matches only from the start of the blanks, so that a failure costs linear time.
_INLINE_COMMENT = lazy_pattern(r"(?<!\s)\s+#")
_REST_IS_COMMENT = lazy_pattern(rf"{_BLANK}*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_REST = lazy_pattern(r"[^\r\n]*(?:\r\n|\n|\r)?")

_ESCAPES = {"'": lazy_pattern(r"\\([\\'])"), '"': lazy_pattern(r"\\([\\'\"abfnrtv])")}
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_NAME_END = lazy_pattern("[:}]")

MOST_EXPANDED = 1_000_000
"""In characters, for all references of a file (docs/format.md, section 4)."""


class ExpansionError(FormatError):
    """The references of a .env file expand to more than the limit."""


class Expansion:
    """Counts the characters to which the references of one text expand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = MOST_EXPANDED

    def add(self, replacement: str, at: int) -> str:
        """Return *replacement*, for a reference at the offset *at*.  Raises ExpansionError."""
        self._left -= len(replacement)
        if self._left < 0:
            place = error_at(self._text, at, "")
            message = f"the references in it expand to more than {MOST_EXPANDED} characters"
            raise ExpansionError(message, place.line, place.column)
        return replacement


class Binding(NamedTuple):
    """One assignment, or a key without a value, with its positions in the text."""

    key: str
    value: str | None
    """The value with quotes and escapes resolved, but not variables; None for a key without ``=``."""
    start: int
    """The start of ``export`` if it exists, otherwise of the key."""
    key_end: int
    value_start: int
    value_end: int
    """``text[value_start:value_end]`` is the value's source; empty at the position of a missing value."""
    end: int
    """The offset after the line end."""


def bindings(text: str, *, before_1_2_3: bool = False) -> Iterator[Binding]:
    """Yield the assignments that python-dotenv reads, in file order, including all equal keys.

    python-dotenv skips a line that it cannot read, with a warning; such a line is skipped here, too.
    """
    quoted = _QUOTED_BEFORE if before_1_2_3 else _QUOTED
    at = 0
    while at < len(text):
        start = end_of(_SPACE.match(text, at))
        if start == len(text):
            return
        binding, at = _binding(text, start, quoted)
        if binding is not None:
            yield binding


def _binding(text: str, start: int, quoted: re.Pattern[str]) -> tuple[Binding | None, int]:
    """Return the binding at *start*, if it can be read, and the offset at which to continue."""
    at = end_of(_EXPORT.match(text, start))
    key = (_QUOTED_KEY if text.startswith("'", at) else _KEY).match(text, at)
    if key is None:  # also for a comment
        return None, end_of(_REST.match(text, at))
    equals = _EQUALS.match(text, key.end())
    assert equals is not None  # noqa: S101 - it always matches
    value_start, value_end, value = key.end(), key.end(), None
    if quoted is _QUOTED and equals[2] and text.startswith("#", equals.end()):
        value_start, value_end, value = equals.end(1), equals.end(1), ""
    elif equals[1]:
        value_start = equals.end()
        value_end, value = _value(text, value_start, quoted)
    line = None if value_end < 0 else _REST_IS_COMMENT.match(text, value_end)
    if line is None:
        return None, end_of(_REST.match(text, max(value_start, value_end)))
    name = _with_lf(key[1])
    return Binding(name, value, start, key.end(), value_start, value_end, line.end()), line.end()


def _value(text: str, at: int, quoted: re.Pattern[str]) -> tuple[int, str]:
    """Return the end of the value *at*, and the value; the end is -1 if its quotes are not closed."""
    quote = text[at : at + 1]
    if quote in _ESCAPES:
        found = quoted.match(text, at)
        if found is None:
            return -1, ""
        inside = _with_lf(found[0][1:-1])
        return found.end(), _ESCAPES[quote].sub(lambda m: _CONTROLS.get(m[1], m[1]), inside)
    line = text[at : end_of(_BARE.match(text, at))]
    comment = _INLINE_COMMENT.search(line)
    bare = (line[: comment.start()] if comment else line).rstrip()
    return at + len(bare), bare


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def interpolated(
    text: str, found: Iterable[Binding], environ: Mapping[str, str], *, override: bool
) -> dict[str, str | None]:
    """Return the values with every ``${NAME}`` and ``${NAME:-default}`` replaced.

    If a variable is both in the lines above and in *environ*, the file's value is used with *override*,
    otherwise that of *environ*.  Raises ExpansionError.
    """
    result: dict[str, str | None] = {}
    known = layered(result, environ, override=override)
    expansion = Expansion(text)
    for binding in found:
        value = binding.value
        if value is not None and "${" in value:
            edits = (
                (start, end, expansion.add(known.get(name, default) or "", binding.start))
                for start, end, name, default in _variables(value)
            )
            value = splice(value, list(edits))
        result[binding.key] = value
    return result


def _variables(value: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, name and default of every ``${NAME}`` and ``${NAME:-default}``, in linear time."""
    name_end = -1
    start = value.find("${")
    while start >= 0:
        at = start + 2
        if name_end < at:
            sign = _NAME_END.search(value, at)
            if sign is None:
                return
            name_end = sign.start()
        if value[name_end] == "}" or value.startswith(":-", name_end):
            name, begin = value[at:name_end], name_end + 2
            close = value.find("}", name_end)
            if close < 0:
                return
            at = close + 1
            yield start, at, name, value[begin:close]
        start = value.find("${", at)


def layered(
    own: Mapping[str, str | None], environ: Mapping[str, str], *, override: bool
) -> Mapping[str, str | None]:
    """Return one mapping of the variables of a file and of the environment; *own* may grow later."""
    layers: Any = (own, environ) if override else (environ, own)
    return ChainMap(*layers)


def is_interpolated(value: str) -> bool:
    """Return True if python-dotenv would replace anything in *value*, read from a file."""
    return next(_variables(value), None) is not None
