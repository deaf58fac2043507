"""Find the text change that sets or removes a value in JSON; comments and trailing commas stay."""

from __future__ import annotations

import json

from sealedfiles.formats.base import Data, end_of
from sealedfiles.formats.json.format import JSON, JsonScan
from sealedfiles.formats.json.layout import Layout, indent_at, is_escaped, layout_of, written
from sealedfiles.formats.json.tree import parse
from sealedfiles.formats.place import Edit, begins_line, line_end, line_start, next_line
from sealedfiles.formats.tree import Child, Node, check_step, find, nested
from sealedfiles.model.address import Address
from sealedfiles.util.lazy_pattern import lazy_pattern

_BREAK = lazy_pattern(r"[\r\n]")
_LINE_END = r"(?:\r\n|\n|\r(?!\n))"
_EMPTY_LINES = lazy_pattern(rf"[ \t]*(?:{_LINE_END}[ \t]*)*(?={_LINE_END})")
"""With the blanks at the end of the line before."""
_COMMENTS = lazy_pattern(r"(?:[ \t]*/\*[^\r\n]*?\*/)*(?:[ \t]*//[^\r\n]*)?")
"""Comments that follow on the same line."""
_COMMA = lazy_pattern(r"[ \t\r\n]*,")
_COMMA_ENDS_LINE = lazy_pattern(rf"[ \t]*,[ \t]*{_LINE_END}")


def assigned(text: str, address: Address, value: Data) -> Edit | None:
    """Return the change that sets *value* at *address*; None if that is already its value."""
    scan = JSON.scan(text)
    source_text, text = text, scan.strict
    root = parse(text)
    way, missing = find(root, address)
    layout = layout_of(text, root)
    entry = way[-1][1] if way else None
    node = entry.value if entry else root
    if missing:
        check_step(node, address[: len(address) - len(missing)], missing[0], "an object")
        value = nested(missing[1:], value)
        if node.entries:
            splice = _appended(text, node, missing[0], value, layout)
            if text == source_text:
                return splice
            return _appended_to_jsonc(source_text, scan, node, splice.text, layout.line_end)
        value = {missing[0]: value} if isinstance(missing[0], str) else [value]
    source = text[node.start : node.end]
    if not missing and _means(source, value):
        return None
    if is_escaped(source) or not source.isascii():
        layout = layout._replace(ascii_only=is_escaped(source))
    base = _base(text, node, entry, layout)
    new_source = written(value, layout, base)
    inner = slice(node.start + 1, node.end - 1)
    if missing and text[inner] != source_text[inner]:
        return _filled(source_text, node, new_source, layout.line_end)
    return Edit(node.start, node.end, new_source)


def _means(source: str, value: Data) -> bool:
    try:
        return json.dumps(json.loads(source)) == json.dumps(value)
    except ValueError:
        return False


def _base(text: str, node: Node, entry: Child | None, layout: Layout) -> str | None:
    """Return the indentation for a collection that replaces *node*; None for one line."""
    if layout.indent is None:
        return None
    if _BREAK.search(text, node.start, node.end):
        return indent_at(text, node.end)
    start = node.start if entry is None else entry.key_start
    can_open = begins_line(text, start) and not node.entries
    return indent_at(text, start) if can_open else None


def _appended(text: str, node: Node, step: str | int, value: Data, layout: Layout) -> Edit:
    """Return the change that adds *value* after the last entry of *node*, in the layout of that entry."""
    last = node.entries[-1]
    if len(node.entries) > 1:
        separator = text[node.entries[-2].value.end : last.key_start]
    else:
        lead = text[node.start + 1 : last.key_start]
        separator = f",{lead}" if _BREAK.search(lead) else layout.comma
    separator = _EMPTY_LINES.sub("", separator)
    base = None
    if layout.indent is not None and _BREAK.search(separator):
        base = indent_at(separator, len(separator))
    elif layout.indent is not None and _BREAK.search(text, last.value.start, last.value.end):
        base = indent_at(text, last.value.end)
    source = written(value, layout, base)
    if isinstance(step, str):
        colon = text[last.key_end : last.value.start]
        colon = layout.colon if _BREAK.search(colon) else colon
        source = written(step, layout, None) + colon + source
    return Edit(last.value.end, last.value.end, separator + source)


def removed(text: str, node: Node, entry: Child) -> Edit:
    """Return the change that removes *entry* from *node*, with its comma and its line or lines."""
    scan = JSON.scan(text)
    if scan.strict != text:
        return _removed_from_jsonc(text, scan, node, entry)
    index = next(i for i, one in enumerate(node.entries) if one is entry)
    if len(node.entries) == 1:
        return Edit(node.start + 1, node.end - 1, "")
    start, end = entry.key_start, entry.value.end
    if index < len(node.entries) - 1:
        following = node.entries[index + 1].key_start
        comma = _COMMA_ENDS_LINE.match(text, end)
        if comma and begins_line(text, start):
            return Edit(line_start(text, start), comma.end(), "")
        if index == 0 or not _BREAK.search(text, end, following):
            return Edit(start, following, "")
    return Edit(node.entries[index - 1].value.end, end, "")


def _appended_to_jsonc(text: str, scan: JsonScan, node: Node, new: str, line_break: str) -> Edit:
    """Return the change that adds an entry after the last one of *node*, in a text with comments.

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
        return Edit(stop, stop, f"{new},")
    return Edit(behind, stop, f",{text[behind:stop]}{new}")


def _filled(text: str, node: Node, new: str, line_break: str) -> Edit:
    """Return the change that turns an empty collection that contains comments into *new*."""
    inner = text[node.start + 1 : node.end - 1].rstrip(" \t\r\n")
    body = new[1:]
    if not body.startswith(("\r", "\n")):
        body = line_break + body
    return Edit(node.start, node.end, new[0] + inner + body)


def _removed_from_jsonc(text: str, scan: JsonScan, node: Node, entry: Child) -> Edit:
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
    is_first = begins_line(text, start)
    ends_line = not text[behind : line_end(text, behind)].strip(" \t")
    if ends_line:
        stop = behind
    if is_first and ends_line:
        start, stop = line_start(text, start), next_line(text, stop)
    if comma is not None or index == 0:
        return Edit(start, stop, "")
    # The comma after the previous entry would become a trailing comma.
    before = end_of(_COMMA.match(scan.strict, node.entries[index - 1].value.end)) - 1
    kept = text[before + 1 : start]
    return Edit(before, stop, kept if is_first else kept.rstrip(" \t"))


def _trailing_comma(scan: JsonScan, node: Node) -> int | None:
    last = node.entries[-1].value.end
    return next((at for at in scan.trailing_commas if last <= at < node.end), None)
