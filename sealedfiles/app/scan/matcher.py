"""Search for many exact texts at once, in time linear in the size of the searched data.

The last 8 bytes of each text are its window.  The searched data is sampled: 6 bytes at every third offset.
If the data contains a window, one of the samples is completely inside it.  So the samples are looked up in a
table of all 6-byte pieces of the windows, with set operations that run in C, and only texts with a hit are
searched for.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

SHORTEST = 8
"""Minimum length in bytes: shorter texts occur by chance."""

_PIECE = 6
_STEP = SHORTEST - _PIECE + 1

_SAMPLES = 100_000
"""How many samples are kept in memory at once."""


class Matcher(Generic[T]):
    """A set of texts of ``SHORTEST`` bytes or more, each with an associated *meaning*."""

    def __init__(self) -> None:
        self._meanings: dict[bytes, T] = {}
        self._pieces: dict[bytes, list[bytes]] = {}

    def __len__(self) -> int:
        return len(self._meanings)

    def add(self, text: bytes, meaning: T) -> None:
        """Add *text*; ignore it if it is too short, or was already added."""
        if len(text) < SHORTEST or text in self._meanings:
            return
        self._meanings[text] = meaning
        for piece in pieces_of(text):
            self._pieces.setdefault(piece, []).append(text)

    def find(self, data: bytes) -> Iterator[tuple[int, bytes, T]]:
        """Yield, for each text that *data* contains, the offset of its first occurrence, the text and its
        meaning, in no order."""
        if not self._pieces:
            return
        candidates = {
            text: None
            for samples in samples_of(data)
            for piece in samples & self._pieces.keys()
            for text in self._pieces[piece]
        }
        for text in candidates:
            at = data.find(text)
            if at >= 0:
                yield at, text, self._meanings[text]


def content_of(data: bytes) -> bytes:
    """Return what is equal in copies of a file: its content with LF, since git may convert line ends."""
    return data.replace(b"\r\n", b"\n")


def pieces_of(text: bytes) -> list[bytes]:
    """Return the pieces of the window of *text*, which has ``SHORTEST`` bytes or more."""
    end = len(text) - _PIECE
    return [text[at : at + _PIECE] for at in range(end - _STEP + 1, end + 1)]


def samples_of(data: bytes) -> Iterator[set[bytes]]:
    """Yield the samples of *data*; for each text that it contains, one of them is a piece of that text.

    The samples of a large file would take 50 times its size, so they come in parts, at least one.
    """
    part = _STEP * _SAMPLES
    for start in range(0, max(len(data), 1), part):
        end = min(start + part, len(data))
        yield {data[at : at + _PIECE] for at in range(start, end, _STEP)}
