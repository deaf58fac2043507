"""Verify a change of a YAML text: nothing but the target has changed.

A changed text is parsed again.  Its data must be the old data with the one change, and all other keys
and values, sealed ones included, must have the same source as before.
"""

from __future__ import annotations

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Data
from sealedfiles.formats.tree import Child, Node, find
from sealedfiles.formats.yaml.data import meaning
from sealedfiles.formats.yaml.tree import YamlTree, parse
from sealedfiles.light_typing import NamedTuple, TypeAlias
from sealedfiles.model.address import Address

Outline: TypeAlias = list[tuple[object, ...]]


class Expected(NamedTuple):
    """What a changed text must be.  The tree of the old one is used up in finding that out."""

    outline: Outline
    """Of what the change is not about."""
    data: Data
    new: Address | None = None
    """The address of the new value; None for a removal."""

    @classmethod
    def replacing(cls, tree: YamlTree, node: Node, address: Address, value: Data) -> Expected:
        """Return what is expected with *value* in the place of *node*."""
        outline = _outline(tree, node)
        node.kind, node.data, node.entries = "given", value, []
        return cls(outline, meaning(tree), address)

    @classmethod
    def adding(cls, tree: YamlTree, node: Node, address: Address, value: Data) -> Expected:
        """Return what is expected with one more entry, *value* at *address*, in *node*."""
        key = address[-1] if isinstance(address[-1], str) else None
        new = Node("given", node.end, node.end, path=node.path, data=value)
        node.entries.append(Child(key, node.end, node.end, new, node.end))
        tree.nodes.insert(node.number, new)
        for number, one in enumerate(tree.nodes):
            one.number = number
        return cls(_outline(tree, new), meaning(tree), address)

    @classmethod
    def removing(cls, tree: YamlTree, node: Node, entry: Child) -> Expected:
        """Return what is expected without *entry*, which is one of *node*'s."""
        node.entries = [one for one in node.entries if one is not entry]
        return cls(_outline(tree, None), meaning(tree))

    def is_met_by(self, text: str) -> bool:
        """Return True if *text* is what is expected."""
        try:
            tree = parse(text)
            data = meaning(tree)
        except FormatError:
            return False
        new: Node | None = None
        if self.new is not None:
            way, missing = find(tree.root, self.new)
            if missing:
                return False
            new = way[-1][1].value if way else tree.root
        return same(data, self.data) and _outline(tree, new) == self.outline


def same(one: Data, other: Data) -> bool:
    """Return True if two values are the same, types too: 1 is neither 1.0 nor true."""
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return False
            waiting += [(a[key], b[key]) for key in a]
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif isinstance(a, float) and isinstance(b, float):
            if repr(a) != repr(b):
                return False
        elif a != b:
            return False
    return True


def _outline(tree: YamlTree, hidden: Node | None) -> Outline:
    """Return the sources of all keys and scalars, and the tags and anchors of collections, in file
    order, without the value that is *hidden* and its key."""
    text = tree.text
    found: Outline = []
    waiting: list[tuple[str, Node]] = [("", tree.root)]
    while waiting:
        key, node = waiting.pop()
        if node is hidden:
            continue
        if node.kind in ("scalar", "alias"):
            found.append((node.path, key, text[node.start : node.end]))
        else:
            found.append((node.path, key, node.tag, node.anchor))
            waiting += [
                (text[one.key_start : one.key_end], one.value) for one in reversed(node.entries)
            ]
    return found
