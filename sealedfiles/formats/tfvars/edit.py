"""The editor for .tfvars files: load, locate, assign, remove; only the affected lines change."""

from __future__ import annotations

from sealedfiles.formats import flow
from sealedfiles.formats.base import Data
from sealedfiles.formats.place import line_end_of, line_start, next_line
from sealedfiles.formats.tfvars.events import NUMBER
from sealedfiles.formats.tfvars.format import TFVARS
from sealedfiles.formats.tfvars.tree import parse, scalar
from sealedfiles.formats.tfvars.write import written, written_key
from sealedfiles.formats.tree import Node, check_step, find, nested
from sealedfiles.formats.tree_edit import TreeEditor
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable


class TfvarsEditor(TreeEditor):
    """See ``base.Editor``."""

    name = "a .tfvars file"
    form = TFVARS
    numbers = lazy_pattern(NUMBER)

    def parse(self, text: str) -> Node:
        """Return the root of *text*."""
        return parse(text)

    def scalar(self, text: str, node: Node, number: Callable[[str], Data]) -> Data:
        """Return what a scalar means."""
        return scalar(text, node, number)

    def change(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*."""
        root = parse(text)
        way, missing = find(root, address)
        node = way[-1][1].value if way else root
        ending = line_end_of(text)
        if not missing:
            new = written(value, text[node.start : node.end], ending)
            return text[: node.start] + new + text[node.end :]
        step = missing[0]
        check_step(node, address[: len(address) - len(missing)], step, "an object")
        new = written(nested(missing[1:], value), "", ending)
        if node is root:
            above = "" if not text or text.endswith("\n") else ending
            return f"{text}{above}{written_key(str(step), is_variable=True)} = {new}{ending}"
        if isinstance(step, str):
            new = f"{written_key(step)} = {new}"
        start, end, source = flow.appended(text, node, new, needs_comma=node.kind == "sequence")
        return text[:start] + source + text[end:]

    def without(self, text: str, address: Address) -> str:
        """Return *text* without what is at *address*."""
        way, _ = find(parse(text), address)
        node, entry = way[-1]
        if len(way) == 1:
            return text[: line_start(text, entry.start)] + text[next_line(text, entry.end) :]
        start, end, new = flow.removed(text, node, entry)
        return text[:start] + new + text[end:]


TFVARS_EDITOR = TfvarsEditor()
