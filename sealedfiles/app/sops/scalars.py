"""How SOPS, which is written in Go, types and spells scalars."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

from sealedfiles.app.sops.tokens import Value
from sealedfiles.errors import FormatError
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.util.lazy_pattern import lazy_pattern

_BOOLS = {"true": "True", "false": "False"}
_NULLS = ("", "~", "null", "Null", "NULL")
_INT = lazy_pattern(r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)")
_FLOAT = lazy_pattern(r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {".inf": "+Inf", "+.inf": "+Inf", "-.inf": "-Inf", ".nan": "NaN"}
_DATE = lazy_pattern(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t].*)")
_LONGEST_INT = 21
"""Digits: Go writes a longer number that is a float with an exponent."""
_JSON_INT = lazy_pattern(r"-?[0-9]{1,19}")
_INT64 = range(-(1 << 63), 1 << 63)
"""Go's ``int``.  Of a larger integer in JSON, SOPS makes a float; in YAML, it depends on the spelling."""


def float_text(number: float) -> str:
    """Return *number* as Go's ``FormatFloat(number, 'f', -1, 64)`` does: no exponent, the fewest digits."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def value_of_literal(literal: str, form: str) -> Value | None:
    """Return the scalar *literal* of a YAML or JSON text; None for null, which SOPS leaves alone.

    Raises FormatError for what only Go can spell: times, values with a tag or an anchor, and integers of more
    than 64 bits; and for numbers that SOPS does not read.
    """
    if form == "yaml":
        return _of_yaml(literal)
    if literal.startswith('"'):
        from sealedfiles.formats.base import unescaped

        return _text(unescaped(literal))
    if literal in ("true", "false"):
        return Value("bool", _BOOLS[literal].encode())
    if literal == "null":
        return None
    if _JSON_INT.fullmatch(literal) and int(literal) in _INT64:
        return Value("int", str(int(literal)).encode())
    number = float(literal)
    if not math.isfinite(number):
        raise FormatError("it has a number that is out of range")
    return Value("float", float_text(number).encode())


def is_same_number(literal: str, value: Value) -> bool:
    """Return True unless SOPS, which reads *literal* as *value*, would write another number."""
    if value.type != "float" or value.data.decode() in _SPECIAL.values():
        return True
    try:
        return Decimal(literal) == Decimal(value.data.decode())
    except InvalidOperation:  # an exponent of many digits
        return False


def _of_yaml(literal: str) -> Value | None:
    if literal[:1] in ("!", "&", "*"):
        raise FormatError("it has a tag, an anchor or an alias")
    if literal[:1] in ('"', "'", "|", ">"):
        return _text(yaml_literal.decode(literal))
    text = yaml_literal.decode(literal)
    if text in _NULLS:
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return Value("bool", _BOOLS[text.lower()].encode())
    if text == "-0":
        return Value("float", b"-0")
    if _INT.fullmatch(text):
        integer = _int(text.replace("_", ""))
        if integer not in _INT64:
            raise FormatError("it has a number that is out of range")
        return Value("int", str(integer).encode())
    if text.lower() in _SPECIAL:
        return Value("float", _SPECIAL[text.lower()].encode())
    if _DATE.fullmatch(text):
        raise FormatError("it has a date or a time")
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        # Go's parser of YAML takes a float that is out of range for a string.
        return Value("float", float_text(number).encode()) if math.isfinite(number) else _text(text)
    return _text(text)


def _int(text: str) -> int:
    digits = text.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2])
    if base is None:
        base = 8 if len(digits) > 1 and digits.startswith("0") and digits.isdigit() else 10
        digits = "0o" + digits[1:] if base == 8 else digits
    if base == 8 and set(digits[2:]) & set("89"):
        raise FormatError("it has a number that starts with 0")
    return int(digits, base) * (-1 if text.startswith("-") else 1)


def _text(text: str) -> Value:
    return Value("str", text.encode("utf-8", "surrogatepass"))


def literal_of(value: Value, form: str, *, in_flow: bool = False) -> str | None:
    """Return the source of *value* on one line of a YAML or JSON text; None for several lines of YAML."""
    text = value.data.decode("utf-8")
    if value.type == "bool":
        return "true" if text in ("1", "t", "T", "TRUE", "true", "True") else "false"
    if value.type == "float" and len(text) > _LONGEST_INT and text.lstrip("-").isdigit():
        digits, _, exponent = repr(float(text)).partition("e")  # otherwise it would be an integer
        dot = ".0" if form == "yaml" and "." not in digits else ""
        return f"{digits}{dot}e{exponent}"
    if value.type in ("int", "float"):
        if text.lstrip("+-")[:1].isdigit():
            return text
        return {"+Inf": ".inf", "-Inf": "-.inf"}.get(text, ".nan")
    if form == "json":
        from sealedfiles.app.files.export import json_text

        return json_text(text)
    if value.type == "time":
        return text
    if "\n" in text and not in_flow:
        return None
    from sealedfiles.formats.yaml.scalar import double_quoted, is_plain

    return text if is_plain(text, flow=in_flow) else double_quoted(text)
