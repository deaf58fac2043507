"""How a text is built around its values: what a merge of lines, or a value put in, must not change unseen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.model.paths import ROOT

if TYPE_CHECKING:
    from sealedfiles.formats.base import Format, Span
    from sealedfiles.formats.tree import Node
    from sealedfiles.model.address import Address


class Structure(NamedTuple):
    """One text."""

    values: list[Span]
    addresses: list[Address]
    """Of every value; empty for a format in which a key path says it all."""
    others: Counter[tuple[bytes, str]]
    """What is no value and stands where one can: aliases, empty collections, nothing; each with its key
    path."""
    doubled: set[bytes]
    """The key paths that one mapping has twice."""


def structure_of(text: str, file_format: Format) -> Structure:
    """Return how *text*, without a BOM, is built.  Raises FormatError, but not for an empty one."""
    if not text.strip():
        return Structure([], [], Counter(), set())
    values = file_format.scan(text).values
    root = _tree(text, file_format.name)
    if root is None:
        counts = Counter(span.path for span in values if span.path != ROOT)
        doubled = {path for path, count in counts.items() if count > 1}
        return Structure(values, [], Counter(), doubled)
    addresses: dict[int, Address] = {}
    others: Counter[tuple[bytes, str]] = Counter()
    doubled = set()
    waiting: list[tuple[Address, Node]] = [((), root)]
    while waiting:
        address, node = waiting.pop()
        if node.kind == "scalar" and node.start < node.end:
            addresses[node.start] = address
        elif not node.entries and (node.start < node.end or node.path != ROOT):
            others[node.path, "".join(text[node.start : node.end].split())] += 1
        keys: set[str] = set()
        for number, entry in enumerate(node.entries):
            waiting.append(((*address, number if entry.key is None else entry.key), entry.value))
            if entry.key is not None and entry.key in keys:
                doubled.add(entry.value.path)
            keys |= set() if entry.key is None else {entry.key}
    return Structure(values, [addresses[span.start] for span in values], others, doubled)


def _tree(text: str, name: str) -> Node | None:
    if name == "json":
        from sealedfiles.formats.json import tree as json_tree

        return json_tree.parse(text)
    if name == "yaml":
        from sealedfiles.formats.yaml import tree as yaml_tree

        return yaml_tree.parse(text).root
    return None
