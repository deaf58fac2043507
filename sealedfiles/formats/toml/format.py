"""The TOML format: its values, how a token is written, and its comments."""

from __future__ import annotations

import re
from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, CommentPlace, Format, Scan, Span
from sealedfiles.formats.events import COMMENT, Paths
from sealedfiles.formats.gaps import BLANKS, with_gaps
from sealedfiles.formats.toml.events import Reader, text_of
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEX = "[0-9a-fA-F]"


class TomlScan(Scan):
    """The values of one TOML text."""

    def __init__(self, text: str) -> None:
        events = Reader(text).read()
        paths = Paths(text, events)
        self.values = with_gaps(text, paths.values)
        self.scopes = paths.scopes
        """Where tables and collections begin and end, in file order."""
        self._comments = [(one.start, one.end) for one in events if one.kind == COMMENT]

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from the character after its ``#`` to the end of its line."""
        return self._comments


class TomlFormat(Format):
    """TOML: a token is written as a basic string."""

    name = "toml"
    quoted = True
    keeps_whole = True
    comment_signs = ("# ",)
    before_unusual = ('""', "''")
    sealed_value = lazy_pattern(
        r"(?:(?P<lines>\"\"\"|''')(?:\r?\n)?|(?P<quote>[\"']))"
        rf"(?P<token>{TOKEN_PATTERN})(?(lines)(?P=lines)|(?P=quote))"
    )
    sealed_comment = lazy_pattern(rf"(?<=# )(?P<token>{TOKEN_PATTERN})")
    escaped_token = lazy_pattern(
        r'(?P<quote>"""|")(?=[A-Za-z0-9_.:-]*\\)'
        rf"(?:[A-Za-z0-9_.:-]|\\(?:x{_HEX}{{2}}|u{_HEX}{{4}}|U{_HEX}{{8}}|[ \t]*\r?\n[ \t\r\n]*))"
        r"{100,}(?P=quote)",
        re.DOTALL,
    )

    def scan(self, text: str) -> TomlScan:
        """Find the values of *text*, with the quotes of strings.

        Raises FormatError with the position at which *text* is not TOML, or nested too deeply.
        """
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of a string, or any other value as it is written."""
        return text_of(literal.rstrip(BLANKS))

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* without its comment signs, one or several."""
        from sealedfiles.formats.event_comments import read_comment

        return read_comment(comment, Reader, "#")

    def parents(
        self, text: str, values: Sequence[Span], places: Sequence[CommentPlace]
    ) -> list[tuple[bytes, bool]]:
        """Return for each comment the path of its table or list."""
        from sealedfiles.formats.event_comments import find_parents
        from sealedfiles.formats.toml.comments import header_of

        return find_parents(text, values, places, self.scan(text).scopes, header_of)

    def closes(self, comment: str, sign: str) -> bool:
        """Return True if *comment* closes the quotes *sign*; in single quotes, nothing is escaped."""
        return sign in comment if sign == "'''" else super().closes(comment, sign)

    def brackets(self, comment: str) -> Iterable[tuple[int, str]]:
        """Return the brackets of *comment* that are not in strings, with their offsets."""
        from sealedfiles.formats.event_comments import brackets

        return brackets(comment)


TOML = TomlFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> TomlScan:
    return TomlScan(text)
