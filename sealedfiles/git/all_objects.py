"""Read every object of a repository as a stream: also those that no ref reaches."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator

from sealedfiles.errors import GitError
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import IO, NamedTuple, Protocol

_PIPE = 1 << 20

_LIST = "--batch-check=%(objectname) %(objecttype) %(objectsize)"


class Stream(Protocol):
    """Something to read bytes from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most *size* bytes; none at the end."""
        ...


class StreamedObject(NamedTuple):
    """An object and its content, which must be read before the next object is requested."""

    oid: str
    type: str
    size: int
    content: Stream


class ObjectList(NamedTuple):
    """A list of objects."""

    file: IO[bytes]
    """Their ids, one on each line, in a temporary file: there may be millions."""
    length: int
    size: int
    """The total size of their contents."""


def list_all_objects(repository: Repository) -> ObjectList:
    """Return all objects except trees, in the order in which git reads them fastest."""
    with _cat_file(repository, _LIST, "--batch-all-objects", "--unordered") as out:
        return _listed(out)


def list_objects(repository: Repository, oids: Iterable[str]) -> ObjectList:
    """Return the objects *oids* except trees, and those that are missing."""
    with tempfile.TemporaryFile() as names:
        names.writelines(f"{oid}\n".encode("ascii") for oid in oids)
        names.seek(0)
        with _cat_file(repository, _LIST, stdin=names) as out:
            return _listed(out)


def all_commits(repository: Repository) -> list[str]:
    """Return the ids of all commits, also those that no ref reaches."""
    with _cat_file(repository, _LIST, "--batch-all-objects", "--unordered") as out:
        parts = (line.split(b" ") for line in out)
        return [one[0].decode("ascii") for one in parts if one[1] == b"commit"]


def read_objects(repository: Repository, listed: ObjectList) -> Iterator[StreamedObject]:
    """Yield the objects in *listed*.  Raises GitError if git cannot read one."""
    listed.file.seek(0)
    with _cat_file(repository, "--batch", stdin=listed.file) as out:
        for _ in range(listed.length):
            head = out.readline().split(b" ")
            if len(head) != 3:
                raise GitError(
                    "git cannot read an object of this repository",
                    "to see why: git fsck",
                )
            content = _Content(out, int(head[2]))
            yield StreamedObject(
                head[0].decode("ascii"), head[1].decode("ascii"), content.left, content
            )
            while content.left:
                content.read(_PIPE)
            out.read(1)


def _listed(lines: Iterable[bytes]) -> ObjectList:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - removed with the list
    count = size = 0
    for line in lines:
        parts = line.split(b" ")
        if len(parts) == 3 and parts[1] != b"tree":
            file.write(parts[0] + b"\n")
            count += 1
            size += int(parts[2])
    file.flush()
    return ObjectList(file, count, size)


class _Content:
    """The content of one object in the output of `git cat-file --batch`."""

    def __init__(self, out: IO[bytes], size: int) -> None:
        self._out = out
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        """See Stream."""
        wanted = self.left if size < 0 else min(size, self.left)
        data = self._out.read(wanted)
        if len(data) < wanted:
            raise GitError("git cat-file ended unexpectedly", "to see why: git fsck")
        self.left -= len(data)
        return data


@contextlib.contextmanager
def _cat_file(
    repository: Repository, *options: str, stdin: IO[bytes] | None = None
) -> Iterator[IO[bytes]]:
    """Run `git cat-file` and yield its output."""
    import subprocess

    process = subprocess.Popen(
        ["git", "cat-file", "--buffer", *options],
        cwd=repository.top,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=repository.git_environment(),
        bufsize=_PIPE,
    )
    out = process.stdout
    assert out  # noqa: S101 - opened as a pipe
    _enlarge(out)
    try:
        yield out
    finally:
        out.close()
        process.wait()


def _enlarge(pipe: IO[bytes]) -> None:
    """Enlarge *pipe* if the system can: then the two wait less for each other."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
