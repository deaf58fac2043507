"""Read an XML text as a list of events with exact positions.

Expat decides whether the text is well-formed.  It has the position of each tag, but not those of
attributes, so a scan of the text finds these.  Both must find the same markup; otherwise the text is refused.

A text in which other programs may read something else is refused, too: one with a document type that defines
anything, with references to entities that are not XML's own, in another encoding, or of another version.
"""

from __future__ import annotations

import re

from sealedfiles.errors import FormatError
from sealedfiles.formats.lines import refuse_markers
from sealedfiles.formats.xml.names import KeyPaths
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import LONGEST, ROOT
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn, TypeAlias

    _Found: TypeAlias = "tuple[int, str, tuple[str, ...]]"
    """The offset of a piece of markup in bytes, its sign and name, and its attributes or its content."""

START, EMPTY, END, TEXT, COMMENT = range(5)
"""The kinds of events.  EMPTY is a tag that is closed at once: ``<a/>``."""

BLANKS = " \t\r\n"
"""White space in XML."""

ENCODINGS = lazy_pattern(r"utf-?8|(?:us-)?ascii|iso-?8859-\d+|windows-125\d", re.IGNORECASE)
"""The encodings in which a text in ASCII is the same as in UTF-8."""

_NAME = r"[^\s<>/=\"'!?&]+"
_GIVEN = r"[ \t\r\n]*=[ \t\r\n]*"
_VALUE = r"(?:\"[^\"<]*\"|'[^'<]*')"
_TAG = lazy_pattern(rf"<(/?)({_NAME})((?:[ \t\r\n]+{_NAME}{_GIVEN}{_VALUE})*)[ \t\r\n]*(/?)>")
_ATTRIBUTE = lazy_pattern(rf"({_NAME}){_GIVEN}({_VALUE})")
_TARGET = lazy_pattern(r"<\?([^ \t\r\n?]+)")
_DOCTYPE = lazy_pattern(
    rf"<!DOCTYPE[ \t\r\n]+{_NAME}(?:[ \t\r\n]+(?:SYSTEM|PUBLIC[ \t\r\n]+(?:\"[^\"]*\"|'[^']*'))"
    r"[ \t\r\n]+(?:\"[^\"]*\"|'[^']*'))?[ \t\r\n]*>"
)
_SECTION = "<![CDATA["
_CDATA = lazy_pattern(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_REFERENCE = lazy_pattern(r"&(?:(lt|gt|amp|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));")
_LINE_END = lazy_pattern(r"\r\n?")
_BLANK = lazy_pattern(r"\r\n|[\t\n\r]")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_LAST = 0x10FFFF


class Attribute(NamedTuple):
    """One attribute: ``text[start:end]`` is its source, ``text[value:end]`` that of its value with quotes."""

    name: str
    start: int
    value: int
    end: int
    path: bytes
    """Its key path; that of the root if it declares a namespace, which is part of the structure."""


class Event(NamedTuple):
    """One part of a text, from *start* to *end*.

    A text is without the white space around it, and may have CDATA sections; a comment is its content.
    """

    kind: int
    start: int
    end: int
    path: bytes
    """The key path of the element that it begins or ends, or is in."""
    name: str = ""
    """Of a tag."""
    attributes: Sequence[Attribute] = ()


def is_namespace(attribute: str) -> bool:
    """Return True if *attribute* declares a namespace."""
    return attribute == "xmlns" or attribute.startswith("xmlns:")


def text_of(literal: str) -> str:
    """Return the text that *literal*, a text of an element, represents."""
    if "<" not in literal:
        return _resolved(_LINE_END.sub("\n", literal))
    at, parts = 0, []
    # A section without its end is possible in a comment.
    while (start := literal.find(_SECTION, at)) >= 0:
        content = start + len(_SECTION)
        end = literal.find("]]>", content)
        if end < 0:
            break
        parts.append(_resolved(_LINE_END.sub("\n", literal[at:start])))
        parts.append(_LINE_END.sub("\n", literal[content:end]))
        at = end + len("]]>")
    return "".join([*parts, _resolved(_LINE_END.sub("\n", literal[at:]))])


def attribute_text(literal: str) -> str:
    """Return the text that *literal*, the value of an attribute with its quotes, represents.

    A line end is a blank.
    """
    return _resolved(_BLANK.sub(" ", literal[1:-1]))


def _resolved(source: str) -> str:
    return _REFERENCE.sub(_character, source) if "&" in source else source


def _character(reference: re.Match[str]) -> str:
    if reference[1]:
        return _ENTITIES[reference[1]]
    code = int(reference[2]) if reference[2] else int(reference[3], 16)
    return chr(code) if code <= _LAST else reference[0]


def read(text: str) -> list[Event]:
    """Return the events of *text* (no BOM at its start), in file order.  Raises FormatError."""
    refuse_markers(text)
    if text.startswith("\ufeff"):
        _fail(text, 0, "a second byte order mark")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        _fail(text, error.start, "a lone surrogate")
    found = _by_expat(data)
    scan = _Scan(text)
    if _in_bytes(text, data, scan.found) != found:
        raise FormatError("markup that two parsers read in different ways")
    return scan.events


class _Scan:
    """Finds the markup of *text*, which is well-formed."""

    def __init__(self, text: str) -> None:
        self.events: list[Event] = []
        self.found: list[_Found] = []
        """What expat should find, with offsets in characters."""
        self._text = text
        self._has_doctype = False
        self._paths = KeyPaths()
        self._path = ROOT
        """The key path of the innermost element that is open."""
        self._outer: list[bytes] = []
        """The paths of those around it."""
        at = 0
        while (start := text.find("<", at)) >= 0:
            start = self._add_text(at, start)
            tag = _TAG.match(text, start)
            at = self._add_tag(start, tag) if tag else self._add_other(start)
        self._add_text(at, len(text))

    def _add_text(self, start: int, end: int) -> int:
        """Add the text from *start* on; return the start of the next markup that is not a CDATA section.

        *end* is that of the next markup.
        """
        text = self._text
        while text.startswith(_SECTION, end):
            after = self._end(end, "]]>")
            self.found.append((end, "[", ()))
            self.found.append((after - 3, "]", ()))
            end = text.find("<", after)
            if end < 0:
                self._refuse(after, "text outside of an element")
        source = text[start:end]
        content = source.strip(BLANKS)
        if content:
            begin = start + len(source) - len(source.lstrip(BLANKS))
            if self._has_doctype:
                self._require_references(_CDATA.sub("", content), begin)
            self.events.append(Event(TEXT, begin, begin + len(content), self._path))
        return end

    def _add_tag(self, start: int, tag: re.Match[str]) -> int:
        """Add the *tag* at *start*; return its end."""
        closing, name, source, is_empty = tag.groups()
        end = tag.end()
        if closing:
            if source or is_empty or not self._outer:
                self._refuse(start, "a closing tag with more than a name")
            self.events.append(Event(END, start, end, self._path, name))
            self.found.append((start, "/" + name, ()))
            self._path = self._outer.pop()
            return end
        path = self._path_of(self._path, name, start)
        attributes, decoded = [], []
        for one in _ATTRIBUTE.finditer(self._text, *tag.span(3)) if source else ():
            key, literal = one.groups()
            begin, value = one.start(), one.start(2)
            if self._has_doctype:
                self._require_references(literal, value)
            own = ROOT if is_namespace(key) else self._path_of(path, f"@{key}", begin)
            attributes.append(Attribute(key, begin, value, one.end(), own))
            decoded += [key, attribute_text(literal)]
        self.events.append(Event(EMPTY if is_empty else START, start, end, path, name, attributes))
        self.found.append((start, name, tuple(decoded)))
        if is_empty:
            self.found.append((end, "/" + name, ()))
        else:
            self._outer.append(self._path)
            self._path = path
        return end

    def _path_of(self, above: bytes, name: str, at: int) -> bytes:
        """Return the key path of the element or attribute *name* at *at*."""
        path = self._paths[above, name]
        if len(path) > LONGEST:
            self._refuse(at, "nested too deeply, or below names that are too long")
        return path

    def _add_other(self, start: int) -> int:
        """Add the markup at *start* that is not a tag; return its end."""
        text = self._text
        if text.startswith("<!--", start):
            end = self._end(start, "-->")
            content = text[start + 4 : end - 3]
            self.events.append(Event(COMMENT, start + 4, end - 3, self._path))
            self.found.append((start, "!", (_LINE_END.sub("\n", content),)))
        elif text.startswith("<?", start):
            end = self._end(start, "?>")
            match = _TARGET.match(text, start)
            name = match[1] if match else ""
            if name != "xml":
                self.found.append((start, "?", (name,)))
        else:
            match = _DOCTYPE.match(text, start)
            if match is None or self._has_doctype:
                is_doctype = text.startswith("<!", start)
                what = "a document type with definitions" if is_doctype else "expected a tag"
                self._refuse(start, what)
            end = match.end()
            self._has_doctype = True
        return end

    def _end(self, start: int, sign: str) -> int:
        """Return the end of the markup from *start* on, which ends with *sign*."""
        end = self._text.find(sign, start + 2)
        if end < 0:
            self._refuse(start, "markup without its end")
        return end + len(sign)

    def _require_references(self, source: str, at: int) -> None:
        """Raise FormatError if *source* has a reference to an entity that a document type may define."""
        if "&" in _REFERENCE.sub("", source):
            self._refuse(at, "a reference to an entity")

    def _refuse(self, at: int, message: str) -> NoReturn:
        _fail(self._text, at, message)


def _fail(text: str, at: int, message: str) -> NoReturn:
    from sealedfiles.formats.place import error_at  # few texts have errors

    raise error_at(text, at, message)


def _in_bytes(text: str, data: bytes, found: list[_Found]) -> list[_Found]:
    """Return *found* with offsets in *data*, which is *text* in UTF-8."""
    if len(data) == len(text):
        return found
    converted: list[_Found] = []
    before = offset = 0
    for at, name, decoded in found:
        offset += len(text[before:at].encode())
        before = at
        converted.append((offset, name, decoded))
    return converted


def _by_expat(data: bytes) -> list[_Found]:
    """Return the markup that expat finds in *data*.  Raises FormatError if it is not well-formed."""
    import pyexpat  # few commands read XML

    found: list[_Found] = []
    add = found.append
    # The encoding of the declaration is checked here, and expat never reads another file.
    parser = pyexpat.ParserCreate("UTF-8")
    parser.ordered_attributes = True

    def declared(version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise FormatError("the XML version is not 1.0", 1, 1)
        if encoding is None or encoding.lower() in ("utf-8", "utf8"):
            return
        if not ENCODINGS.fullmatch(encoding) or not data.isascii():
            raise FormatError("the encoding is not UTF-8", 1, 1)

    def doctype(_name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
        if has_subset:
            raise FormatError("a document type with definitions", parser.CurrentLineNumber, 1)

    handlers = {
        "XmlDeclHandler": declared,
        "StartDoctypeDeclHandler": doctype,
        "StartElementHandler": lambda name, attributes: add(
            (parser.CurrentByteIndex, name, tuple(attributes))
        ),
        "EndElementHandler": lambda name: add((parser.CurrentByteIndex, "/" + name, ())),
        "CommentHandler": lambda content: add((parser.CurrentByteIndex, "!", (content,))),
        "ProcessingInstructionHandler": lambda name, _: add(
            (parser.CurrentByteIndex, "?", (name,))
        ),
        "StartCdataSectionHandler": lambda: add((parser.CurrentByteIndex, "[", ())),
        "EndCdataSectionHandler": lambda: add((parser.CurrentByteIndex, "]", ())),
    }
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    try:
        parser.Parse(data, True)
    except pyexpat.ExpatError as error:
        message = pyexpat.ErrorString(error.code) or "not well-formed"
        raise FormatError(message, error.lineno, error.offset + 1) from None
    finally:
        for name in handlers:
            setattr(parser, name, None)
    return found
