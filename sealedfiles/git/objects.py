"""Read git objects through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import GitError
from sealedfiles.git.repository import git_environment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable

    from sealedfiles.git.repository import Repository


class Object(NamedTuple):
    """One object: its id (hex), its type (``blob``, ``tree`` …) and its content."""

    oid: str
    type: str
    data: bytes


class Objects:
    """The objects of a repository.

    Only ids and ``<commit>:<path>`` may be requested: cat-file reads the index only once, so that
    ``:<path>`` becomes stale within one rebase.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None
        self._ahead: dict[bytes, Object | None] = {}

    def read(self, name: bytes) -> Object | None:
        """Return the object *name*, or None if it does not exist.  Raises GitError."""
        if name in self._ahead:
            return self._ahead.pop(name)
        if b"\n" in name:
            return self._read_once(name)
        self._ask([name])
        return self._answer()

    def read_ahead(self, names: list[bytes]) -> None:
        """Request several objects at once; the next ``read`` of each does not wait.

        Answers that were not read are dropped by the next call.
        """
        self._ahead = {}
        names = [name for name in names if b"\n" not in name]
        self._ask(names)
        for name in names:
            self._ahead[name] = self._answer()

    def blob(self, name: bytes) -> bytes | None:
        """Return the content of the blob *name*, or None if it does not exist or is not a blob."""
        found = self.read(name)
        return found.data if found and found.type == "blob" else None

    def close(self) -> None:
        """End the process."""
        if self._process:
            assert self._process.stdin  # noqa: S101 - opened as a pipe below
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _ask(self, names: Iterable[bytes]) -> None:
        if self._process is None:
            import subprocess

            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self._repository.top,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=git_environment(),
            )
        assert self._process.stdin  # noqa: S101 - opened as a pipe
        self._process.stdin.write(b"".join(b"%b\n" % name for name in names))
        self._process.stdin.flush()

    def _answer(self) -> Object | None:
        assert self._process  # noqa: S101 - _ask has started it
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        head = self._process.stdout.readline()
        parts = head.split(b" ")
        if not head:
            raise GitError("git cat-file ended unexpectedly")
        if len(parts) < 3 or not parts[-1].strip().isdigit():
            return None  # "<name> missing", "<name> ambiguous"
        data = self._process.stdout.read(int(parts[-1]) + 1)[:-1]
        return Object(parts[0].decode("ascii"), parts[1].decode("ascii"), data)

    def _read_once(self, name: bytes) -> Object | None:
        text = os.fsdecode(name)
        code, oid, _ = self._repository.try_run("rev-parse", "--verify", "-q", text)
        return None if code else self.read(oid.strip())


def parse_tree(data: bytes, oid_length: int) -> dict[str, tuple[str, str]]:
    """Return the entries of a tree object: name -> (mode, id).  *oid_length* is in bytes."""
    entries = {}
    at = 0
    while at < len(data):
        mode, _, rest = data[at : data.index(b"\x00", at)].partition(b" ")
        at += len(mode) + len(rest) + 2
        oid = data[at : at + oid_length].hex()
        at += oid_length
        entries[os.fsdecode(rest)] = (mode.decode("ascii"), oid)
    return entries
