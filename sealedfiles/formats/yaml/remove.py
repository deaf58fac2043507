"""Taking an entry out of a YAML text, with its line or lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealedfiles.formats.base import end_of
from sealedfiles.formats.place import Edit, begins_line, line_end, line_start, next_line
from sealedfiles.formats.tree import Child, Node
from sealedfiles.formats.yaml.place import LINE_END, blank_lines_end, has_own_lines, head_above
from sealedfiles.formats.yaml.tree import gap_end


def removed(text: str, node: Node, entry: Child, holder: Child | None) -> Iterator[list[Edit]]:
    """Yield the changes that take *entry* out of *node*, the value of *holder*, the best first.

    A collection that has no other entry is left empty, in brackets.
    """
    if node.flow:
        yield _from_brackets(text, node, entry)
        return
    end = line_end(text, entry.end)
    yield _from_block(text, node, entry, holder, end)
    # Below it can be blank lines that are a part of it, or would be one of the value above; and
    # comments about what is in it, which a block scalar above would take for its own lines.
    blank = rf"(?:{LINE_END}[ \t]*(?=[\r\n]))*"
    comments = re.compile(rf"(?:{blank}{LINE_END} {{{node.column + 1},}}#[^\r\n]*)*")
    for below in (blank_lines_end(text, end), end_of(comments.match(text, end))):
        if below > end:
            yield _from_block(text, node, entry, holder, below)


def _from_block(text: str, node: Node, entry: Child, holder: Child | None, end: int) -> list[Edit]:
    start = entry.start
    if len(node.entries) == 1:
        brackets = "{}" if node.kind == "mapping" else "[]"
        head = head_above(text, node, holder)
        if head is not None:
            return [Edit(head, head, f" {brackets}"), _lines(text, start, end)]
        return [Edit(start, end, brackets)]
    if begins_line(text, start):
        return [_lines(text, start, end)]
    # The first one, behind a dash, which stays.
    following = node.entries[1].start
    if not text[end:following].strip():
        return [Edit(start, following, "")]
    return [Edit(len(text[:start].rstrip(" \t")), end, "")]


def _lines(text: str, start: int, end: int) -> Edit:
    """Return the change that removes the lines from *start* to *end*."""
    first, behind = line_start(text, start), next_line(text, end)
    if behind == end and first:
        # The last line of a text without a line end at its end: it shall have none after this.
        first = len(text[:first].removesuffix("\n").removesuffix("\r"))
        return Edit(first, end, "")
    return Edit(first, behind, "")


def _from_brackets(text: str, node: Node, entry: Child) -> list[Edit]:
    if not node.in_brackets:
        return [Edit(entry.start, entry.end, "{}")]
    index = next(n for n, one in enumerate(node.entries) if one is entry)
    before = node.entries[index - 1].end if index else node.content + 1
    is_last = index == len(node.entries) - 1
    comma = gap_end(text, entry.end)
    end = comma + 1 if text.startswith(",", comma) else entry.end
    following = gap_end(text, end)
    edits = []
    if index and end == entry.end:
        comma = gap_end(text, before)
        edits.append(Edit(comma, comma + 1, ""))
    below = line_end(text, end)
    if has_own_lines(text, entry, below):
        edits.append(_lines(text, entry.start, below))
    elif is_last and "#" not in text[before : entry.start] + text[end:following]:
        edits = [Edit(before, entry.end if index else following, "")]
    elif is_last or "#" in text[end:following]:
        edits.append(Edit(entry.start, end, ""))
    else:
        edits = [Edit(entry.start, following, "")]
    return edits
