"""Commented-out entries in XML (docs/format.md, section 5).

The content of a comment need not be well-formed: it may be a part of an element.
"""

from __future__ import annotations

from collections import Counter

from sealedfiles.formats.base import Commented, Span
from sealedfiles.formats.lines import read_comment as read_line
from sealedfiles.formats.xml.events import BLANKS, is_namespace
from sealedfiles.formats.xml.names import KeyPaths
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import LONGEST, ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re

_NAME = r"[^\W\d][\w:.-]*"
_VALUE = r"(?:\"[^\"<]*\"|'[^'<]*')"
_PART = lazy_pattern(
    rf"<(?P<closing>/?)(?P<name>{_NAME})(?P<attributes>(?:\s+{_NAME}\s*=\s*{_VALUE})*)\s*(?P<empty>/?)>"
    rf"|<!\[CDATA\[|(?<![\w:.-])(?P<key>{_NAME})\s*=\s*(?P<value>{_VALUE})"
)
"""A tag, the start of a CDATA section, or an attribute outside of a complete tag."""
_ATTRIBUTE = lazy_pattern(rf"({_NAME})\s*=\s*({_VALUE})")
_LINE = lazy_pattern(r"[^\r\n]+")
_SIGNS = "#;*-"
"""What may be before an entry in a line of a comment."""


class _Reader:
    """Reads one comment."""

    def __init__(self, comment: str) -> None:
        self.comment = comment
        self.values: list[Span] = []
        self.is_entry = False
        self._paths = KeyPaths()
        self._open: list[tuple[str, bytes]] = []
        """The elements that are open, by name, and their paths."""
        self._counts: Counter[str] = Counter()
        """How many elements of each name are open."""
        self._first = len(comment) - len(comment.lstrip())

    def read(self) -> None:
        """Find the values."""
        at = 0
        for part in _PART.finditer(self.comment):
            if part["key"] is not None:
                self._text(at, part.start(), ROOT)
                self._attribute(part["key"], *part.span("value"))
            elif part["name"] is None:
                continue  # a CDATA section is a part of the text
            elif part["closing"]:
                self._close(at, part.start(), part["name"])
            else:
                self._text(at, part.start(), ROOT)
                self._tag(part)
            at = part.end()
        self._text(at, len(self.comment), ROOT)

    @property
    def _path(self) -> bytes:
        """The path of the innermost element that is open."""
        return self._open[-1][1] if self._open else ROOT

    def _tag(self, part: re.Match[str]) -> None:
        name = part["name"]
        inner = self._paths[self._path, name]
        if len(inner) > LONGEST:
            inner = self._paths[ROOT, name]
        self._open.append((name, inner))
        self._counts[name] += 1
        self.is_entry |= part.start() == self._first
        for found in _ATTRIBUTE.finditer(self.comment, *part.span("attributes")):
            self._attribute(found[1], *found.span(2))
        if part["empty"]:
            self._pop()

    def _attribute(self, name: str, start: int, end: int) -> None:
        if not is_namespace(name):
            self.is_entry = True
            self.values.append(Span(start, end, self._paths[self._path, f"@{name}"]))

    def _close(self, start: int, end: int, name: str) -> None:
        """Read a closing tag, which closes the last element of its name, with all that are open in it."""
        self.is_entry = True
        self._text(start, end, key_step(name))
        while self._counts[name] and self._pop() != name:
            pass

    def _pop(self) -> str:
        name = self._open.pop()[0]
        self._counts[name] -= 1
        return name

    def _text(self, start: int, end: int, path: bytes) -> None:
        """Read a text at the path of the element that is open, or at *path*; without these, by its lines."""
        path = self._path or path
        source = self.comment[start:end]
        content = source.strip(BLANKS)
        if path and content:
            begin = start + len(source) - len(source.lstrip(BLANKS))
            self.values.append(Span(begin, begin + len(content), path))
            return
        for line in _LINE.finditer(source):
            read = read_line(line[0], _SIGNS)
            if read.is_entry:
                self.is_entry = True
                at = start + line.start()
                self.values += [Span(at + a, at + b, step) for a, b, step in read.values]


def read_comment(comment: str) -> Commented:
    """Return the content of *comment*, the text between its signs, without white space and signs of lists.

    Its values are those of attributes in quotes, the texts of elements (also of those that are not closed),
    and those of lines such as ``key=value``.
    """
    content = len(comment) - len(comment.lstrip(f"{BLANKS}{_SIGNS}"))
    if content == len(comment):
        return Commented(-1)
    reader = _Reader(comment)
    reader.read()
    return Commented(content, reader.values, is_entry=reader.is_entry)
