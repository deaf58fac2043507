"""Find out without git that an object does not exist.

For every new or changed file, the filter must know whether its plaintext is an object.  Nearly always it is
not, and asking git takes longer than sealing the file: two processes wait for each other.

Objects are loose files or listed in the index of a pack (gitformat-pack(5), version 2).  The indexes, which
never change, are kept open; the folders are read for each object.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_left

from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

    from sealedfiles.git.repository import Repository

_ELSEWHERE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT = len(_MAGIC)
_NAMES = _FANOUT + 256 * 4
_MOST_PACKS = 20
"""With more packs, git, which remembers the order in which they were of use, is as fast."""


class ObjectFiles:
    """The object files of a repository."""

    def __init__(self, repository: Repository) -> None:
        self._folder = os.path.join(repository.common_folder, "objects")
        self._packs = os.path.join(self._folder, "pack")
        self._is_simple = not any(map(os.environ.get, _ELSEWHERE)) and not os.path.lexists(
            os.path.join(self._folder, "info", "alternates")
        )
        # Of an object that is not here, a partial clone would send the id to the server.
        self._most_packs = sys.maxsize if repository.is_partial else _MOST_PACKS
        self._listed: list[str] = []
        self._indexes: dict[str, _PackIndex] = {}

    def lacks(self, oid: str) -> bool:
        """Return True if the object *oid* (hex) does not exist, or in a partial clone has not been fetched.

        False means that it exists, or that only git can tell.
        """
        if not self._is_simple:
            return False
        try:
            # Loose files first: git writes a pack before it deletes the loose files of its objects.
            if not _is_missing(f"{self._folder}/{oid[:2]}/{oid[2:]}"):
                return False
            self._list_packs()
            name = bytes.fromhex(oid)
            return not any(index.holds(name) for index in self._indexes.values())
        except (OSError, ValueError):
            return False

    def _list_packs(self) -> None:
        """Open the index of each new pack.  Raises ValueError if there are too many, or one has no index."""
        try:
            listed = os.listdir(self._packs)
        except FileNotFoundError:
            listed = []
        if listed == self._listed:
            return
        packs = {name.removesuffix(".pack") for name in listed if name.endswith(".pack")}
        names = {name.removesuffix(".idx") for name in listed if name.endswith(".idx")}
        if len(names) > self._most_packs or not packs <= names:
            raise ValueError("only git can read these packs")
        known = self._indexes
        self._indexes = {
            name: known.get(name) or _PackIndex(f"{self._packs}/{name}.idx") for name in names
        }
        self._listed = listed


class _PackIndex:
    """The index of one pack: the names of its objects, sorted, of which each first byte has a part."""

    def __init__(self, path: str) -> None:
        from mmap import ACCESS_READ  # here: most runs of the filter seal no new value
        from mmap import mmap as map_file

        with open(path, "rb") as file:
            self._data: mmap = map_file(file.fileno(), 0, access=ACCESS_READ)
        if self._data[:_FANOUT] != _MAGIC:
            raise ValueError("not an index of version 2")

    def holds(self, name: bytes) -> bool:
        """Return True if the object *name* is in the pack.  Raises ValueError if the index is damaged."""
        data, size = self._data, len(name)

        def number(at: int) -> int:
            return int.from_bytes(data[_FANOUT + 4 * at : _FANOUT + 4 * at + 4], "big")

        def name_at(nth: int) -> bytes:
            return data[_NAMES + nth * size : _NAMES + nth * size + size]

        first, end = number(name[0] - 1) if name[0] else 0, number(name[0])
        count = number(255)
        if not first <= end <= count or _NAMES + count * size > len(data):
            raise ValueError("a damaged index")
        found = bisect_left(range(end), name, first, key=name_at)
        return found < end and name_at(found) == name


def _is_missing(path: str) -> bool:
    """Return True if there is no file at *path*.  Raises OSError if that is unknown."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    return False
