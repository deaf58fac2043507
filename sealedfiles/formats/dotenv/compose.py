""".env files as ``docker compose`` reads them.

This follows the parser and the templates of compose-go 2, including their peculiarities: the text after a
closing quote is read as the next line.  Error messages are different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sealedfiles.formats.base import end_of
from sealedfiles.formats.dotenv.python import Expansion, layered
from sealedfiles.formats.place import error_at
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.paths import json_string
from sealedfiles.util.lazy_pattern import lazy_pattern

Known: TypeAlias = Callable[[str], str | None]
"""The replacement of a variable."""

GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space in Go, for a character class."""
_BLANK = "\t\v\f\r \x85\xa0"
_START = re.compile(rf"(?:[{GO_SPACE}]|\#[^\n]*)*").match
_EXPORT = re.compile(rf"export(?=[\t\n\f\r ])[{_BLANK}]*").match
_KEY_END = re.compile(rf"(?:\w|[{_BLANK}.\-\[\]])*").match
# Matches only from the start of the blanks, so that a failure costs linear time.
_BLANK_END = lazy_pattern(rf"(?<![{GO_SPACE}])[{GO_SPACE}]+\Z")
_QUOTED = re.compile(r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\"""", re.DOTALL).match
_ESCAPE = lazy_pattern(r'\\(?:([abfnrtv$"\\])|0([0-9]{0,3}))')
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}
_NAME = "[_a-z][_a-z0-9]*"
_SUBSTITUTION = lazy_pattern(
    rf"\$(?:(?P<escaped>\$)|(?P<name>{_NAME})|\{{(?:(?P<braced>{_NAME}(?::?[-+?].*)?)\}}|))",
    re.IGNORECASE,
)
_OPERATOR = re.compile(":?[-+?]").search


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """A substitution that compose refuses."""


def read_compose(
    text: str, environ: Mapping[str, str], *, override: bool = False
) -> dict[str, str | None]:
    """Return the values of *text*; see ``dotenv.values.read``."""
    values: dict[str, str | None] = {}
    known = layered(values, environ, override=override)
    expansion = Expansion(text)
    at = 0
    while True:
        at = end_of(_START(text, at))
        if at == len(text):
            return values
        key, at, is_alone = _key(text, at)
        if is_alone:
            if key in known:
                values[key] = known[key]
            continue
        literal, following = _literal(text, at, key)

        def replaced(name: str, at: int = at) -> str | None:
            value = known.get(name)
            return value if value is None else expansion.add(value, at)

        try:
            value = _evaluated(literal, replaced)
        except (_Refused, RecursionError) as error:
            what = error if isinstance(error, _Refused) else "is nested too deeply"
            raise error_at(text, at, f"the value of {json_string(key)} {what}") from None
        at = following
        is_token = key == "sealed" and value.startswith("v1:")
        # Compose accepts a sign without a name before it.
        if key and not is_token:
            values[key] = value


def _key(text: str, at: int) -> tuple[str, int, bool]:
    """Return the key *at*, the start of its value, and whether the key is alone."""
    export = _EXPORT(text, at)
    start = export.end() if export else at
    end = end_of(_KEY_END(text, start))
    sign = text[end : end + 1]
    if sign not in ("=", ":", "\n", ""):
        raise error_at(text, start, "compose refuses the name of a variable on this line")
    key = text[start:end].rstrip(f"{_BLANK}")
    if " " in key:
        raise error_at(text, start, "compose refuses a blank in the name of a variable")
    end = min(end + 1, len(text))
    while end < len(text) and text[end] in _BLANK:
        end += 1
    return key, end, sign in ("\n", "")


def _literal(text: str, at: int, key: str) -> tuple[str, int]:
    """Return the source of the value *at*, without an inline comment, and where to continue."""
    if text[at : at + 1] in ("'", '"'):
        quoted = _QUOTED(text, at)
        if quoted is None:
            raise error_at(text, at, f"the value of {json_string(key)} has no closing quote")
        return quoted[0], quoted.end()
    end = text.find("\n", at)
    line = text[at : end if end >= 0 else len(text)]
    return _BLANK_END.sub("", line.partition(" #")[0]), at + len(line) + 1


def _evaluated(literal: str, known: Known) -> str:
    if literal.startswith("'"):
        return literal[1:-1].replace("\\'", "'")
    if literal.startswith('"'):
        # A backslash before a quote is removed before the other escapes are read.
        return _substituted(_ESCAPE.sub(_unescaped, literal[1:-1].replace('\\"', '"')), known)
    return _substituted(literal, known)


def _unescaped(escape: re.Match[str]) -> str:
    digits = escape[2]
    if digits is None:
        return _CONTROLS.get(escape[1], escape[1])
    is_byte = re.fullmatch("[0-3][0-7]{2}", digits)
    return chr(int(digits, 8)) if is_byte else "\\" + digits


def _substituted(template: str, known: Known) -> str:
    return _SUBSTITUTION.sub(lambda found: _replacement(found[0], known), template)


def _replacement(found: str, known: Known) -> str:
    """Return the replacement of *found*, which extends to the last closing brace of the line."""
    end = _first_closing_brace(found) + 1
    rest = found[end:] if end else ""
    match = _SUBSTITUTION.match(found[: end or len(found)])
    if match is None or match["escaped"]:
        return "$"
    if match["name"]:
        return known(match["name"]) or ""
    if not match["braced"]:
        raise _Refused("has a substitution that compose refuses; write a literal dollar sign as $$")
    return _braced(match["braced"], known) + _substituted(rest, known)


def _braced(substitution: str, known: Known) -> str:
    """Return the value of ``${substitution}``."""
    operator = _OPERATOR(substitution)
    if operator is None:
        return known(substitution) or ""
    name, word = substitution[: operator.start()], substitution[operator.end() :]
    value = known(name)
    is_there = value is not None if len(operator[0]) == 1 else bool(value)
    kind = operator[0][-1]
    if is_there != (kind == "+"):
        return value or ""
    if kind == "?":
        raise _Refused("requires a variable that is not set")
    return _substituted(word, known)


def _first_closing_brace(text: str) -> int:
    """Return the offset of the brace that closes the first opening brace; -1 if there is none."""
    depth = at = 0
    while at < len(text):
        if text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        elif text[at] == "{":
            depth += 1
            at += 1
        at += 1
    return -1
