"""Find the text change for a JSON text with comments or trailing commas, which stay where they are."""

from __future__ import annotations

from sealedfiles.formats.json.layout import indent_at
from sealedfiles.formats.place import end_of, line_end, line_start, next_line
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.formats.json.format import JsonScan
    from sealedfiles.formats.tree import Child, Node

_COMMENTS = lazy_pattern(r"(?:[ \t]*/\*[^\r\n]*?\*/)*(?:[ \t]*//[^\r\n]*)?")
"""Comments that follow on the same line."""
_COMMA = lazy_pattern(r"[ \t\r\n]*,")


def appended(
    text: str, scan: JsonScan, node: Node, new: str, line_break: str
) -> tuple[int, int, str]:
    """Return start, end and text of the change that adds an entry after the last one of *node*.

    *new* is the text that strict JSON would have after the last value: a comma, blanks, the entry.
    """
    last = node.entries[-1]
    comma = _trailing_comma(scan, node)
    behind = last.value.end if comma is None else comma + 1
    stop = end_of(_COMMENTS.match(text, behind))
    new = new.lstrip(" \t\r\n")[1:]
    if not new.lstrip(" \t").startswith(("\r", "\n")):
        if "//" in text[behind:stop]:
            new = line_break + indent_at(text, last.key_start) + new.lstrip(" \t")
        else:
            stop = behind
    if comma is not None:
        return stop, stop, f"{new},"
    return behind, stop, f",{text[behind:stop]}{new}"


def filled(text: str, node: Node, new: str, line_break: str) -> tuple[int, int, str]:
    """Return the change that turns an empty collection that contains comments into *new*."""
    inner = text[node.start + 1 : node.end - 1].rstrip(" \t\r\n")
    body = new[1:]
    if not body.startswith(("\r", "\n")):
        body = line_break + body
    return node.start, node.end, new[0] + inner + body


def removed(text: str, scan: JsonScan, node: Node, entry: Child) -> tuple[int, int, str]:
    """Return the change that removes *entry* from *node*, with its comma and the comments after it."""
    index = next(i for i, one in enumerate(node.entries) if one is entry)
    start, stop = entry.key_start, entry.value.end
    comma: int | None = None
    if index < len(node.entries) - 1:
        comma = end_of(_COMMA.match(scan.strict, stop)) - 1
    else:
        comma = _trailing_comma(scan, node)
    stop = stop if comma is None else comma + 1
    behind = end_of(_COMMENTS.match(text, stop))
    begins_line = not text[line_start(text, start) : start].strip(" \t")
    ends_line = not text[behind : line_end(text, behind)].strip(" \t")
    if ends_line:
        stop = behind
    if begins_line and ends_line:
        start, stop = line_start(text, start), next_line(text, stop)
    if comma is not None or index == 0:
        return start, stop, ""
    # The comma after the previous entry would become a trailing comma.
    before = end_of(_COMMA.match(scan.strict, node.entries[index - 1].value.end)) - 1
    kept = text[before + 1 : start]
    return before, stop, kept if begins_line else kept.rstrip(" \t")


def _trailing_comma(scan: JsonScan, node: Node) -> int | None:
    last = node.entries[-1].value.end
    return next((at for at in scan.trailing_commas if last <= at < node.end), None)
