"""YAML editor: load, locate, assign, remove."""

from __future__ import annotations

from sealedfiles.formats.base import Data, Span
from sealedfiles.formats.tree import Node, find
from sealedfiles.formats.yaml import data as yaml_data
from sealedfiles.formats.yaml.tree import addresses_in, parse
from sealedfiles.model.address import Address, no_such_value


class YamlEditor:
    """See ``base.Editor``.  In a text of several documents an address begins with the number of one."""

    def load(self, text: str, *, as_written: bool = False) -> Data:
        """Return what *text* means; see ``yaml.data.load``."""
        return yaml_data.load(text, as_written=as_written)

    def addresses(self, text: str) -> list[Address]:
        """Return the addresses of scalars, and of aliases of scalars."""
        return addresses_in(parse(text))

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*; through an alias or a merge, the literal that it refers to."""
        tree = parse(text)
        yaml_data.meaning(tree)
        node: Node | None = tree.root
        for step in address:
            node = _child(node, step) if node else None
        if node is None:
            raise no_such_value(address, addresses_in(tree))
        node = node.target or node
        return Span(node.start, node.end, node.path)

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*; see ``yaml.change.assign``."""
        from sealedfiles.formats.yaml.change import assign  # here: reading does not need it

        return assign(text, address, value)

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given* at *address*; see ``yaml.change.assign_text``."""
        from sealedfiles.formats.yaml.change import assign_text

        return assign_text(text, address, given)

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the value at *address*; see ``yaml.change.remove``."""
        from sealedfiles.formats.yaml.change import remove

        return remove(text, address)


YAML_EDITOR = YamlEditor()


def _child(node: Node, step: str | int) -> Node | None:
    """Return what *step* leads to from *node*, through aliases and merges too.

    It is the value that ``load`` gives for *step*.  A merge key, which ``load`` leaves out, is found last.
    """
    node = node.target or node
    way, _ = find(node, (step,))
    entry = way[0][1] if way else None
    if entry is not None and entry.is_merge:
        own = [e for e in node.entries if e.key == step and yaml_data.merged(e) is None]
        entry = own[-1] if own else None
    if entry is not None:
        return entry.value
    for entry in reversed(node.entries):
        if yaml_data.merged(entry) is not None:
            meant = entry.value.target or entry.value
            sources = [meant] if meant.kind == "mapping" else [e.value for e in meant.entries]
            found = next((f for f in (_child(s, step) for s in sources) if f is not None), None)
            if found is not None:
                return found
    return way[0][1].value if way else None
