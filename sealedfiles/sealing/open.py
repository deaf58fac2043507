"""Open a sealed file: for smudge, and for every command that shows values.

1. Each token whose key is available is decrypted and replaced by its literal.
2. The resulting text is parsed. A literal is kept only if it is exactly one value (or comment) of the kind
   and at the path that its token was made for. All other tokens are put back. So a token that was copied into
   a comment or to another key is not decrypted, and a literal cannot add structure of its own.
3. In a text with conflict markers, each side is assembled and checked separately.

A missing key, a damaged token or a text that does not parse is not an error here: the token stays, and is
reported.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from operator import itemgetter

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Format, Scan, Span, splice
from sealedfiles.formats.gaps import is_gap
from sealedfiles.model import paths
from sealedfiles.model.token import TOKEN, VALUE, FileKey, split
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.conflict import ConflictSide, sides_of
from sealedfiles.sealing.file import (
    File,
    Keys,
    LineNumbers,
    Opened,
    Problem,
    structured_text,
    whole_token,
)
from sealedfiles.sealing.opened_tokens import (
    Closed,
    OpenedToken,
    become_values,
    decrypt_usual,
    may_hold_tokens,
    open_tokens,
    opened_at,
)

_ROUNDS = 4
"""How many times the opened text is parsed before all tokens are put back.

Each round after the first follows tokens that were put back and changed the parse. Without a limit, a crafted
text would cost one parse for each token.
"""


@without_collector
def open_file(data: bytes, file: File, keys: Keys) -> Opened:
    """Return *data* with each token decrypted whose key is available and that was made for its place."""
    token = whole_token(data)
    if token is not None:
        from sealedfiles.sealing.whole import open_whole

        whole = open_whole(data, token, keys)
        if whole is not None:
            return whole
    if b"sealed:v1:" not in data and b"\\" not in data:
        return Opened(data, [], 0)
    split_text = structured_text(data)
    if file.format is None or split_text is None:
        text = data.decode("utf-8", "replace")
        misplaced = [Closed(match.start(), "misplaced", match[0]) for match in TOKEN.finditer(text)]
        return Opened(data, describe(text, misplaced, None), 0)
    bom, text = split_text
    if not may_hold_tokens(text, file.format):
        return Opened(data, [], 0)
    at_once = _open_at_once(text, file.format, keys)
    if at_once is not None:
        plain_text, count, left = at_once
        return Opened((bom + plain_text).encode("utf-8"), [], count, left)
    scans: list[Scan] = []
    opened_tokens, closed = open_text(text, file, keys, scans)
    opened = (bom + splice(text, opened_tokens)).encode("utf-8")
    plain = _plain_values(scans[0], opened_tokens) if scans else None
    return Opened(opened, describe(text, closed, file.format), len(opened_tokens), plain)


def _open_at_once(text: str, form: Format, keys: Keys) -> tuple[str, int, list[Span]] | None:
    """Return the opened text, the number of its tokens, and the values that come from none; None for a text
    that is not usual.

    In a usual text, all tokens have one key, are spelled as this program does it, and are at the place that
    they were made for.  Then they need not be handled one by one, which takes a third longer.
    """
    usual = None if sides_of(text) else decrypt_usual(text, form, keys)
    if usual is None:
        return None
    key, _, between, contents, literals = usual
    pieces = between[:1] * (2 * len(between) - 1)
    pieces[1::2] = literals
    pieces[2::2] = between[1:]
    plain_text = "".join(pieces)
    try:
        scan = form.scan(plain_text)
    except FormatError:
        return None
    tags = [one[2] for one in contents]
    plain = _plain_at_once(scan, between, literals, tags, key)
    return None if plain is None else (plain_text, len(literals), plain)


def _plain_at_once(
    scan: Scan, between: list[str], literals: list[str], tags: list[bytes], key: FileKey
) -> list[Span] | None:
    """Return the values in *scan* that are not *literals*; None if a literal is not a value with its tag."""
    if scan.continuations:
        return None
    plain: list[Span] = []
    path_tag, last = key.path_tag, len(literals)
    number, at = 0, len(between[0])
    for value in scan.values:
        start, end, path = value
        if number == last or start < at:
            plain.append(value)
            continue
        at += len(literals[number])
        if end != at or start + len(literals[number]) != at or path_tag(path) != tags[number]:
            return None
        number += 1
        at += len(between[number])
    return plain if number == last else None


def open_text(
    text: str, file: File, keys: Keys, scans: list[Scan] | None = None
) -> tuple[list[OpenedToken], list[Closed]]:
    """Return the tokens of *text* to decrypt, and those that stay sealed.

    The scan of the opened text is added to *scans*, unless the text has conflict markers or does not parse.
    """
    assert file.format is not None  # noqa: S101 - callers have a structured file
    sides = sides_of(text)
    if not sides:
        return _settle(text, file.format, *open_tokens(text, file, keys), scans)
    opened_tokens: dict[int, OpenedToken] = {}
    closed: dict[int, Closed] = {}
    for side in sides:
        side_pieces, side_closed = _open_side(side, file, keys)
        opened_tokens.update({one.start: one for one in side_pieces})
        for one in side_closed:
            if one.reason != "broken" or one.start not in closed:
                closed[one.start] = one
    # A token in a part that the sides share is decrypted if one side accepts it, and no other side that
    # parses refuses it.
    for start, one in list(closed.items()):
        if one.reason == "broken" and start in opened_tokens:
            del closed[start]
    kept = [one for start, one in sorted(opened_tokens.items()) if start not in closed]
    return kept, [one for _, one in sorted(closed.items())]


def verified(
    opened_tokens: list[OpenedToken], text: str, scan: Scan, opened: bool = True
) -> list[str]:
    """Return for each token "" if it is at the place it was made for, otherwise the reason (``REASONS``).

    *scan* is the scan of *text*: the text with the literals of *opened_tokens*, or if *opened* is False with
    the tokens.
    """
    values = {start: (end, path) for start, end, path in scan.values}
    comments = dict(scan.comments()) if any(one.kind != VALUE for one in opened_tokens) else {}
    nowhere = (-1, b"")
    verdicts = []
    shift = 0
    for one in opened_tokens:
        start = one.start + shift
        length = one.end - one.start
        if opened:
            shift += len(one.literal) - length
            length = len(one.literal)
        if one.kind == VALUE:
            end, path = values.get(start, nowhere)
        else:
            end, path = comments.get(start, -1), paths.ROOT
        ends = start + length
        if (end == ends or is_gap(text, ends, end)) and one.key.path_tag(path) == one.path_tag:
            verdicts.append("")
        else:
            verdicts.append(_reason(one, start, scan.values))
    return verdicts


def _reason(one: OpenedToken, start: int, values: list[Span]) -> str:
    """Return why a token that starts at *start* is not at the place it was made for.

    At its own key, it is part of a longer value, or has another anchor or tag.
    """
    at = bisect_right(values, start, key=itemgetter(0)) - 1
    inside = one.kind == VALUE and at >= 0 and start < values[at].end
    is_own = inside and one.key.path_tag(values[at].path) == one.path_tag
    return "misplaced" if is_own else "moved"


def describe(text: str, closed: list[Closed], file_format: Format | None) -> list[Problem]:
    """Return a problem for each token that stays sealed, in file order, with its line and key path."""
    problems = []
    values: list[Span] = []
    # A missing key needs no place; other problems are worth another parse.
    if file_format and any(one.reason != "no-key" for one in closed):
        with contextlib.suppress(FormatError):
            values = file_format.scan(text).values
    lines = LineNumbers(text if closed else "")
    at = 0
    for one in closed:
        while at < len(values) and values[at].end <= one.start:
            at += 1
        inside = at < len(values) and values[at].start <= one.start
        path = values[at].path if inside else None
        group = one.lacking or split(one.token).group
        problems.append(Problem(one.reason, group, lines.of(one.start), path, one.token))
    return problems


def _plain_values(scan: Scan, opened_tokens: list[OpenedToken]) -> list[Span]:
    """Return the values of the opened text in *scan* that are not *opened_tokens*."""
    # The usual case: every value is sealed.
    if len(scan.values) == sum(one.kind == VALUE for one in opened_tokens):
        return []
    starts = {start for start, _ in opened_at(opened_tokens)}
    starts |= become_values(scan, starts)
    return [span for span in scan.values if span.start not in starts]


def _settle(
    text: str,
    file_format: Format,
    opened_tokens: list[OpenedToken],
    closed: list[Closed],
    scans: list[Scan] | None = None,
) -> tuple[list[OpenedToken], list[Closed]]:
    """Put back each token that is not at the place it was made for."""
    is_in_place = False
    for number in range(_ROUNDS):
        try:
            plain = splice(text, opened_tokens)
            scan = file_format.scan(plain)
            verdicts = verified(opened_tokens, plain, scan)
        except FormatError:
            # The indentation of a literal of several lines may not fit any more.
            several_lines = re.compile(r"[\r\n]").search
            verdicts = ["broken" if several_lines(one.literal) else "" for one in opened_tokens]
        else:
            if not any(verdicts):
                if scans is not None:
                    scans.append(scan)
                return opened_tokens, sorted(closed)
        if number == 0:
            # A token that is in a wrong place in the sealed text may have moved others out of their places:
            # only that one is put back.
            with contextlib.suppress(FormatError):
                in_place = verified(opened_tokens, text, file_format.scan(text), opened=False)
                is_in_place = not any(in_place)
                verdicts = verdicts if is_in_place else in_place
        if not any(verdicts):
            break
        judged = list(zip(opened_tokens, verdicts, strict=True))
        put_back = [Closed(one.start, reason, one.token) for one, reason in judged if reason]
        closed += _with_missing_key(put_back, closed) if is_in_place else put_back
        opened_tokens = [one for one, reason in judged if not reason]
    closed += [Closed(one.start, "broken", one.token) for one in opened_tokens]
    return [], sorted(closed)


def _with_missing_key(put_back: list[Closed], closed: list[Closed]) -> list[Closed]:
    """Return *put_back*, which are at their places in the stored text, with the reason of the token above
    that lacks its key, if there is one.

    Below such a token, a literal may be read in another way than below the value: after ``A=${``, a line
    ``A=`` of a .env file is part of a value.  Nobody has moved its token.
    """
    missing = sorted(one for one in closed if one.reason == "no-key")
    starts = [one.start for one in missing]
    found = []
    for one in put_back:
        above = bisect_right(starts, one.start)
        if above:
            lacking = missing[above - 1].lacking or split(missing[above - 1].token).group
            found.append(one._replace(reason="no-key", lacking=lacking))
        else:
            found.append(one)
    return found


def _open_side(
    side: ConflictSide, file: File, keys: Keys
) -> tuple[list[OpenedToken], list[Closed]]:
    """Open one side of a conflict; the offsets returned are those of the text with the markers."""
    assert file.format is not None  # noqa: S101 - callers have a structured file
    opened_tokens, closed = _settle(side.text, file.format, *open_tokens(side.text, file, keys))
    moved = []
    torn = []
    for one in opened_tokens:
        start, end = side.origin(one.start), side.origin(one.end - 1) + 1
        if end - start == one.end - one.start:
            moved.append(one._replace(start=start, end=end))
        else:
            # An anchor before a marker and its token after it: no single place has the whole value.
            torn.append(Closed(one.start, "misplaced", one.token))
    return moved, sorted(one._replace(start=side.origin(one.start)) for one in closed + torn)
