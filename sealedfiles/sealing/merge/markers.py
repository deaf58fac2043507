"""Conflict markers, as git writes them."""

from __future__ import annotations

from sealedfiles.light_typing import NamedTuple


class Style(NamedTuple):
    """The style of conflict markers."""

    size: int = 7
    """The number of signs in a marker."""
    ours: str = "ours"
    base: str = "base"
    theirs: str = "theirs"
    """The labels."""
    kind: str = "merge"
    """``merge``, or with the base between the sides ``diff3`` or ``zdiff3``."""
    favor: str | None = None
    """``ours`` or ``theirs``: the side that wins in every conflict, so that there are none."""

    @property
    def shows_base(self) -> bool:
        """Whether the base is shown between the sides."""
        return self.kind in ("diff3", "zdiff3")

    @property
    def is_short(self) -> bool:
        """Whether the common beginning and end of both sides are outside the markers."""
        return self.kind != "diff3"


class Merged(NamedTuple):
    """The result of a merge."""

    data: bytes
    """The sealed text, with conflict markers if there are conflicts."""
    conflicts: int
    refusal: str = ""
    """Why the conflicts were not resolved for the favored side, if one was given."""


def conflict_bytes(
    style: Style, ours: list[bytes], base: list[bytes], theirs: list[bytes], line_end: bytes
) -> bytes:
    """Return the lines of both sides, and of the base if it is shown, between markers."""
    parts = [("<", style.ours, ours), ("=", "", theirs)]
    if style.shows_base:
        parts.insert(1, ("|", style.base, base))
    out: list[bytes] = []
    for sign, label, lines in parts:
        out += _marker(sign, label, style.size), line_end
        out += [line if line.endswith((b"\n", b"\r")) else line + line_end for line in lines]
    out += _marker(">", style.theirs, style.size), line_end
    return b"".join(out)


def _marker(sign: str, label: str, size: int) -> bytes:
    # A label comes from outside: a line end in it would end the marker.
    words = "".join(char if char.isprintable() else " " for char in label).strip()
    return f"{sign * size} {words}".rstrip(" ").encode("utf-8", "replace")
