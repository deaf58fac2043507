"""The structure of a text around its values: a merge or a new value must not change it unnoticed."""

from __future__ import annotations

from collections import Counter

from sealedfiles.formats.base import Format, Span
from sealedfiles.formats.tree import Node
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address
from sealedfiles.model.paths import ROOT


class Structure(NamedTuple):
    """The structure of one text."""

    values: list[Span]
    addresses: list[Address]
    """The address of each value; empty for a format in which the key path is enough."""
    others: Counter[tuple[bytes, str]]
    """Aliases, empty collections and missing values, each with its key path."""
    doubled: set[bytes]
    """The key paths that one mapping has twice."""


def structure_of(text: str, file_format: Format) -> Structure:
    """Return the structure of *text*, which has no BOM. Raises FormatError, but not for an empty text."""
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
    if name == "toml":
        from sealedfiles.formats.toml import tree as toml_tree

        return toml_tree.parse(text)
    if name == "tfvars":
        from sealedfiles.formats.tfvars import tree as tfvars_tree

        return tfvars_tree.parse(text)
    if name == "ndjson":
        from sealedfiles.formats.ndjson import tree as ndjson_tree

        return ndjson_tree.parse(text)
    if name == "xml":
        from sealedfiles.formats.xml import tree as xml_tree

        return xml_tree.parse(text, has_positions=True)
    if name == "yaml":
        from sealedfiles.formats.yaml import tree as yaml_tree

        return yaml_tree.parse(text).root
    return None
