"""The tree of a structured text, with the position of every key and value in its source.

Only commands that find or change one value use it; sealing and opening do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealedfiles.model.address import Address


@dataclass(slots=True)
class Node:
    """One value: ``text[start:end]`` is its source, offsets in code points.

    ``kind`` is ``scalar``, ``mapping``, ``sequence``, ``alias`` or ``documents`` (the root of a
    YAML text with several).  A scalar without source is empty: start == end, at the position where a
    value would be written.
    """

    kind: str
    start: int
    end: int
    path: bytes = b""
    """The encoded key path (``sealedfiles.model.paths``)."""
    flow: bool = False
    """Whether it is a collection in brackets."""
    entries: Sequence[Child] = field(default_factory=list)


@dataclass(slots=True)
class Child:
    """One child: a mapping's key and value, or a list's item (then ``key`` is None).

    ``text[key_start:key_end]`` is the key's source; for an item in block style, the ``-``.
    """

    key: str | None
    key_start: int
    key_end: int
    value: Node


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
