"""The tree of an NDJSON text, with the position of every key and value."""

from __future__ import annotations

from sealedfiles.formats.json import tree as json_tree
from sealedfiles.formats.ndjson.format import NDJSON, lines
from sealedfiles.formats.tree import Child, Node


def parse(text: str) -> Node:
    """Return the root of *text*, with a document for each line that is not blank.  Raises FormatError."""
    NDJSON.scan(text)
    root = Node("documents", 0, len(text))
    for start, end in lines(text):
        if text[start:end].strip(" \t"):
            node = _shifted(json_tree.parse(text[start:end]), start)
            root.entries.append(Child(None, node.start, node.start, node, node.start))
    return root


def _shifted(node: Node, by: int) -> Node:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        one.start, one.end = one.start + by, one.end + by
        one.entries = [
            Child(
                entry.key, entry.key_start + by, entry.key_end + by, entry.value, entry.start + by
            )
            for entry in one.entries
        ]
        waiting += [entry.value for entry in one.entries]
    return node
