"""Putting a value into a YAML text: every way to write it, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealedfiles.formats.base import Data
from sealedfiles.formats.place import Edit, begins_line, line_end, line_end_of, line_start
from sealedfiles.formats.tree import Child, Node
from sealedfiles.formats.yaml.data import CORE
from sealedfiles.formats.yaml.lines import (
    ITEM_INDENT,
    Habits,
    block_lines,
    flow_entry,
    flow_text,
    indented,
    new_style,
)
from sealedfiles.formats.yaml.place import (
    LINE_END,
    ValuePlace,
    blank_lines_end,
    edited,
    has_own_lines,
    head_above,
    is_block,
    place_of,
    put,
)
from sealedfiles.formats.yaml.scalar import TOKEN_START, WrittenScalar, scalar_forms
from sealedfiles.formats.yaml.tree import YamlTree, gap_end
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE_END = lazy_pattern(LINE_END)
_DASHES = lazy_pattern(r" *(?:- +)*-?")
_TYPES = {
    "!": str,
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
    "map": dict,
    "seq": list,
}
_STEP = 2
_BLOCK_CONTENT = lazy_pattern(r"[\r\n]( *)[^ \r\n]")


class Site:
    """One value of a tree, and what is around it."""

    def __init__(self, tree: YamlTree, way: list[tuple[Node, Child]]) -> None:
        self.tree = tree
        self.text = tree.text
        self.node = way[-1][1].value if way else tree.root
        self.parent: Node | None = None
        self.entry: Child | None = None
        """None of a document."""
        if way and way[-1][0].kind != "documents":
            self.parent, self.entry = way[-1]
        self.around = [node for node, _ in way]
        self.in_flow = self.parent is not None and self.parent.flow

    def keeps_brackets(self) -> bool:
        """Return True if it is an empty collection in brackets that does not become a block."""
        in_brackets = self.text[self.node.content : self.node.end]
        return self.node.in_brackets and (self.in_flow or "#" in in_brackets)

    def is_end_of_text(self) -> bool:
        """Return True if it is the empty value of a text without anything, or of comments alone."""
        before = self.text[line_start(self.text, self.node.start) :]
        is_empty = self.node.start == len(self.text) and self.node.kind == "scalar"
        return self.parent is None and is_empty and not before.startswith("---")

    def place(self, value: Data) -> ValuePlace:
        """Return what gives way to *value*."""
        keep_tag = _fits(self.node, value)
        return place_of(self.text, self.node, self.entry, self.parent, keep_tag=keep_tag)

    def block_column(self, value: Data, habits: Habits) -> int:
        """Return the indentation for *value*, a collection, on lines of its own."""
        node, parent = self.node, self.parent
        if node.kind == _kind(value) and head_above(self.text, node, self.entry) is not None:
            return node.column
        if parent is None:
            return 0
        if parent.kind == "sequence":
            return parent.column + ITEM_INDENT
        return parent.column + (habits.step if isinstance(value, dict) else habits.dash)

    def scalar_column(self, habits: Habits) -> tuple[int, int]:
        """Return the indentation of the lines of a block scalar, and how much of it is its own."""
        parent = self.parent
        outer = parent.column if parent else 0
        own = ITEM_INDENT if parent is None or parent.kind == "sequence" else habits.step
        content = _BLOCK_CONTENT.search(self.text, self.node.content, self.node.end)
        if self.node.style in ("|", ">") and content:
            own = max(len(content[1]) - outer, 1)
        return outer + own, own


def replaced(site: Site, value: Data, spelling: str | None = None) -> Iterator[str]:
    """Yield the text with *value* in the place of the one at *site*.

    *spelling* is how a scalar is written if that can be read as *value*.
    """
    text, node, habits = site.text, site.node, habits_of(site.tree, site.around)
    if site.is_end_of_text():
        yield from _at_end(text, value, habits)
        return
    place = site.place(value)
    if not value or not isinstance(value, (dict, list)):
        column, own = site.scalar_column(habits)
        is_word = node.kind == "scalar" and bool(node.text) and isinstance(node.data, str)
        style = node.style if node.style or is_word else new_style(value, habits)
        below_end = max(line_end(text, place.end), place.below_end)
        blank = text[below_end : blank_lines_end(text, below_end)]
        if spelling is not None:
            yield put(text, place, WrittenScalar(spelling, []), column)
        for form in scalar_forms(
            value, style, flow=site.in_flow, indent=own, blank_lines=len(_LINE_END.findall(blank))
        ):
            yield put(text, place, form, column)
    elif site.in_flow or (node.flow and node.entries):
        yield put(text, place, WrittenScalar(flow_text(value, habits), []), 0)
    else:
        before = text[line_start(text, place.start) : place.start] + place.lead
        for careful in (False, True):
            lines = block_lines(value, habits, careful=careful)
            if _DASHES.fullmatch(before):
                column = len(before) + before.endswith("-")
                yield put(text, place, WrittenScalar(lines[0], lines[1:]), column)
            else:
                yield put(text, place, WrittenScalar("", lines), site.block_column(value, habits))


def appended(site: Site, key: str | None, value: Data) -> Iterator[str]:
    """Yield the text with one more entry, *key* with *value*, in the collection at *site*."""
    text, node = site.text, site.node
    habits = habits_of(site.tree, [*site.around, node])
    if node.flow:
        entry = flow_text(value, habits) if key is None else flow_entry(key, value, habits)
        yield edited(text, _in_brackets(text, node, entry))
        return
    for careful in (False, True):
        lines = block_lines([value] if key is None else {key: value}, habits, careful=careful)
        yield from _with_lines(text, node, indented(lines, node.column))


def _with_lines(text: str, node: Node, lines: list[str]) -> Iterator[str]:
    """Yield *text* with *lines* at the end of the block *node*."""
    end = line_end_of(text)
    at = line_end(text, node.end)
    below = "".join(end + line for line in lines)
    yield edited(text, [Edit(at, at, below)])
    # The last value can be a block scalar that has the blank lines below it.
    at = blank_lines_end(text, at)
    yield edited(text, [Edit(at, at, below)])
    # Or one at the end of a text without a line end there, which may not get one.
    at = line_start(text, node.entries[-1].start)
    yield edited(text, [Edit(at, at, "".join(line + end for line in lines))])


def _at_end(text: str, value: Data, habits: Habits) -> Iterator[str]:
    if begins_line(text, len(text)):
        text = text[: line_start(text, len(text))]
    end = line_end_of(text)
    for careful in (False, True):
        if value and isinstance(value, (dict, list)):
            lines = block_lines(value, habits, careful=careful)
        else:
            forms = scalar_forms(value, "", flow=False, indent=habits.step)
            form = forms[-1 if careful else 0]
            lines = [form.inline, *indented(form.below, habits.step)]
        if begins_line(text, len(text)):
            yield text + "".join(line + end for line in lines)
        else:
            yield text + "".join(end + line for line in lines)


def _in_brackets(text: str, node: Node, entry: str) -> list[Edit]:
    """Return the changes that add *entry* to a collection in flow style."""
    if not node.entries:
        return [Edit(node.content + 1, node.content + 1, entry)]
    if not node.in_brackets:
        return [Edit(node.start, node.start, "{"), Edit(node.end, node.end, f", {entry}}}")]
    last = node.entries[-1]
    comma = gap_end(text, last.end)
    has_comma = text.startswith(",", comma)
    below = line_end(text, comma if has_comma else last.end)
    if has_own_lines(text, last, below):
        indent = text[line_start(text, last.start) : last.start]
        return [
            Edit(last.end, last.end, "" if has_comma else ","),
            Edit(below, below, line_end_of(text) + indent + entry + "," * has_comma),
        ]
    # Directly after a colon, a comma would be part of the key.
    blank = " " if text[last.end - 1] == ":" else ""
    return [Edit(last.end, last.end, f"{blank}, {entry}")]


def _kind(value: Data) -> str:
    if isinstance(value, dict):
        return "mapping"
    return "sequence" if isinstance(value, list) else "scalar"


def _fits(node: Node, value: Data) -> bool:
    """Return True if the tag of *node* may stay in front of *value*: one of YAML's own if it says the
    type, another if the kind is the same."""
    tag = node.tag or ""
    if tag.startswith(CORE) or tag == "!":
        return _TYPES.get(tag.removeprefix(CORE)) is type(value)
    return node.kind == _kind(value)


def habits_of(tree: YamlTree, around: list[Node]) -> Habits:
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


def _offset(nodes: Iterable[Node], kind: str) -> int | None:
    """Return how much further than its key the first block of *kind* is indented."""
    for node in nodes:
        if node.kind == "mapping" and is_block(node):
            for entry in node.entries:
                below = entry.value
                if below.kind == kind and is_block(below) and below.column >= node.column:
                    return below.column - node.column
    return None


def _key_quote(text: str, node: Node) -> str | None:
    """Return the quote around all keys of *node*, empty for plain keys; None: no keys."""
    if node.kind != "mapping" or not node.entries:
        return None
    signs = {text[entry.key_start : entry.key_start + 1] for entry in node.entries}
    return next((quote for quote in ('"', "'") if signs == {quote}), "")


def _quote(node: Node) -> str | None:
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
