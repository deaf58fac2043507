"""Finding the tokens of a sealed text and opening them, one by one.

What comes out is not yet to be trusted: a token opens wherever it stands.  Whether it stands where
it was made for is seen from the opened text (``sealedfiles.document.opening``).
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.document.file import choose_file_id
from sealedfiles.errors import TamperedError
from sealedfiles.token import COMMENT, TOKEN, VALUE, split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from re import Match

    from sealedfiles.document.file import File, Keys
    from sealedfiles.formats.base import Format
    from sealedfiles.token import Content, FileKey


_start = itemgetter(0)


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
    text: str, file: File, keys: Keys, right_id: str | None = None
) -> tuple[list[Piece], list[Closed]]:
    """Open every token of *text* that is of the file with *right_id* and whose key is at hand.

    Where *right_id* is None the text itself tells it.
    """
    assert file.format is not None  # noqa: S101 - callers have a structured file
    matches = list(file.format.sealed_value.finditer(text))
    tokens = [match["token"] for match in matches]
    closed = [] if len(tokens) == text.count("sealed:v1:") else _stray(text, tokens)
    if right_id is None:
        right_id = choose_file_id(file.path, tokens + [one.token for one in closed])
    pieces: list[Piece] = []
    by_prefix: dict[str, list[int]] = {}
    for number, token in enumerate(tokens):
        prefix = token[: token.rindex(":") + 1]
        if prefix in by_prefix:
            by_prefix[prefix].append(number)
        else:
            by_prefix[prefix] = [number]
    for prefix, numbers in by_prefix.items():
        is_own = split(prefix).file_id == right_id
        key = keys.for_prefix(prefix) if is_own else None
        if key is None:
            reason = "no-key" if is_own else "foreign"
            closed += [Closed(matches[n].start("token"), reason, tokens[n]) for n in numbers]
            continue
        length = len(prefix)
        contents = key.open_all([tokens[n][length:] for n in numbers])
        for number, content in zip(numbers, contents, strict=True):
            one = _open_match(matches[number], tokens[number], content, key, file.format, keys)
            if isinstance(one, Piece):
                pieces.append(one)
            else:
                closed.append(one)
    if len(by_prefix) > 1:
        pieces.sort(key=_start)
    closed.sort()
    return pieces, closed


def _open_match(
    match: Match[str],
    token: str,
    content: Content | None,
    key: FileKey,
    file_format: Format,
    keys: Keys,
) -> Piece | Closed:
    """Return what a token that was opened puts in its place, or why it stays sealed."""
    if content is None:
        return Closed(match.start("token"), "damaged", token)
    kind, occurrence, path_tag, data = content
    try:
        literal = data.decode("utf-8")
    except UnicodeDecodeError:
        return Closed(match.start("token"), "damaged", token)
    start, end = match.span()
    if kind == VALUE:
        if not _same_anchor(match, literal, file_format):
            return Closed(match.start("token"), "misplaced", token)
    else:
        start, end = match.span("token")
        if kind != COMMENT or match.string[start - 2 : start] != "# ":
            return Closed(start, "misplaced", token)
        literal, trouble = _open_layers(literal, keys)
        if trouble:
            return Closed(start, trouble, token)
        start -= 1
    parts = (start, end, literal, kind, path_tag, occurrence, key, token)
    return tuple.__new__(Piece, parts)


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
    anchor = match["anchor"] if "anchor" in match.re.groupindex else None
    if not anchor:
        return True
    own = file_format.sealed_value.fullmatch(file_format.write_token(literal, match["token"]))
    return own is not None and own["anchor"] == anchor


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


def _stray(text: str, tokens: list[str]) -> list[Closed]:
    """Return the tokens that stand where no value's source can, in a longer JSON string say."""
    known = set(tokens)
    matches = TOKEN.finditer(text)
    return [Closed(m.start(), "misplaced", m[0]) for m in matches if m[0] not in known]
