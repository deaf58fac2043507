"""The values that comments would be if their signs were removed, read as the format reads them then.

Whether a comment reads as an entry (docs/format.md, 5.1) decides what is sealed.  Here it does not count:
somebody who removes the sign also makes a value of prose, and of several lines that are one value.
"""

from __future__ import annotations

from sealedfiles.errors import FormatError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.sealing.comments import is_sealed_comment
from sealedfiles.sealing.opened_tokens import is_token
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.formats.base import Format
    from sealedfiles.sealing.comment_lines import CommentLines

_LINES = 50
"""The maximum number of lines that are read as one value, so that all of it takes linear time."""

_KEY_LINES = 4
_ENDS_IN_KEY = lazy_pattern(r"[:=]\s*\Z|\A\?\s")
_AROUND = " \t\r\n,*"
_STARS = lazy_pattern(r"(?m)^[ \t]*\*+[ \t]?")
"""What begins the lines of a block comment."""


class Uncommented(NamedTuple):
    """Key paths and decoded values: see ``PlacedComment``."""

    alone: tuple[tuple[bytes, str], ...] = ()
    joined: tuple[tuple[bytes, str], ...] = ()
    lines: int = 1


def uncommented(lines: CommentLines, index: int, file_format: Format) -> Uncommented:
    """Return what line *index* would be without its sign."""
    line = lines.lines[index]
    if line.column < 0 or is_sealed_comment(lines.text_of(index)):
        return Uncommented()
    longest = min(index + _LINES, len(lines.lines))
    end = min(lines.body_end(index), longest)
    above = lines.parents[index][0] if file_format.name == "xml" else ROOT
    alone = tuple(_values(_text(lines, index, index + 1), file_format, above))
    while True:
        text = _text(lines, index, end)
        joined = tuple(_values(text, file_format, above)) if end > index + 1 else ()
        # The value of a key may begin on a line of its own.
        has_all = alone or joined or not _ENDS_IN_KEY.search(text)
        if has_all or end >= min(index + _KEY_LINES, longest):
            if not alone and not joined:  # a text that needs quotes, or a reference
                alone = ((above, _content(lines, index, line.column).strip(_AROUND)),)
            return Uncommented(alone, joined, end - index)
        end += 1


def _text(lines: CommentLines, start: int, end: int) -> str:
    column = lines.lines[start].column
    return "\n".join(_content(lines, index, column) for index in range(start, end))


def _content(lines: CommentLines, index: int, column: int) -> str:
    """Return a line without its signs, indented as it is to the right of *column*."""
    line = lines.lines[index]
    indent = " " * max(line.column - column, 0)
    return indent + lines.text_of(index)[line.read.content :] if line.column >= 0 else ""


def _values(text: str, file_format: Format, above: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield the values of *text*; in XML, *above* is the path of the element that it is in."""
    if "/* " in file_format.comment_signs:
        text = _STARS.sub("", text)
    # A line of a collection in braces ends with a comma.
    is_inside = file_format.name == "json" or (file_format.name == "yaml" and text.endswith(","))
    whole = f"{{{text.rstrip().rstrip(',')}\n}}" if is_inside else f"{text}\n"
    is_xml = file_format.name == "xml"
    whole = f"<_>{text}</_>" if is_xml else whole
    try:
        spans = file_format.scan(whole).values
    except FormatError:
        return
    skipped = len(key_step("_")) if is_xml else 0
    for start, end, path in spans:
        literal = whole[start:end]
        if not is_token(literal, file_format):
            yield above + path[skipped:], file_format.decode(literal)
