"""Search for many exact texts at once, in time linear in the size of the searched data.

Of each text, 8 bytes are its window.  The searched data is sampled: 6 bytes at every third offset.
If the data contains a window, one of the samples is completely inside it.  So the samples are looked up in a
table of all 6-byte pieces of the windows, with set operations that run in C, and only texts with a hit are
searched for.
"""

from __future__ import annotations

from struct import Struct

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
_MOST_WINDOWS = 8
"""The number of windows of a text to choose from."""

_MANY, _FEW = Struct("6s" * 1000), Struct("6s" * 50)
"""Cut data into pieces several times as fast as slices in a loop."""
_PADDING = bytes(_FEW.size)


class Matcher(Generic[T]):
    """A set of texts of ``SHORTEST`` bytes or more, each with an associated *meaning*."""

    def __init__(self) -> None:
        self._meanings: dict[bytes, T] = {}
        self._pieces: dict[bytes, bytes | list[bytes]] = {}
        """The texts for each piece; without a list if there is only one, which saves memory."""
        self._table: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._meanings)

    def add(self, text: bytes, meaning: T) -> None:
        """Add *text*; ignore it if it is too short, or was already added."""
        if len(text) < SHORTEST or text in self._meanings:
            return
        self._meanings[text] = meaning
        for piece in pieces_of(self._rarest_window(text)):
            self._table.add(piece)
            known = self._pieces.setdefault(piece, text)
            if isinstance(known, list):
                known.append(text)
            elif known is not text:
                self._pieces[piece] = [known, text]

    def find(self, data: bytes, sampled: bytes | None = None) -> Iterator[tuple[int, bytes, T]]:
        """Yield, for each text that *data* contains, the offset of its first occurrence, the text and its
        meaning, in no order.

        With *sampled*, only texts are found whose windows are in it.
        """
        if not self._pieces:
            return
        candidates: dict[bytes, None] = {}
        for piece in self._hits(data if sampled is None else sampled):
            texts = self._pieces[piece]
            candidates.update(dict.fromkeys(texts if isinstance(texts, list) else [texts]))
        for text in candidates:
            at = data.find(text)
            if at >= 0:
                yield at, text, self._meanings[text]

    def _hits(self, data: bytes) -> set[bytes]:
        """Return the pieces in the table that are samples of *data*."""
        hits: set[bytes] = set()
        end = len(data)
        data += _PADDING
        for start in range(0, _PIECE, _STEP):
            at = start
            while at < end:
                form = _MANY if at + _MANY.size <= end else _FEW
                samples = form.unpack_from(data, at)
                if not self._table.isdisjoint(samples):
                    hits.update(self._table.intersection(samples))
                at += form.size
        return hits

    def _rarest_window(self, text: bytes) -> bytes:
        """Return the window of *text* that the fewest other texts share, if possible without a line end.

        Many URLs end in the same words; with the last bytes as windows, each of them would be searched for
        wherever these words are.
        """
        step = max(1, (len(text) - SHORTEST) // _MOST_WINDOWS)
        starts = range(len(text) - SHORTEST, -1, -step)
        windows = [text[at : at + SHORTEST] for at in starts]
        return min(windows, key=lambda window: (b"\n" in window, self._shared(window)))

    def _shared(self, window: bytes) -> int:
        count = 0
        for piece in pieces_of(window):
            known = self._pieces.get(piece)
            count += len(known) if isinstance(known, list) else known is not None
        return count


def content_of(data: bytes) -> bytes:
    """Return what is equal in copies of a file: its content with LF, since git may convert line ends."""
    return data.replace(b"\r\n", b"\n")


def pieces_of(text: bytes) -> list[bytes]:
    """Return the pieces of the last window of *text*, which has ``SHORTEST`` bytes or more."""
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
