"""The tree of a TOML text, with the position of every key and value."""

from __future__ import annotations

from sealedfiles.formats.base import Data
from sealedfiles.formats.event_tree import TreeBuilder
from sealedfiles.formats.events import COMMENT, HEADER, KEY, Event
from sealedfiles.formats.place import error_at
from sealedfiles.formats.toml.events import Reader, text_of
from sealedfiles.formats.tree import Child, Node
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import ITEM, key_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INFINITE = {"inf": "Infinity", "+inf": "Infinity", "-inf": "-Infinity"}
_NOT_A_NUMBER = ("nan", "+nan", "-nan")
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_MOST_DIGITS = 3500
"""Python refuses to write integers of more than 4300 decimal digits."""


class Statement(NamedTuple):
    """A header, or a key with its value: ``text[start:end]``."""

    start: int
    end: int
    node: Node
    """What it defines."""
    is_header: bool
    prefix: str = ""
    """Of a dotted key: the source before its last part."""


class TomlTree(NamedTuple):
    """The values and statements of one text."""

    root: Node
    statements: list[Statement]


def parse(text: str) -> Node:
    """Return the root of *text*.  Raises FormatError, also for a key that is defined twice."""
    return read_tree(text).root


def read_tree(text: str) -> TomlTree:
    """Return the tree of *text*.  Raises as ``parse``."""
    return _Builder(text).build()


class _Builder(TreeBuilder):
    """Builds the tree.

    A mapping or list that no other statement may extend is ``flow`` (in brackets).  ``style`` is "x" for a
    table that has its own header, or that dotted keys of an earlier table defined.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._root = Node("mapping", 0, len(text))
        self._root.style = "x"
        self._statements: list[Statement] = []
        self._pending: list[Node] = []

    def build(self) -> TomlTree:
        events = iter(e for e in Reader(self.text).read() if e.kind != COMMENT)
        way = [self._root]
        for event in events:
            if event.kind == KEY:
                self._pair(event, way, events)
                continue
            for node in self._pending:
                node.style = "x"
            self._pending = []
            way = self._table(event)
            self._statements.append(Statement(event.start, event.end, way[-1], is_header=True))
        return TomlTree(self._root, self._statements)

    def _table(self, event: Event) -> list[Node]:
        """Read a header; return the nodes from the root to its table."""
        *above, (name, start, end) = event.keys
        way = [self._root]
        for key, key_start, key_end in above:
            way += self._descend(way[-1], key, key_start, key_end, event.start)
        parent, known = way[-1], self.child(way[-1], name)
        if event.kind == HEADER:
            if known is None:
                table = Node("mapping", event.start, event.end, parent.path + key_step(name))
                self.add(parent, Child(name, start, end, table, event.start))
            else:
                table = known.value
                if table.kind != "mapping" or table.flow or table.style:
                    self.refuse(start)
            table.style = "x"
            way.append(table)
        else:
            if known is None:
                items = Node("sequence", event.start, event.end, parent.path + key_step(name))
                self.add(parent, Child(name, start, end, items, event.start))
            else:
                items = known.value
                if items.kind != "sequence" or items.flow:
                    self.refuse(start)
            table = Node("mapping", event.start, event.end, items.path + ITEM)
            table.style = "x"
            items.entries.append(Child(None, event.start, event.start, table, event.start))
            way += [items, table]
        self._extend(way, event.start, event.end)
        return way

    def _descend(self, node: Node, key: str, start: int, end: int, begins: int) -> list[Node]:
        """Return the nodes to the table at *key* in *node*, which is created if it is missing."""
        known = self.child(node, key)
        if known is None:
            table = Node("mapping", begins, end, node.path + key_step(key))
            self.add(node, Child(key, start, end, table, begins))
            return [table]
        child = known.value
        if child.kind == "scalar" or child.flow:
            self.refuse(start)
        return [child, child.entries[-1].value] if child.kind == "sequence" else [child]

    def _pair(self, event: Event, way: list[Node], events: Iterator[Event]) -> None:
        *above, (name, start, end) = event.keys
        inner = [*way]
        for key, key_start, key_end in above:
            found = self._descend(inner[-1], key, key_start, key_end, event.start)
            if len(found) > 1 or found[0].style:
                self.refuse(key_start)
            self._pending.append(found[0])
            inner += found
        if self.child(inner[-1], name) is not None:
            self.refuse(start)
        node = self.value(inner[-1].path + key_step(name), events)
        self.add(inner[-1], Child(name, start, end, node, event.start))
        self._extend(inner, event.start, node.end)
        prefix = self.text[event.start : start]
        self._statements.append(Statement(event.start, node.end, node, False, prefix))

    @staticmethod
    def _extend(way: list[Node], start: int, end: int) -> None:
        for node in way:
            node.start, node.end = min(node.start, start), max(node.end, end)


def scalar(text: str, node: Node, number: Callable[[str], Data]) -> Data:
    """Return what a scalar means; *number* is called with the JSON spelling of a number.

    Dates and times are returned as they are written.
    """
    source = text[node.start : node.end]
    if source[0] in "\"'":
        return text_of(source)
    if source in ("true", "false"):
        return source == "true"
    if source in _INFINITE:
        return number(_INFINITE[source])
    if source in _NOT_A_NUMBER:
        return number("NaN")
    digits = source.replace("_", "")
    if digits[:2] in _BASES:
        if len(digits) > _MOST_DIGITS:
            raise error_at(text, node.start, "a number with too many digits")
        return number(str(int(digits[2:], _BASES[digits[:2]])))
    if ":" in source or "-" in source[1:].replace("e-", "").replace("E-", ""):
        return source
    return number(digits.removeprefix("+"))
