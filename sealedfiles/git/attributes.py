"""The lines in ``.gitattributes`` that send files through the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.paths import json_string

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sealedfiles.git.index import Entry
    from sealedfiles.git.repository import Repository

ATTRIBUTES = "filter=sealedfiles diff=sealedfiles merge=sealedfiles -text"


def add_pattern(top: Path, pattern: str) -> bool:
    """Add the line for *pattern*; return False where it is there already."""
    line = f"{_quoted(pattern)} {ATTRIBUTES}"
    lines = _lines(top)
    if line in lines:
        return False
    _write(top, [*lines, line])
    return True


def remove_pattern(top: Path, pattern: str) -> bool:
    """Remove the line for *pattern*; return False where there is none."""
    lines = _lines(top)
    start = _quoted(pattern) + " "
    kept = [line for line in lines if not (line.startswith(start) and "filter=sealedfiles" in line)]
    if len(kept) == len(lines):
        return False
    _write(top, kept)
    return True


def sealed_entries(repository: Repository, entries: Iterable[Entry]) -> list[Entry]:
    """Return those of *entries* that the attributes send through the filter, regular files only."""
    files = [entry for entry in entries if entry.mode.startswith("100")]
    paths = b"".join(entry.path + b"\x00" for entry in files)
    fields = repository.run("check-attr", "--stdin", "-z", "filter", stdin=paths).split(b"\x00")
    sealed = {fields[at] for at in range(0, len(fields) - 2, 3) if fields[at + 2] == b"sealedfiles"}
    return [entry for entry in files if entry.path in sealed]


def _quoted(pattern: str) -> str:
    """Return *pattern* as .gitattributes needs it: in quotes where it holds blanks or starts oddly."""
    if any(char in pattern for char in "\r\n\x00"):
        raise UsageError("a pattern cannot hold a line end")
    if any(char in pattern for char in ' \t"') or pattern.startswith("#"):
        return json_string(pattern)
    return pattern


def _lines(top: Path) -> list[str]:
    if (top / ".gitattributes").is_symlink():
        # What it points at would be copied into git.
        raise TamperedError(
            ".gitattributes is a symbolic link, which git does not read",
            "put the file itself in its place",
        )
    try:
        data = (top / ".gitattributes").read_bytes()
    except FileNotFoundError:
        return []
    text = data.decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def _write(top: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    atomic.replace(top / ".gitattributes", text.encode("utf-8", "surrogateescape"))
