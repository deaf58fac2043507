"""Blanks between a value and a comment after it.

If comments are aligned, their column minus the blanks before them reveals the length of the value.
Therefore all of these blanks except the last belong to the literal (docs/format.md, section 4).
"""

from __future__ import annotations

from sealedfiles.formats.base import Span

BLANKS = " \t"


def with_gaps(text: str, values: list[Span], signs: tuple[str, ...] = ("#",)) -> list[Span]:
    """Return *values* extended by the blanks before a comment, which begins with one of *signs*, except the
    last blank.

    Any text that begins with such a sign after a value and blanks is a comment.
    """
    ends: dict[int, int] = {}
    for sign in signs:
        at = text.find(sign)
        while at >= 0:
            if at > 1 and text[at - 1] in BLANKS and text[at - 2] in BLANKS:
                start = at - 2
                while start and text[start - 1] in BLANKS:
                    start -= 1
                ends[start] = at - 1
            at = text.find(sign, at + len(sign))
    if not ends:
        return values
    return [Span(start, ends.get(end, end), path) for start, end, path in values]


def is_gap(text: str, start: int, end: int) -> bool:
    """Return True if ``text[start:end]`` are the blanks between a value and a comment, except the last.

    Tokens that were created before these blanks belonged to literals lack them.  In a block scalar, blanks at
    the end of a line are content, and no comment follows them.
    """
    if start >= end or text[end : end + 1] not in (" ", "\t"):
        return False
    if not text.startswith(("#", "//", "/*"), end + 1):
        return False
    return not text[start:end].strip(BLANKS)
