"""The tree of a .tfvars file, with the position of every key and value."""

from __future__ import annotations

from sealedfiles.formats.base import Data
from sealedfiles.formats.event_tree import TreeBuilder
from sealedfiles.formats.events import COMMENT
from sealedfiles.formats.tfvars.events import Reader, text_of
from sealedfiles.formats.tree import Child, Node
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import key_step

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS: dict[str, Data] = {"true": True, "false": False, "null": None}


def parse(text: str) -> Node:
    """Return the root of *text*.  Raises FormatError, also for a key that is defined twice."""
    builder = TreeBuilder(text)
    root = Node("mapping", 0, len(text))
    events = iter([event for event in Reader(text).read() if event.kind != COMMENT])
    for event in events:
        name, start, end = event.keys[0]
        if builder.child(root, name) is not None:
            builder.refuse(start)
        node = builder.value(key_step(name), events)
        builder.add(root, Child(name, start, end, node, start))
    return root


def scalar(text: str, node: Node, number: Callable[[str], Data]) -> Data:
    """Return what a scalar means; *number* is called with the JSON spelling of a number."""
    source = text[node.start : node.end]
    if source[0] in '"<':
        return text_of(source)
    if source in _WORDS:
        return _WORDS[source]
    sign = "-" if source[0] == "-" else ""
    digits = source.lstrip("-").lstrip("0")
    return number(f"{sign}{digits if digits[:1].isdigit() else f'0{digits}'}")
