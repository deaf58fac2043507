"""The format of Terraform's .tfvars files: their values, how a token is written, and comments."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, CommentPlace, Format, Scan, Span
from sealedfiles.formats.commented import read_block
from sealedfiles.formats.events import COMMENT, Paths
from sealedfiles.formats.gaps import BLANKS, with_gaps
from sealedfiles.formats.tfvars.events import Reader, text_of
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEX = "[0-9a-fA-F]"


class TfvarsScan(Scan):
    """The values of one text."""

    def __init__(self, text: str) -> None:
        events = Reader(text).read()
        paths = Paths(text, events)
        self.values = with_gaps(text, paths.values, ("#", "//", "/*"))
        self.scopes = paths.scopes
        """Where collections begin and end, in file order."""
        self._comments = sorted((one.start, one.end) for one in events if one.kind == COMMENT)

    def comments(self) -> list[tuple[int, int]]:
        """Return the comments, each from after its sign to the end of its line, or to the blanks before
        ``*/``."""
        return self._comments


class TfvarsFormat(Format):
    """Terraform variables: a token is written as a string in quotes."""

    name = "tfvars"
    quoted = True
    keeps_whole = True
    comment_signs = ("# ", "// ", "/* ")
    sealed_value = lazy_pattern(rf'"(?P<token>{TOKEN_PATTERN})"')
    sealed_comment = lazy_pattern(rf"(?:(?<=# )|(?<=// )|(?<=/\* ))(?P<token>{TOKEN_PATTERN})")
    escaped_token = lazy_pattern(
        rf'"(?=[A-Za-z0-9_.:-]*\\)(?:[A-Za-z0-9_.:-]|\\(?:u{_HEX}{{4}}|U{_HEX}{{8}})){{100,}}"'
    )

    def scan(self, text: str) -> TfvarsScan:
        """Find the values of *text*, with the quotes of strings.

        Raises FormatError with the position at which *text* has anything but literal values, or is nested too
        deeply.
        """
        return _scan(text)

    def decode(self, literal: str) -> str:
        """Return the text of a string, or any other value as it is written."""
        return text_of(literal.rstrip(BLANKS))

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* without its comment signs, one or several."""
        from sealedfiles.formats.event_comments import read_comment

        return read_block(comment, lambda text: read_comment(text, Reader, "#/*"))

    def parents(
        self, text: str, values: Sequence[Span], places: Sequence[CommentPlace]
    ) -> list[tuple[bytes, bool]]:
        """Return for each comment the path of its list or object."""
        from sealedfiles.formats.event_comments import find_parents

        return find_parents(text, values, places, self.scan(text).scopes)

    def closes(self, comment: str, sign: str) -> bool:
        """Return True if *comment* is the end *sign* of a text that a comment above it begins."""
        return comment.strip() == sign

    def brackets(self, comment: str) -> Iterable[tuple[int, str]]:
        """Return the brackets of *comment* that are not in strings, with their offsets."""
        from sealedfiles.formats.event_comments import brackets

        return brackets(comment)


TFVARS = TfvarsFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> TfvarsScan:
    return TfvarsScan(text)
