"""The previous sealed version of a file: where unchanged values take their old tokens from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from sealedfiles.document.file import structured_text
from sealedfiles.document.opening import open_file, verified
from sealedfiles.document.pieces import Piece, find_pieces, splice
from sealedfiles.errors import FormatError
from sealedfiles.token import COMMENT, TOKEN, split

if TYPE_CHECKING:
    from sealedfiles.document.file import File, Keys
    from sealedfiles.formats.base import Scan
    from sealedfiles.token import FileKey


class Previous:
    """One sealed version of a structured file."""

    def __init__(self, data: bytes, file: File, keys: Keys) -> None:
        assert file.format is not None  # noqa: S101 - callers have a structured file
        self.data = data
        self._file = file
        self._format = file.format
        self._keys = keys
        self.bom, self.text = structured_text(data) or ("", "")
        self.pieces, _ = find_pieces(self.text, file, keys)
        self._sealed_paths: dict[bytes, str] | None = None

    def opens_to(self, bom: str, text: str, scan: Scan) -> bool:
        """Tell whether opening this version gives *bom* and *text*, which the format reads as *scan*."""
        if bom != self.bom:
            return False
        if splice(self.text, self.pieces) == text:
            return all(verified(self.text, self.pieces, scan))
        if "sealed:v1:" in text:
            # Some of the tokens stand where they do not open, and stayed sealed.
            opened = open_file(self.data, self._file, self._keys)
            return opened.data == (bom + text).encode("utf-8")
        return False

    def sealed_paths(self) -> dict[bytes, str]:
        """Return the key paths whose values are sealed here, each with the group of its token.

        Tokens of groups that are not at hand count too.
        """
        if self._sealed_paths is None:
            self._sealed_paths = {}
            try:
                values = self._format.scan(self.text).values
            except FormatError:
                values = []
            for start, end, path in values:
                token = TOKEN.search(self.text, start, end)
                if token:
                    self._sealed_paths[path] = split(token[0]).group
        return self._sealed_paths

    def sealed_group(self, path: bytes) -> str | None:
        """Return the group that the value at *path* is sealed to here, None where it is not."""
        group = self.sealed_paths().get(path)
        if group is None:
            # The text may not parse any more; a path tag tells as well.
            tagged = (p.key.group for p in self.pieces if p.key.path_tag(path) == p.path_tag)
            group = next(tagged, None)
        return group


_Table: TypeAlias = "dict[tuple[int, bytes, str], list[Piece]]"


class Reuse:
    """Gives the tokens of a previous version back to the values that they were made for, in order.

    A token that stands as it is in the new text is not given to another value as well.
    """

    def __init__(self, previous: Previous | None, text: str) -> None:
        self._text = previous.text if previous else ""
        self._standing = Counter(TOKEN.findall(text)) if "sealed:v1:" in text else Counter()
        self._tables: dict[FileKey, _Table] = {}
        self._taken: dict[tuple[FileKey, int, bytes, str], int] = {}
        for piece in previous.pieces if previous else []:
            self._add(piece)

    def __bool__(self) -> bool:
        return bool(self._tables)

    def _add(self, piece: Piece) -> None:
        _, _, literal, kind, path_tag, _, key, _ = piece
        if key not in self._tables:
            self._tables[key] = {}
        table = self._tables[key]
        place = (kind, path_tag, literal)
        if place in table:
            table[place].append(piece)
        else:
            table[place] = [piece]

    def take(self, kind: int, path: bytes, literal: str) -> tuple[str, str] | None:
        """Return the source text of the token for *literal* at *path*, as it stood, and its group."""
        if not self._tables:
            return None
        best: Piece | None = None
        for key, table in self._tables.items():
            path_tag = key.path_tag(path)
            queue = table.get((kind, path_tag, literal))
            if queue:
                piece = self._first_left(queue, (key, kind, path_tag, literal))
                if piece and (best is None or piece.start < best.start):
                    best = piece
        if best is None:
            return None
        place = (best.key, kind, best.path_tag, literal)
        self._taken[place] = self._taken.get(place, 0) + 1
        return self._text[best.start : best.end], best.key.group

    def keep(self, piece: Piece) -> None:
        """Note that *piece* stands in the new text, so that its occurrence is taken."""
        self._add(piece)

    def kept(self, key: FileKey, kind: int, path_tag: bytes, literal: str) -> set[int]:
        """Return the occurrences that kept tokens have of this literal at this place.

        A new token is made only when those of the previous version are used up, so all of them count.
        """
        queue = self._tables.get(key, {}).get((kind, path_tag, literal), ())
        return {piece.occurrence for piece in queue}

    def _first_left(
        self, queue: list[Piece], place: tuple[FileKey, int, bytes, str]
    ) -> Piece | None:
        """Return the first of *queue* that was not taken and does not stand in the new text."""
        taken = self._taken.get(place, 0)
        while self._standing and taken < len(queue) and self._standing[queue[taken].token] > 0:
            self._standing[queue[taken].token] -= 1
            taken += 1
            self._taken[place] = taken
        return queue[taken] if taken < len(queue) else None
