"""The XML format: its values, how a token is written, and its comments.

Values are those of attributes, with their quotes, and the texts of elements, without the white space around
them.  The position among elements of the same name is not part of a key path, like that of a document in
YAML.
"""

from __future__ import annotations

from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, CommentPlace, Format, Scan, Span
from sealedfiles.formats.xml.events import COMMENT, TEXT, read, text_of
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealedfiles.model.address import Address

_QUOTED = lazy_pattern("\"[^\"]*\"|'[^']*'")

TEXT_KEY = "#text"
"""The key of the text of an element with attributes or children; key paths do not have it."""


class XmlScan(Scan):
    """The values of one text."""

    def __init__(self, text: str) -> None:
        self.values: list[Span] = []
        self.parents: dict[int, bytes] = {}
        """The path of the element that each comment is in, by the start of the comment."""
        self._comments: list[tuple[int, int]] = []
        add = self.values.append
        for kind, start, end, path, _, attributes in read(text):
            if kind == TEXT:
                add(Span(start, end, path))
            elif kind == COMMENT:
                self._comments.append((start, end))
                self.parents[start] = path
            else:
                self.values += [
                    Span(one.value, one.end, one.path) for one in attributes if one.path
                ]

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from after ``<!--`` to ``-->``."""
        return self._comments


class XmlFormat(Format):
    """XML: a token has the quotes of its literal; the text of an element has none."""

    name = "xml"
    quoted = False
    keeps_whole = True
    comment_signs = ("<!-- ",)
    comment_end = " "
    longest_comment = 1 << 14
    sealed_value = lazy_pattern(
        rf"(?:(?P<cdata><!\[CDATA\[)|(?P<quote>[\"']))?(?P<token>{TOKEN_PATTERN})"
        r"(?(cdata)\]\]>)(?(quote)(?P=quote))"
    )

    def scan(self, text: str) -> XmlScan:
        """Find the values of *text*.

        Raises FormatError with the position at which *text* is not well-formed, is nested too deeply, or has
        something that programs read in different ways.
        """
        return _scan(text)

    def write_token(self, literal: str, token: str) -> str:
        """Return *token* in the quotes of *literal*, if it has any."""
        quote = literal[0] if _QUOTED.fullmatch(literal) else ""
        return f"{quote}{token}{quote}"

    def decode(self, literal: str) -> str:
        """Return the text of *literal*, without quotes around it.

        A token that is written with references or in pieces is not a token: it is returned as it is written.
        """
        source = literal[1:-1] if _QUOTED.fullmatch(literal) else literal
        text = text_of(source)
        is_spelled = text.startswith("sealed:v") and source not in (text, f"<![CDATA[{text}]]>")
        return literal if is_spelled else text

    def fits_comment(self, token: str) -> bool:
        """Return True if *token* may be in a comment, which must not have ``--``."""
        return "--" not in token

    def path_of(self, address: Address) -> bytes:
        """Return the key path of the value at *address*: it has no positions."""
        return b"".join(
            key_step(step) for step in address if isinstance(step, str) and step != TEXT_KEY
        )

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment*."""
        from sealedfiles.formats.xml.comments import read_comment

        return read_comment(comment)

    def parents(
        self,
        text: str,
        values: Sequence[Span],  # noqa: ARG002 - comments are in elements
        places: Sequence[CommentPlace],
    ) -> list[tuple[bytes, bool]]:
        """Return for each comment the path of the element that it is in."""
        found = self.scan(text).parents
        return [(found.get(place.start, ROOT), False) for place in places]


XML = XmlFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> XmlScan:
    return XmlScan(text)
