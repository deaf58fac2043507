"""The files in a container: tar, zip, gzip, bzip2, xz, and containers in these.

Containers are read as streams, so that a layer of a container image needs no more memory than a small file,
and nothing is written to disk.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib

from sealedfiles.light_typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from sealedfiles.git.all_objects import Stream

SEPARATOR = b"!"
"""Between the name of a container and the name of a file in it."""

_HEAD = 512
_DEEPEST = 4
_MOST_EXPANDED = 4 << 30
"""Bytes: a compressed file that is larger than this is not read to its end."""
_LARGEST_ZIP = 32 << 20
"""Bytes: a larger zip file is only read if it is a file on disk, because its directory is at its end."""


class ContainerError(Exception):
    """A file in a container is larger than is read."""


def _errors_of_xz() -> tuple[type[Exception], ...]:
    try:
        from lzma import LZMAError
    except ImportError:  # Python can be built without it
        return ()
    return (LZMAError,)


UNREADABLE: tuple[type[Exception], ...] = (
    ContainerError,
    tarfile.TarError,  # tar: damaged or cut off
    zipfile.BadZipFile,  # zip: damaged or cut off
    zlib.error,  # gzip, zip: damaged content
    *_errors_of_xz(),  # xz, zip: damaged content
    EOFError,  # gzip, bzip2, xz, zip: cut off
    OSError,  # gzip: a damaged header or checksum; bzip2: damaged; a file on disk that cannot be read
    RuntimeError,  # zip: encrypted, or compressed in a way that zipfile does not know
    ValueError,  # zip: a name that is not UTF-8, an offset before the file
)
"""What ``files_in``, and reading what it yields, raises for a file that cannot be read to its end."""


def files_in(
    name: bytes, stream: Stream, file: IO[bytes] | None = None
) -> Iterator[tuple[bytes, Stream]]:
    """Yield the name and the content of every file in *stream*: of itself, if it is not a container.

    Read each content before you request the next.  *file* is the file on disk that *stream* reads, if it is
    one.  Raises one of UNREADABLE.
    """
    yield from _files_in(name, stream, file, 0)


def _files_in(
    name: bytes, stream: Stream, file: IO[bytes] | None, depth: int
) -> Iterator[tuple[bytes, Stream]]:
    head = stream.read(_HEAD)
    joined = _Joined(head, stream)
    decompress = _decompressor(head)
    if depth == _DEEPEST:
        yield name, joined
    elif head[257:262] == b"ustar":
        yield from _files_in_tar(name, joined, depth)
    elif decompress:
        yield from _files_in(name, _Limited(decompress(_as_file(joined))), None, depth + 1)
    elif head.startswith(b"PK\x03\x04"):
        rest = None if file else joined.read(_LARGEST_ZIP + 1)
        if rest is not None and len(rest) > _LARGEST_ZIP:
            yield name, _Joined(rest, stream)
        else:
            yield from _files_in_zip(name, file or io.BytesIO(rest or b""), depth)
    else:
        yield name, joined


def _files_in_tar(name: bytes, stream: Stream, depth: int) -> Iterator[tuple[bytes, Stream]]:
    with tarfile.open(fileobj=_as_file(stream), mode="r|") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content:
                inner = member.name.encode("utf-8", "surrogateescape")
                yield from _files_in(name + SEPARATOR + inner, content, None, depth + 1)


def _files_in_zip(name: bytes, file: IO[bytes], depth: int) -> Iterator[tuple[bytes, Stream]]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.filename.endswith("/"):  # is_dir fails for an empty name
                inner = member.filename.encode("utf-8", "surrogateescape")
                with archive.open(member) as content:
                    limited = _Limited(content)
                    yield from _files_in(name + SEPARATOR + inner, limited, None, depth + 1)


def _decompressor(head: bytes) -> Callable[[IO[bytes]], Stream] | None:
    if head.startswith(b"\x1f\x8b\x08"):
        import gzip

        return lambda file: gzip.GzipFile(fileobj=file, mode="rb")
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        import bz2

        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ\x00"):
        import lzma

        return lzma.LZMAFile
    return None


def _as_file(stream: Stream) -> IO[bytes]:
    """Return *stream* for a module of the standard library that only reads it."""
    return cast("IO[bytes]", stream)


class _Joined:
    """A stream from which the *head* was read."""

    def __init__(self, head: bytes, rest: Stream) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        """See Stream."""
        if not self._head:
            return self._rest.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._rest.read()
        head, self._head = self._head[:size], self._head[size:]
        return head + self._rest.read(size - len(head)) if len(head) < size else head


class _Limited:
    """A stream that a small file may expand to, with a limit."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = _MOST_EXPANDED

    def read(self, size: int = -1, /) -> bytes:
        """See Stream."""
        data = self._stream.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise ContainerError
        return data
