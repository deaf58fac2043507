"""XML editor: load, locate, assign, remove; only the affected lines change.

A change is made, and then checked: the data must be that of before with only this change, and the source of
no other value may have changed.
"""

from __future__ import annotations

from collections import Counter

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import Data, Span, splice, value_at
from sealedfiles.formats.event_tree import data_of
from sealedfiles.formats.tree import Node, leaves, node_at
from sealedfiles.formats.xml.change import assigned, removed
from sealedfiles.formats.xml.events import attribute_text, text_of
from sealedfiles.formats.xml.format import TEXT_KEY, XML
from sealedfiles.formats.xml.tree import parse
from sealedfiles.formats.xml.write import plain_text
from sealedfiles.model.address import Address, no_such_value, show_address
from sealedfiles.util.messages import shell_key


class XmlEditor:
    """See ``base.Editor``.  All values are strings; declarations of namespaces are not values."""

    def load(self, text: str, *, as_written: bool = False) -> Data:  # noqa: ARG002 - all are strings
        """Return the data of *text*."""
        return data_of(parse(text), lambda node: _text(text, node))

    def addresses(self, text: str) -> list[Address]:
        """Return the addresses of all attributes and texts."""
        found = [(one.start, at) for at, one in leaves(parse(text)) if one.kind == "scalar"]
        return [at for _, at in sorted(found, key=lambda one: one[0])]

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*; for an element with several values, all of it."""
        node = node_at(parse(text), address)
        if node is None:
            raise no_such_value(address, self.addresses(text))
        return Span(node.start, node.end, node.path)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*."""
        if not address:
            raise UsageError(
                "the whole file cannot be replaced by one value", "give the path of a key"
            )
        before = self.load(text)
        try:
            wanted = canonical(value)
            if address[-1] == TEXT_KEY and wanted == "":
                raise UsageError(
                    f"{show_address(address)} cannot be empty: without a text, it does not exist",
                    f"to remove the text: sealedfiles unset FILE {shell_key(show_address(address))}",
                )
            if value_at(before, address) == (True, wanted):
                return text
            edit = assigned(text, address, value)
            expected = _with_value(before, address, wanted)
        except RecursionError:
            raise UsageError("the value is nested too deeply") from None
        except ValueError as error:
            raise UsageError(f"{show_address(address)}: {error}") from None
        return self._checked(text, splice(text, [edit]), expected, address)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given* at *address*; all values are strings."""
        return self.assign(text, address, given)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the element or attribute at *address*, with its line or lines."""
        if not address:
            raise UsageError("the whole file cannot be removed", "remove the file")
        if node_at(parse(text), address) is None:
            raise no_such_value(address, self.addresses(text))
        new = splice(text, removed(text, address))
        return self._checked(text, new, _without_value(self.load(text), address), address)

    def _checked(self, text: str, new: str, expected: Data, address: Address) -> str:
        """Return *new* if it means *expected*, and no other value has another source than in *text*."""
        try:
            is_good = self.load(new) == expected and _only_changes(text, new)
        except RecursionError:
            raise UsageError("the file is nested too deeply") from None
        except FormatError as error:
            raise UsageError(
                f"the file could not be read with this value: {error.message}"
            ) from None
        if not is_good:
            raise UsageError(
                f"{show_address(address)} cannot be changed without changing other values",
                "change it with an editor: sealedfiles edit",
            )
        return new


XML_EDITOR = XmlEditor()


def _text(text: str, node: Node) -> str:
    source = text[node.start : node.end]
    return attribute_text(source) if node.style == "@" else text_of(source)


def _only_changes(text: str, new: str) -> bool:
    """Return True if *new* has all values and comments of *text*, or no others; or one other value."""
    before, after = _sources(text), _sources(new)
    fewer, more = before - after, after - before
    return not fewer or not more or (fewer.total(), more.total()) == (1, 1)


def _sources(text: str) -> Counter[tuple[bytes, str]]:
    scan = XML.scan(text)
    comments = [(b"#", text[start:end]) for start, end in scan.comments()]
    return Counter([*comments, *((path, text[a:b]) for a, b, path in scan.values)])


def canonical(value: Data) -> Data:
    """Return *value* as ``XmlEditor.load`` would return it.  Raises ValueError, RecursionError."""
    if isinstance(value, list):
        items = [canonical(item) for item in value]
        return items[0] if len(items) == 1 else items
    if isinstance(value, dict):
        return _collapsed({key: canonical(one) for key, one in value.items()})
    return plain_text(value)


def _collapsed(mapping: dict[str, Data]) -> Data:
    """Return what an element with these keys is: a string if it has only a text."""
    kept = {key: one for key, one in mapping.items() if one != [] and (key, one) != (TEXT_KEY, "")}
    text = kept.get(TEXT_KEY, "")
    return kept if len(kept) > (TEXT_KEY in kept) or isinstance(text, list) else text


def _with_value(data: Data, address: Address, value: Data) -> Data:
    """Return *data* with *value* at *address*, as ``XmlEditor.load`` would return it."""
    if not address:
        return value
    step, rest = address[0], address[1:]
    if isinstance(step, int):
        items = data if isinstance(data, list) else [data]
        old = items[step] if step < len(items) else ""
        return [*items[:step], _with_value(old, rest, value), *items[step + 1 :]]
    mapping: dict[str, Data] = dict(data) if isinstance(data, dict) else {TEXT_KEY: data}
    mapping[step] = _with_value(mapping.get(step, ""), rest, value)
    return _collapsed(mapping)


def _without_value(data: Data, address: Address) -> Data:
    """Return *data* without what is at *address*, as ``XmlEditor.load`` would return it."""
    step, rest = address[0], address[1:]
    if isinstance(data, list) and isinstance(step, int):
        inner = [_without_value(data[step], rest)] if rest else []
        items = [*data[:step], *inner, *data[step + 1 :]]
        return items[0] if len(items) == 1 else items
    assert isinstance(data, dict)  # noqa: S101 - the address exists
    mapping = dict(data)
    old = mapping.pop(str(step))
    if rest:
        mapping[str(step)] = _without_value(old, rest)
    return _collapsed(mapping)
