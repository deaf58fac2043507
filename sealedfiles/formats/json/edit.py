"""JSON editor: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

import json
import re

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, JsonNumber, Span
from sealedfiles.formats.json.change import assigned, removed
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.json.layout import NEW_FILE, written
from sealedfiles.formats.json.tree import parse
from sealedfiles.formats.place import Edit, error_at, line_end_of
from sealedfiles.formats.tree import find, leaves, nested, node_at, with_value, without_value
from sealedfiles.light_typing import Any
from sealedfiles.model.address import Address, no_such_value, show_address

_TYPES = (
    re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"),
    re.compile(r"true|false"),
)
"""The spelling of numbers and booleans."""


class JsonEditor:
    """See ``base.Editor``.  An empty or blank text is not JSON, but ``assign`` accepts it."""

    def load(self, text: str, *, as_written: bool = False) -> Data:
        """Return the result of ``json.loads``.

        Raises FormatError, also for a number with more digits than Python reads, unless *as_written* is set.
        """
        strict = JSON.scan(text).strict
        try:
            data: Data = json.loads(strict, **(_number_hooks(JsonNumber) if as_written else {}))
        except RecursionError:
            raise _too_deep() from None
        except ValueError:
            raise _too_long(text) from None
        return data

    def addresses(self, text: str) -> list[Address]:
        """Return the addresses of strings, numbers, booleans and nulls."""
        return [address for address, node in leaves(parse(text)) if node.kind == "scalar"]

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*."""
        node = node_at(parse(text), address)
        if node is None:
            raise no_such_value(address, self.addresses(text))
        return Span(node.start, node.end, node.path)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*."""
        try:
            wanted = _exact(_plainly(value, address))
            if not text.strip(" \t\r\n"):
                layout = NEW_FILE._replace(line_end=line_end_of(text))
                new = written(nested(address, value), layout, "") + layout.line_end
                return _checked(_spliced("", Edit(0, 0, new)), nested(address, wanted))
            splice = assigned(text, address, value)
            if splice is None:
                return text
            return _checked(_spliced(text, splice), with_value(_exact(text), address, wanted))
        except RecursionError:
            raise UsageError("the value or the file is nested too deeply") from None

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given*, which a user typed, at *address*; see ``base.Editor``."""
        if not text.strip(" \t\r\n"):
            return self.assign(text, address, given)
        node = node_at(parse(text), address)
        source = text[node.start : node.end] if node else ""
        if node is None or not any(
            one.fullmatch(source) and one.fullmatch(given) for one in _TYPES
        ):
            return self.assign(text, address, given)
        try:
            new = _spliced(text, Edit(node.start, node.end, given))
            return _checked(new, with_value(_exact(text), address, _exact(given)))
        except RecursionError:
            raise _too_deep() from None

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the key at *address* (all equal keys), or without the item."""
        if not address:
            raise UsageError("the whole document cannot be removed", "remove the file")
        way, missing = find(parse(text), address)
        if missing:
            raise no_such_value(address, self.addresses(text))
        try:
            expected = without_value(_exact(text), address)
            while not missing:
                node, entry = way[-1]
                text = _spliced(text, removed(text, node, entry))
                # Otherwise an earlier equal key would now be in effect.
                way, missing = find(parse(text), address)
                if entry.key is None:
                    break
            return _checked(text, expected)
        except RecursionError:
            raise _too_deep() from None


JSON_EDITOR = JsonEditor()


def _number_hooks(hook: Any) -> dict[str, Any]:
    return {"parse_int": hook, "parse_float": hook, "parse_constant": hook}


def _exact(text: str) -> Any:
    """Return the data of *text*, with numbers as they are written, which are not equal to strings."""
    hooks = _number_hooks(lambda source: ("number", source))
    try:
        return json.loads(text, **hooks)
    except ValueError:
        return json.loads(JSON.scan(text).strict, **hooks)


def _plainly(value: Data, address: Address) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise UsageError(f"JSON cannot represent the value for {show_address(address)}") from None


def _too_deep() -> FormatError:
    return FormatError("nested too deeply")


def _too_long(text: str) -> FormatError:
    """Return the error for the first number that Python refuses to read because of its length."""
    for start, end, _ in JSON.scan(text).values:
        try:
            json.loads(text[start:end])
        except ValueError:
            return error_at(text, start, "a number with too many digits")
    return FormatError("a number with too many digits")


def _spliced(text: str, splice: Edit) -> str:
    """Return *text* with the change, which does not affect the source of any other value.

    Raises UsageError if the result cannot be read.
    """
    start, end, new = splice
    result = text[:start] + new + text[end:]
    try:
        after = _values_outside(result, start, start + len(new))
    except FormatError as error:
        raise UsageError(f"the file could not be read with this value: {error.message}") from None
    if text and after != _values_outside(text, start, end):
        raise _unsafe()
    return result


def _values_outside(text: str, start: int, end: int) -> list[tuple[bytes, str]]:
    return [
        (value.path, text[value.start : value.end])
        for value in JSON.scan(text).values
        if value.end <= start or value.start >= end
    ]


def _checked(text: str, expected: Any) -> str:
    """Return *text* if its data is *expected*.  Raises FormatError otherwise."""
    if _exact(text) != expected:
        raise _unsafe()
    return text


def _unsafe() -> FormatError:
    return FormatError("this cannot be changed without changing other values")
