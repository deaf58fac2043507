"""Read git objects through long-lived `git cat-file` processes."""

from __future__ import annotations

import os
import stat

from sealedfiles.errors import GitError
from sealedfiles.git import child
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealedfiles.git.child import Child
    from sealedfiles.git.object_files import ObjectFiles
    from sealedfiles.git.repository import Repository


_AT_ONCE = 500
"""Maximum number of requests at once: they must fit into a pipe, as git answers while they are written."""
_AHEAD = 200
"""The number of blobs that are kept in memory at once."""
_FEW = 5
_MODES = {one.encode("ascii"): one for one in ("100644", "100755", "40000", "120000", "160000")}
"""The modes that git writes."""


class Object(NamedTuple):
    """A git object: its id (hex), its type (``blob``, ``tree`` …) and its content."""

    oid: str
    type: str
    data: bytes


class Objects:
    """Reads the objects of a repository.

    Request only ids and ``<commit>:<path>``: git cat-file reads the index only once, so the answer to
    ``:<path>`` would become stale during a rebase.  git fetches what a partial clone lacks.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: Child | None = None
        self._size_process: Child | None = None
        self._ahead: dict[bytes, Object | None] = {}
        self._last: tuple[bytes, Object] | None = None
        """The last object that was requested by its id, which is often requested again."""
        self._files: ObjectFiles | None = None
        self._asked = 0
        """How many objects ``lacks`` was called for."""

    def read(self, name: bytes) -> Object | None:
        """Return the object *name*, or None if it does not exist.  Raises GitError."""
        if self._last is not None and self._last[0] == name:
            return self._last[1]
        if name in self._ahead:
            found = self._ahead.pop(name)
        elif b"\n" in name:
            return self._read_once(name)
        else:
            self._request([name])
            found = self._answer()
        if found is not None and found.oid.encode("ascii") == name:
            self._last = name, found
        return found

    def read_ahead(self, names: list[bytes]) -> None:
        """Request several objects in advance, so that the next ``read`` of each does not wait.

        The next call drops answers that were not read.
        """
        self._ahead = {}
        names = [name for name in names if b"\n" not in name]
        self._request(names)
        for name in names:
            self._ahead[name] = self._answer()

    def blobs(self, oids: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each blob of *oids*, None for a missing one, read in batches."""
        for at in range(0, len(oids), _AHEAD):
            names = [oid.encode("ascii") for oid in oids[at : at + _AHEAD]]
            self.read_ahead(names)
            # Read these before any other request, which would drop the answers that were not read.
            yield from [self.blob(name) for name in names]

    def blob(self, name: bytes) -> bytes | None:
        """Return the content of the blob *name*, or None if it does not exist or is not a blob."""
        found = self.read(name)
        return found.data if found and found.type == "blob" else None

    def is_here(self, oid: str) -> bool:
        """Return True if *oid*, which may be the id of a plaintext, exists here.

        It is not fetched: a partial clone would send the id, a hash of the plaintext, to the server.
        """
        if self.lacks(oid):
            return False
        if self._repository.is_partial:
            code, _, _ = self._repository.try_run("cat-file", "-e", oid)
            return code == 0
        return self.read(oid.encode("ascii")) is not None

    def lacks(self, oid: str) -> bool:
        """Return True if *oid* certainly does not exist here; False if it does, or if git must be asked.

        For many objects, this takes no process.  For a few, git answers before the module is imported, but
        in a partial clone it would send the id to the server.
        """
        self._asked += 1
        if self._asked <= _FEW and not self._repository.is_partial:
            return False
        if self._files is None:
            from sealedfiles.git.object_files import ObjectFiles

            self._files = ObjectFiles(self._repository)
        return self._files.lacks(oid)

    def sizes(self, oids: list[bytes]) -> list[int]:
        """Return the size of each object in bytes, 0 if it does not exist."""
        if self._size_process is None:
            self._size_process = self._start("--batch-check=%(objectsize)")
        process = self._size_process
        assert process.stdout  # noqa: S101 - opened as a pipe
        found: list[int] = []
        for at in range(0, len(oids), _AT_ONCE):
            some = oids[at : at + _AT_ONCE]
            _send(process, some)
            answers = [process.stdout.readline() for _ in some]
            found += [int(answer) if answer.strip().isdigit() else 0 for answer in answers]
        return found

    def close(self) -> None:
        """End the processes."""
        for process in (self._process, self._size_process):
            if process:
                assert process.stdin  # noqa: S101 - opened as a pipe below
                process.stdin.close()
                process.wait()
        self._process = self._size_process = None

    def _request(self, names: Iterable[bytes]) -> None:
        if self._process is None:
            self._process = self._start("--batch")
        _send(self._process, names)

    def _start(self, option: str) -> Child:
        env = self._repository.git_environment({"GIT_NO_LAZY_FETCH": "0"})
        return child.start(("cat-file", option), self._repository.root, env)

    def _answer(self) -> Object | None:
        assert self._process  # noqa: S101 - _request has started it
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        head = self._process.stdout.readline()
        parts = head.split(b" ")
        if not head:
            if self._repository.is_partial:
                raise GitError(
                    "git could not fetch an object that this partial clone lacks",
                    "once the remote can be reached, fetch all objects: git fetch --refetch --no-filter",
                )
            raise GitError("git cat-file ended unexpectedly")
        if len(parts) < 3 or not parts[-1].strip().isdigit():
            return None  # "<name> missing", "<name> ambiguous"
        data = self._process.stdout.read(int(parts[-1]) + 1)[:-1]
        return Object(parts[0].decode("ascii"), parts[1].decode("ascii"), data)

    def _read_once(self, name: bytes) -> Object | None:
        text = os.fsdecode(name)
        code, oid, _ = self._repository.try_run("rev-parse", "--verify", "-q", text)
        return None if code else self.read(oid.strip())


def _send(process: Child, names: Iterable[bytes]) -> None:
    assert process.stdin  # noqa: S101 - opened as a pipe
    process.stdin.write(b"".join(b"%b\n" % name for name in names))
    process.stdin.flush()


def parse_tree(data: bytes, oid_length: int) -> dict[str, tuple[str, str]]:
    """Return the entries of a tree object: name -> (mode, id).  *oid_length* is in bytes.

    Modes are those that git reads: anyone can push a tree with 40755 or 100777, which git checks out like
    40000 or 100755.  Raises GitError for a tree that has a name twice, or a name with a slash: git would
    check out a file that was not found here.
    """
    entries: dict[str, tuple[str, str]] = {}
    at = 0
    while at < len(data):
        mode, _, rest = data[at : data.index(b"\x00", at)].partition(b" ")
        at += len(mode) + len(rest) + 2
        oid = data[at : at + oid_length].hex()
        at += oid_length
        name = os.fsdecode(rest)
        if name in entries or b"/" in rest or not (known := _MODES.get(mode) or _mode_in_git(mode)):
            raise GitError(
                f"a tree in the repository is malformed at its entry {printable(name)}",
                "find the tree, and the commits that have it: git fsck",
            )
        entries[name] = (known, oid)
    return entries


def _mode_in_git(mode: bytes) -> str:
    """Return how git reads a *mode* that it does not write itself; empty if it cannot read it."""
    try:
        number = int(mode, 8)
    except ValueError:
        return ""
    kind = stat.S_IFMT(number)
    if kind == stat.S_IFREG:
        return "100755" if number & stat.S_IXUSR else "100644"
    return {stat.S_IFLNK: "120000", stat.S_IFDIR: "40000"}.get(kind, "160000")
