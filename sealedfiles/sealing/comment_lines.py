"""The comments of a text as lines: which lines belong together, and which lines are the body of an entry.

All of this takes linear time, or linear times a logarithm: anyone can write any comment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from sealedfiles.formats.base import Commented, CommentPlace, Format, Span
from sealedfiles.formats.gaps import BLANKS
from sealedfiles.light_typing import NamedTuple

_TAB = 8


class CommentLine(NamedTuple):
    """One comment."""

    start: int
    end: int
    column: int
    """The column of its content, with tab stops of 8; -1 if it has no content."""
    indent: int
    """The column of its content if ``#`` and one blank are the comment sign: the column of an entry."""
    read: Commented


class PlacedComment(NamedTuple):
    """A comment and its place."""

    text: str
    """The text after its sign."""
    values: tuple[tuple[bytes, str], ...] = ()
    """The key paths and decoded values of its entry.  In JSON, its key paths are relative to the comment."""
    alone: tuple[tuple[bytes, str], ...] = ()
    """What it would be without its sign; key paths are relative, but not in XML."""
    joined: tuple[tuple[bytes, str], ...] = ()
    """What it would be without its sign together with the comments below it that belong to it."""
    lines: int = 1
    """The number of comments, from this one on, that ``joined`` is from."""

    @property
    def uncommented(self) -> tuple[tuple[bytes, str], ...]:
        """What it would be without its sign, alone or with other comments."""
        return (*self.alone, *self.joined)


class CommentLines:
    """The comments of *text*, in file order.

    A *block* is a comment and the comments below it that each have a line of their own, if nothing but
    blank lines is between them; a *paragraph* is a part of a block without blank lines and without
    empty comments.

    What a comment for which *is_unread* is true opens or closes is unknown: it ends what is open above it.
    """

    def __init__(
        self,
        text: str,
        values: Sequence[Span],
        comments: Sequence[tuple[int, int]],
        file_format: Format,
        is_unread: Callable[[str], bool] | None = None,
    ) -> None:
        self._text = text
        self._values = values
        self._format = file_format
        self._closings: dict[str, list[int]] = {}
        self._signs = tuple(sign.rstrip() for sign in file_format.comment_signs)
        self._unread = {
            index
            for index, (start, end) in enumerate(comments if is_unread else ())
            if is_unread and is_unread(text[start:end])
        }
        self.lines = [self._line(index, start, end) for index, (start, end) in enumerate(comments)]
        count = len(self.lines)
        self._block_end = [count] * count
        self._paragraph_end = [count] * count
        for index in range(count - 2, -1, -1):
            line, below = self.lines[index], self.lines[index + 1]
            between = text[line.end : self._sign_of(below.start)]
            in_block = not between.strip(f"{BLANKS}\r\n")
            in_paragraph = in_block and between.strip(" \t") in ("\n", "\r\n", "\r")
            in_paragraph = in_paragraph and line.column >= 0 and below.column >= 0
            self._block_end[index] = self._block_end[index + 1] if in_block else index + 1
            following = self._paragraph_end[index + 1]
            self._paragraph_end[index] = following if in_paragraph else index + 1

    def body_end(self, index: int) -> int:
        """Return the number after the last line of the body of the entry in line *index*."""
        read = self.lines[index].read
        end = index + 1
        if read.body >= 0:
            end = self._indented_end(index)
        if read.opens:
            end = max(end, self._closing_end(index, read.opens))
        return end

    @cached_property
    def parents(self) -> list[tuple[bytes, bool]]:
        """The path above each line if it is an entry, and whether it is among the items of a list."""
        places = [CommentPlace(line.start, line.indent, line.read) for line in self.lines]
        return self._format.parents(self._text, self._values, places)

    def text_of(self, index: int) -> str:
        """Return the text of a comment, without its ``#``."""
        line = self.lines[index]
        return self._text[line.start : line.end]

    def _line(self, index: int, start: int, end: int) -> CommentLine:
        comment = self._text[start:end]
        unread = Commented(len(comment) - len(comment.lstrip()))
        read = unread if index in self._unread else self._format.commented(comment)
        if read.content < 0:
            return CommentLine(start, end, -1, -1, read)
        sign = self._sign_of(start)
        begin = max(self._text.rfind("\n", 0, sign), self._text.rfind("\r", 0, sign)) + 1
        before = self._text[begin:sign]
        # After a value, the indentation of its continuation lines is unknown.
        before = "" if before.strip(BLANKS) else before
        hash_column = len(before.expandtabs(_TAB))
        content = f"{before}#{comment[: read.content]}"
        column = len(content.expandtabs(_TAB))
        return CommentLine(start, end, column, max(hash_column, column - 2), read)

    def _sign_of(self, start: int) -> int:
        """Return the start of the sign of the comment whose text begins at *start*."""
        for sign in self._signs:
            if self._text.endswith(sign, 0, start):
                return start - len(sign)
        return start

    def _indented_end(self, index: int) -> int:
        """Return the end of the lines below *index* that are to the right of where its entry begins.

        Below ``#key: value`` a line of prose, ``# prose``, is not indented. Below ``#key: |`` it may be part
        of the scalar.
        """
        line = self.lines[index]
        columns = self._columns if line.read.is_block else self._indents
        limit = columns[0][index] + line.read.body - line.read.content
        block = self._block_end[index]
        below = self._first_left(index, limit, *columns)
        if line.read.takes_items:
            while below < block and self._is_item_at(below, limit):
                below = self._first_left(below, limit, *columns)
        return below

    def _is_item_at(self, index: int, indent: int) -> bool:
        line = self.lines[index]
        at = line.start + line.read.content
        return line.indent == indent and self._text.startswith(("- ", "-\t"), at)

    def _first_left(self, index: int, limit: int, columns: list[int], left: list[int]) -> int:
        """Return the first line below *index* whose content is not right of *limit*, or where the block
        ends."""
        following = self._filled[index + 1]
        while following < len(self.lines) and columns[following] > limit:
            following = left[following]
        return min(following, self._block_end[index])

    @cached_property
    def _columns(self) -> tuple[list[int], list[int]]:
        columns = [line.column for line in self.lines]
        return columns, _next_left(columns)

    @cached_property
    def _indents(self) -> tuple[list[int], list[int]]:
        indents = [line.indent for line in self.lines]
        return indents, _next_left(indents)

    @cached_property
    def _filled(self) -> list[int]:
        """For each line: itself or the next line that has content."""
        count = len(self.lines)
        found = [count] * (count + 1)
        for index in range(count - 1, -1, -1):
            found[index] = index if self.lines[index].column >= 0 else found[index + 1]
        return found

    def _closing_end(self, index: int, sign: str) -> int:
        """Return the end of the lines up to the one that closes what line *index* opens; if none does, the
        end of its paragraph."""
        if sign == "\\":
            return min(self._last_of_continued[index] + 1, self._block_end[index])
        closing = self._closing(sign)[index]
        return closing + 1 if closing < self._block_end[index] else self._paragraph_end[index]

    @cached_property
    def _last_of_continued(self) -> list[int]:
        """For each line: itself or the next line that does not end in an escaped line end."""
        count = len(self.lines)
        found = [count] * (count + 1)
        for index in range(count - 1, -1, -1):
            found[index] = found[index + 1] if _goes_on(self.text_of(index)) else index
        return found

    def _closing(self, sign: str) -> list[int]:
        """For each line: the next line that closes *sign*; a number that is too large if none does."""
        if sign not in self._closings:
            self._closings[sign] = self._closing_brackets() if sign == "[" else self._next(sign)
        return self._closings[sign]

    def _next(self, sign: str) -> list[int]:
        is_end = sign == "-----END "
        count = len(self.lines)
        found = [count] * count
        closing = count
        for index in range(count - 1, -1, -1):
            found[index] = closing
            comment = self.text_of(index)
            closes = sign in comment if is_end else self._format.closes(comment, sign)
            if closes or index in self._unread:
                closing = index
        return found

    def _closing_brackets(self) -> list[int]:
        """For each line: the line that closes the first bracket that is left open in it."""
        count = len(self.lines)
        found = [count] * count
        opened: list[int] = []
        block = 0
        for index in range(count):
            if index >= block or index in self._unread:
                for opener in opened:
                    found[opener] = count if index >= block else index
                opened, block = [], self._block_end[index]
            for _, sign in self._format.brackets(self.text_of(index)):
                if sign in "[{":
                    opened.append(index)
                elif opened:
                    opener = opened.pop()
                    # Of several brackets that one line leaves open, the first is closed last.
                    found[opener] = index if opener != index else found[opener]
        for opener in opened:
            found[opener] = count
        return found


def _goes_on(comment: str) -> bool:
    """Return True if the last character of a line is a backslash that escapes its end."""
    return (len(comment) - len(comment.rstrip("\\"))) % 2 == 1


def _next_left(columns: list[int]) -> list[int]:
    """Return for each line the next one whose content is not further to the right, without empty lines."""
    following = [len(columns)] * len(columns)
    waiting: list[int] = []
    for index, column in enumerate(columns):
        if column < 0:
            continue
        while waiting and columns[waiting[-1]] >= column:
            following[waiting.pop()] = index
        waiting.append(index)
    return following
