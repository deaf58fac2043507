"""The tree of a YAML text: every key and value with its place, from the same events as the spans.

The walk that finds the values (``yaml.walk``) lets the tree see each event that it has accepted: what
a text's values are is decided in one place, and the literals of the tree are the spans themselves.
"""

from __future__ import annotations

from functools import lru_cache

from sealedfiles.formats.base import Span, end_of
from sealedfiles.formats.tree import Child, Node, leaves
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.formats.yaml.events import find
from sealedfiles.formats.yaml.format import YAML
from sealedfiles.formats.yaml.walk import Events, decoded
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.model.address import Address
from sealedfiles.model.paths import ITEM, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_GAP = lazy_pattern(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_SURROGATE = lazy_pattern("[\ud800-\udfff]")
_MERGE_TAGS = (None, "tag:yaml.org,2002:merge")


class YamlTree(NamedTuple):
    """One text as a tree."""

    text: str
    root: Node
    nodes: list[Node]
    """Every node, and every key with an anchor, by their numbers."""
    aliases: list[tuple[int, int]]
    """Where each alias, be it a value or a key, begins and where what it means does, in file order."""


def grow(text: str) -> YamlTree:
    """Return a tree of *text* to change; see ``parse``."""
    if not text.isascii():
        YAML.scan(text)  # refuses comments that continue after a line end of YAML 1.1
    growing: list[_Grower] = []

    def watch(events: Events, parsed: str) -> Any:
        growing.append(_Grower(events, text, parsed))
        return growing[-1].see

    found = find(text, watch)
    return growing[-1].grown(found.values)


@lru_cache(maxsize=2)
def parse(text: str) -> YamlTree:
    """Return the tree of *text*, which has no BOM at its start.  Raises FormatError.

    A command asks several times what one text means, so the last trees are kept: do not change them.
    """
    return grow(text)


def gap_end(text: str, at: int) -> int:
    """Return the start of the next token after *at*, after blanks, line ends and comments."""
    return end_of(_GAP.match(text, at))


def whole_characters(text: str) -> str:
    r"""Return *text* with its halves of characters put together: JSON writes ``"\ud83d\ude00"``."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


class _Key(NamedTuple):
    """The key, or the dash, of the entry whose value comes next."""

    text: str | None
    step: bytes
    start: int
    end: int
    entry_start: int
    is_merge: bool = False


class _Grower:
    """Builds the tree, event by event."""

    def __init__(self, events: Events, text: str, parsed: str) -> None:
        self._events = events
        self._text = text
        self._parsed = parsed
        self._has_explicit_keys = "?" in parsed
        self._documents: list[Node] = []
        self._nodes: list[Node] = []
        self._with_source: list[Node] = []
        self._aliases: list[tuple[int, int]] = []
        self._anchors: dict[str, Node] = {}
        self._open_nodes: list[Node] = []
        self._parent: Node | None = None
        self._key: _Key | None = None
        self._at = 0
        """Behind the last token that has been seen."""

    def see(self, event: Any) -> None:
        """Take note of the next event."""
        events, kind, parent = self._events, event.__class__, self._parent
        is_key = parent is not None and parent.kind == "mapping" and self._key is None
        if kind is events.scalar:
            if is_key:
                self._key = self._scalar_key(event)
            else:
                self._scalar(event)
        elif kind is events.mapping_start:
            self._open("mapping", event)
        elif kind is events.sequence_start:
            self._open("sequence", event)
        elif kind is events.mapping_end or kind is events.sequence_end:
            self._close(event)
        elif kind is events.alias:
            self._alias(event, is_key=is_key)
        elif hasattr(event, "version"):
            self._anchors.clear()
            self._at = max(self._at, event.end_mark.index)

    def grown(self, values: list[Span]) -> YamlTree:
        """Return the tree; its scalars with source are *values*."""
        text = self._text
        for node, span in zip(self._with_source, values, strict=True):
            node.start, node.end, node.path = span
            node.content = span.start
            if node.anchor is not None or node.tag is not None:
                node.content = yaml_literal.content_start(text, span.start, span.end)
        for node in self._nodes:
            if node.entries and not node.in_brackets:
                node.end = node.entries[-1].end
        return YamlTree(text, self._root(), self._nodes, self._aliases)

    def _root(self) -> Node:
        documents, end = self._documents, len(self._text)
        if len(documents) == 1:
            return documents[0]
        root = Node("scalar", end, end, content=end)
        if documents:
            entries = [Child(None, d.start, d.start, d, d.start) for d in documents]
            root = Node("documents", 0, end, entries=entries)
        self._number(root)
        return root

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        node = Node("scalar", start, end, text=event.value, style=event.style or "")
        self._add(node)
        self._number(node)
        if start == end:
            # Parsers differ about its position.  It is after the colon, the dash, or the `---`.
            colon = gap_end(self._text, self._at)
            is_in_mapping = self._parent is not None and self._parent.kind == "mapping"
            if is_in_mapping and self._text.startswith(":", colon):
                self._at = colon + 1
            node.start = node.end = node.content = self._at
            return
        self._with_source.append(node)
        self._properties(node, event)
        if node.style in ("|", ">"):
            node.text = self._block_text(node, event)
        else:
            node.text = whole_characters(decoded(event, self._text, self._parsed))
        self._at = end

    def _block_text(self, node: Node, event: Any) -> str:
        text, start, end = self._text, node.start, node.end
        if text is self._parsed or text[start:end] == self._parsed[start:end]:
            value: str = event.value
            return value
        content = yaml_literal.content_start(self._parsed, start, end)
        return yaml_literal.block_text(
            text[content:end], self._parent.column if self._parent else 0
        )

    def _open(self, kind: str, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        node = Node(kind, start, start, flow=bool(event.flow_style))
        self._add(node)
        self._properties(node, event)
        node.in_brackets = node.flow and start != end and self._parsed[end - 1] in "[{"
        node.content, node.column = end, event.end_mark.column
        if node.flow or (kind == "sequence" and not self._parsed.startswith("-", end)):
            # The mark is after the bracket, or after the dash if that is not indented.
            is_behind = start != end
            node.content, node.column = end - is_behind, node.column - is_behind
        self._at = node.content + node.in_brackets
        self._open_nodes.append(node)
        self._parent = node

    def _close(self, event: Any) -> None:
        node = self._open_nodes.pop()
        self._parent = self._open_nodes[-1] if self._open_nodes else None
        if node.in_brackets:
            node.end = self._at = event.end_mark.index
        self._number(node)

    def _alias(self, event: Any, *, is_key: bool) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        target = self._anchors[event.anchor]
        self._aliases.append((start, target.start))
        if is_key:
            text = target.text
            entry_start = self._next_token() if self._has_explicit_keys else start
            self._key = _Key(text, key_step(text), start, end, entry_start)
        else:
            node = Node("alias", start, end, content=start, target=target)
            self._add(node)
            self._number(node)
        self._at = end

    def _scalar_key(self, event: Any) -> _Key:
        start, end = event.start_mark.index, event.end_mark.index
        raw = decoded(event, self._text, self._parsed)
        is_merge = raw == "<<" and not event.style and event.tag in _MERGE_TAGS
        entry_start = start
        if start == end or self._has_explicit_keys:
            entry_start = self._next_token()
        if start == end:
            # It is after the `?`, or without one before the colon.
            start = end = entry_start + self._text.startswith("?", entry_start)
        self._at = end
        if event.anchor is not None:
            node = Node("scalar", start, end, text=raw, style=event.style or "")
            self._properties(node, event)
            self._number(node)
        return _Key(whole_characters(raw), key_step(raw), start, end, entry_start, is_merge)

    def _next_token(self) -> int:
        """Return the start of the next token that does not belong to a value, also after a comma."""
        at = gap_end(self._text, self._at)
        return gap_end(self._text, at + 1) if self._text.startswith(",", at) else at

    def _add(self, node: Node) -> None:
        """Give *node* its place below the open collection."""
        parent = self._parent
        if parent is None:
            self._documents.append(node)
            return
        key = self._key or self._item(parent, node)
        self._key = None
        node.path = parent.path + key.step
        parent.entries.append(
            Child(key.text, key.start, key.end, node, key.entry_start, key.is_merge)
        )

    def _item(self, parent: Node, node: Node) -> _Key:
        if parent.flow:
            return _Key(None, ITEM, node.start, node.start, node.start)
        dash = gap_end(self._text, self._at)
        self._at = dash + 1
        return _Key(None, ITEM, dash, dash + 1, dash)

    def _properties(self, node: Node, event: Any) -> None:
        node.tag, node.anchor = event.tag, event.anchor
        if node.anchor is not None:
            self._anchors[node.anchor] = node

    def _number(self, node: Node) -> None:
        node.number = len(self._nodes)
        self._nodes.append(node)


def addresses_in(tree: YamlTree) -> list[Address]:
    """Return the addresses of scalars, and of aliases of scalars, in *tree*."""
    found = leaves(tree.root)
    return [address for address, node in found if (node.target or node).kind == "scalar"]
