"""One version of the repository, from which a migration reads the files of the other tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sealedfiles.git.clone import Clone
from sealedfiles.git.gitattributes import NAME, Attributes
from sealedfiles.git.index import Entry
from sealedfiles.git.worktree import with_blobs
from sealedfiles.keys.folder import NAME as FOLDER


class Tree:
    """The regular files of a tree object.

    A migration changes the index and the working tree, so that another attempt, after one that was
    interrupted, finds everything as it was only here.
    """

    def __init__(self, clone: Clone, oid: str) -> None:
        self.clone = clone
        self.oid = oid
        self.files: dict[bytes, Entry] = {}
        for line in clone.repository.run("ls-tree", "-r", "-z", oid).split(b"\x00")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, kind, blob = head.decode("ascii").split(" ")
            if kind == "blob" and mode.startswith("100"):
                self.files[path] = Entry(path, mode, blob, 0, False)
        self.attributes = Attributes(self._read_attributes, {})

    @property
    def top(self) -> Path:
        """The root of the working tree."""
        return self.clone.repository.top

    def read(self, path: bytes) -> bytes | None:
        """Return the content of the file at *path* as git stores it; None if it does not exist."""
        entry = self.files.get(path)
        return self.clone.objects.blob(entry.oid.encode("ascii")) if entry else None

    def need(self, path: bytes) -> bytes:
        """Return the content of a file that exists."""
        data = self.read(path)
        assert data is not None, path  # noqa: S101 - the caller has it from here
        return data

    def contents(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the path and the content of each file, except for those of sealedfiles."""
        own = f"{FOLDER}/".encode()
        for entry, data in with_blobs(self.clone, self.files.values()):
            if not entry.path.startswith(own):
                yield entry.path, data

    def below(self, folder: bytes) -> list[bytes]:
        """Return the paths of the files in *folder*, at any depth."""
        return [path for path in self.files if path.startswith(folder + b"/")]

    def attribute_files(self) -> list[bytes]:
        """Return the paths of the attributes files."""
        return [path for path in self.files if path.rpartition(b"/")[2] == NAME]

    def filter_of(self, path: bytes) -> str:
        """Return the name of the filter that the attributes of this version set for *path*, or nothing."""
        state = self.attributes.filter_of(path)
        return state.decode("utf-8", "replace") if isinstance(state, bytes) else ""

    def _read_attributes(self, path: bytes) -> tuple[str, bytes] | None:
        data = self.read(path)
        return None if data is None else (self.files[path].oid, data)


def selected(paths: Iterable[bytes], only: tuple[bytes, ...]) -> list[bytes]:
    """Return those of *paths* that are in the files and folders *only*, sorted; without *only*, all."""
    return sorted(
        path
        for path in paths
        if not only or any(one in (b".", path) or path.startswith(one + b"/") for one in only)
    )
