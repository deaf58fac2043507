"""What a file shows without any key: which values are sealed, and which are in plaintext."""

from __future__ import annotations

from sealedfiles.formats.base import Span
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, Token, split
from sealedfiles.sealing.file import File
from sealedfiles.sealing.sealed_text import SealedText, Text


class Inspection(NamedTuple):
    """The tokens and the plaintext of one file."""

    tokens: list[Token]
    """Every token in the text."""
    plain: list[Span]
    """The values in plaintext that the policy seals."""
    whole_plain: bool
    """Whether the file is in plaintext although it must be sealed whole, or does not parse in its format."""

    @property
    def has_plaintext(self) -> bool:
        """Whether anything is in plaintext that the policy seals."""
        return bool(self.plain) or self.whole_plain


def inspect_file(data: bytes, file: File, rules: FileRules) -> Inspection:
    """Return the tokens and the plaintext of *data*, a file as git stores it or in the working tree."""
    text = data.decode("utf-8", "replace")
    tokens = [split(token) for token in TOKEN.findall(text)] if "sealed:v1:" in text else []
    version = SealedText(data, file)
    if not data or version.whole is not None:
        return Inspection(tokens, [], False)
    # In .env a conflict marker reads as a line that is no assignment, and such a line is a value.
    plain = _plain_of_sides(version, rules) if version.sides else _plain(version, rules)
    # Sealed, if no value is in plaintext and it has conflict markers and its sides parse.
    sides = [text.scan for _, text in version.sides]
    if version.scan is None and (plain or not sides or None in sides):
        return Inspection(tokens, [], bool(rules.whole_groups()))
    return Inspection(tokens, plain, False)


def _plain_of_sides(version: SealedText, rules: FileRules) -> list[Span]:
    """Return the values in plaintext on any side of a conflict, where they are in the text with markers."""
    found = {}
    for side, text in version.sides:
        for start, end, path in _plain(text, rules):
            at = side.origin(start)
            found[at] = Span(at, side.origin(end - 1) + 1, path)
    return [found[at] for at in sorted(found)]


def _plain(text: Text, rules: FileRules) -> list[Span]:
    return [
        span
        for span in text.values
        if rules.group_of(span.path) is not None and not text.is_token(span)
    ]
