"""Read a .env file with its sealed values replaced, to find the variables that it sets in plaintext.

Where one dialect reads a single value, another one may read several assignments: after a back-tick, a
backslash at a line end, ``-----BEGIN`` or a semicolon.  If the policy leaves that value in plaintext, anyone
with push access can hide an assignment of a sealed variable in it.
"""

from __future__ import annotations

from sealedfiles.formats.place import substituted
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealedfiles.formats.base import Span

MASK = "0sealedfiles0mark0"
"""The placeholder for a sealed value in text that is parsed only to find where values come from."""

_ONLY_MASKS = lazy_pattern(rf"(?:{MASK})*\r*")
"""Bash reads the CR of a CR LF line end as part of the value."""


def set_in_plaintext(
    text: str,
    sealed: Iterable[tuple[int, int]],
    dialect: str,
    environ: Mapping[str, str],
    *,
    override: bool,
) -> list[tuple[str, str]]:
    """Return name and value of each variable that does not come only from the spans *sealed*, or *environ*.

    In the value, sealed parts are replaced by ``MASK``.

    Raises FormatError, as ``read`` does.
    """
    from sealedfiles.formats.dotenv.values import read  # other formats need only the mask

    masked = substituted(text, ((start, end, MASK) for start, end in sealed))
    return [
        (name, value)
        for name, value in read(masked, dialect, environ, override=override).items()
        if value and not _ONLY_MASKS.fullmatch(value) and value != environ.get(name)
    ]


def assignment_of(text: str, name: str, spans: Iterable[Span]) -> int:
    """Return the offset of *name* in one of *spans*, or its first offset in *text*."""
    found = (text.find(name, span.start, span.end) for span in spans)
    return next((at for at in found if at >= 0), max(text.find(name), 0))
