"""Search streams for secrets, in windows, so that the memory that a file needs has a limit."""

from __future__ import annotations

from sealedfiles.app.scan.containers import UNREADABLE, files_in
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, TypeAlias

    from sealedfiles.app.scan.engines import Engine
    from sealedfiles.app.scan.held_search import HeldSearch, HeldValue
    from sealedfiles.app.scan.provider_tokens import Detector, ProviderToken
    from sealedfiles.git.all_objects import Stream
    from sealedfiles.util.progress import Progress

    Secret: TypeAlias = HeldValue | ProviderToken

WINDOW = 1 << 20
_OVERLAP = 4096
"""Bytes: more than the longest text that is searched for."""


class Match(NamedTuple):
    """A secret in a file or object."""

    name: bytes
    """The name of the file, followed by that of the file in it, if it is a container."""
    line: int
    value: Secret


class Scanner:
    """Searches for held values with *search*, for others with *detector* or *engine*, and counts."""

    def __init__(
        self,
        search: HeldSearch,
        progress: Progress,
        detector: Detector | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._detector = detector
        self._engine = engine
        self.count = 0
        """The number of files and objects."""
        self.size = 0
        """Bytes."""
        self.unreadable: list[bytes] = []
        """The names or labels of containers that could not be read to their end."""
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
        context: object = None,
        label: bytes = b"",
    ) -> Iterator[Match]:
        """Yield the matches in *stream*, and in the files in it, one for each secret, encoding and file.

        *file* is the file on disk that *stream* reads, if it is one; *context* is what ``late`` returns;
        *label* is what messages call it if it has no *name*.
        """
        self.count += 1
        try:
            for inner, content in files_in(name, stream, file):
                yield from self._scan_file(inner, content, context)
        except UNREADABLE:
            self.unreadable.append(name or label)
        self._progress.step()

    def late(self) -> Iterator[tuple[object, Match]]:
        """Yield the matches of the engine, which reports them at its end, each with its context."""
        if self._engine:
            for one in self._engine.finish():
                yield one.context, Match(one.name, one.line, one.token)

    def search_held_values_only(self) -> None:
        """Search only for held values from now on."""
        self._detector = self._engine = None

    def _scan_file(self, name: bytes, content: Stream, context: object) -> Iterator[Match]:
        found: set[object] = set()
        line = 1
        data = rest = b""
        if self._engine:
            self._engine.end_file()  # of the file before, which may not have been read to its end
        while chunk := content.read(WINDOW):
            self.size += len(chunk)
            line += data.count(b"\n", 0, len(data) - len(rest))
            data = rest + chunk
            found_here = [*self._find(data)]
            if self._engine:
                # A sealed value in plaintext must not be sent; in a part of a file, it may be cut off.
                is_part = bool(rest) or len(chunk) == WINDOW
                if self._engine.is_remote and (found_here or is_part):
                    self._engine.withheld += 1
                else:
                    self._engine.feed(context, name, line, rest, chunk)
            for at_line, value in found_here:
                if value.identity not in found:
                    found.add(value.identity)
                    yield Match(name, line + at_line, value)
            rest = data[-_OVERLAP:]

    def _find(self, data: bytes) -> Iterator[tuple[int, Secret]]:
        """Yield the secrets in *data*, each with the number of lines before it."""
        for hit in self._search.find(data):
            yield data.count(b"\n", 0, hit.at), hit.value
        if self._detector:
            for at_line, token in self._detector.find(data):
                yield at_line - 1, token
