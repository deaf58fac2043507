"""Write values in HCL."""

from __future__ import annotations

import math
import re

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.util.lazy_pattern import lazy_pattern

_WORD = lazy_pattern(r"[^\W\d][\w-]*")
_TEMPLATE = lazy_pattern(r"([$%])(?=\{)")
_UNFIT = lazy_pattern('[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\"]')
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HEREDOC = lazy_pattern(rf"<<-?({_WORD.pattern})")


def written_key(key: str, *, is_variable: bool = False) -> str:
    """Return the source of a key.  Raises UsageError if it cannot be the name of a variable."""
    if _WORD.fullmatch(key) and (is_variable or key not in ("true", "false", "null", "for")):
        return key
    if is_variable:
        raise UsageError("the name of a variable consists of letters, digits, - and _")
    return _string(key)


def written(value: Data, old: str = "", line_end: str = "\n") -> str:
    """Return the source of *value*, which replaces the literal *old*."""
    if isinstance(value, str):
        return _heredoc(value, old, line_end) or _string(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError("HCL has no infinite numbers, and no NaN")
    if isinstance(value, list):
        return f"[{', '.join([written(item) for item in value])}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{written_key(key)} = {written(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return str(value)


def _string(text: str) -> str:
    source = _UNFIT.sub(lambda char: _SHORT.get(char[0], f"\\u{ord(char[0]):04x}"), text)
    return '"' + _TEMPLATE.sub(r"\1\1", source) + '"'


def _heredoc(text: str, old: str, line_end: str) -> str:
    """Return *text* between the marks of *old*; empty if it is not such a text, or *text* does not fit."""
    found = _HEREDOC.match(old)
    if not found or line_end != "\n" or not text.endswith("\n") or "\r" in text:
        return ""
    mark = found[1]
    if old.startswith("<<-") or re.search(rf"^[ \t]*{re.escape(mark)}[ \t]*$", text, re.MULTILINE):
        return ""
    return f"<<{mark}\n" + _TEMPLATE.sub(r"\1\1", text) + mark
