"""What can be said of a file without any key: which values are sealed, and which are plain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Span
from sealedfiles.model.paths import ROOT
from sealedfiles.model.token import TOKEN, Token, split
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import is_whole, structured_text, whole_token
from sealedfiles.sealing.pieces import is_token

if TYPE_CHECKING:
    from sealedfiles.formats.base import Format
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.conflict import Side
    from sealedfiles.sealing.file import File


class Inspection(NamedTuple):
    """What lies open in one file."""

    tokens: list[Token]
    """Every token of the text."""
    plain: list[Span]
    """The values that the rules seal and that are in the clear."""
    whole_plain: bool
    """Whether the file is to be sealed whole, or cannot be read as its format, and is in the clear."""

    @property
    def has_plaintext(self) -> bool:
        """Whether anything is in plaintext that the rules seal."""
        return bool(self.plain) or self.whole_plain


def sealed_groups(data: bytes, file: File) -> dict[bytes, str]:
    """Return the key paths of the values that are sealed in *data*, each with the group of its token.

    A file sealed whole is one value, at the root.
    """
    whole = whole_token(data)
    if whole is not None:
        return {ROOT: split(whole).group}
    structured = None if file.format is None else structured_text(data)
    if file.format is None or structured is None or b"sealed:v1:" not in data:
        return {}
    text = structured[1]
    try:
        values = file.format.scan(text).values
    except FormatError:
        return {}
    found: dict[bytes, str] = {}
    for start, end, path in values:
        token = TOKEN.search(text, start, end)
        if token:
            found.setdefault(path, split(token[0]).group)
    return found


def values_of(data: bytes, file: File) -> set[tuple[bytes, str]]:
    """Return the key paths and decoded values of *data*; none if it does not parse."""
    structured = None if file.format is None else structured_text(data)
    if file.format is None or structured is None:
        return set()
    text = structured[1]
    try:
        values = file.format.scan(text).values
    except FormatError:
        return set()
    return {(path, file.format.decode(text[start:end])) for start, end, path in values}


def inspect_file(data: bytes, file: File, rules: FileRules) -> Inspection:
    """Look at *data* as git stores it, or as it lies in the work tree."""
    text = data.decode("utf-8", "replace")
    tokens = [split(token) for token in TOKEN.findall(text)] if "sealed:v1:" in text else []
    if not data or is_whole(data):
        return Inspection(tokens, [], False)
    structured = None if file.format is None else structured_text(data)
    if file.format is None or structured is None:
        return Inspection(tokens, [], bool(rules.whole_groups()))
    text = structured[1]
    try:
        values = file.format.scan(text).values
    except FormatError:
        is_sealed = _is_sealed_conflict(text, file.format, rules)
        return Inspection(tokens, [], not is_sealed and bool(rules.whole_groups()))
    # In .env a conflict marker reads as a line that is no assignment, and such a line is a value.
    sides = sides_of(text)
    if sides:
        return Inspection(tokens, _plain_of_sides(sides, file.format, rules), False)
    return Inspection(tokens, _plain(text, values, file.format, rules), False)


def _plain_of_sides(sides: list[Side], file_format: Format, rules: FileRules) -> list[Span]:
    """Return the values in plaintext on any side of a conflict, where they are in the text with markers."""
    found = {}
    for side in sides:
        for start, end, path in _plain(
            side.text, file_format.scan(side.text).values, file_format, rules
        ):
            at = side.origin(start)
            found[at] = Span(at, side.origin(end - 1) + 1, path)
    return [found[at] for at in sorted(found)]


def _plain(text: str, values: list[Span], file_format: Format, rules: FileRules) -> list[Span]:
    return [
        span
        for span in values
        if rules.group_of(span.path) is not None
        and not is_token(text[span.start : span.end], file_format)
    ]


def _is_sealed_conflict(text: str, file_format: Format, rules: FileRules) -> bool:
    """Return True if *text* has conflict markers and no value in plaintext on any side."""
    sides = sides_of(text)
    try:
        return bool(sides) and not any(
            _plain(side.text, file_format.scan(side.text).values, file_format, rules)
            for side in sides
        )
    except FormatError:
        return False
