"""Write values in TOML."""

from __future__ import annotations

import math

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.util.lazy_pattern import lazy_pattern

_BARE_KEY = lazy_pattern(r"[A-Za-z0-9_-]+")
_UNFIT = lazy_pattern('[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\"]')
"""The characters that are escaped in a basic string; U+0080 and above because some editors treat them as
line ends or show nothing."""
_CONTROL = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f]")
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def written_key(key: str) -> str:
    """Return the source of one part of a key."""
    return key if _BARE_KEY.fullmatch(key) else _basic(key)


def written(value: Data, old: str = "", line_end: str = "\n") -> str:
    """Return the source of *value* on one line, except for a text of several lines.

    A text has the quotes of *old*, the literal that it replaces, if they can represent it.  Raises UsageError
    for null, which TOML does not have.
    """
    if isinstance(value, str):
        return _string(value, old, line_end)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (
            str(value) if math.isfinite(value) else "nan" if math.isnan(value) else _infinite(value)
        )
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join([one_line(item) for item in value])}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{written_key(key)} = {one_line(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    raise UsageError("TOML has no null", "to remove the key: sealedfiles unset")


def one_line(value: Data) -> str:
    """Return the source of *value* on one line."""
    return _basic(value) if isinstance(value, str) else written(value)


def _infinite(value: float) -> str:
    return "inf" if value > 0 else "-inf"


def _string(text: str, old: str, line_end: str) -> str:
    quote = next((one for one in ('"""', "'''", "'") if old.startswith(one)), "")
    has_lines = "\n" in text
    source = text.replace("\n", line_end)
    is_raw = not _CONTROL.search(text)
    if quote == "'" and is_raw and "'" not in text and not has_lines:
        return f"'{text}'"
    if quote == "'''" and is_raw and "'''" not in text and not text.endswith("'"):
        return f"'''{line_end}{source}'''"
    if has_lines or quote in ('"""', "'''"):
        lines = [_escaped(line) for line in text.split("\n")]
        return f'"""{line_end}{line_end.join(lines)}"""'
    return _basic(text)


def _escaped(text: str) -> str:
    return _UNFIT.sub(lambda char: _SHORT.get(char[0], f"\\u{ord(char[0]):04x}"), text)


def _basic(text: str) -> str:
    return f'"{_escaped(text)}"'
