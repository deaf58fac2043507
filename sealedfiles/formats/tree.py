"""The tree of a structured text, with the position of every key and value in its source.

Only commands that find or change one value use it; sealing and opening do not.  The classes are written out
because importing ``dataclasses`` takes as long as the rest of `get`.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealedfiles.model.address import Address


class Node:
    """One value: ``text[start:end]`` is its source, offsets in code points.

    ``kind`` is ``scalar``, ``mapping``, ``sequence``, ``alias`` or ``documents`` (the root of a
    YAML text with several).  A scalar without source is empty: start == end, at the position where a
    value would be written.  ``path`` is the encoded key path (``sealedfiles.model.paths``); ``flow`` is True
    for a collection in brackets.
    """

    __slots__ = ("end", "entries", "flow", "kind", "path", "start")

    def __init__(
        self,
        kind: str,
        start: int,
        end: int,
        path: bytes = b"",
        *,
        flow: bool = False,
        entries: Sequence[Child] = (),
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.path = path
        self.flow = flow
        self.entries = entries


class Child:
    """One child: a mapping's key and value, or a list's item (then ``key`` is None).

    ``text[key_start:key_end]`` is the key's source; for an item in block style, the ``-``.
    """

    __slots__ = ("key", "key_end", "key_start", "value")

    def __init__(self, key: str | None, key_start: int, key_end: int, value: Node) -> None:
        self.key = key
        self.key_start = key_start
        self.key_end = key_end
        self.value = value


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
