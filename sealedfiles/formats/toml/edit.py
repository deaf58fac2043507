"""TOML editor: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

from sealedfiles.formats.base import Data
from sealedfiles.formats.place import Edit
from sealedfiles.formats.toml.change import assigned, removed
from sealedfiles.formats.toml.events import NUMBER
from sealedfiles.formats.toml.format import TOML
from sealedfiles.formats.toml.tree import parse, read_tree, scalar
from sealedfiles.formats.tree import Node, find
from sealedfiles.formats.tree_edit import TreeEditor
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable


class TomlEditor(TreeEditor):
    """See ``base.Editor``.  Dates and times are returned as they are written."""

    name = "TOML"
    form = TOML
    numbers = lazy_pattern(NUMBER)

    def parse(self, text: str) -> Node:
        """Return the root of *text*."""
        return parse(text)

    def scalar(self, text: str, node: Node, number: Callable[[str], Data]) -> Data:
        """Return what a scalar means."""
        return scalar(text, node, number)

    def change(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*."""
        tree = read_tree(text)
        way, missing = find(tree.root, address)
        if way and not missing and not way[-1][1].value.flow and way[-1][1].value.kind != "scalar":
            # A table without brackets: its lines are replaced by one.
            text = self.without(text, address)
            tree = read_tree(text)
        start, end, new = assigned(text, tree, address, value)
        return text[:start] + new + text[end:]

    def without(self, text: str, address: Address) -> str:
        """Return *text* without what is at *address*."""
        tree = read_tree(text)
        way, _ = find(tree.root, address)
        edits: list[Edit] = removed(text, tree, way)
        for start, end, new in reversed(edits):
            text = text[:start] + new + text[end:]
        return text


TOML_EDITOR = TomlEditor()
