"""The sections of commented-out entries in INI files (docs/format.md, section 5)."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.formats.base import CommentPlace, Span
from sealedfiles.formats.place import line_end
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.util.lazy_pattern import lazy_pattern

_HEADER = lazy_pattern(r"\[([^\]]+)\]\s*(?:[#;].*)?")


def find_parents(
    text: str,
    spans: Sequence[Span],
    headers: Sequence[tuple[int, int, str]],
    places: Sequence[CommentPlace],
) -> list[tuple[bytes, bool]]:
    """Return for each comment the path of its section.

    *headers* are those of the text.  One that is commented out counts, up to the next value or header.
    """
    found = []
    path, commented = ROOT, None
    sections, values = iter([*headers, (len(text) + 1, 0, "")]), iter(spans)
    section, value = next(sections), next(values, None)
    for start, _, read in places:
        while section[0] < start:
            path, commented = key_step(section[2]), None
            section = next(sections)
        while value is not None and value.start < start:
            value, commented = next(values, None), None
        content = text[start : line_end(text, start)][read.content :] if read.content >= 0 else ""
        header = _HEADER.fullmatch(content.rstrip())
        if header:
            commented = key_step(header[1])
        found.append((path if commented is None else commented, False))
    return found
