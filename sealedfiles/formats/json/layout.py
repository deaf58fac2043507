"""Detect the layout of a JSON file, and write values in it."""

from __future__ import annotations

import json
import re

from sealedfiles.formats.base import Data, end_of
from sealedfiles.formats.place import line_end_of, line_start
from sealedfiles.formats.tree import Node
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_BREAK = lazy_pattern(r"[\r\n]")
_BLANKS = re.compile(r"[ \t]*").match
_WRITTEN_ASCII = lazy_pattern(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
"""An escape of a character that is not ASCII."""
_UNFIT = lazy_pattern("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""The characters that are always escaped: lone surrogates, and those that some editors treat as a line end.
"""
_BARE_SLASH = lazy_pattern(r"(?<!\\)/")


class Layout(NamedTuple):
    """The layout of one file."""

    line_end: str
    indent: str | None
    """The indentation of one level; None if everything is on one line."""
    colon: str
    """The text between a key and its value."""
    comma: str
    """The text between two values on one line."""
    padding: str
    """The text inside the braces of an object on one line."""
    flat_lists: bool
    """Whether a list of scalars is on one line."""
    ascii_only: bool
    """Whether all characters other than ASCII are escaped."""
    escaped_slash: bool
    """Whether ``/`` is written as ``\\/``, as in PHP."""


NEW_FILE = Layout("\n", "  ", ": ", ", ", "", False, False, False)


def layout_of(text: str, root: Node) -> Layout:
    """Return the layout of *text*; of each property, the first one found."""
    found: dict[str, str] = {}
    flat_lists: bool | None = None
    nodes = [root]
    while nodes:
        node = nodes.pop()
        nodes += [entry.value for entry in reversed(node.entries)]
        for name, habit in _habits(text, node):
            found.setdefault(name, habit)
        if flat_lists is None and _is_flat(node):
            flat_lists = not _BREAK.search(text, node.start, node.end)
    colon, comma = found.get("colon"), found.get("comma")
    if colon is None:
        colon = ":" if comma is not None and comma.endswith(",") else ": "
    if comma is None:
        comma = "," if colon.endswith(":") else ", "
    return Layout(
        line_end_of(text),
        found.get("indent", None if root.entries else NEW_FILE.indent),
        colon,
        comma,
        found.get("padding", ""),
        bool(flat_lists),
        ascii_only=is_escaped(text),
        escaped_slash="/" in text and not _BARE_SLASH.search(text),
    )


def _habits(text: str, node: Node) -> list[tuple[str, str]]:
    """Return the layout properties of one collection."""
    if not node.entries:
        return []
    habits = []
    first = node.entries[0]
    lead = text[node.start + 1 : first.key_start]
    if _BREAK.search(lead):
        outer, inner = indent_at(text, node.start), indent_at(text, first.key_start)
        if inner.startswith(outer):
            habits.append(("indent", inner[len(outer) :]))
    elif node.kind == "mapping":
        habits.append(("padding", lead))
    pairs = [("colon", text[first.key_end : first.value.start])] if first.key is not None else []
    if len(node.entries) > 1:
        pairs.append(("comma", text[first.value.end : node.entries[1].key_start]))
    return habits + [(name, between) for name, between in pairs if not _BREAK.search(between)]


def _is_flat(node: Node) -> bool:
    return bool(node.entries) and all(
        entry.key is None and entry.value.kind == "scalar" for entry in node.entries
    )


def is_escaped(source: str) -> bool:
    """Return True if *source* has escapes in place of characters that are not ASCII."""
    return source.isascii() and _WRITTEN_ASCII.search(source) is not None


def indent_at(text: str, at: int) -> str:
    """Return the blanks at the beginning of the line that contains *at*."""
    start = line_start(text, at)
    return text[start : end_of(_BLANKS(text, start))]


def written(value: Data, layout: Layout, base: str | None) -> str:
    """Return the source of *value*.

    *base* is the indentation of the line in which it begins; None puts everything on one line.
    Raises TypeError, ValueError or RecursionError if the value cannot be written.
    """
    if not value or not isinstance(value, (dict, list)):
        return _scalar(value, layout)
    if isinstance(value, list) and layout.flat_lists:
        base = base if any(isinstance(item, (dict, list)) for item in value) else None
    inner = None if base is None else base + (layout.indent or "")
    if isinstance(value, dict):
        brackets, padding = "{}", layout.padding
        items = [
            _scalar(key, layout) + layout.colon + written(item, layout, inner)
            for key, item in value.items()
        ]
    else:
        brackets, padding = "[]", ""
        items = [written(item, layout, inner) for item in value]
    if inner is None:
        return brackets[0] + padding + layout.comma.join(items) + padding + brackets[1]
    lines = f",{layout.line_end}{inner}".join(items)
    return f"{brackets[0]}{layout.line_end}{inner}{lines}{layout.line_end}{base}{brackets[1]}"


def _scalar(value: Data, layout: Layout) -> str:
    source = json.dumps(value, ensure_ascii=layout.ascii_only)
    source = _UNFIT.sub(lambda char: f"\\u{ord(char[0]):04x}", source)
    return source.replace("/", "\\/") if layout.escaped_slash else source
