"""Add an entry to a collection in brackets, or remove one; for TOML and HCL, with their comments."""

from __future__ import annotations

import re

from sealedfiles.formats.place import (
    Edit,
    begins_line,
    line_end,
    line_end_of,
    line_start,
    next_line,
)
from sealedfiles.formats.tree import Child, Node
from sealedfiles.util.lazy_pattern import lazy_pattern

_COMMENT = r"#[^\r\n]*|//[^\r\n]*|/\*.*?\*/"
_COMMA = lazy_pattern(rf"(?:[ \t\r\n]|{_COMMENT})*,", re.DOTALL)
_REST = lazy_pattern(rf"(?:[ \t]|{_COMMENT})*(?=[\r\n]|\Z)", re.DOTALL)


def filled(text: str, node: Node, new: str) -> Edit:
    """Return the change that makes *new* the only entry of an empty collection."""
    inside = text[node.start + 1 : node.end - 1]
    opening, closing = text[node.start], text[node.end - 1]
    if inside.strip():  # a comment
        ending = line_end_of(text)
        kept = inside.rstrip(" \t\r\n")
        return Edit(node.start, node.end, f"{opening}{kept}{ending}{new}{ending}{closing}")
    padding = " " if node.kind == "mapping" else ""
    return Edit(node.start, node.end, f"{opening}{padding}{new}{padding}{closing}")


def appended(text: str, node: Node, new: str, *, needs_comma: bool = True) -> Edit:
    """Return the change that adds *new* after the last entry of a collection, in the layout of that.

    Without *needs_comma*, a line end separates entries too.
    """
    if not node.entries:
        return filled(text, node, new)
    last = node.entries[-1]
    comma = _COMMA.match(text, last.end, node.end)
    if not begins_line(text, last.start):
        return Edit(last.end, last.end, f", {new}")
    ending = line_end_of(text)
    indent = text[line_start(text, last.start) : last.start]
    behind = comma.end() if comma else last.end
    stop = line_end(text, behind)
    if stop >= node.end:  # the closing bracket is on the same line
        return Edit(last.end, last.end, f",{ending}{indent}{new}")
    if comma:
        return Edit(stop, stop, f"{ending}{indent}{new},")
    sign = "," if needs_comma else ""
    return Edit(last.end, stop, f"{sign}{text[last.end : stop]}{ending}{indent}{new}")


def removed(text: str, node: Node, entry: Child) -> Edit:
    """Return the change that removes *entry* from *node*, with its comma and its line or lines."""
    index = next(number for number, one in enumerate(node.entries) if one is entry)
    comma = _COMMA.match(text, entry.end, node.end)
    stop = comma.end() if comma else entry.end
    if begins_line(text, entry.start) and _REST.match(text, stop):
        return Edit(line_start(text, entry.start), next_line(text, stop), "")
    if index < len(node.entries) - 1:
        return Edit(entry.start, node.entries[index + 1].start, "")
    if not (text[node.start + 1 : entry.start] + text[stop : node.end - 1]).strip():
        return Edit(node.start + 1, node.end - 1, "")
    return Edit(node.entries[index - 1].end if index else entry.start, stop, "")
