"""Search streams for held values, in windows, so that the memory that a file needs has a limit."""

from __future__ import annotations

from sealedfiles.app.scan.containers import UNREADABLE, files_in
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from sealedfiles.app.scan.held_search import HeldSearch, HeldValue
    from sealedfiles.git.all_objects import Stream
    from sealedfiles.util.progress import Progress

WINDOW = 1 << 20
_OVERLAP = 4096
"""Bytes: more than the longest text that is searched for."""


class Match(NamedTuple):
    """A held value in a file or object."""

    name: bytes
    """The name of the file, followed by that of the file in it, if it is a container."""
    line: int
    value: HeldValue


class Scanner:
    """Searches with *search*, and counts."""

    def __init__(self, search: HeldSearch, progress: Progress) -> None:
        self.count = 0
        """The number of files and objects."""
        self.size = 0
        """Bytes."""
        self.unreadable: list[bytes] = []
        """The names of containers that could not be read to their end."""
        self._search = search
        self._progress = progress

    def expect(self, count: int) -> None:
        """Show that *count* more objects are to be scanned."""
        self._progress.total += count

    def scan(
        self,
        name: bytes,
        stream: Stream,
        file: IO[bytes] | None = None,
    ) -> Iterator[Match]:
        """Yield the matches in *stream*, and in the files in it, one for each value, encoding and file.

        *file* is the file on disk that *stream* reads, if it is one.
        """
        self.count += 1
        try:
            for inner, content in files_in(name, stream, file):
                yield from self._scan_file(inner, content)
        except UNREADABLE:
            self.unreadable.append(name)
        self._progress.step()

    def _scan_file(self, name: bytes, content: Stream) -> Iterator[Match]:
        found: set[tuple[str, str]] = set()
        line = 1
        rest = b""
        while chunk := content.read(WINDOW):
            self.size += len(chunk)
            data = rest + chunk
            for hit in self._search.find(data):
                place = hit.value.token, hit.value.encoding
                if place not in found:
                    found.add(place)
                    yield Match(name, line + data.count(b"\n", 0, hit.at), hit.value)
            rest = data[-_OVERLAP:]
            line += data.count(b"\n", 0, len(data) - len(rest))
