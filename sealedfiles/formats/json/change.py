"""Find the text change that sets or removes a value in JSON."""

from __future__ import annotations

import json

from sealedfiles.errors import UsageError
from sealedfiles.formats.json import comment_change as jsonc_change
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.json.layout import Layout, indent_at, is_escaped, layout_of, written
from sealedfiles.formats.json.tree import parse
from sealedfiles.formats.place import line_start
from sealedfiles.formats.tree import find
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.address import show_address
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data
    from sealedfiles.formats.tree import Child, Node
    from sealedfiles.model.address import Address

_BREAK = lazy_pattern(r"[\r\n]")
_LINE_END = r"(?:\r\n|\n|\r(?!\n))"
_EMPTY_LINES = lazy_pattern(rf"[ \t]*(?:{_LINE_END}[ \t]*)*(?={_LINE_END})")
"""With the blanks at the end of the line before."""
_COMMA_ENDS_LINE = lazy_pattern(rf"[ \t]*,[ \t]*{_LINE_END}")


class Splice(NamedTuple):
    """One change: *text* replaces the text from *start* to *end*."""

    start: int
    end: int
    text: str


def nested(steps: Address, value: Data) -> Data:
    """Return *value* inside the collections that *steps* require.  Raises UsageError."""
    for step in reversed(steps):
        if isinstance(step, int) and step:
            raise UsageError(f"a new list begins with the item [0], not with [{step}]")
        value = [value] if isinstance(step, int) else {step: value}
    return value


def assigned(text: str, address: Address, value: Data) -> Splice | None:
    """Return the change that sets *value* at *address*; None if that is already its value."""
    scan = JSON.scan(text)
    source_text, text = text, scan.strict
    root = parse(text)
    way, missing = find(root, address)
    layout = layout_of(text, root)
    entry = way[-1][1] if way else None
    node = entry.value if entry else root
    if missing:
        _check_step(node, address, len(address) - len(missing))
        value = nested(missing[1:], value)
        if node.entries:
            splice = _appended(text, node, missing[0], value, layout)
            if text == source_text:
                return splice
            new = jsonc_change.appended(source_text, scan, node, splice.text, layout.line_end)
            return Splice(*new)
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
        return Splice(*jsonc_change.filled(source_text, node, new_source, layout.line_end))
    return Splice(node.start, node.end, new_source)


def _check_step(node: Node, address: Address, depth: int) -> None:
    """Raise UsageError if *node* cannot have the step of *address* at *depth*."""
    above, step = show_address(address[:depth]), address[depth]
    if node.kind == "scalar":
        raise UsageError(f"{above} is a value that is not an object or a list: it has no keys")
    if node.kind == "mapping" and isinstance(step, int):
        raise UsageError(
            f"{above} is an object, and [{step}] is the position in a list",
            f'if it is a key, put it in quotes: "{step}"',
        )
    if node.kind == "sequence" and step != len(node.entries):
        raise UsageError(
            f"{above} is a list: a new item goes to the position [{len(node.entries)}]"
        )


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
    can_open = _begins_line(text, start) and not node.entries
    return indent_at(text, start) if can_open else None


def _appended(text: str, node: Node, step: str | int, value: Data, layout: Layout) -> Splice:
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
    return Splice(last.value.end, last.value.end, separator + source)


def removed(text: str, node: Node, entry: Child) -> Splice:
    """Return the change that removes *entry* from *node*, with its comma and its line or lines."""
    scan = JSON.scan(text)
    if scan.strict != text:
        return Splice(*jsonc_change.removed(text, scan, node, entry))
    index = next(i for i, one in enumerate(node.entries) if one is entry)
    if len(node.entries) == 1:
        return Splice(node.start + 1, node.end - 1, "")
    start, end = entry.key_start, entry.value.end
    if index < len(node.entries) - 1:
        following = node.entries[index + 1].key_start
        comma = _COMMA_ENDS_LINE.match(text, end)
        if comma and _begins_line(text, start):
            return Splice(line_start(text, start), comma.end(), "")
        if index == 0 or not _BREAK.search(text, end, following):
            return Splice(start, following, "")
    return Splice(node.entries[index - 1].value.end, end, "")


def _begins_line(text: str, at: int) -> bool:
    return not text[line_start(text, at) : at].strip(" \t")
