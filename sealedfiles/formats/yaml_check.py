"""The last safety net under every change of a YAML text: what else may not have changed has not.

A changed text is parsed again.  It must mean what the old one does with the one change, and all keys
and values that the change is not about must have the source that they had, sealed ones for sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sealedfiles.errors import FormatError
from sealedfiles.formats.tree import find
from sealedfiles.formats.yaml_data import meaning
from sealedfiles.formats.yaml_tree import YamlEntry, YamlNode, parse

if TYPE_CHECKING:
    from typing import TypeAlias

    from sealedfiles.address import Address
    from sealedfiles.formats.base import Data
    from sealedfiles.formats.yaml_tree import YamlTree

    Outline: TypeAlias = list[tuple[object, ...]]


class Expected:
    """What a changed text must be.  The tree of the old one is used up in finding that out."""

    def __init__(self, outline: Outline, data: Data, hidden: Address | None, key: bool) -> None:
        self._outline = outline
        self._data = data
        self._hidden = hidden
        self._hides_key = key

    @classmethod
    def replacing(cls, tree: YamlTree, node: YamlNode, address: Address, value: Data) -> Expected:
        """Return what is expected with *value* in the place of *node*."""
        outline = _outline(tree, node)
        node.kind, node.data, node.entries = "given", value, []
        return cls(outline, meaning(tree), address, key=False)

    @classmethod
    def adding(cls, tree: YamlTree, node: YamlNode, address: Address, value: Data) -> Expected:
        """Return what is expected with one more entry, *value* at *address*, in *node*."""
        outline = _outline(tree, None)
        key = address[-1] if isinstance(address[-1], str) else None
        new = YamlNode("given", node.end, node.end, data=value)
        node.entries.append(YamlEntry(key, node.end, node.end, new, node.end))
        tree.nodes.insert(node.number, new)
        for number, one in enumerate(tree.nodes):
            one.number = number
        return cls(outline, meaning(tree), address, key=True)

    @classmethod
    def removing(cls, tree: YamlTree, node: YamlNode, entry: YamlEntry) -> Expected:
        """Return what is expected without *entry*, which is one of *node*'s."""
        outline = _outline(tree, entry)
        node.entries = [one for one in node.entries if one is not entry]
        return cls(outline, meaning(tree), None, key=True)

    def is_met_by(self, text: str) -> bool:
        """Tell whether *text* is what is expected."""
        try:
            tree = parse(text)
            data = meaning(tree)
        except FormatError:
            return False
        hidden: YamlNode | YamlEntry | None = None
        if self._hidden is not None:
            way, missing = find(tree.root, self._hidden)
            if missing:
                return False
            entry = cast("YamlEntry | None", way[-1][1] if way else None)
            hidden = entry if entry is None or self._hides_key else entry.value
            hidden = hidden or tree.root
        return same(data, self._data) and _outline(tree, hidden) == self._outline


def same(one: Data, other: Data) -> bool:
    """Tell whether two values are the same, types too: 1 is neither 1.0 nor true."""
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


def _outline(tree: YamlTree, hidden: YamlNode | YamlEntry | None) -> Outline:
    """Return the sources of all keys and scalars, and the tags and anchors of collections, in file
    order, without what is *hidden*."""
    text = tree.text
    found: Outline = []
    waiting: list[YamlNode | YamlEntry] = [tree.root]
    while waiting:
        one = waiting.pop()
        if one is hidden:
            continue
        if isinstance(one, YamlEntry):
            if one.key is not None:
                found.append((one.value.path, text[one.key_start : one.key_end]))
            waiting.append(one.value)
        elif one.kind in ("scalar", "alias"):
            found.append((one.path, text[one.start : one.end]))
        else:
            found.append((one.path, one.tag, one.anchor))
            waiting += reversed(one.entries)
    return found
