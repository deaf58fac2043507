"""Read the trees of commits by their ids, and find the files that differ between two of them.

In a history, most entries of a tree are those of the tree before it, so entries stay as git stores them
until one is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sealedfiles.errors import GitError
from sealedfiles.git.objects import Objects, parse_tree
from sealedfiles.light_typing import NamedTuple, TypeAlias
from sealedfiles.util.lazy_pattern import lazy_pattern

_MOST_ENTRIES = 50_000
"""How many entries of trees are kept in memory: about 15 MB."""
_MOST_FILES = 2_000_000

_Entries: TypeAlias = "dict[bytes, bytes]"
"""Entries as git writes them, ``MODE NAME``, a NUL and the binary id, by name."""

_ENTRIES = {
    length: lazy_pattern(
        rb"((?:100644|100755|40000|120000|160000) ([^\x00/]+)\x00[\x00-\xff]{%d})" % length
    )
    for length in (20, 32)
}
"""An entry and its name, by the length of an id in bytes."""


class Blob(NamedTuple):
    """An entry of a tree or of the index, usually a file."""

    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode.startswith("100")

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == "120000"

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder."""
        return self.mode == "40000"


class ChangedPath(NamedTuple):
    """A path that differs between two versions."""

    old: Blob | None
    new: Blob | None


class Trees:
    """The trees among *objects*; each is read once, unless there are very many."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read: dict[str, _Entries] = {}
        """The trees that were read, the last used one at the end."""
        self._count = 0
        """The number of entries in ``_read``."""

    def entry(self, tree: str, name: bytes) -> Blob | None:
        """Return the entry *name* of the tree with the id *tree*, or None."""
        return _blob(self._entries(tree).get(name))

    def walk(self, tree: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Blob]]:
        """Yield every file below the tree by its path."""
        for path, change in self.differences(None, tree, prefix):
            if change.new:
                yield path, change.new

    def differences(
        self, old: str | None, new: str | None, prefix: bytes = b""
    ) -> Iterator[tuple[bytes, ChangedPath]]:
        """Yield every file that differs between two trees (None: no tree).

        Raises GitError if there are more than in any real repository: with a few trees that refer to each
        other many times, a small push could cause an endless walk.
        """
        pending: list[tuple[bytes, str | None, str | None]] = [(prefix, old, new)]
        count = 0
        while pending:
            prefix, old, new = pending.pop()
            before = self._entries(old) if old else {}
            after = self._entries(new) if new else {}
            names = [name for name, entry in after.items() if before.get(name) != entry]
            names = sorted([*names, *(name for name in before if name not in after)])
            count += len(names)
            for name in names:
                one, other = _blob(before.get(name)), _blob(after.get(name))
                trees = [blob.oid if blob and blob.is_tree else None for blob in (one, other)]
                if any(trees):
                    pending.append((prefix + name + b"/", trees[0], trees[1]))
                files = [None if blob and blob.is_tree else blob for blob in (one, other)]
                if any(files):
                    yield prefix + name, ChangedPath(*files)
            if count > _MOST_FILES:
                raise GitError("a commit has too many files to check")

    def _entries(self, tree: str) -> _Entries:
        found = self._read.pop(tree, None)
        if found is None:
            stored = self._objects.read(tree.encode("ascii"))
            if stored is None or stored.type != "tree":
                raise GitError(
                    f"the tree {tree} is missing in this clone", "clone without --filter"
                )
            found = parse_entries(stored.data, len(tree) // 2)
            self._count += len(found)
            while self._read and self._count > _MOST_ENTRIES:
                self._count -= len(self._read.pop(next(iter(self._read))))
        self._read[tree] = found
        return found


def parse_entries(data: bytes, oid_length: int) -> dict[bytes, bytes]:
    """Return the entries of a tree object by name, as ``_Entries``, much faster than ``parse_tree``."""
    found = _ENTRIES[oid_length].findall(data)
    entries = {name: entry for entry, name in found}
    if b"".join(entries.values()) == data:
        return entries
    # It is malformed, or has modes that git does not write.
    return {
        (name := os.fsencode(text)): b"%b %b\0%b" % (mode.encode("ascii"), name, bytes.fromhex(oid))
        for text, (mode, oid) in parse_tree(data, oid_length).items()
    }


def _blob(entry: bytes | None) -> Blob | None:
    if entry is None:
        return None
    head, _, oid = entry.partition(b"\0")
    return Blob(head[: head.index(b" ")].decode("ascii"), oid.hex())
