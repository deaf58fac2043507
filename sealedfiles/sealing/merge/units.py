"""One version of a structured file for a merge: its lines, decrypted and as they are sealed.

A line is one line of the sealed text: a value of several lines does not end it. Between its values it has
texts; a sealed comment is decrypted in them, and sealed in ``sources``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Format, Span, splice
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import COMMENT
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import File, Keys, structured_text, whole_token
from sealedfiles.sealing.open import open_text
from sealedfiles.sealing.opened_tokens import OpenedToken, is_token, may_hold_tokens, opened_at
from sealedfiles.sealing.whole import open_whole
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE = lazy_pattern(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_END_WITH_COMMA = lazy_pattern(r",([ \t]*)\Z")


class Slot:
    """One value at its position in one version.  Two are equal only if they are the same object."""

    __slots__ = ("literal", "number", "occurrence", "path", "prefix", "source")

    def __init__(
        self,
        number: int,
        path: bytes,
        literal: str,
        source: str,
        prefix: str = "",
        occurrence: int | None = None,
    ) -> None:
        self.number = number
        """Its number among the values of its version."""
        self.path = path
        self.literal = literal
        """Its decrypted source; if it stays sealed, the token as it is written."""
        self.source = source
        """Its source in the sealed version."""
        self.prefix = prefix
        """The prefix of its token: group, key, file id; empty if it is in plaintext."""
        self.occurrence = occurrence
        """The occurrence in its token; None if it is in plaintext or stays sealed."""

    @property
    def is_open(self) -> bool:
        """Whether its token was decrypted here, so that it is known to be made for its place."""
        return self.occurrence is not None

    @property
    def key(self) -> str:
        """The group and the key id of its token; empty if it is in plaintext."""
        return ":".join(self.prefix.split(":")[2:4])

    @property
    def group(self) -> str:
        """The group of its token; empty if it is in plaintext."""
        return self.prefix.split(":")[2] if self.prefix.count(":") > 2 else ""


class Unit:
    """One line: ``texts[0] slots[0] texts[1] … texts[-1]``, then a comma that separates it from the next
    line, if any, and its end."""

    __slots__ = ("body", "comma", "end", "face", "slots", "sources", "texts")

    def __init__(
        self, texts: list[str], sources: list[str], slots: list[Slot], comma: bool, end: str
    ) -> None:
        self.texts = texts
        self.sources = sources
        self.slots = slots
        self.comma = comma
        self.end = end
        self.body = interleave(texts, [slot.literal for slot in slots])
        """The decrypted line, without comma and end."""
        self.face = tuple(texts)
        """The line without its values."""

    @property
    def plain(self) -> str:
        """All of the decrypted line."""
        return self.body + "," * self.comma + self.end

    @property
    def sealed(self) -> str:
        """All of the line as it is sealed."""
        body = interleave(self.sources, [slot.source for slot in self.slots])
        return body + "," * self.comma + self.end


def interleave(texts: Sequence[str], values: Sequence[str]) -> str:
    """Return the texts with a value after each but the last."""
    out = [texts[0]]
    for value, text in zip(values, texts[1:], strict=True):
        out += value, text
    return "".join(out)


def line_end(unit: Unit) -> str:
    """Return how *unit* ends its line; a line feed for the last line, that may have no end."""
    return unit.end.lstrip(" \t") or "\n"


class ParsedVersion:
    """One version of a file, read into lines."""

    def __init__(
        self, data: bytes, bom: str, units: list[Unit], *, has_commas: bool = False
    ) -> None:
        self.data = data
        self.bom = bom
        self.units = units
        self.has_commas = has_commas
        """Whether commas separate the lines."""
        self.slots = [slot for unit in units for slot in unit.slots]

    @cached_property
    def plain(self) -> str:
        """The decrypted text, without the BOM."""
        return "".join([unit.plain for unit in self.units])


class _Cut(NamedTuple):
    """A part of the decrypted text that is a value, or a sealed comment."""

    start: int
    end: int
    source: str
    slot: Slot | None


def read_version(
    data: bytes, file: File, keys: Keys, *, in_conflict: bool = False
) -> ParsedVersion | None:
    """Decrypt *data* and read its lines; None if it is sealed whole, is not UTF-8, or does not parse.

    With *in_conflict* it may have conflict markers; it has no values between them then.
    """
    token = whole_token(data)
    if token is not None and open_whole(data, token, keys) is not None:
        return None
    structured = structured_text(data)
    if structured is None or file.format is None:
        return None
    bom, text = structured
    opened_tokens, _ = (
        open_text(text, file, keys) if may_hold_tokens(text, file.format) else ([], [])
    )
    plain = splice(text, opened_tokens)
    values = _values(plain, file.format, in_conflict=in_conflict)
    if values is None:
        return None
    cuts = _cuts(text, plain, opened_tokens, values, file.format)
    has_commas = _has_commas(plain, file.format)
    units = list(_lines(plain, cuts, has_commas=has_commas))
    return ParsedVersion(data, bom, units, has_commas=has_commas)


def _has_commas(plain: str, file_format: Format) -> bool:
    """Return True if commas separate the lines, and may be added and removed with lines: in strict JSON.

    In JSON with comments, a comment may follow a comma, and a comma may follow the last value.
    """
    if file_format.name != "json":
        return False
    from sealedfiles.formats.json.comments import strip
    from sealedfiles.formats.json.format import JsonScan

    try:
        scan = file_format.scan(plain)
        return isinstance(scan, JsonScan) and scan.strict == plain
    except FormatError:
        return strip(plain) is None


def _values(plain: str, file_format: Format, *, in_conflict: bool) -> list[Span] | None:
    if not plain.strip():
        return []  # it is not JSON, but it has all of its lines
    with contextlib.suppress(FormatError):
        return file_format.scan(plain).values
    sides = sides_of(plain) if in_conflict else []
    if not sides:
        return None
    shared: set[Span] | None = None
    for side in sides:
        try:
            values = file_format.scan(side.text).values
        except FormatError:
            return []
        found = {Span(side.origin(v.start), side.origin(v.end - 1) + 1, v.path) for v in values}
        shared = found if shared is None else shared & found
    return sorted(shared or ())


def _cuts(
    text: str, plain: str, opened_tokens: list[OpenedToken], values: list[Span], file_format: Format
) -> list[_Cut]:
    """Return the *values* of *plain*, and its comments that are sealed in *text*."""
    opened = dict(opened_at(opened_tokens))
    cuts = [
        _Cut(start, start + len(one.literal), text[one.start : one.end], None)
        for start, one in opened.items()
        if one.kind == COMMENT
    ]
    for number, (start, end, path) in enumerate(values):
        literal = plain[start:end]
        value = opened.get(start)
        if value is not None:
            # Blanks before a comment that are not part of an older token stay after it.
            source = text[value.start : value.end] + plain[start + len(value.literal) : end]
            slot = Slot(number, path, literal, source, value.key.prefix, value.occurrence)
        else:
            slot = Slot(number, path, literal, literal, _standing_prefix(literal, file_format))
        cuts.append(_Cut(start, end, slot.source, slot))
    return sorted(cuts, key=lambda cut: cut.start)


def _standing_prefix(literal: str, file_format: Format) -> str:
    if not is_token(literal, file_format):
        return ""
    token = file_format.decode(literal)
    return token[: token.rindex(":") + 1]


def _lines(plain: str, cuts: list[_Cut], *, has_commas: bool) -> Iterator[Unit]:
    texts, sources = [""], [""]
    slots: list[Slot] = []
    at = 0
    for cut in [*cuts, _Cut(len(plain), len(plain), "", None)]:
        for match in _LINE.finditer(plain, at, cut.start):
            texts[-1] += match[1]
            sources[-1] += match[1]
            if match[2]:
                yield _line(texts, sources, slots, match[2], has_commas=has_commas)
                texts, sources, slots = [""], [""], []
        if cut.slot:
            slots.append(cut.slot)
            texts.append("")
            sources.append("")
        else:
            texts[-1] += plain[cut.start : cut.end]
            sources[-1] += cut.source
        at = cut.end
    if slots or texts[0]:
        yield _line(texts, sources, slots, "", has_commas=has_commas)


def _line(
    texts: list[str], sources: list[str], slots: list[Slot], end: str, *, has_commas: bool
) -> Unit:
    comma = _END_WITH_COMMA.search(texts[-1]) if has_commas else None
    if comma is None:
        return Unit(texts, sources, slots, comma=False, end=end)
    rest = texts[-1][: comma.start()]
    return Unit([*texts[:-1], rest], [*sources[:-1], rest], slots, comma=True, end=comma[1] + end)
