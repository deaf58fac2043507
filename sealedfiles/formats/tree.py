"""The tree of a structured text, with the position of every key and value in its source.

Only commands that find or change one value use it; sealing and opening do not.  The classes are written out
because importing ``dataclasses`` takes as long as the rest of `get`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.model.address import Address, show_address


class Node:
    """One value: ``text[start:end]`` is its source, in YAML with its tag and anchor; offsets in code points.

    ``kind`` is ``scalar``, ``mapping``, ``sequence``, ``alias`` or ``documents`` (the root of a
    YAML text with several).  A scalar without source is empty: start == end, at the position where a
    value would be written.  ``path`` is the encoded key path (``sealedfiles.model.paths``); ``flow`` is True
    for a collection in brackets.  All that follows ``entries`` is set for YAML only.  A ``given`` node has no
    source: it is what a change of a YAML text is expected to make (``yaml.check``).
    """

    __slots__ = (
        *("anchor", "column", "content", "data", "end", "entries", "flow", "in_brackets", "kind"),
        *("number", "path", "start", "style", "tag", "target", "text"),
    )

    def __init__(
        self,
        kind: str,
        start: int,
        end: int,
        path: bytes = b"",
        *,
        flow: bool = False,
        entries: list[Child] | None = None,
        content: int = 0,
        text: str = "",
        style: str = "",
        target: Node | None = None,
        data: Data = None,
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.path = path
        self.flow = flow
        self.entries = entries or []
        self.content = content
        """Its start after tag and anchor."""
        self.text = text
        """The text that a scalar represents."""
        self.style = style
        """The first sign of a scalar that is in quotes or a block, else nothing."""
        self.tag: str | None = None
        self.anchor: str | None = None
        self.column = 0
        """How far a block collection is indented."""
        self.in_brackets = False
        """Of a collection: the mapping in ``[a: 1]`` is in flow style too, but has none."""
        self.target = target
        """What an alias means."""
        self.number = -1
        """In the order in which nodes end: what a collection holds has lower numbers than it has."""
        self.data = data
        """What it means, once ``yaml.data`` has said so."""


class Child(NamedTuple):
    """One child: a mapping's key and value, or a list's item (then ``key`` is None).

    ``text[key_start:key_end]`` is the key's source; for an item in block style, the ``-``.  The child itself
    starts with its key, in YAML with the key's tag and anchor or its ``?``.
    """

    key: str | None
    key_start: int
    key_end: int
    value: Node
    start: int
    is_merge: bool = False
    """Whether its key is the ``<<`` by which other mappings are merged into this one."""

    @property
    def end(self) -> int:
        """Where its source ends."""
        return max(self.key_end, self.value.end)


def find(root: Node, address: Address) -> tuple[list[tuple[Node, Child]], Address]:
    """Return the nodes on the way to *address*, each with its entry, and the steps that do not exist.

    Of equal keys, the last one applies, as in every parser.
    """
    way: list[tuple[Node, Child]] = []
    node = root
    for depth, step in enumerate(address):
        entry = _child(node, step)
        if entry is None:
            return way, address[depth:]
        way.append((node, entry))
        node = entry.value
    return way, ()


def node_at(root: Node, address: Address) -> Node | None:
    """Return the node that ``find`` reaches at *address*, or None if it does not exist."""
    way, missing = find(root, address)
    if missing:
        return None
    return way[-1][1].value if way else root


def leaves(node: Node, above: Address = ()) -> Iterator[tuple[Address, Node]]:
    """Yield every scalar node, and every empty collection, that ``find`` reaches, with its address, in file
    order."""
    waiting = [(above, node)]
    while waiting:
        address, node = waiting.pop()
        if not node.entries:
            yield address, node
        last = {entry.key: entry for entry in node.entries}
        waiting += [
            ((*address, number if entry.key is None else entry.key), entry.value)
            for number, entry in reversed(list(enumerate(node.entries)))
            if entry.key is None or last[entry.key] is entry
        ]


def _child(node: Node, step: str | int) -> Child | None:
    if node.kind == "mapping":
        return next((e for e in reversed(node.entries) if e.key == step), None)
    if isinstance(step, int) and node.kind in ("sequence", "documents"):
        return node.entries[step] if 0 <= step < len(node.entries) else None
    return None


def nested(steps: Address, value: Data) -> Data:
    """Return *value* inside the collections that *steps* require.  Raises UsageError."""
    for step in reversed(steps):
        if isinstance(step, int) and step:
            raise UsageError(f"a new list begins with the item [0], not with [{step}]")
        value = [value] if isinstance(step, int) else {step: value}
    return value


def check_step(node: Node, here: Address, step: str | int, a_mapping: str) -> None:
    """Raise UsageError if *node*, which is *here*, cannot get *step*; *a_mapping* is the format's word."""
    above = show_address(here)
    if node.kind == "scalar":
        raise UsageError(f"{above} is a value that is not {a_mapping} or a list: it has no keys")
    if node.kind == "mapping" and isinstance(step, int):
        raise UsageError(
            f"{above} is {a_mapping}, and [{step}] is the position in a list",
            f'if it is a key, put it in quotes: "{step}"',
        )
    if node.kind == "sequence" and step != len(node.entries):
        raise UsageError(
            f"{above} is a list: a new item goes to the position [{len(node.entries)}]"
        )


def with_value(data: Any, address: Address, value: Any) -> Any:
    """Return *data* changed to have *value* at *address*."""
    if not address:
        return value
    node = data
    for depth, step in enumerate(address):
        is_there = step in node if isinstance(node, dict) else int(step) < len(node)
        if depth == len(address) - 1 or not is_there:
            new = nested(address[depth + 1 :], value)
            if is_there or isinstance(node, dict):
                node[step] = new
            else:
                node.append(new)
            break
        node = node[step]
    return data


def without_value(data: Any, address: Address) -> Any:
    """Return *data* changed to have nothing at *address*."""
    node = data
    for step in address[:-1]:
        node = node[step]
    del node[address[-1]]
    return data
