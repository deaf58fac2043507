"""Patterns that this clone goes on sealing, whatever a pulled ``.gitattributes`` says.

git asks ``.git/info/attributes`` first.  So a line that a pull request takes out of ``.gitattributes``, or
overrides further down, does not send the next edit of a secret into git in the clear.  The price: git then
also calls the filter where nothing is sealed (an old branch, a file that a colleague has untracked), and
``is_covered`` tells these apart.

The same file says to the attributes of a strict repository that sealedfiles is set up here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.git.attributes import SET_UP, line_for, sealed_patterns
from sealedfiles.wildmatch import FilePattern

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.git.repository import Repository

_NOTE = "# sealedfiles: sealed in this clone whatever .gitattributes says; see sealedfiles untrack"


def pin(repository: Repository) -> None:
    """Note every pattern of the top ``.gitattributes`` in ``.git/info/attributes`` as well."""
    file = _file(repository)
    lines = _lines(file)
    pinned = sealed_patterns(file)
    fresh = [p for p in sealed_patterns(repository.top / ".gitattributes") if p not in pinned]
    wanted = [_NOTE, SET_UP, *(line_for(pattern) for pattern in dict.fromkeys(fresh))]
    missing = [line for line in wanted if line not in lines]
    if missing:
        _write(file, lines + missing)


def unpin(repository: Repository, pattern: str) -> bool:
    """Take a pattern out again; tell whether it was there."""
    return _remove(repository, {line_for(pattern)})


def unpin_all(repository: Repository) -> bool:
    """Take out all that was written here; tell whether there was anything."""
    ours = {line_for(pattern) for pattern in sealed_patterns(_file(repository))}
    return _remove(repository, ours | {_NOTE, SET_UP})


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


def _lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def _remove(repository: Repository, gone: set[str]) -> bool:
    file = _file(repository)
    lines = _lines(file)
    kept = [line for line in lines if line not in gone]
    if kept == lines:
        return False
    if kept:
        _write(file, kept)
    else:
        file.unlink()
    return True


def _write(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(exist_ok=True)
    text = "".join(f"{line}\n" for line in lines)
    atomic.replace(file, text.encode("utf-8", "surrogateescape"))
