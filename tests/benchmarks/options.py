"""What the command line decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Options(NamedTuple):
    """How much is measured, and where."""

    repeats: int
    files: int
    quick: bool
    """Whether sizes are those of a trial run."""
    style: str
    memory: Path
    disk: Path
    dotenvx: str | None
    """The programs of the peers; None if they are not installed."""
    sops: str | None
    age: str | None
