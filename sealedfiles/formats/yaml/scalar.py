"""Write YAML: the literal of a value, in the style of the earlier literal if possible.

Parsers of YAML 1.1 and 1.2 read it as the same value: a text that one of them reads as a number, a date or a
boolean is quoted.
"""

from __future__ import annotations

import math
import re

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

NO_STRING = lazy_pattern(
    r"~|null|true|false|y|yes|n|no|on|off|=|<<"
    r"|[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-f_]+|\.inf|\.nan"
    r"|(?:[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[-+]?[0-9]+)?)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t ].*)?",
    re.IGNORECASE | re.ASCII,
)
"""What some reader of YAML 1.1 or 1.2 does not take for a text."""
_PLAIN = lazy_pattern(r"(?![ ?:,\[\]{}#&*!|>'\"%@`])(?!-(?: |\Z|--)|\.\.\.)(?:(?!: |:\Z| #| \Z).)+")
_SIGNS_OF_FLOW = lazy_pattern(r"[,\[\]{}:?]")
_JSON_PLAIN = lazy_pattern(r"[-0-9.eE+]+|true|false|null")
TOKEN_START = "sealed:v"

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}
_NOT_IN_BLOCK = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LONGEST_KEY = 1000
"""Parsers search at most 1024 characters for the colon after a key."""

_LARGEST_INDENT = 9


class WrittenScalar(NamedTuple):
    """A written value: *inline*, and lines *below* without their common indentation."""

    inline: str
    below: list[str]


def scalar_forms(
    value: Data, style: str, *, flow: bool, indent: int = 0, blank_lines: int = 0
) -> list[WrittenScalar]:
    """Return how *value*, a scalar or an empty collection, can be written, the best first.

    *style* is the first sign of the literal that stood there, nothing for a plain or a new one.
    *indent* is how much further than the collection around it a block scalar would be indented,
    *blank_lines* how many blank lines there would be below it.
    """
    if not isinstance(value, str):
        return [WrittenScalar(_not_a_string(value), [])]
    forms: list[WrittenScalar | None] = []
    if not flow and (style in ("|", ">") or ("\n" in value and not style)):
        forms.append(_block(value, style, indent, blank_lines))
    if not style and is_plain(value, flow=flow):
        forms.append(WrittenScalar(value, []))
    if style == "'" and value.isprintable() and TOKEN_START not in value:
        forms.append(WrittenScalar(single_quoted(value), []))
    forms.append(WrittenScalar(double_quoted(value), []))
    return [form for form in forms if form]


def key_form(key: str, quote: str, *, flow: bool) -> str:
    """Return how *key* is written, in quotes if *quote* says so.  Raises UsageError if it is too long."""
    if len(key) > _LONGEST_KEY:
        raise UsageError("the key is too long for YAML")
    if not quote and is_plain(key, flow=flow):
        return key
    return single_quoted(key) if quote == "'" and key.isprintable() else double_quoted(key)


def is_plain(text: str, *, flow: bool) -> bool:
    """Return True if *text* can be written without quotes, and is a string for every parser then."""
    return (
        _PLAIN.fullmatch(text) is not None
        and text.isprintable()
        and TOKEN_START not in text
        and not (flow and _SIGNS_OF_FLOW.search(text))
        and not NO_STRING.fullmatch(text)
    )


def is_json(literal: str) -> bool:
    """Return True if *literal* may directly follow a colon as in JSON, ``{"a":1}``."""
    return literal[:1] in ('"', "[", "{") or _JSON_PLAIN.fullmatch(literal) is not None


def single_quoted(text: str) -> str:
    """Return *text*, which has nothing to be escaped, in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def double_quoted(text: str) -> str:
    """Return *text* in double quotes; what cannot be seen is escaped."""
    return '"' + "".join(_ESCAPES.get(char) or _shown(char) for char in text) + '"'


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def _not_a_string(value: Data) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _float(value)
    return str(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    # To YAML 1.1 a number without a dot is a string: 1e+16.
    digits, e, exponent = repr(value).partition("e")
    return digits + (".0" if e and "." not in digits else "") + e + exponent


def _block(value: str, style: str, indent: int, blank_lines: int) -> WrittenScalar | None:
    """Return *value* as a block scalar; None if it cannot be one, or could not be read easily."""
    if _NOT_IN_BLOCK.search(value) or any(line.isspace() for line in value.split("\n")):
        return None
    text = value.rstrip("\n")
    breaks = len(value) - len(text)
    kept = max(breaks - 1 - blank_lines, 0)
    is_indented = text.lstrip("\n").startswith(" ")
    if not text or (breaks > 1 and breaks - 1 < blank_lines):
        return None
    if is_indented and not 0 < indent <= _LARGEST_INDENT:
        return None
    header = ">" if style == ">" and "\n" not in text and not is_indented else "|"
    header += str(indent) if is_indented else ""
    return WrittenScalar(header + ("-", "", "+")[min(breaks, 2)], text.split("\n") + [""] * kept)
