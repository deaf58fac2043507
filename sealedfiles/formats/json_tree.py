"""The tree of a JSON text, with the place of every key and value."""

from __future__ import annotations

import json
import re

from sealedfiles.formats.json import JSON
from sealedfiles.formats.tree import Entry, Node
from sealedfiles.paths import ITEM, ROOT, key_step

# In a text that is known to be JSON.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,:"\[\]{}]+|[\[\]{}]')
_KINDS = {"{": "mapping", "[": "sequence"}


def parse(text: str) -> Node:
    """Return the root of *text*.  Raises FormatError."""
    JSON.scan(text)
    around = Node("documents", 0, 0)
    open_nodes = [around]
    key: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        parent, sign = open_nodes[-1], token[0][0]
        if sign in "]}":
            open_nodes.pop().end = token.end()
        elif parent.kind == "mapping" and key is None:
            key = token
        else:
            node = _add(parent, key, token)
            key = None
            if sign in _KINDS:
                open_nodes.append(node)
    return around.entries[0].value


def _add(parent: Node, key: re.Match[str] | None, token: re.Match[str]) -> Node:
    """Add to *parent* the value that begins with *token*; return it."""
    kind = _KINDS.get(token[0], "scalar")
    node = Node(kind, token.start(), token.end(), flow=kind != "scalar")
    if key is None:
        node.path = parent.path + ITEM if parent.kind == "sequence" else ROOT
        parent.entries.append(Entry(None, token.start(), token.start(), node))
    else:
        name: str = json.loads(key[0]) if "\\" in key[0] else key[0][1:-1]
        node.path = parent.path + key_step(name)
        parent.entries.append(Entry(name, key.start(), key.end(), node))
    return node
