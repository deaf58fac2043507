"""The versions with plaintext comments that this clone wrote to a working tree: ``.git/sealedfiles/written``.

A comment that reads as prose becomes a value if its sign is removed.  To record each such comment at checkout
takes as long as the checkout.  So only the version is recorded, and its comments once the file has a value
without a token (``git.plaintext_memory``).

A line has the id of a blob, a hash of the file's path, and the commit, or ``-`` if git did not report it.
With ``drop`` in the place of the id, the lines before it with the same path do not count.
"""

from __future__ import annotations

import hashlib
import os

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from pathlib import Path

NAME = "written"
LIMIT = 20_000
"""The minimum number of versions to keep."""
_DROPPED = "drop"


class WrittenVersions:
    """The versions that one clone recorded in *folder*.  Its methods raise OSError, except for ``add``."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = folder
        self._file = os.path.join(folder, NAME)
        self._new: dict[str, None] = {}
        """Lines to write."""
        self._count = 0
        """The number of lines in the file."""
        self._known: dict[str, dict[str, str]] = {}
        """The commits of the versions in the file, by the hash of the path and the id."""
        self._seen: object = None

    def add(self, path: bytes, oid: str, commit: str) -> None:
        """Record the version *oid* of the file at *path*, which ``save`` writes."""
        self._new[f"{oid} {_hash_of(path)} {commit or '-'}"] = None

    def save(self) -> None:
        """Write what was added."""
        if self._new:
            atomic.make_private_folder(self._folder)
            with atomic.alone_in(self._folder):
                self._refresh()
                lines = (line.split(" ") for line in self._new)
                self._append(
                    [line for line in lines if line[0] not in self._known.get(line[1], {})]
                )
            self._new = {}

    def of(self, path: bytes) -> dict[str, str]:
        """Return the ids of the recorded versions of *path*, each with its commit."""
        self._refresh()
        name = _hash_of(path)
        added = {oid: commit for oid, one, commit in map(str.split, self._new) if one == name}
        return {**self._known.get(name, {}), **added}

    def drop(self, path: bytes) -> None:
        """Remove the versions of *path*."""
        name = _hash_of(path)
        self._new = {line: None for line in self._new if name not in line}
        with atomic.alone_in(self._folder):
            self._refresh()
            if name in self._known:
                self._append([[_DROPPED, name, "-"]])

    def _append(self, lines: list[list[str]]) -> None:
        for line in lines:
            self._add_line(line)
        is_new = self._seen is None
        if is_new or self._count > LIMIT + LIMIT // 4:
            kept = [
                [oid, name, commit]
                for name, versions in self._known.items()
                for oid, commit in versions.items()
            ]
            atomic.replace(self._file, _text(kept[-LIMIT:]), atomic.PRIVATE)
            self._seen = None
            self._refresh()
        elif lines:
            # A killed process may have left an incomplete line.
            atomic.append(self._file, b"\n" + _text(lines))
            self._seen = atomic.state_of(self._file)

    def _add_line(self, line: list[str]) -> None:
        if len(line) != 3:
            return
        oid, name, commit = line
        self._count += 1
        versions = self._known.pop(name, {})
        if oid != _DROPPED:
            versions[oid] = commit
            self._known[name] = versions  # the newest are last

    def _refresh(self) -> None:
        """Read the file if it changed."""
        seen = atomic.state_of(self._file)
        if seen != self._seen:
            self._known, self._count = {}, 0
            for line in atomic.lines_of(self._file):
                self._add_line(line.split(" "))
            self._seen = seen


def _text(lines: list[list[str]]) -> bytes:
    return "".join(f"{' '.join(line)}\n" for line in lines).encode("ascii", "replace")


def _hash_of(path: bytes) -> str:
    return hashlib.sha256(path).hexdigest()[:32]
