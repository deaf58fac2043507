"""The content of one stored file, read without any key: tokens and their positions, and plaintext."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property, lru_cache

from sealedfiles.formats.base import Format, Span
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import TOKEN, Token, split
from sealedfiles.sealing.file import File, line_of
from sealedfiles.sealing.opened_tokens import is_token, token_of
from sealedfiles.sealing.sealed_text import SealedText, Text
from sealedfiles.util.lazy_pattern import lazy_pattern

EMPTY = "empty"
WHOLE = "whole"
"""The file is one token."""
OPAQUE = "opaque"
"""The file is in plaintext, and its format has no separate values, or it is not UTF-8."""
VALUES = "values"
BROKEN = "broken"
"""The file is in plaintext, and does not parse in its format."""

_LINE_END = lazy_pattern(r"\r\n|\n|\r")

VALUE, COMMENT, NOWHERE = "value", "comment", "nowhere"


class Held(NamedTuple):
    """A token and its position."""

    start: int
    token: str
    place: str
    """VALUE: a whole value.  COMMENT: a sealed comment, or a value that was commented out.  NOWHERE:
    neither; it is not decrypted there."""
    path: bytes | None
    """The encoded key path of the value that it is or is part of."""
    names: Token
    """Its group, key and file id; ``body`` is empty."""


def hold(start: int, token: str, place: str, path: bytes | None) -> Held:
    """Return a token with its position."""
    return Held(start, token, place, path, _names(token[: token.rindex(":") + 1]))


@lru_cache(1024)
def _names(prefix: str) -> Token:
    """Split the common prefix of all tokens of a file under one key."""
    return split(prefix)


class Content:
    """The content of one version of one file."""

    def __init__(
        self, file: File, state: str, text: str = "", held: list[Held] | None = None
    ) -> None:
        self.file = file
        self.state = state
        self.text = text
        """The text without BOM; offsets refer to it."""
        self.held = held or []
        """Every token, in file order."""
        self.plain: list[Span] = []
        """The values in plaintext."""
        self.newer: list[Span] = []
        """The values that are tokens of an unsupported version."""
        self.comments: list[tuple[int, int]] = []
        """The comments in plaintext."""
        self.broken_line = 0
        """The line of the parse error, if the file does not parse."""
        self.broken_reason = ""
        """The message of the parser, without any text of the file."""
        self.conflict_line = 0
        """The line of the first conflict marker, if there is one."""

    def line(self, at: int) -> int:
        """Return the line, counted from 1, of the offset *at*."""
        return 1 + bisect_right(self._breaks, at)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.end() for match in _LINE_END.finditer(self.text)]

    @cached_property
    def sealed(self) -> dict[bytes, str]:
        """The key paths of the values that are tokens, each with the group of its token."""
        return {
            one.path: one.names.group
            for one in self.held
            if one.place == VALUE and one.path is not None
        }

    @property
    def ids(self) -> list[str]:
        """The file id of every token, in file order."""
        return [one.names.file_id for one in self.held]


def read_content(data: bytes, file: File) -> Content:
    """Read *data*, a file as git stores it."""
    if not data:
        return Content(file, EMPTY)
    version = SealedText(data, file)
    if version.whole is not None:
        text = data.decode("utf-8", "replace")
        return Content(
            file, WHOLE, text, [hold(text.index(version.whole), version.whole, VALUE, None)]
        )
    if version.form is None:
        # Do not decode a large binary without need.
        text = data.decode("utf-8", "replace") if b"sealed:v1:" in data else ""
        return Content(file, OPAQUE, text, _unplaced(text, []))
    text = version.text
    if version.error is not None and version.sides:
        return _conflict(version, file)
    if version.error is not None:
        content = Content(file, BROKEN, text, _unplaced(text, []))
        content.broken_line, content.broken_reason = version.error.line, version.error.message
        return content
    content = Content(file, VALUES, text)
    if version.sides and version.form.name == "dotenv":
        # Every text parses as a .env file, even with conflict markers.
        content.conflict_line = _first_marker(text)
    _sort_out(content, version, version.form)
    return content


def _sort_out(content: Content, version: Text, file_format: Format) -> None:
    text, values = content.text, version.values
    held, plain = content.held, content.plain
    for span in values:
        start, end, path = span
        token = token_of(text[start:end], file_format)
        if token:
            at = text.find(token, start, end)
            held.append(hold(start if at < 0 else at, token, VALUE, path))
        elif is_token(text[start:end], file_format):
            content.newer.append(span)
        else:
            plain.append(span)
    may_have_comments = any(sign[0] in text for sign in file_format.comment_signs)
    comments = version.comments if may_have_comments else []
    content.comments = [
        (start, end) for start, end in comments if not TOKEN.fullmatch(text[start:end].strip())
    ]
    if text.count("sealed:v1:") > len(held):
        known = {one.start for one in held}
        commented = dict(_commented(text, comments, file_format))
        for one in _unplaced(text, values):
            if one.start in known or _is_in_a_token(one.start, values, known):
                continue
            is_comment = commented.get(one.start) == one.token
            held.append(one._replace(place=COMMENT, path=None) if is_comment else one)
        held.sort()


def _commented(
    text: str, comments: list[tuple[int, int]], file_format: Format
) -> Iterator[tuple[int, str]]:
    """Yield the tokens that are comments, with their offsets: alone, or as the value of an entry.

    A user who cannot read a value may comment it out as a token.
    """
    for start, end in comments:
        comment = text[start:end]
        if "sealed:v1:" not in comment:
            continue
        sealed = comment[1:].removesuffix(file_format.comment_end)
        if comment.startswith(" ") and TOKEN.fullmatch(sealed):
            yield start + 1, sealed
        for entry in file_format.commented(comment).values:
            match = file_format.sealed_value.fullmatch(comment, entry.start, entry.end)
            if match:
                yield start + match.start("token"), match["token"]


def _unplaced(text: str, values: list[Span]) -> list[Held]:
    """Return every token of *text* as NOWHERE, with the path of the value around it."""
    found = []
    starts = [span.start for span in values]
    for match in TOKEN.finditer(text) if "sealed:v1:" in text else ():
        at = bisect_right(starts, match.start()) - 1
        inside = at >= 0 and match.start() < values[at].end
        found.append(hold(match.start(), match[0], NOWHERE, values[at].path if inside else None))
    return found


def _is_in_a_token(start: int, values: list[Span], known: set[int]) -> bool:
    """Return True if an offset is in a value that is already recorded as a token."""
    at = bisect_right(values, start, key=lambda span: span.start) - 1
    return at >= 0 and start < values[at].end and values[at].start in known


def _conflict(version: SealedText, file: File) -> Content:
    """Read a text with conflict markers: a value in plaintext on any side is in plaintext."""
    assert version.form is not None  # noqa: S101 - the caller has a structured file
    text = version.text
    content = Content(file, VALUES, text)
    content.conflict_line = _first_marker(text)
    plain: dict[int, Span] = {}
    held: dict[int, Held] = {}
    for side, read in version.sides:
        one = Content(file, VALUES, side.text)
        if read.scan is None:
            one.held = _unplaced(side.text, [])
        else:
            _sort_out(one, read, version.form)
        for span in one.plain:
            start, end = side.origin(span.start), side.origin(span.end - 1) + 1
            plain[start] = Span(start, end, span.path)
        for token in one.held:
            at = side.origin(token.start)
            if at not in held or held[at].place == NOWHERE:
                held[at] = token._replace(start=at)
    content.plain = [span for _, span in sorted(plain.items())]
    content.held = [one for _, one in sorted(held.items())]
    return content


def _first_marker(text: str) -> int:
    return line_of(text, 0 if text.startswith("<<<<<<<") else text.index("\n<<<<<<<") + 1)
