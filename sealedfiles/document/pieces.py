"""Finding the tokens of a sealed text and opening them, one by one.

What comes out is not yet to be trusted: a token opens wherever it stands.  Whether it stands where
it was made for is seen from the opened text (``sealedfiles.document.opening``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import TamperedError
from sealedfiles.token import COMMENT, TOKEN, VALUE, split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from re import Match

    from sealedfiles.document.file import Keys
    from sealedfiles.formats.base import Format
    from sealedfiles.token import FileKey


class Piece(NamedTuple):
    """A token that was opened: ``text[start:end]`` is what its literal replaces."""

    start: int
    end: int
    literal: str
    kind: int
    path_tag: bytes
    occurrence: int
    key: FileKey
    token: str


class Closed(NamedTuple):
    """A token that stays sealed, the offset it stands at, and why."""

    start: int
    reason: str
    token: str


def find_pieces(
    text: str, file_format: Format, keys: Keys, right_id: str
) -> tuple[list[Piece], list[Closed]]:
    """Open every token of *text* that is of the file with *right_id* and whose key is at hand."""
    pieces: list[Piece] = []
    closed: list[Closed] = []
    seen = 0
    by_prefix: dict[str, FileKey | None] = {}
    has_anchor = "anchor" in file_format.sealed_value.groupindex
    for match in file_format.sealed_value.finditer(text):
        seen += 1
        token = match["token"]
        prefix = token[: token.rindex(":") + 1]
        if prefix not in by_prefix:
            by_prefix[prefix] = (
                keys.for_prefix(prefix) if split(prefix).file_id == right_id else None
            )
        key = by_prefix[prefix]
        if key is None:
            reason = "no-key" if split(prefix).file_id == right_id else "foreign"
            closed.append(Closed(match.start("token"), reason, token))
            continue
        try:
            content = key.open(token[len(prefix) :])
            literal = content.literal.decode("utf-8")
        except (TamperedError, UnicodeDecodeError):
            closed.append(Closed(match.start("token"), "damaged", token))
            continue
        if content.kind == VALUE:
            if has_anchor and match["anchor"] and not _same_anchor(match, literal, file_format):
                closed.append(Closed(match.start("token"), "misplaced", token))
                continue
            start, end = match.span()
        else:
            start, end = match.span("token")
            in_comment = content.kind == COMMENT and text[start - 2 : start] == "# "
            trouble = "" if in_comment else "misplaced"
            if in_comment:
                literal, trouble = _open_layers(literal, keys)
            if trouble:
                closed.append(Closed(start, trouble, token))
                continue
            start -= 1
        pieces.append(
            Piece(
                start, end, literal, content.kind, content.path_tag, content.occurrence, key, token
            )
        )
    if seen != text.count("sealed:v1:"):
        closed.extend(_stray(text, {p.token for p in pieces} | {c.token for c in closed}))
        closed.sort()
    return pieces, closed


def splice(text: str, pieces: Iterable[Piece]) -> str:
    """Return *text* with the literal of every piece in its place."""
    out = []
    at = 0
    for piece in pieces:
        out.append(text[at : piece.start])
        out.append(piece.literal)
        at = piece.end
    out.append(text[at:])
    return "".join(out)


def _same_anchor(match: Match[str], literal: str, file_format: Format) -> bool:
    """Tell whether the anchor before a token is the copy of its literal's own."""
    own = file_format.sealed_value.fullmatch(file_format.write_token(literal, match["token"]))
    return own is not None and own["anchor"] == match["anchor"]


def _open_layers(literal: str, keys: Keys) -> tuple[str, str]:
    """Return a comment's literal with all its layers opened, and why not where one does not open.

    A comment that was sealed for the values of several groups is a token in a token; opened are all
    of its layers, or none.
    """
    while literal.startswith(" ") and (inner := TOKEN.fullmatch(literal, 1)):
        parts = split(inner[0])
        key = keys.for_prefix(parts.prefix)
        if key is None:
            return literal, "no-key"
        try:
            content = key.open(parts.body)
            literal = content.literal.decode("utf-8")
        except (TamperedError, UnicodeDecodeError):
            return literal, "damaged"
        if content.kind != COMMENT:
            return literal, "misplaced"
    return literal, ""


def _stray(text: str, known: set[str]) -> list[Closed]:
    """Return the tokens that stand where no value's source can, in a longer JSON string say."""
    matches = TOKEN.finditer(text)
    return [Closed(m.start(), "misplaced", m[0]) for m in matches if m[0] not in known]
