"""Find the tokens of a sealed text and decrypt them, one by one.

The result is not yet trusted: a token decrypts anywhere in its file. The opened text shows whether it is at
the place it was made for (``sealedfiles.sealing.open``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from itertools import pairwise
from operator import itemgetter, methodcaller
from re import Match

from sealedfiles.errors import TamperedError
from sealedfiles.formats.base import Format, Scan
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import (
    COMMENT,
    TOKEN,
    UNKNOWN_TOKEN,
    VALUE,
    Content,
    FileKey,
    Token,
    are_bodies,
    split,
)
from sealedfiles.sealing.file import File, Keys, choose_file_id

_start = itemgetter(0)
_match_start = methodcaller("start")


class OpenedToken(NamedTuple):
    """A decrypted token: its literal replaces ``text[start:end]``."""

    start: int
    end: int
    literal: str
    kind: int
    path_tag: bytes
    occurrence: int
    key: FileKey
    token: str


class Closed(NamedTuple):
    """A token that stays sealed, its offset, and why."""

    start: int
    reason: str
    token: str
    lacking: str = ""
    """The group whose key is not available, if it is the group of an inner layer."""


def open_tokens(
    text: str, file: File, keys: Keys, right_id: str | None = None
) -> tuple[list[OpenedToken], list[Closed]]:
    """Decrypt each token of *text* that has the file id *right_id* and whose key is available.

    If *right_id* is None, the tokens of the text determine it.
    """
    assert file.format is not None  # noqa: S101 - callers have a structured file
    usual = _open_usual(text, file.format, keys, right_id)
    if usual is not None:
        return usual, []
    matches: list[Match[str] | EscapedToken] = list(plain_matches(text, file.format))
    spelled = spelled_tokens(text, file.format)
    if spelled:
        matches = _with_spelled(matches, spelled)
    tokens = [match["token"] for match in matches]
    whole = len(tokens) == text.count("sealed:v1:") and not spelled
    closed = [] if whole else _unmatched(text, matches, spelled)
    if right_id is None:
        right_id = choose_file_id(file.path, tokens + [one.token for one in closed])
    opened_tokens: list[OpenedToken] = []
    by_prefix: dict[str, list[Match[str] | EscapedToken]] = {}
    for match, token in zip(matches, tokens, strict=True):
        by_prefix.setdefault(split(token).prefix, []).append(match)
    for prefix, found in by_prefix.items():
        is_own = split(prefix).file_id == right_id
        key = keys.for_prefix(prefix) if is_own else None
        if key is None:
            reason = "no-key" if is_own else "foreign"
            closed += [Closed(match.start("token"), reason, match["token"]) for match in found]
        else:
            own = [match["token"] for match in found]
            _open_matches(found, own, key, file.format, keys, opened_tokens, closed)
    if len(by_prefix) > 1:
        opened_tokens.sort(key=_start)
    closed.sort()
    return opened_tokens, closed


def _open_usual(
    text: str, form: Format, keys: Keys, right_id: str | None
) -> list[OpenedToken] | None:
    """Return the tokens of *text* if ``decrypt_usual`` can decrypt them, otherwise None."""
    usual = decrypt_usual(text, form, keys, right_id)
    if usual is None:
        return None
    key, bodies, between, contents, literals = usual
    opened_tokens: list[OpenedToken] = []
    add, new, prefix = opened_tokens.append, tuple.__new__, key.prefix
    at, length = len(between[0]), len(prefix) + (2 if form.quoted else 0)
    for body, content, literal, rest in zip(bodies, contents, literals, between[1:], strict=True):
        _, occurrence, path_tag, _ = content
        end = at + length + len(body)
        add(new(OpenedToken, (at, end, literal, VALUE, path_tag, occurrence, key, prefix + body)))
        at = end + len(rest)
    return opened_tokens


def decrypt_usual(
    text: str, form: Format, keys: Keys, right_id: str | None = None
) -> tuple[FileKey, list[str], list[str], list[Content], list[str]] | None:
    """Decrypt the tokens of *text*; return None if they are not as in nearly all files.

    There, all are tokens of values, have one key (of the file *right_id*), and are spelled as this program
    does it.  Returns the key, the bodies, the text around the tokens, their contents and their literals.
    """
    parts = split_at_tokens(text, form)
    if parts is None or right_id not in (None, split(parts[0]).file_id):
        return None
    prefix, bodies, between = parts
    key = keys.for_prefix(prefix)
    if key is None:
        return None
    contents = [one for one in key.open_all(bodies) if one is not None and one[0] == VALUE]
    if len(contents) != len(bodies):
        return None
    try:
        literals = [one[3].decode() for one in contents]
    except UnicodeDecodeError:
        return None
    # A literal with an anchor begins before its token.
    if any("&" in one and form.anchor(one) is not None for one in literals):
        return None
    return key, bodies, between, contents, literals


def split_at_tokens(text: str, form: Format) -> tuple[str, list[str], list[str]] | None:
    """Return the prefix and the bodies of all tokens in *text*, and the text around them, in file order.

    Returns None if not all have the same prefix and the usual quotes, or if there are escapes or sealed
    comments.
    """
    first = form.sealed_value.search(text)
    if first is None or "\\" in text:
        return None
    prefix = split(first["token"]).prefix
    # A token without quotes takes the rest of its line.
    start, stop = (f'"{prefix}', '"') if form.quoted else (prefix, "\n")
    head, *parts = text.split(start)
    if len(parts) != text.count("sealed:v1:"):
        return None
    unusual = form.comment_signs + form.before_unusual
    bodies, between = [], [head]
    for number, part in enumerate(parts, 1):
        body, stopped, rest = part.partition(stop)
        is_cut_off = not stopped and (form.quoted or number < len(parts))
        if is_cut_off or between[-1].endswith(unusual):
            return None
        bodies.append(body)
        between.append(rest if form.quoted else stopped + rest)
    return (prefix, bodies, between) if are_bodies(bodies) else None


def _open_matches(
    matches: list[Match[str] | EscapedToken],
    tokens: list[str],
    key: FileKey,
    file_format: Format,
    keys: Keys,
    opened_tokens: list[OpenedToken],
    closed: list[Closed],
) -> None:
    """Decrypt the *tokens* of *matches* with *key*; add each to *opened_tokens* or to *closed*."""
    length = len(key.prefix)
    contents = key.open_all([token[length:] for token in tokens])
    add, new = opened_tokens.append, tuple.__new__
    for match, token, content in zip(matches, tokens, contents, strict=True):
        if content is None:
            closed.append(Closed(match.start("token"), "damaged", token))
            continue
        kind, occurrence, path_tag, data = content
        start, end = match.span()
        try:
            literal = data.decode()
        except UnicodeDecodeError:
            closed.append(Closed(match.start("token"), "damaged", token))
            continue
        trouble = lacking = ""
        if kind == COMMENT:
            start, end = match.span("token")
            literal, trouble, lacking = _open_comment(match, literal, file_format, keys)
            start -= 1
            end += len(file_format.comment_end)
        elif kind != VALUE:
            trouble = "misplaced"
        elif "&" in literal:
            start = file_format.source_start(match.string, start, literal)
            if start < 0:
                trouble = "misplaced"
        if trouble:
            closed.append(Closed(match.start("token"), trouble, token, lacking))
        else:
            add(new(OpenedToken, (start, end, literal, kind, path_tag, occurrence, key, token)))


def plain_matches(text: str, file_format: Format) -> Iterable[Match[str]]:
    """Return the matches of tokens that are written like a value or a sealed comment, in file order."""
    matches = file_format.sealed_value.finditer(text)
    if not file_format.sealed_comment:
        return matches
    found = list(matches)
    if len(found) != text.count("sealed:v1:"):
        found += file_format.sealed_comment.finditer(text)
        found.sort(key=_match_start)
    return found


def opened_at(opened_tokens: Iterable[OpenedToken]) -> Iterator[tuple[int, OpenedToken]]:
    """Yield each token with the offset of its literal in the opened text (``splice``), in file order."""
    shift = 0
    for one in opened_tokens:
        yield one.start + shift, one
        shift += len(one.literal) - (one.end - one.start)


def become_values(scan: Scan, opened: Container[int]) -> set[int]:
    """Return the starts of the values of an opened text that are no values in the stored text.

    *opened* has the starts of the literals that came from tokens.  The stored text has a token above such a
    value, which does not show that its line continues a value.  Files that were sealed before this was known
    have these lines.  They are not plaintext of the kind that somebody put in the place of a token.
    """
    if not scan.continuations:
        return set()
    return {
        span.start
        for above, span in pairwise(scan.values)
        if span.start in scan.continuations and span.start not in opened and above.start in opened
    }


def token_of(literal: str, file_format: Format) -> str | None:
    """Return the token that the value with the source *literal* consists of, or None.

    The token may be written with escapes, and may have an anchor.
    """
    if not may_hold_tokens(literal, file_format):
        return None
    text = file_format.decode(literal)
    return text if TOKEN.fullmatch(text) else None


def token_in(literal: str, file_format: Format) -> str | None:
    """Return the first token in the source of a value, which may be longer, or None.

    The token may have an unsupported version.
    """
    match = TOKEN.search(literal) or UNKNOWN_TOKEN.search(literal)
    return match[0] if match else token_of(literal, file_format)


def is_token(literal: str, file_format: Format) -> bool:
    """Return True if the value with the source *literal* is a token, also if it is written with escapes."""
    if not may_hold_tokens(literal, file_format):
        return False
    if TOKEN.fullmatch(literal.strip('"') if file_format.quoted else literal):
        return True  # as this program writes it: decoding costs more
    text = file_format.decode(literal)
    return bool(TOKEN.fullmatch(text) or UNKNOWN_TOKEN.fullmatch(text))


def layers_of_token(token: str, keys: Keys) -> Iterator[tuple[Token, int | None]]:
    """Yield *token* and the tokens within it, the outermost first, as far as they can be decrypted.

    Each with its kind, or None if it cannot be decrypted.  A comment, or a file sealed whole, that is for
    several groups is a token in a token.
    """
    inner: str | None = token
    while inner is not None:
        parts = split(inner)
        key = keys.for_prefix(parts.prefix)
        try:
            kind, _, _, literal = key.open(parts.body) if key else (None, 0, b"", b"")
        except TamperedError:
            kind = None
        yield parts, kind
        if kind is None or kind == VALUE:
            return
        match = TOKEN.fullmatch(literal.decode("utf-8", "replace").removeprefix(" "))
        inner = match[0] if match else None


def may_hold_tokens(text: str, file_format: Format) -> bool:
    """Return False if *text* cannot contain a token, not even one written with escapes."""
    if "sealed:v" in text:
        return True
    escaped = file_format.escaped_token if "\\" in text else None
    return escaped is not None and escaped.search(text) is not None


class EscapedToken:
    """A token that is written with escapes. It has the interface of a match of a plain one."""

    __slots__ = ("begin", "end_at", "string", "token")

    def __init__(self, match: Match[str], token: str) -> None:
        self.string = match.string
        self.begin, self.end_at = match.span()
        self.token = token

    def __getitem__(self, group: str) -> str:
        return self.token

    def span(self, group: str = "") -> tuple[int, int]:  # noqa: ARG002 - as a match has it
        """Return the span of the source, with its quotes."""
        return self.begin, self.end_at

    def start(self, group: str = "") -> int:  # noqa: ARG002 - as a match has it
        """Return the start of the source."""
        return self.begin


def spelled_tokens(text: str, file_format: Format) -> list[EscapedToken]:
    """Return the tokens of *text* that are written with escapes, in file order.

    A value whose decoded text is a token is that token, however it is written.
    """
    pattern = file_format.escaped_token if "\\" in text else None
    if pattern is None:
        return []
    found = ((match, file_format.decode(match[0].rstrip())) for match in pattern.finditer(text))
    return [EscapedToken(match, token) for match, token in found if TOKEN.fullmatch(token)]


def _open_comment(
    match: Match[str] | EscapedToken, literal: str, file_format: Format, keys: Keys
) -> tuple[str, str, str]:
    """Return a comment's literal with all layers decrypted, the reason if one cannot be, and the group whose
    key is missing for it.

    A comment that was sealed for the values of several groups is a token in a token. All layers are
    decrypted, or none.
    """
    start, end = match.span("token")
    is_whole = match.string.startswith(file_format.comment_end, end)
    if not is_whole or not match.string.endswith(file_format.comment_signs, 0, start):
        return literal, "misplaced", ""
    while literal.startswith(" ") and (inner := TOKEN.fullmatch(literal, 1)):
        parts = split(inner[0])
        key = keys.for_prefix(parts.prefix)
        if key is None:
            return literal, "no-key", parts.group
        try:
            kind, _, _, data = key.open(parts.body)
            literal = data.decode("utf-8")
        except (TamperedError, UnicodeDecodeError):
            return literal, "damaged", ""
        if kind != COMMENT:
            return literal, "misplaced", ""
    return literal, "", ""


def _unmatched(
    text: str, matches: list[Match[str] | EscapedToken], spelled: list[EscapedToken]
) -> list[Closed]:
    """Return the tokens that cannot be the source of a value, for example in a longer JSON string."""
    known = {match.start("token") for match in matches}
    found = (match for match in TOKEN.finditer(text) if match.start() not in known)
    inside = _Inside(spelled)
    return [Closed(m.start(), "misplaced", m[0]) for m in found if m.start() not in inside]


def _with_spelled(
    matches: list[Match[str] | EscapedToken], spelled: list[EscapedToken]
) -> list[Match[str] | EscapedToken]:
    """Return all tokens in file order. A match inside a token with escapes is only the beginning of it."""
    inside = _Inside(spelled)
    both = [match for match in matches if match.start("token") not in inside] + spelled
    return sorted(both, key=lambda match: match.start("token"))


class _Inside:
    """The offsets inside some spans, which are in file order."""

    def __init__(self, spans: list[EscapedToken]) -> None:
        self._starts = [one.begin for one in spans]
        self._ends = [one.end_at for one in spans]

    def __contains__(self, at: int) -> bool:
        number = bisect_right(self._starts, at) - 1
        return number >= 0 and at < self._ends[number]
