"""The tree of an XML text, with the position of every element, attribute and text.

An element without attributes and children is a scalar.  Any other is a mapping: its attributes have keys
such as ``@name``, its text has the key ``#text``, and its children have their names.  Children of one name
are a list.
"""

from __future__ import annotations

from sealedfiles.formats.tree import Child, Node
from sealedfiles.formats.xml.events import EMPTY, END, START, TEXT, Attribute, read
from sealedfiles.formats.xml.format import TEXT_KEY
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Element:
    """One element: ``text[start:end]`` is its source, from ``<`` to ``>``."""

    __slots__ = (
        *("attributes", "children", "close", "end", "inner", "name", "path", "start", "texts"),
    )

    def __init__(
        self, name: str, path: bytes, start: int, inner: int, attributes: Sequence[Attribute]
    ) -> None:
        self.name = name
        self.path = path
        self.start = start
        self.inner = inner
        """The end of its first tag."""
        self.close = self.end = inner
        """The start of its closing tag; of an element that is closed at once, its end."""
        self.attributes = attributes
        self.children: list[Element] = []
        self.texts: list[tuple[int, int]] = []

    @property
    def is_closed_at_once(self) -> bool:
        """Whether it consists of one tag: ``<a/>``."""
        return self.inner == self.end

    @property
    def values(self) -> list[Attribute]:
        """Its attributes that are values."""
        return [one for one in self.attributes if one.path]


def read_elements(text: str) -> Element:
    """Return the root of *text*.  Raises FormatError."""
    document = Element("", ROOT, 0, 0, ())
    way = [document]
    for kind, start, end, path, name, attributes in read(text):
        if kind in (START, EMPTY):
            element = Element(name, path, start, end, attributes)
            way[-1].children.append(element)
            if kind == START:
                way.append(element)
        elif kind == END:
            way[-1].close, way[-1].end = start, end
            way.pop()
        elif kind == TEXT:
            way[-1].texts.append((start, end))
    return document.children[0]


def parse(text: str, *, has_positions: bool = False) -> Node:
    """Return the tree of *text*, a mapping with the root element.  Raises FormatError.

    With *has_positions*, every element is in a list, so that an address does not depend on other elements.
    """
    root = read_elements(text)
    top = Node("mapping", 0, len(text))
    waiting = [(top, [root])]
    while waiting:
        node, children = waiting.pop()
        for name, elements in _by_name(children):
            found = [(one, _node_of(one)) for one in elements]
            waiting += [(inner, one.children) for one, inner in found if one.children]
            entries = [Child(None, one.start, one.start, inner, one.start) for one, inner in found]
            first, value = elements[0], found[0][1]
            if has_positions or len(elements) > 1:
                value = Node("sequence", first.start, elements[-1].end, first.path)
                value.entries = entries
            key = first.start + 1
            node.entries.append(Child(name, key, key + len(name), value, first.start))
    return top


def _by_name(elements: list[Element]) -> Iterator[tuple[str, list[Element]]]:
    found: dict[str, list[Element]] = {}
    for element in elements:
        found.setdefault(element.name, []).append(element)
    yield from found.items()


def _node_of(element: Element) -> Node:
    """Return the node of *element*, without its children."""
    path = element.path
    if not (element.values or element.children or len(element.texts) > 1):
        start, end = element.texts[0] if element.texts else (element.inner, element.inner)
        return Node("scalar", start, end, path)
    node = Node("mapping", element.start, element.end, path)
    for name, start, value, end, own in element.values:
        inner = Node("scalar", value, end, own, style="@")
        node.entries.append(Child(f"@{name}", start, start + len(name), inner, start))
    texts = [Node("scalar", start, end, path) for start, end in element.texts]
    if texts:
        content = texts[0]
        if len(texts) > 1:
            entries = [Child(None, one.start, one.start, one, one.start) for one in texts]
            content = Node("sequence", texts[0].start, texts[-1].end, path, entries=entries)
        node.entries.append(Child(TEXT_KEY, content.start, content.start, content, content.start))
    return node
