"""The table: what was measured, against whom, and whether the budget is met."""

from __future__ import annotations

import platform
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from measure import Timing

OURS = "sealedfiles"
HEADINGS = ("work", "ours", "peer", "peer's", "ratio", "target", "met")
RULER = ("---",) * len(HEADINGS)


class Row(NamedTuple):
    """One comparison.  ``ours`` and ``theirs`` are texts; None where it could not be measured."""

    work: str
    ours: str | None
    peer: str
    theirs: str | None
    ratio: float | None
    limit: float | None

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the table, in the order of HEADINGS."""
        missing = "not installed"
        met = "" if self.ratio is None or self.limit is None else _met(self.ratio, self.limit)
        return (
            self.work,
            self.ours or missing,
            self.peer,
            self.theirs or missing,
            "" if self.ratio is None else f"{self.ratio:.3g}",
            "" if self.limit is None else f"≤ {self.limit:.3g}",
            met,
        )


def compare(
    work: str,
    timings: Mapping[str, Timing],
    peer: str,
    limit: float | None,
    title: str | None = None,
) -> Row:
    """Return the row that compares ours with *peer*; either may be missing from *timings*.

    *title* is the peer as the table names it.
    """
    ours, theirs = timings.get(OURS), timings.get(peer)
    ratio = ours.median / theirs.median if ours and theirs else None
    return Row(work, ours and _time(ours), title or peer, theirs and _time(theirs), ratio, limit)


def compare_sizes(work: str, sizes: Mapping[str, int], peer: str) -> Row:
    """Return the row that compares our memory with that of *peer*, which may be missing from *sizes*."""
    ours, theirs = sizes[OURS], sizes.get(peer)
    ratio = ours / theirs if theirs else None
    return Row(work, megabytes(ours), peer, megabytes(theirs) if theirs else None, ratio, None)


def table_line(cells: Iterable[str]) -> str:
    """Return one line of the table in markdown."""
    return f"| {' | '.join(cells)} |"


def seconds(number: float) -> str:
    """Return a time in the unit that suits it."""
    if number >= 1:
        return f"{number:.2f} s"
    return f"{number * 1000:.1f} ms" if number >= 0.001 else f"{number * 1e6:.0f} µs"


def megabytes(size: int) -> str:
    """Return a size in bytes as megabytes."""
    return f"{size / 1e6:.0f} MB"


def machine() -> str:
    """Return one line that says on what the figures were made."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    return f"{platform.platform()}, Python {platform.python_version()}, {git.stdout.strip()}"


def _met(ratio: float, limit: float) -> str:
    return "yes" if ratio <= limit else "**no**"


def _time(timing: Timing) -> str:
    return f"{seconds(timing.median)} ({seconds(timing.least)})"
