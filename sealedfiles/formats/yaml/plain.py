"""Find the values of most YAML texts without a parser, whose import takes longer than opening a file.

The subset: block mappings and block lists whose values are scalars on one line, block scalars, and lists of
scalars in brackets.  A text with any other line is left to the parsers (``yaml.events``).  Only what
all parsers read alike is read here; tests compare the spans with theirs on generated texts.
"""

from __future__ import annotations

import re

from sealedfiles.formats.base import Span
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.paths import ITEM, ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_Block: TypeAlias = tuple[int, bool, bytes]
"""The column of a block, whether it is a mapping, and the path above its keys or of its items."""

_LONGEST_KEY = 100
_DEEPEST = 30
"""With keys that are no longer, no path is too long."""

_BEYOND_ASCII = lazy_pattern(r"[^\x00-\x7f]")
_LETTER = "~"
"""The stand-in for each character beyond ASCII, which would make the pattern slow to compile.

It may be anywhere in a value or comment, but not in a key.
"""

_KEY = rf"[A-Za-z0-9_][A-Za-z0-9_./-]{{0,{_LONGEST_KEY - 1}}}"
_WORD = r"[!-9;-~]*(?::(?=[!-~])[!-9;-~]*)*"
_DOUBLE = r"\"[ !#-\[\]-~]*(?:\\[\"\\nrt][ !#-\[\]-~]*)*\""
_SINGLE = r"'[ -&(-~]*(?:''[ -&(-~]*)*'"
_SCALAR = (
    rf"(?:[A-Za-z0-9_/.+$~(;<=^\\]|-(?=[!-~])){_WORD}(?: +[!\"$-9;-~]{_WORD})*|{_DOUBLE}|{_SINGLE}"
)
_ITEM = rf"[A-Za-z0-9_/][A-Za-z0-9_./-]*|{_DOUBLE}|{_SINGLE}"
# The pattern has an item once only: compiling it is a large part of the time of one small file.
_LIST = rf"\[(?:(?:{_ITEM})(?:, ?(?=[^\]])|(?=\])))*\]"
_BLOCK = r"[|>][-+]?\n( +)(?! )[ -~]+(?:(?:\n *(?=\n))*\n\6 *(?! )[ -~]+)*"
_VALUE = rf"(?:{_SCALAR}|{_LIST}|{{}}|{_BLOCK})(?=[ \n])"
_ROWS = lazy_pattern(
    rf"( *)(?! )(- )?(?:({_KEY}):(?=[ \n]))?( *)(?! )({_VALUE})?( *(?:(?<![^ \n])#[ -~]*)?\n)|(.+)",
    re.DOTALL,
)
"""Lines with a key, an item, a comment or nothing, each up to its end or that of its block scalar.

The groups: the indentation, the dash, the key, the blanks before the value, the value, the indentation of a
block scalar, the rest of the line.  The last group is all text from the first other line on.  There is only
one way to divide a line, so that a failure costs linear time.
"""

_ITEMS = lazy_pattern(_ITEM)
_HEADS = tuple(key_step("." * length)[:5] for length in range(_LONGEST_KEY + 1))
_NO_MAPPING = "-"


class _OtherError(Exception):
    """The text contains something that this module does not read."""


def find_plain(text: str) -> list[Span] | None:
    """Return the values of *text* in file order, without empty ones; None if a parser must find them."""
    if not text.isascii():
        # Others, such as line ends of YAML 1.1, are not printable.
        if not text.replace("\n", "").isprintable():
            return None
        text = _BEYOND_ASCII.sub(_LETTER, text)
    at = 4 if text.startswith("---\n") else 0
    rows = _ROWS.findall(text if text.endswith("\n") else f"{text}\n", at)
    if rows and rows[-1][-1]:
        return None
    try:
        return _values(rows, at)
    except _OtherError:
        return None


def _values(rows: list[tuple[str, ...]], at: int) -> list[Span]:
    """Return the values of *rows*, which begin at the offset *at* of their text."""
    values: list[Span] = []
    add, new, span, heads = values.append, tuple.__new__, Span, _HEADS
    blocks: list[_Block] = [(-1, False, ROOT)]
    prefix = path = ROOT
    mapping = _NO_MAPPING  # the indentation of the mapping that the row above belongs to
    is_open = True  # whether the text, or the key above, still has no value
    for indent, dash, key, gap, value, inner, rest, _ in rows:
        start = at + len(indent) + len(dash) + len(key) + len(gap) + (1 if key else 0)
        end = start + len(value)
        at = end + len(rest)
        if dash:
            if not key and (gap or not value):
                raise _OtherError
            path = _enter(blocks, len(indent), path, is_open, is_mapping=False)
            is_open, mapping = True, _NO_MAPPING
            indent += "  "  # a key behind a dash is indented like those below it
        if key:
            if indent != mapping:
                prefix = _enter(blocks, len(indent), path, is_open, is_mapping=True)
                mapping = indent
            path = prefix + heads[len(key)] + key.encode()
        elif value and not dash:
            raise _OtherError
        if value:
            is_open = False
            if value[0] in "[{|>":
                if inner and len(inner) <= blocks[-1][0]:
                    raise _OtherError
                values += _values_of(value, start, path)
            else:
                add(new(span, (start, end, path)))
        elif key:
            is_open = True
    return values


def _values_of(source: str, start: int, path: bytes) -> list[Span]:
    """Return the values of a block scalar, or of a collection in brackets, whose *source* is at *start*."""
    if source[0] in "|>":
        return [Span(start, start + len(source), path)]
    items = _ITEMS.finditer(source)
    return [Span(start + one.start(), start + one.end(), path + ITEM) for one in items]


def _enter(
    blocks: list[_Block], column: int, path: bytes, is_open: bool, *, is_mapping: bool
) -> bytes:
    """Return the path above the keys, or of the items, of the block at *column*, new or continued.

    *path* is that of the row above, which *is_open* without a value.  Raises _OtherError if no block can be
    there.
    """
    outer, in_mapping, _ = blocks[-1]
    if is_open and (column > outer or (column == outer and in_mapping and not is_mapping)):
        blocks.append((column, is_mapping, path if is_mapping else path + ITEM))
    while blocks[-1][0] > column or (blocks[-1][0] == column and blocks[-1][1] != is_mapping):
        blocks.pop()
    found, kind, above = blocks[-1]
    if found != column or kind != is_mapping or len(blocks) > _DEEPEST:
        raise _OtherError
    return above
