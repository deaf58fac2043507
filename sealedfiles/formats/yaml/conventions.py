"""How a YAML text is laid out in the neighbourhood of what is to be written."""

from __future__ import annotations

from sealedfiles.formats.yaml.lines import Habits
from sealedfiles.formats.yaml.place import is_block
from sealedfiles.formats.yaml.scalar import TOKEN_START
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.formats.yaml.tree import YamlNode, YamlTree

_STEP = 2


def habits_of(tree: YamlTree, around: list[YamlNode]) -> Habits:
    """Return the habits for something new in the collections *around* it, the innermost last."""
    near = [*reversed(around), *tree.nodes]
    step = _offset(near, "mapping")
    dash = _offset(near, "sequence")
    if step is None:
        step = dash or _STEP
    key_quote = next((q for q in (_key_quote(tree.text, n) for n in near) if q is not None), "")
    quote = next((q for q in (_quote(node) for node in reversed(around)) if q is not None), None)
    if quote is None:
        # Of a mapping that only has numbers: as JSON has it.
        quote = key_quote if key_quote == '"' and around and around[-1].flow else ""
    return Habits(step, step if dash is None else dash, quote, key_quote)


def _offset(nodes: Iterable[YamlNode], kind: str) -> int | None:
    """Return how much further than its key the first block of *kind* is indented."""
    for node in nodes:
        if node.kind == "mapping" and is_block(node):
            for entry in node.entries:
                below = entry.value
                if below.kind == kind and is_block(below) and below.column >= node.column:
                    return below.column - node.column
    return None


def _key_quote(text: str, node: YamlNode) -> str | None:
    """Return the quote around all keys of *node*, empty for plain keys; None: no keys."""
    if node.kind != "mapping" or not node.entries:
        return None
    signs = {text[entry.key_start : entry.key_start + 1] for entry in node.entries}
    return next((quote for quote in ('"', "'") if signs == {quote}), "")


def _quote(node: YamlNode) -> str | None:
    """Return the quote around strings in *node*, empty if one is plain; None: no strings.

    The quotes around a sealed string show no habit.
    """
    styles = [
        entry.value.style
        for entry in node.entries
        if entry.value.kind == "scalar"
        and isinstance(entry.value.data, str)
        and entry.value.style not in ("|", ">")
        and not entry.value.text.startswith(TOKEN_START)
    ]
    return ("" if "" in styles else styles[-1]) if styles else None
