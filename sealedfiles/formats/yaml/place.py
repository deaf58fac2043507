"""The position of a value in a YAML text, and the text that another value replaces.

A value has an inline part, after its key or dash, and may have lines below. The new value has the same two
parts, so that a block can replace a word, and a word a block.
"""

from __future__ import annotations

from sealedfiles.formats.base import end_of, splice
from sealedfiles.formats.place import Edit, begins_line, line_end, line_end_of, line_start
from sealedfiles.formats.tree import Child, Node
from sealedfiles.formats.yaml.lines import indented
from sealedfiles.formats.yaml.scalar import WrittenScalar, is_json
from sealedfiles.formats.yaml.tree import gap_end
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

LINE_END = r"(?:\r\n|\n|\r(?!\n))"
"""Never half of one."""

_BLANK_LINES = lazy_pattern(rf"(?:{LINE_END}(?:[ \t]*(?=[\r\n])|[ \t]+\Z))*")
_HEADER = lazy_pattern(r"[|>][-+0-9]*")
_REST_OF_LINE = lazy_pattern(r"[ \t]*,?[ \t]*(?:#.*)?")
_PROPERTY = lazy_pattern(r"[&!][^ \t\r\n]*")
_NEEDS_NO_BLANK = ("", " ", "\t", "\r", "\n", "[", "{", ",")


class ValuePlace(NamedTuple):
    """The inline text from *start* to *end*, and the lines from *below* to *below_end*, both line ends, are
    replaced."""

    start: int
    end: int
    below: int
    below_end: int
    lead: str = ""
    """To be written in front: an anchor that stays, a colon that was not there."""


def edited(text: str, edits: list[Edit]) -> str:
    """Return *text* with all of *edits*, none overlapping another; at one place in their order."""
    return splice(text, sorted(edits, key=lambda edit: edit[0]))


def has_own_lines(text: str, entry: Child, end: int) -> bool:
    """Return True if *entry* shares its lines only with a comma and a comment, up to *end*."""
    is_alone = _REST_OF_LINE.fullmatch(text, entry.end, end) is not None
    return is_alone and begins_line(text, entry.start)


def is_block(node: Node) -> bool:
    """Return True if *node* is a collection of lines."""
    return bool(node.entries) and not node.flow


def blank_lines_end(text: str, at: int) -> int:
    """Return the end of the last blank line below the line that ends at *at*."""
    return end_of(_BLANK_LINES.match(text, at))


def head_above(text: str, node: Node, entry: Child | None) -> int | None:
    """Return where, in a line above the first of *node*, its tag and anchor, else its colon or dash
    end.  None if it is not a block, begins in that line, or if there is none of these."""
    head = _head_end(text, node, entry) if is_block(node) else None
    return head if head is not None and head < line_start(text, node.content) else None


def _head_end(text: str, node: Node, entry: Child | None) -> int | None:
    if node.content > node.start:
        at = end = node.start
        while at < node.content and (found := _PROPERTY.match(text, at)):
            end = found.end()
            at = gap_end(text, end)
        return end
    if entry is None:
        return None
    return entry.key_end if entry.key is None else gap_end(text, entry.key_end) + 1


def place_of(
    text: str, node: Node, entry: Child | None, parent: Node | None, *, keep_tag: bool
) -> ValuePlace:
    """Return what gives way to a new value of *node*; its anchor stays."""
    place = _content_place(text, node, entry, parent)
    if node.tag is None or keep_tag:
        return place
    return place._replace(start=node.start, lead=f"&{node.anchor}" if node.anchor else "")


def _content_place(text: str, node: Node, entry: Child | None, parent: Node | None) -> ValuePlace:
    start, end = node.content, node.end
    if is_block(node):
        head = head_above(text, node, entry)
        if head is not None:
            return ValuePlace(head, head, line_end(text, head), line_end(text, end))
        first = line_end(text, start)
        if first < end:
            return ValuePlace(start, first, first, line_end(text, end))
    elif node.style in ("|", ">"):
        inline_end = end_of(_HEADER.match(text, start))
        below = line_end(text, inline_end)
        return ValuePlace(start, inline_end, below, max(below, end))
    elif parent and entry and entry.key is not None and entry.value.end == entry.key_end:
        # A key without a colon, in a set: `? key` or `{key}`.
        colon = ":" if parent.flow else line_end_of(text) + " " * parent.column + ":"
        end = end if parent.flow else line_end(text, end)
        return ValuePlace(end, end, end, end, colon)
    below = line_end(text, end)
    return ValuePlace(start, end, below, below)


def put(text: str, place: ValuePlace, form: WrittenScalar, column: int) -> str:
    """Return *text* with *form* at *place*, the lines below indented by *column*."""
    start, end = place.start, place.end
    if start == end and not text[end : place.below].strip():
        end = place.below
    new = " ".join(part for part in (place.lead, form.inline) if part)
    if not new:
        start = len(text[:start].rstrip(" \t"))
    elif _needs_blank(text[start - 1 : start], new, was_empty=place.start == place.end):
        new = f" {new}"
    lines = "".join(line_end_of(text) + line for line in indented(form.below, column))
    return edited(text, [Edit(start, end, new), Edit(place.below, place.below_end, lines)])


def _needs_blank(before: str, new: str, *, was_empty: bool) -> bool:
    is_as_in_json = before == ":" and not was_empty and is_json(new)
    return before not in _NEEDS_NO_BLANK and new[0] not in "\r\n:" and not is_as_in_json
