"""The part of an editor that is the same for all formats that are read as a tree, except JSON and YAML.

A change is made, and then checked: the data must be that of before with only this change, and the source of
no other value may have changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, Format, JsonNumber, Span, value_at
from sealedfiles.formats.event_tree import data_of, plain_number
from sealedfiles.formats.tree import Node, leaves, node_at, with_value, without_value
from sealedfiles.light_typing import TYPE_CHECKING, Any
from sealedfiles.model.address import Address, no_such_value, show_address
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

_BOOLEAN = lazy_pattern("true|false")


class TreeEditor(ABC):
    """See ``base.Editor``.  A subclass defines how its format is parsed, and changed."""

    name: str
    """The format, for messages."""
    form: Format
    numbers: re.Pattern[str]
    """The spellings of numbers."""

    @abstractmethod
    def parse(self, text: str) -> Node:
        """Return the root of *text*.  Raises FormatError."""

    @abstractmethod
    def scalar(self, text: str, node: Node, number: Callable[[str], Data]) -> Data:
        """Return what a scalar means; *number* is called with the JSON spelling of a number."""

    @abstractmethod
    def change(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*, unchecked.  Raises UsageError."""

    @abstractmethod
    def without(self, text: str, address: Address) -> str:
        """Return *text* without what is at *address*, which exists, unchecked."""

    def load(self, text: str, *, as_written: bool = False) -> Data:
        """Return the data of *text*.  With *as_written*, numbers are returned in JSON's spelling."""
        try:
            return self._data(text, JsonNumber if as_written else plain_number)
        except ValueError:
            raise FormatError("a number with too many digits") from None

    def addresses(self, text: str) -> list[Address]:
        """Return the addresses of all scalars."""
        return [at for at, node in leaves(self.parse(text)) if node.kind == "scalar"]

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*; for a table, all from its header to its last value."""
        node = node_at(self.parse(text), address)
        if node is None:
            raise no_such_value(address, self.addresses(text))
        if node.kind != "scalar":
            return Span(node.start, node.end, node.path)
        return next(one for one in self.form.scan(text).values if one.start == node.start)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*."""
        wanted = _exact_value(value, address, self.name)
        before = self._exact(text)
        if not address:
            raise UsageError(
                "the whole file cannot be replaced by one value", "give the path of a key"
            )
        if value_at(before, address) == (True, wanted):
            return text
        try:
            new = self.change(text, address, value)
            new.encode("utf-8")
        except UnicodeEncodeError:
            raise _not_representable(address, self.name) from None
        return self._checked(text, new, with_value(before, address, wanted), address)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given*, which a user typed, at *address*; see ``base.Editor``."""
        node = node_at(self.parse(text), address)
        if node is None or node.kind != "scalar":
            return self.assign(text, address, given)
        source = text[node.start : node.end]
        types = (self.numbers, _BOOLEAN)
        if not any(one.fullmatch(source) and one.fullmatch(given) for one in types):
            return self.assign(text, address, given)
        new = text[: node.start] + given + text[node.end :]
        after = value_at(self._exact(new), address)[1]
        return self._checked(text, new, with_value(self._exact(text), address, after), address)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the key (or item) at *address*, with its line or lines."""
        if not address:
            raise UsageError("the whole document cannot be removed", "remove the file")
        if node_at(self.parse(text), address) is None:
            raise no_such_value(address, self.addresses(text))
        expected = without_value(self._exact(text), address)
        return self._checked(text, self.without(text, address), expected, address)

    def _exact(self, text: str) -> Any:
        """Return the data of *text*, with numbers that are not equal to strings."""
        return self._data(text, _as_pair)

    def _data(self, text: str, number: Callable[[str], Data]) -> Data:
        """Return what *text* means; *number* is called with the JSON spelling of each number."""
        return data_of(self.parse(text), lambda one: self.scalar(text, one, number))

    def _checked(self, text: str, new: str, expected: Any, address: Address) -> str:
        """Return *new* if it means *expected*, and no other value has another source than in *text*."""
        try:
            found = self._exact(new)
            sources = self._sources(new, address), self._sources(text, address)
        except FormatError as error:
            raise UsageError(
                f"the file could not be read with this value: {error.message}"
            ) from None
        # A table without keys, or a list without items, may need a line that was removed.
        for depth in range(len(address) - 1, 0, -1):
            is_there, above = value_at(expected, address[:depth])
            if found == expected or not is_there or above:
                break
            without_value(expected, address[:depth])
        if found != expected or sources[0] != sources[1]:
            raise UsageError(
                f"{show_address(address)} cannot be changed without changing other values",
                "change it with an editor: sealedfiles edit",
            )
        return new

    def _sources(self, text: str, address: Address) -> list[str]:
        """Return the sources of the values that are not at or below *address*, nor items after it."""
        last = address[-1]
        return sorted(
            text[node.start : node.end]
            for at, node in leaves(self.parse(text))
            if node.kind == "scalar"
            and at[: len(address)] != address
            and not (isinstance(last, int) and at[: len(address) - 1] == address[:-1])
        )


def _as_pair(source: str) -> Any:
    return ("number", source)


def _exact_value(value: Data, address: Address, name: str) -> Any:
    """Return *value* as ``TreeEditor._exact`` would return it.  Raises UsageError."""
    import json

    try:
        text = json.dumps(value)
        return json.loads(text, parse_int=_as_pair, parse_float=_as_pair, parse_constant=_as_pair)
    except (TypeError, ValueError, RecursionError):
        raise _not_representable(address, name) from None


def _not_representable(address: Address, name: str) -> UsageError:
    return UsageError(f"{name} cannot represent the value for {show_address(address)}")
