"""The tree of a JSON text, with the position of every key and value."""

from __future__ import annotations

import re

from sealedfiles.formats.base import unescaped
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.tree import Child, Node
from sealedfiles.model.paths import ITEM, ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

# In a text that is known to be strict JSON.
_TOKEN = lazy_pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,:"\[\]{}]+|[\[\]{}]')
_KINDS = {"{": "mapping", "[": "sequence"}


def parse(text: str) -> Node:
    """Return the root of *text*.  Raises FormatError."""
    text = JSON.scan(text).strict
    root = Node("documents", 0, 0)
    open_nodes = [root]
    key: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        parent, sign = open_nodes[-1], token[0][0]
        if sign in "]}":
            open_nodes.pop().end = token.end()
        elif parent.kind == "mapping" and key is None:
            key = token
        else:
            entry = _entry(parent, key, token)
            parent.entries.append(entry)
            key = None
            if sign in _KINDS:
                open_nodes.append(entry.value)
    return root.entries[0].value


def _entry(parent: Node, key: re.Match[str] | None, token: re.Match[str]) -> Child:
    """Return the entry of *parent* whose value begins with *token*."""
    kind, start = _KINDS.get(token[0], "scalar"), token.start()
    node = Node(kind, start, token.end(), flow=kind != "scalar")
    if key is None:
        node.path = parent.path + ITEM if parent.kind == "sequence" else ROOT
        return Child(None, start, start, node, start)
    name = unescaped(key[0])
    node.path = parent.path + key_step(name)
    return Child(name, key.start(), key.end(), node, key.start())
