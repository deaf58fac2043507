"""Find the text change that sets or removes a value in XML; everything else stays."""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data, end_of
from sealedfiles.formats.place import Edit, begins_line, line_end, line_start, next_line
from sealedfiles.formats.tree import nested
from sealedfiles.formats.xml.events import BLANKS, Attribute, is_namespace
from sealedfiles.formats.xml.format import TEXT_KEY
from sealedfiles.formats.xml.tree import Element, read_elements
from sealedfiles.formats.xml.write import (
    Layout,
    attribute_source,
    element_source,
    layout_of,
    new_attribute,
    text_source,
)
from sealedfiles.model.address import Address, show_address
from sealedfiles.util.lazy_pattern import lazy_pattern

_REST = lazy_pattern(r"[ \t]*(?:<!--[^\r\n]*?-->[ \t]*)?(?=[\r\n]|\Z)")
"""What may follow an element on its line: a comment."""
_BLANKS = lazy_pattern(r"[ \t]*")
_USE_EDITOR = "change it with an editor: sealedfiles edit"


def assigned(text: str, address: Address, value: Data) -> Edit:
    """Return the change that sets *value* at *address*.  Raises UsageError."""
    return _Change(text, address).assigned(value)


def removed(text: str, address: Address) -> list[Edit]:
    """Return the changes that remove what is at *address*, which exists, in file order."""
    return _Change(text, address).removed()


class _Change:
    """A change at one address."""

    def __init__(self, text: str, address: Address) -> None:
        self.text = text
        self.layout: Layout = layout_of(text)
        self.address = address
        root = read_elements(text)
        if address[0] != root.name:
            raise UsageError(
                f"an XML file has one root element: the path must begin with {show_address((root.name,))}"
            )
        self.way = [root]
        """The elements on the way to the address, the innermost last."""
        self.group = [root]
        """The last of them, with its siblings of the same name."""
        self.is_chosen = True
        """Whether one of the group is meant: a position is given, or there is only one."""
        self.rest = address[1:]
        while self.rest and self._go_on():
            pass

    @property
    def element(self) -> Element:
        return self.way[-1]

    def _go_on(self) -> bool:
        """Follow the next step of the address to an element, if there is one."""
        step, *rest = self.rest
        if isinstance(step, int):
            if self.is_chosen or step >= len(self.group):
                return False
            self.way[-1] = self.group[step]
            self.is_chosen = True
        else:
            if not self.is_chosen:
                raise UsageError(
                    f"{self._shown()} is a list: give a position, from [0] to [{len(self.group) - 1}]"
                )
            found = [one for one in self.element.children if one.name == step]
            if not found:
                return False
            self.group = found
            self.way.append(found[0])
            self.is_chosen = len(found) == 1
        self.rest = tuple(rest)
        return True

    def assigned(self, value: Data) -> Edit:
        if not self.rest:
            if not self.is_chosen:
                raise UsageError(f"{self._shown()} is a list, and cannot be replaced", _USE_EDITOR)
            if self.element.values:
                raise UsageError(
                    f"{self._shown()} is an element with attributes",
                    f"to change its text: {show_address((*self.address, TEXT_KEY))}",
                )
            return self._with_text(value)
        step, *more = self.rest
        if isinstance(step, int):
            return self._appended(step, tuple(more), value)
        if step == TEXT_KEY:
            return self._with_text_at(tuple(more), value)
        if step.startswith("@"):
            if more:
                raise UsageError(f"{show_address(self.address)}: an attribute has no keys")
            return self._with_attribute(step[1:], value)
        return self._with_child(step, self._nested(tuple(more), value))

    def removed(self) -> list[Edit]:
        if not self.rest:
            if len(self.way) == 1:
                raise UsageError("the root element cannot be removed", "remove the file")
            elements = [self.element] if self.is_chosen else self.group
            return [self._without(one) for one in elements]
        step = self.rest[0]
        if step == TEXT_KEY:
            texts = self.element.texts
            chosen = self.rest[1:]
            if chosen and isinstance(chosen[0], int):
                texts = texts[chosen[0] : chosen[0] + 1]
            return [Edit(start, end, "") for start, end in texts]
        attribute = self._attribute(str(step)[1:])
        assert attribute is not None  # noqa: S101 - it exists
        start = len(self.text[: attribute.start].rstrip(BLANKS))
        return [Edit(start, attribute.end, "")]

    def _shown(self) -> str:
        return show_address(self.address[: len(self.address) - len(self.rest)])

    def _nested(self, steps: Address, value: Data) -> Data:
        if any(isinstance(step, int) for step in steps):
            raise UsageError(
                f"{show_address(self.address)}: a new element has no position",
                "the position is needed from the second element of a name on",
            )
        return nested(steps, value)

    # Texts and attributes

    def _with_text_at(self, steps: Address, value: Data) -> Edit:
        """Change the text with the key ``#text``, or one of several."""
        texts = self.element.texts
        if not steps and len(texts) <= 1 and not self.element.children:
            if not self.element.values:
                raise UsageError(f"{self._shown()} has only a text: leave out .{TEXT_KEY}")
            return self._with_text(value)
        number = steps[0] if steps else 0
        if len(steps) > 1 or not isinstance(number, int) or number >= len(texts):
            raise self._not_added("its element has elements or other text")
        if bool(steps) != (len(texts) > 1):
            advice = "one text: leave out the position"
            if not steps:
                advice = f"several texts: give a position, {TEXT_KEY}[0]"
            raise UsageError(f"{self._shown()} has {advice}")
        start, end = texts[number]
        return Edit(start, end, text_source(value, self.layout, self.text[start:end]))

    def _with_text(self, value: Data) -> Edit:
        """Change the text of an element without children and with at most one text."""
        element = self.element
        if element.children or len(element.texts) > 1:
            raise UsageError(
                f"{self._shown()} is an element with other elements in it",
                "give the path of one of them, or use an editor: sealedfiles edit",
            )
        if element.texts:
            start, end = element.texts[0]
            return Edit(start, end, text_source(value, self.layout, self.text[start:end]))
        return self._filled(text_source(value, self.layout))

    def _filled(self, source: str) -> Edit:
        """Return the change that writes *source* into an element without children and text."""
        element = self.element
        if element.is_closed_at_once:
            if not source:
                return Edit(element.end, element.end, "")
            tag = self.text[element.start : element.end - 2].rstrip(BLANKS)
            return Edit(element.start + len(tag), element.end, f">{source}</{element.name}>")
        if not self.text[element.inner : element.close].strip(BLANKS):
            return Edit(element.inner, element.close, source)
        return Edit(element.inner, element.inner, source)

    def _attribute(self, name: str) -> Attribute | None:
        return next((one for one in self.element.attributes if one.name == name), None)

    def _with_attribute(self, name: str, value: Data) -> Edit:
        text, element = self.text, self.element
        known = self._attribute(name)
        if known is not None and not is_namespace(name):
            source = attribute_source(value, self.layout, text[known.value])
            return Edit(known.value, known.end, source)
        if not element.attributes:
            at = element.start + 1 + len(element.name)
            return Edit(at, at, f" {new_attribute(name, value, self.layout)}")
        last = element.attributes[-1]
        source = new_attribute(name, value, self.layout, text[last.value])
        between = " "
        if begins_line(text, last.start):
            between = self.layout.ending + text[line_start(text, last.start) : last.start]
        return Edit(last.end, last.end, between + source)

    # Elements

    def _appended(self, step: int, steps: Address, value: Data) -> Edit:
        """Return the change that adds an element of the same name after the last one."""
        if len(self.way) == 1:
            raise UsageError("an XML file has one root element")
        if step != len(self.group):
            raise UsageError(
                f"{self._shown()}: a new element goes to the position [{len(self.group)}]"
            )
        self._require_no_text(self.way[-2])
        return self._after(self.group[-1], self.way[-2], self._nested(steps, value))

    def _with_child(self, name: str, value: Data) -> Edit:
        """Return the change that adds an element at the end of its parent."""
        element = self.element
        self._require_no_text(element)
        if element.children:
            return self._after(element.children[-1], element, value, name)
        text, ending = self.text, self.layout.ending
        if not begins_line(text, element.start):
            source = element_source(name, value, self.layout, None)
            if self._is_blank(element):
                return self._filled(source)
            return Edit(element.close, element.close, source)
        indent = text[line_start(text, element.start) : element.start]
        inner = indent + self.layout.unit
        source = inner + element_source(name, value, self.layout, inner)
        if self._is_blank(element):
            return self._filled(f"{ending}{source}{ending}{indent}")
        if begins_line(text, element.close):
            at = line_start(text, element.close)
            return Edit(at, at, source + ending)
        return Edit(element.close, element.close, f"{ending}{source}{ending}{indent}")

    def _after(self, last: Element, parent: Element, value: Data, name: str = "") -> Edit:
        """Return the change that adds an element after *last*, in its layout."""
        text = self.text
        name = name or last.name
        if not begins_line(text, last.start):
            return Edit(last.end, last.end, element_source(name, value, self.layout, None))
        indent = text[line_start(text, last.start) : last.start]
        source = element_source(name, value, self.layout, indent)
        rest = _REST.match(text, last.end, parent.close)
        at = rest.end() if rest else last.end
        return Edit(at, at, f"{self.layout.ending}{indent}{source}")

    def _without(self, element: Element) -> Edit:
        """Return the change that removes *element*, with its line unless there is anything else on it.

        A comment behind it stays: it may be about more than this element.
        """
        text = self.text
        after = end_of(_BLANKS.match(text, element.end))
        if begins_line(text, element.start):
            if after == line_end(text, after):
                return Edit(line_start(text, element.start), next_line(text, after), "")
            if text.startswith("<!--", after):
                return Edit(element.start, after, "")
        return Edit(element.start, element.end, "")

    def _is_blank(self, element: Element) -> bool:
        return not self.text[element.inner : element.close].strip(BLANKS)

    def _require_no_text(self, element: Element) -> None:
        if element.texts:
            raise self._not_added("its parent has text of its own")

    def _not_added(self, reason: str) -> UsageError:
        return UsageError(f"{show_address(self.address)} cannot be added: {reason}", _USE_EDITOR)
