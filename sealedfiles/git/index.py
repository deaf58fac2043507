"""Read the index, again whenever its file changes."""

from __future__ import annotations

import os

from sealedfiles.errors import UsageError
from sealedfiles.git.file_states import FileStates
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import printable

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository


class Entry(NamedTuple):
    """An index entry: a path at one stage."""

    path: bytes
    mode: str
    oid: str
    stage: int
    skip_worktree: bool


class Index:
    """The index of a repository, from ``git ls-files``."""

    def __init__(self, repository: Repository, states: FileStates | None = None) -> None:
        self._repository = repository
        self._states = states or FileStates()
        self._file = repository.index_file
        self._stat: tuple[int, int, int] | None = (-1, 0, 0)
        self._stages: dict[bytes, dict[int, Entry]] = {}

    def stat(self) -> tuple[int, int, int] | None:
        """Return a value that changes whenever git writes the index; None if there is no index."""
        return self._states.of(self._file)

    def stages(self) -> dict[bytes, dict[int, Entry]]:
        """Return every path in index order, with its entries by stage."""
        stat = self.stat()
        if stat != self._stat:
            self._stages = self._list() if stat else {}
            self._stat = stat
        return self._stages

    def entry(self, path: bytes) -> Entry | None:
        """Return the entry of *path* at stage 0."""
        return self.stages().get(path, {}).get(0)

    def name_of(self, path: bytes) -> bytes:
        """Return *path* as it is in the index if case is ignored, or *path* itself if it is not there.

        Otherwise a file that was pushed under a name in other case would be one that git does not have, and
        so the user's own.  Raises UsageError if there are two.
        """
        wanted = _folded(path)
        found = [one for one in self.stages() if _folded(one) == wanted]
        if len(found) > 1:
            first, second = (os.fsdecode(one) for one in found[:2])
            raise UsageError(
                f"git has {printable(first)} and {printable(second)}, which are the same file here",
                "on another computer, rename one of them",
            )
        return found[0] if found else path

    def _list(self) -> dict[bytes, dict[int, Entry]]:
        stages: dict[bytes, dict[int, Entry]] = {}
        for line in self._repository.run("ls-files", "-s", "-t", "-z").split(b"\x00")[:-1]:
            head, _, path = line.partition(b"\t")
            tag, mode, oid, stage = head.decode("ascii").split(" ")
            entry = Entry(path, mode, oid, int(stage), tag == "S")
            stages.setdefault(path, {})[entry.stage] = entry
        return stages


def _folded(path: bytes) -> str:
    """Return *path* as file systems compare it that ignore case and, as on macOS, forms of Unicode."""
    if path.isascii():
        return path.lower().decode("ascii")
    from unicodedata import normalize  # few names need it

    return normalize("NFC", os.fsdecode(path)).casefold()
