"""Comments, and the values that they would be if their signs were removed.

Anyone can comment a value out, or remove a comment's sign: neither makes the value a reader's.
"""

from __future__ import annotations

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import splice
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.token import COMMENT
from sealedfiles.sealing.comment_lines import CommentLines, PlacedComment
from sealedfiles.sealing.comments import Reasons, groups_of_comments, values_of
from sealedfiles.sealing.opened_tokens import layers_of_token
from sealedfiles.sealing.uncommented import uncommented

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealedfiles.formats.base import Format, Scan
    from sealedfiles.model.policy import FileRules
    from sealedfiles.model.token import Token
    from sealedfiles.sealing.file import Keys
    from sealedfiles.sealing.opened_tokens import OpenedToken
    from sealedfiles.sealing.sealed_text import Text


def placed_comments(text: str, scan: Scan, file_format: Format) -> list[PlacedComment]:
    """Return every comment of *text*, which the format reads as *scan*, in file order."""
    lines = CommentLines(text, scan.values, scan.comments(), file_format)
    found = []
    for index, line in enumerate(lines.lines):
        comment = lines.text_of(index)
        values = []
        known: dict[bytes, bytes] = {}  # a comment may repeat a long path very often
        for span in values_of(comment, line.read, file_format):
            parent, is_among_items = lines.parents[index]
            if line.read.is_item and not line.read.is_entry and not is_among_items:
                continue
            value = file_format.decode(comment[span.start : span.end])
            path = known.setdefault(span.path, parent + span.path)
            values.append((path, value))
        without = uncommented(lines, index, file_format)
        found.append(PlacedComment(comment, tuple(values), *without))
    return found


def comments_to_seal(text: str, file_format: Format, rules: FileRules) -> list[PlacedComment]:
    """Return the comments of the plaintext *text* that sealing would seal.  Raises FormatError."""
    scan = file_format.scan(text)
    comments = scan.comments()
    if not comments:
        return []
    groups = ((path, text[start:end], rules.group_of(path)) for start, end, path in scan.values)
    sealed = ((path, literal, group) for path, literal, group in groups if group is not None)
    decided = groups_of_comments(
        text, scan.values, comments, Reasons(file_format, rules, sealed, [])
    )
    if not any(decided):
        return []
    placed = placed_comments(text, scan, file_format)
    return [one for one, groups in zip(placed, decided, strict=True) if groups]


def with_layers(
    stored: Text, opened_tokens: Sequence[OpenedToken], keys: Keys
) -> list[tuple[PlacedComment, list[Token]]]:
    """Return every comment of *stored*, decrypted, each with the tokens of its layers; plaintext has none.

    If the decrypted text does not parse, only the sealed ones, whose places are unknown.
    """
    if stored.form is None or not stored.comments:
        return []
    tokens = {one.start: one for one in opened_tokens if one.kind == COMMENT}
    layers = {
        start: [layer for layer, _ in layers_of_token(one.token, keys)]
        for start, one in tokens.items()
    }
    shown = splice(stored.text, opened_tokens)
    try:
        placed = placed_comments(shown, stored.form.scan(shown), stored.form)
    except FormatError:
        placed = []
    starts = [start for start, _ in stored.comments] if len(placed) == len(stored.comments) else []
    found = [(one, layers.get(start, [])) for start, one in zip(starts, placed, strict=False)]
    others = [start for start in tokens if start not in starts]
    return [*found, *((PlacedComment(tokens[one].literal), layers[one]) for one in others)]


def sealed_comments(
    stored: Text, opened_tokens: Sequence[OpenedToken], keys: Keys
) -> Iterator[tuple[PlacedComment, list[Token]]]:
    """Yield the comments of *stored* that are tokens: see ``with_layers``."""
    if any(one.kind == COMMENT for one in opened_tokens):
        yield from (pair for pair in with_layers(stored, opened_tokens, keys) if pair[1])
