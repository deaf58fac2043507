"""One version of a file, read once and without any key.

Everything that asks what a version holds asks it here: whether it is sealed whole, whether it parses, which
values and comments it has, which of them are tokens, and which are in plaintext.  The version may be stored
in git or decrypted.
"""

from __future__ import annotations

from functools import cached_property

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Format, Scan, Span
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, Token, split
from sealedfiles.sealing.conflict import ConflictSide, sides_of
from sealedfiles.sealing.file import File, LineNumbers, structured_text, whole_token
from sealedfiles.sealing.opened_tokens import is_token, may_hold_tokens, token_in

TELLING = 8
"""Characters: two texts of this length are hardly equal by accident."""


_SHORTEST = 100
"""Characters: no token is shorter."""
_VERSIONS = ("v1", "v2")
"""What every token has, also a rewritten one."""


class Text:
    """A text in a format, parsed when it is first asked for its values."""

    def __init__(self, text: str, form: Format | None) -> None:
        self.text = text
        self.form = form
        """None if the text has no separate values: the file has no format, or is not UTF-8."""

    @cached_property
    def _read(self) -> Scan | FormatError | None:
        try:
            return self.form.scan(self.text) if self.form else None
        except FormatError as error:
            return error

    @property
    def scan(self) -> Scan | None:
        """What the format found; None if the text has no separate values, or does not parse."""
        return None if isinstance(self._read, FormatError) else self._read

    @property
    def error(self) -> FormatError | None:
        """Why the text does not parse, without any part of it; None if it parses."""
        return self._read if isinstance(self._read, FormatError) else None

    @property
    def values(self) -> list[Span]:
        """Every value, in file order; none if the text does not parse."""
        return self.scan.values if self.scan else []

    @property
    def comments(self) -> list[tuple[int, int]]:
        """The start and the end of every comment, in file order; none if the text does not parse."""
        return self.scan.comments() if self.scan else []

    def literal(self, span: Span) -> str:
        """Return the source of a value."""
        return self.text[span.start : span.end]

    def decoded(self, span: Span) -> str:
        """Return the text that the value at *span* stands for."""
        return self.form.decode(self.literal(span)) if self.form else self.literal(span)

    def is_token(self, span: Span) -> bool:
        """Return True if the value at *span* is a token, in any spelling."""
        return self.form is not None and is_token(self.literal(span), self.form)

    def is_rewritten(self, span: Span) -> bool:
        """Return True if the value at *span*, which is not a token, is one that another program rewrote."""
        return self.form is not None and is_rewritten_literal(self.literal(span), self.form)

    def token_in(self, span: Span) -> str | None:
        """Return the first token in the value at *span*, which may be longer, or None."""
        return token_in(self.literal(span), self.form) if self.form else None

    def decoded_values(self) -> list[tuple[bytes, str]]:
        """Return the key path and the decoded text of every value."""
        return [(span.path, self.decoded(span)) for span in self.values]

    @cached_property
    def _lines(self) -> LineNumbers:
        return LineNumbers(self.text)

    def line_of(self, span: Span) -> int:
        """Return the line, counted from 1, in which the value at *span* begins."""
        return self._lines.of(span.start)


class SealedText(Text):
    """One version of a file."""

    def __init__(self, data: bytes, file: File) -> None:
        structured = None if file.format is None else structured_text(data)
        self.bom, text = structured or ("", "")
        super().__init__(text, file.format if structured else None)
        self.data = data
        self.whole = whole_token(data)
        """The token of a file sealed whole; or the one value of a text that consists of it, which only a key
        tells apart."""

    @cached_property
    def sides(self) -> list[tuple[ConflictSide, Text]]:
        """The sides of a text with conflict markers, each read as a text; none if there are no markers."""
        return [(side, Text(side.text, self.form)) for side in sides_of(self.text)]

    @property
    def readings(self) -> list[Text]:
        """The sides of a conflict, or the text itself, as far as they parse."""
        texts = [text for _, text in self.sides] or [self]
        return [text for text in texts if text.scan is not None]


def is_rewritten(text: str) -> bool:
    """Return True if *text*, the decoded text of a value, is not a token, but one that another program
    rewrote (``sealing.rewritten``)."""
    if len(text) < _SHORTEST or not any(version in text for version in _VERSIONS):
        return False
    from sealedfiles.sealing.rewritten import reads_as_token  # few values are so long

    return reads_as_token(text)


def is_rewritten_literal(literal: str, form: Format) -> bool:
    """Return True if the value with the source *literal* is not a token, but a rewritten one."""
    return len(literal) >= _SHORTEST and is_rewritten(form.decode(literal))


def stays_token(literal: str, form: Format) -> bool:
    """Return True if the value with the source *literal* is a token, rewritten or not: it is not sealed."""
    if len(literal) < _SHORTEST:
        return False
    return is_token(literal, form) or is_rewritten_literal(literal, form)


def may_keep_tokens(text: str, values: list[Span], form: Format) -> bool:
    """Return False if none of *values* in *text* is a token, rewritten or not."""
    if may_hold_tokens(text, form):
        return True
    is_named = any(version in text for version in _VERSIONS)  # by chance in most files of secrets
    return is_named and any(one.end - one.start >= _SHORTEST for one in values)


class Inspection(NamedTuple):
    """The tokens and the plaintext of one file."""

    tokens: list[Token]
    """Every token in the text."""
    plain: list[Span]
    """The values in plaintext that the policy seals, except rewritten tokens."""
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
        if rules.group_of(span.path) is not None
        and not (text.is_token(span) or text.is_rewritten(span))
    ]
