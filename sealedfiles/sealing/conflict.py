"""Texts with conflict markers, as a merge writes them: their sides, each as a file."""

from __future__ import annotations

import re
from bisect import bisect_right

from sealedfiles.util.lazy_pattern import lazy_pattern

_FIRST = lazy_pattern(r"^<{7,}(?= |\r|\n|\Z)", re.MULTILINE)
_MARKER = r"^(<{%d}|\|{%d}|={%d}|>{%d})(?: [^\r\n]*)?(?:\r\n|\n|\r|\Z)"
_NEXT = {"<": "|=", "|": "=", "=": ">", ">": "<"}


class ConflictSide:
    """One side: the common parts, and its part of every conflict."""

    def __init__(self, text: str, parts: list[tuple[int, int]]) -> None:
        self.text = "".join(text[start:end] for start, end in parts)
        self._starts = []
        self._shifts = []
        length = 0
        for start, end in parts:
            self._starts.append(length)
            self._shifts.append(start - length)
            length += end - start

    def origin(self, at: int) -> int:
        """Return the offset in the text with markers of offset *at* in this side's text."""
        return at + self._shifts[bisect_right(self._starts, at) - 1]


def sides_of(text: str) -> list[ConflictSide]:
    """Return the sides of *text*: ours, theirs, and the base if it is shown.

    Returns nothing if the text has no conflict markers, or not in the order in which a merge writes them.
    Markers are longer than seven signs if a file was renamed on both sides, or if an attribute says so;
    shorter ones between them are text.
    """
    if "\n<<<<<<<" not in text and not text.startswith("<<<<<<<"):
        return []
    sizes = [len(match[0]) for match in _FIRST.finditer(text)]
    if not sizes:
        return []
    marker = re.compile(_MARKER % ((max(sizes),) * 4), re.MULTILINE)
    ours: list[tuple[int, int]] = []
    base: list[tuple[int, int]] = []
    theirs: list[tuple[int, int]] = []
    at = 0
    state = ">"
    with_base = False
    for match in marker.finditer(text):
        mark = match[1][0]
        if mark not in _NEXT[state]:
            if mark == "=" and state == ">":
                continue  # a line of seven equals signs outside a conflict is text
            return []
        part = (at, match.start())
        if state == ">":
            for side in (ours, base, theirs):
                side.append(part)
        else:
            {"<": ours, "|": base, "=": theirs}[state].append(part)
        with_base = with_base or mark == "|"
        state = mark
        at = match.end()
    if state != ">" or at == 0:
        return []
    for side in (ours, base, theirs):
        side.append((at, len(text)))
    sides = (ours, theirs, base) if with_base else (ours, theirs)
    return [ConflictSide(text, [part for part in side if part[0] < part[1]]) for side in sides]
