"""The interface of a format: text in, spans out.

A format finds the values (and comments) of a text as spans of its source and defines how a token is
written in place of a value.  It interprets nothing else: sealing, opening, rules and all commands use the
same code for all formats.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, Protocol
from sealedfiles.model.paths import ITEM, ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any, TypeAlias

    from sealedfiles.model.address import Address

_ESCAPED = lazy_pattern(r"\\.")

MASK = "0sealedfiles0mark0"
"""The placeholder for a sealed value in text that is parsed only to find where values come from."""

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
"""The content of a text, as ``json.load`` would return it."""


def child_of(data: Data, step: str | int) -> Data:
    """Return the child of *data* at *step*.  Raises LookupError."""
    if isinstance(data, dict) and step in data:
        return data[str(step)]
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    raise LookupError


def value_at(data: Data, address: Address) -> tuple[bool, Data]:
    """Return whether *data* has something at *address*, and what; None if it has nothing."""
    try:
        for step in address:
            data = child_of(data, step)
    except LookupError:
        return False, None
    return True, data


def replace_child(data: Data, step: str | int, new: Data) -> None:
    """Make *new* the child of *data* at *step*, where there is one.  Raises LookupError."""
    child_of(data, step)
    if isinstance(data, dict):
        data[str(step)] = new
    elif isinstance(data, list):
        data[int(step)] = new


class Spelled(str):
    """A scalar as spelled in its source: a number, or a word that some parsers do not read as a string."""


class JsonNumber(Spelled):
    """A number in a JSON text, ``NaN`` and infinities included."""


class YamlPlain(Spelled):
    """A plain YAML scalar that some parsers do not read as a string: ``0644``, ``1_000``, ``yes``, a date."""


class YamlFloat(YamlPlain):
    """An integer that a tag makes a float: ``!!float 1``."""


class Span(NamedTuple):
    """The source of one value: ``text[start:end]`` is its literal.

    Offsets count code points.  ``path`` is an encoded key path (see ``sealedfiles.model.paths``).
    """

    start: int
    end: int
    path: bytes


class Commented(NamedTuple):
    """One comment line, read without its comment sign.  Offsets count within the comment."""

    content: int
    """The start of its content, after the comment signs and blanks; -1 if it has none."""
    values: Sequence[Span] = ()
    """The values of its entry; their paths are relative to the position of the comment."""
    is_entry: bool = False
    """Whether it reads as an entry; otherwise it may be prose, and only keys sealed elsewhere count."""
    is_item: bool = False
    """Whether it is a list item that may also be a line of prose with a bullet."""
    header: bytes | None = None
    """The relative path that lines below it belong to."""
    body: int = -1
    """Lines below it whose content is to the right of this offset belong to it; -1 for none."""
    is_block: bool = False
    """Whether its value is a block scalar, so that every indented line belongs to it."""
    takes_items: bool = False
    """Whether it is ``key:`` without a value, to which list items below it belong without indentation."""
    opens: str = ""
    """What it opens and does not close: a quote, ``[`` for any bracket, ``-----END `` for a private key, a
    backslash for the next line."""


class CommentPlace(NamedTuple):
    """A comment line whose position in the structure is needed."""

    start: int
    """The start of the text after its ``#``."""
    column: int
    """The column of its content if ``#`` and one blank are the comment sign."""
    read: Commented


def unescaped(source: str) -> str:
    """Return the text of a JSON string with its quotes; lone surrogates pass through.

    Raises ValueError for an invalid escape.
    """
    if "\\" not in source:
        return source[1:-1]
    from json import loads  # imported here, so that a filter that finds no escape starts without it

    text: str = loads(source)
    return text


def end_of(match: re.Match[str] | None) -> int:
    """Return the end of *match*, of a pattern that always matches."""
    assert match is not None  # noqa: S101
    return match.end()


def splice(text: str, edits: Iterable[tuple[Any, ...]]) -> str:
    """Return *text* with *edits*, which are in text order and do not overlap.

    Each begins with start, end and new text; what follows is ignored.
    """
    parts: list[str] = []
    at = 0
    for edit in edits:
        start, end, new = edit[:3]
        parts += text[at:start], new
        at = end
    return "".join([*parts, text[at:]])


class Scan(Protocol):
    """The values and comments that a format found in one text."""

    values: list[Span]
    """Every value that has source text, in file order, none overlapping another."""

    continuations: AbstractSet[int] = frozenset()
    """The starts of values that are values only because of the literal of the value above them."""

    def comments(self) -> list[tuple[int, int]]:
        """Return every comment, in file order.

        A comment is the text after its sign (``#``, ``//``) up to the end of its line, without the line end;
        or the text after ``/*`` up to the blanks before ``*/``; or all of it from ``<!--`` to ``-->``.
        """
        ...


KEPT = 4
"""The number of scans that each format caches: a command scans the same text several times."""


class Format(Protocol):
    """One format of structured text, as far as a format does not differ.  Implementations are stateless."""

    name: str
    """The name in the policy, one of ``formats.NAMES``."""

    quoted: bool
    """Whether a token is in double quotes (otherwise bare)."""

    keeps_whole: bool = False
    """Whether a file that git has sealed whole stays so, although it parses, unless the policy names the
    format.  Files of these names were sealed whole before the format was added: their keys are secret."""

    comment_signs: tuple[str, ...]
    """The text before a sealed comment: a comment sign and one space."""

    comment_end: str = ""
    """The text after the token of a sealed comment that replaces a part of it: in XML, one space."""

    longest_comment: int | None = None
    """The maximum length in bytes of a comment that can be sealed, and of a token that is sealed again; None
    if there is none."""

    before_unusual: tuple[str, ...] = ()
    """Text before the quote of a token that shows that it is in other quotes: in TOML, three of them."""

    sealed_comment: re.Pattern[str] | None = None
    """Finds the token of a sealed comment (group ``token``) that ``sealed_value`` does not find."""

    sealed_value: re.Pattern[str]
    """Finds a token with its quotes (also with quotes that a formatter changed).

    The token without quotes is group ``token``.  A match may be part of a key or of a comment; only parsing
    shows that.
    """

    escaped_token: re.Pattern[str] | None = None
    """Finds a possible token in quotes with at least one escape; None if the format has no escapes for
    the characters of tokens."""

    def scan(self, text: str) -> Scan:
        """Find the values of *text* (no BOM at its start).  Raises FormatError.

        The last scans are kept: do not change them.
        """
        ...

    def write_token(self, literal: str, token: str) -> str:  # noqa: ARG002 - only YAML has anchors
        """Return the source of *literal* in a sealed text: the token in quotes or bare, in YAML after a copy
        of the literal's anchor."""
        return f'"{token}"' if self.quoted else token

    def source_start(self, text: str, at: int, literal: str) -> int:  # noqa: ARG002
        """Return the start of the source of *literal* in the sealed *text*, whose token with its quotes
        starts at *at*.

        In YAML this is the start of the anchor, if *literal* has one. Only the literal shows whether the text
        before a token is an anchor; it may also be the end of a key or of a comment. Return -1 if the anchor
        of *literal* is missing: an anchor that the sealed text does not show would change the targets of
        aliases.
        """
        return at

    def anchor(self, literal: str) -> str | None:  # noqa: ARG002
        """Return the name of the YAML anchor of the value whose source is *literal*, or None."""
        return None

    def decode(self, literal: str) -> str:
        """Return the text that *literal* represents.

        Quotes and escapes are resolved, and the indentation of a YAML block scalar is removed; a number or
        boolean is returned as it is written.
        """
        ...

    def path_of(self, address: Address) -> bytes:
        """Return the key path of the value at *address* as rules and patterns match it."""
        return b"".join(ITEM if isinstance(step, int) else key_step(step) for step in address)

    def fits_comment(self, token: str) -> bool:  # noqa: ARG002 - only XML forbids text in comments
        """Return True if *token* may be in a comment."""
        return True

    def commented(self, comment: str) -> Commented:
        """Return the content of *comment* (the text after its ``#``) without its comment signs."""
        ...

    def parents(
        self,
        text: str,  # noqa: ARG002 - only in YAML indentation has a meaning
        values: Sequence[Span],  # noqa: ARG002
        places: Sequence[CommentPlace],
    ) -> list[tuple[bytes, bool]]:
        """Return for each comment of *text* the key path above it, and whether it is among list items.

        *places* are in file order; *values* are those of *text*.
        """
        return [(ROOT, False)] * len(places)

    def closes(self, comment: str, sign: str) -> bool:
        """Return True if *comment* closes the quote *sign* that a comment above it opened."""
        return sign in _ESCAPED.sub("", comment)

    def brackets(self, comment: str) -> Iterable[tuple[int, str]]:  # noqa: ARG002 - .env has none
        """Return the brackets in *comment* that open or close collections, with their offsets."""
        return ()


class Editor(Protocol):
    """Reads and edits texts of one format; an edit changes only the affected lines.

    Each is in a module that only commands import.  Implementations are stateless.

    Every *text* is without BOM.  If *text* does not parse, every method raises FormatError with ``line`` and
    ``column``.  For an address that does not exist, it raises ``address.no_such_value``.
    """

    def load(self, text: str, *, as_written: bool = False) -> Data:
        """Return the data of *text*.

        With *as_written*, numbers are returned as their source text, ``Spelled`` (``1.10`` would otherwise
        lose its zero), and so are strings and keys that some YAML parsers do not read as strings.
        """
        ...

    def addresses(self, text: str) -> list[Address]:
        """Return the address of every scalar value, in file order."""
        ...

    def locate(self, text: str, address: Address) -> Span:
        """Return the literal at *address*.

        For a scalar it is the span of the format's scan, empty (start == end) if the value has no source; for
        a collection it is its whole source.
        """
        ...

    def assign(self, text: str, address: Address, value: Data) -> str:
        """Return *text* with *value* at *address*.

        An existing value keeps its style, its position and its comment.  A missing key is created in its
        mapping, with the missing keys above it (a position one past the end of a list appends).  ``load`` of
        the result is that of *text* with only this change.  Raises UsageError if the address leads through a
        scalar value, or if the format cannot represent *value*.
        """
        ...

    def assign_text(self, text: str, address: Address, given: str) -> str:
        """Return *text* with *given*, which a user typed, at *address*.

        As ``assign``, but if the existing value is a number or a boolean and *given* is written as one, the
        type is kept, and *given* is stored as it is spelled.  In all other cases *given* is a string.
        """
        ...

    def remove(self, text: str, address: Address) -> str:
        """Return *text* without the key (or item) at *address*, with its line or lines."""
        ...
