"""YAML: the source span of every scalar value, of tag and anchor too, in block and flow style.

Keys, comments, structure and aliases stay as they are.  How values are found, the same on every
machine, is in ``yaml.events``; what their source means, in ``yaml.literal``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from sealedfiles.formats.base import KEPT, Commented, CommentPlace, Format, Scan, Span, end_of
from sealedfiles.formats.gaps import with_gaps
from sealedfiles.formats.yaml import literal as yaml_literal
from sealedfiles.formats.yaml.plain import find_plain
from sealedfiles.model.token import TOKEN_PATTERN
from sealedfiles.util.lazy_pattern import lazy_pattern

_COMMENT = lazy_pattern(r"#([^\r\n]*)")
_BREAKS_OF_OTHERS = lazy_pattern("[\x85\u2028\u2029]")
_BEFORE_COMMENT = " \t\r\n,[]{}\"'"
"""The characters that can precede a comment: blanks, and with some parsers also the end of a token."""


class YamlScan(Scan):
    """The values of one YAML text."""

    def __init__(self, text: str) -> None:
        self._keys: list[Span] = []
        plain = values = find_plain(text)
        if values is None:
            from sealedfiles.formats.yaml.events import find  # here: most texts need no parser

            values, self._keys = find(text)
        self.values = with_gaps(text, values)
        self._text = text
        if plain is None:
            self._refuse_breaks_in_comments()

    def _refuse_breaks_in_comments(self) -> None:
        """Raise FormatError if a comment continues after a character that YAML 1.1 reads as a line end.

        Otherwise anyone with push access could add a value that other programs read and this one does not.
        """
        at = next(self._breaks(self.comments()), None)
        if at is not None:
            from sealedfiles.formats.place import error_at

            name = f"U+{ord(self._text[at]):04X}"
            raise error_at(self._text, at, f"a comment contains {name}, a line end in YAML 1.1")

    def other_line_ends(self) -> Iterator[int]:
        """Yield the offset of each character outside of quotes that only YAML 1.1 reads as a line end."""
        text = self._text
        quoted = [
            (start, end)
            for start, end, _ in sorted(self.values + self._keys)
            if text[yaml_literal.content_start(text, start, end)] in "\"'"
        ]
        ends = [0, *(end for _, end in quoted)]
        starts = [*(start for start, _ in quoted), len(text)]
        return self._breaks(zip(ends, starts, strict=True))

    def _breaks(self, parts: Iterable[tuple[int, int]]) -> Iterator[int]:
        if self._text.isascii() or not _BREAKS_OF_OTHERS.search(self._text):
            return
        for start, end in parts:
            for found in _BREAKS_OF_OTHERS.finditer(self._text, start, end):
                yield found.start()

    def comments(self) -> list[tuple[int, int]]:
        """Return every comment, from the character after its ``#`` to the end of its line.

        A comment on the header line of a block scalar, or between a value's anchor or tag and the value,
        belongs to that value's literal and is not included.
        """
        text = self._text
        if "#" not in text:
            return []
        scalars = sorted(self.values + self._keys) if self._keys else self.values
        comments = []
        at = text.find("#")
        while at >= 0:
            index = bisect_left(scalars, (at + 1,)) - 1
            end = scalars[index].end if index >= 0 else 0
            if end <= at:
                end = at + 1
                if at == 0 or text[at - 1] in _BEFORE_COMMENT:
                    end = end_of(_COMMENT.match(text, at))
                    comments.append((at + 1, end))
            at = text.find("#", end)
        return comments


class YamlFormat(Format):
    """YAML: a token is written in double quotes, after a copy of the value's anchor."""

    name = "yaml"
    quoted = True
    comment_signs = ("# ",)
    sealed_value = lazy_pattern(rf"(?P<quote>[\"']?)(?P<token>{TOKEN_PATTERN})(?P=quote)")
    escaped_token = lazy_pattern(
        r'"(?=[A-Za-z0-9_.:-]*\\)(?:[A-Za-z0-9_.:-]'
        r"|\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|(?:\r\n|\n|\r)[ \t]*)){100,}\""
    )

    def scan(self, text: str) -> YamlScan:
        """Find the values of *text* (no BOM at its start).

        Raises FormatError with the position at which *text* is not YAML, a collection or an alias of a value
        is a mapping key, or an alias has no anchor.
        """
        return _scan(text)

    def write_token(self, literal: str, token: str) -> str:
        """Return *token* in double quotes, after a copy of the anchor if *literal* has one."""
        anchor = yaml_literal.anchor(literal)
        return f'"{token}"' if anchor is None else f'&{anchor} "{token}"'

    def source_start(self, text: str, at: int, literal: str) -> int:
        """Return the start of the anchor in front of *at* if *literal* has an anchor; else *at*."""
        anchor = yaml_literal.anchor(literal)
        if anchor is None:
            return at
        end = at
        while end and text[end - 1] in " \t\r\n":
            end -= 1
        start = end - len(anchor) - 1
        return start if end < at and start >= 0 and text.startswith(f"&{anchor}", start) else -1

    def anchor(self, literal: str) -> str | None:
        """Return the name of the anchor of *literal*, or None."""
        return yaml_literal.anchor(literal)

    def decode(self, literal: str) -> str:
        """Return the text that *literal* represents; a value that is not a string as it is written."""
        return yaml_literal.decode(literal)

    def commented(self, comment: str) -> Commented:
        """Return what *comment* is without its comment signs."""
        from sealedfiles.formats.yaml import comments  # here: most files have none

        return comments.read_comment(comment)

    def parents(
        self, text: str, values: Sequence[Span], places: Sequence[CommentPlace]
    ) -> list[tuple[bytes, bool]]:
        """Return the path above each commented-out entry, guessed from its indentation."""
        from sealedfiles.formats.yaml.comments import find_parents

        return find_parents(text, values, places)

    def closes(self, comment: str, sign: str) -> bool:
        """Return True if the line *comment* closes the quote *sign* of a line above it."""
        return comment.count(sign) % 2 == 1 if sign == "'" else super().closes(comment, sign)

    def brackets(self, comment: str) -> Iterable[tuple[int, str]]:
        """Return the brackets of *comment* that are not in quotes, with their offsets."""
        from sealedfiles.formats.yaml.comments import brackets

        return brackets(comment)


YAML = YamlFormat()


@lru_cache(maxsize=KEPT)
def _scan(text: str) -> YamlScan:
    return YamlScan(text)
