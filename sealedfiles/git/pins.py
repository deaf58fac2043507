"""Patterns that this clone goes on sealing, whatever a pulled ``.gitattributes`` says.

git asks ``.git/info/attributes`` first.  So a line that a pull request takes out of ``.gitattributes``, or
overrides further down, does not send the next edit of a secret into git in the clear.  The price: git then
also calls the filter where nothing is sealed (an old branch, a file that a colleague has untracked), and
``is_covered`` tells these apart.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.git.attributes import line_for, sealed_patterns
from sealedfiles.wildmatch import FilePattern

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.git.repository import Repository

_NOTE = "# sealedfiles: sealed in this clone whatever .gitattributes says; see sealedfiles untrack"


def pin(repository: Repository) -> None:
    """Note every pattern of the top ``.gitattributes`` in ``.git/info/attributes`` as well."""
    file = _file(repository)
    pinned = sealed_patterns(file)
    fresh = [p for p in sealed_patterns(repository.top / ".gitattributes") if p not in pinned]
    if not fresh:
        return
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    if _NOTE not in text:
        text += _NOTE + "\n"
    _write(file, text + "".join(line_for(pattern) + "\n" for pattern in fresh))


def unpin(repository: Repository, pattern: str) -> bool:
    """Take a pattern out again; tell whether it was there."""
    file = _file(repository)
    if pattern not in sealed_patterns(file):
        return False
    lines = file.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    _write(file, "\n".join(line for line in lines if line != line_for(pattern)))
    return True


class Cover:
    """Tells whether git calls the filter for what ``.gitattributes`` says, or only for our own lines."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._pinned = [FilePattern(p) for p in sealed_patterns(_file(repository))]
        self._read: dict[Path, tuple[object, list[FilePattern]]] = {}

    def is_covered(self, path: bytes) -> bool:
        """Tell whether the file at *path* is to be sealed by what the work tree's attributes say.

        True where in doubt: lines further down are not read as git reads them.
        """
        name = os.fsdecode(path)
        if not any(pattern.matches(name) for pattern in self._pinned):
            return True
        folder = self._repository.top
        if any(pattern.matches(name) for pattern in self._patterns(folder)):
            return True
        for step in name.split("/")[:-1]:
            folder = folder / step
            if self._patterns(folder):
                return True
        return False

    def _patterns(self, folder: Path) -> list[FilePattern]:
        file = folder / ".gitattributes"
        try:
            stat = os.lstat(file)
        except OSError:
            return []
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._read.get(file)
        if known is None or known[0] != seen:
            known = (seen, [FilePattern(pattern) for pattern in sealed_patterns(file)])
            self._read[file] = known
        return known[1]


def _file(repository: Repository) -> Path:
    return repository.common_dir / "info" / "attributes"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    atomic.replace(file, text.encode("utf-8", "surrogateescape"))
