"""The tree of a text that is read as events: collections in brackets, and what they mean."""

from __future__ import annotations

from sealedfiles.formats.base import Data
from sealedfiles.formats.events import CLOSE, KEY, OPEN, SCALAR, Event
from sealedfiles.formats.place import error_at
from sealedfiles.formats.tree import Child, Node
from sealedfiles.light_typing import TYPE_CHECKING, NoReturn
from sealedfiles.model.paths import ITEM, key_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TreeBuilder:
    """Builds the nodes of *text*.  A key may not be defined twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._children: dict[int, dict[str, Child]] = {}

    def value(self, path: bytes, events: Iterator[Event]) -> Node:
        """Read a value; all of its collections are in brackets."""
        event = next(events)
        if event.kind == SCALAR:
            return Node("scalar", event.start, event.end, path)
        is_list = self.text[event.start] == "["
        root = Node("sequence" if is_list else "mapping", event.start, event.end, path, flow=True)
        open_nodes = [root]
        key: Event | None = None
        while open_nodes:
            event = next(events)
            node = open_nodes[-1]
            if event.kind == CLOSE:
                node.end = event.end
                open_nodes.pop()
                continue
            if event.kind == KEY:
                key = event
                continue
            child = self._place(node, key, event)
            key = None
            if event.kind == OPEN:
                open_nodes.append(child)
        return root

    def _place(self, node: Node, key: Event | None, event: Event) -> Node:
        """Add the value that begins with *event* to *node*, a collection in brackets."""
        kind = "scalar"
        if event.kind == OPEN:
            kind = "sequence" if self.text[event.start] == "[" else "mapping"
        flow = kind != "scalar"
        if key is None:
            child = Node(kind, event.start, event.end, node.path + ITEM, flow=flow)
            node.entries.append(Child(None, event.start, event.start, child, event.start))
            return child
        *above, (name, start, end) = key.keys
        for one, one_start, one_end in above:
            known = self.child(node, one)
            if known is None:
                inner = Node("mapping", key.start, event.end, node.path + key_step(one))
                self.add(node, Child(one, one_start, one_end, inner, key.start))
            else:
                inner = known.value
                if inner.kind != "mapping" or inner.flow:
                    self.refuse(one_start)
                inner.end = event.end
            node = inner
        if self.child(node, name) is not None:
            self.refuse(start)
        child = Node(kind, event.start, event.end, node.path + key_step(name), flow=flow)
        self.add(node, Child(name, start, end, child, key.start))
        return child

    def child(self, node: Node, key: str) -> Child | None:
        """Return the entry of *node* with this *key*."""
        return self._children.get(id(node), {}).get(key)

    def add(self, node: Node, child: Child) -> None:
        """Add *child*, which has a key, to *node*."""
        assert child.key is not None  # noqa: S101 - items are not looked up
        node.entries.append(child)
        self._children.setdefault(id(node), {})[child.key] = child

    def refuse(self, at: int) -> NoReturn:
        """Raise the error for a key at *at* that is defined twice."""
        raise error_at(self.text, at, "a key or table that is defined twice")


def data_of(node: Node, scalar: Callable[[Node], Data]) -> Data:
    """Return what *node* means; *scalar* is called with each scalar."""
    waiting = [node]
    ordered = []
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting += [entry.value for entry in one.entries]
    for one in reversed(ordered):
        if one.kind == "scalar":
            one.data = scalar(one)
        elif one.kind == "sequence":
            one.data = [entry.value.data for entry in one.entries]
        else:
            one.data = {str(entry.key): entry.value.data for entry in one.entries}
    return node.data


def plain_number(source: str) -> Data:
    """Return the number with the JSON spelling *source*.  Raises ValueError if it has too many digits."""
    return int(source) if source.lstrip("-").isdigit() else float(source)
