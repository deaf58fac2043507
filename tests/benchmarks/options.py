"""What the command line decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Options(NamedTuple):
    """How much is measured, and where."""

    repeats: int
    files: int
    many: int
    style: str
    memory: Path
    disk: Path
    dotenvx: str | None
