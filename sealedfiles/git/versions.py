"""The previous sealed version of a file, as clean needs it (design, section 5)."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from typing import TYPE_CHECKING

from sealedfiles.document.file import is_whole, structured_text
from sealedfiles.document.opening import open_file
from sealedfiles.document.pieces import find_pieces
from sealedfiles.errors import FormatError
from sealedfiles.token import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.document import File
    from sealedfiles.document.file import Keys
    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry
    from sealedfiles.token import FileKey

_AHEAD = 64


class Versions:
    """Finds previous versions for one filter process."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._smudged: dict[tuple[bytes, bytes], str] = {}
        self._order: dict[bytes, int] = {}
        self._entries: list[Entry] = []
        self._listed: object = None
        self._last = -2
        self._run = 0
        self._vanished: list[bytes] | None = None

    def note_smudged(self, path: bytes, plain: bytes, blob: str) -> None:
        """Remember that *blob* was written out for *path* as *plain*."""
        self._smudged[path, hashlib.sha256(plain).digest()] = blob

    def candidates(self, path: bytes, data: bytes, file: File) -> Iterator[bytes]:
        """Yield the versions that *data* at *path* may come from, best first.

        What this process has written out to exactly this text; else the index (an empty blob is only
        an intent to add); else HEAD; else, for a path that git does not know, a tracked path that has
        vanished from the work tree and holds the same values.
        """
        objects = self._clone.objects
        smudged = self._smudged.get((path, hashlib.sha256(data).digest()))
        if smudged and (blob := objects.blob(smudged.encode("ascii"))):
            yield blob
        stages = self._stages(path)
        for stage in (0, 2, 3, 1):
            if stage in stages:
                blob = objects.blob(stages[stage].oid.encode("ascii"))
                if blob:
                    yield blob
                    known = True
                    break
        else:
            known = False
        head = objects.blob(b"HEAD:" + path)
        if head:
            yield head
        elif not known:
            renamed = self._renamed(path, data, file)
            if renamed:
                yield renamed

    def _stages(self, path: bytes) -> dict[int, Entry]:
        index = self._clone.index
        stages = index.stages()
        stat = index.stat()
        if stat != self._listed:
            self._listed = stat
            self._entries = [entries[0] for entries in stages.values() if 0 in entries]
            self._order = {entry.path: at for at, entry in enumerate(self._entries)}
            self._vanished = None
        self._read_ahead(path)
        return stages.get(path, {})

    def _read_ahead(self, path: bytes) -> None:
        """git cleans in index order: ask for the blobs of the next paths before git does."""
        at = self._order.get(path, -2)
        self._run = self._run + 1 if at == self._last + 1 else 0
        self._last = at
        # Powers of two: a run that ends soon has read little in vain.
        if self._run and at >= 0 and self._run & (self._run - 1) == 0 or self._run % _AHEAD == 0:
            count = min(self._run, _AHEAD)
            following = self._entries[at : at + count] if at >= 0 else []
            if len(following) > 1:
                self._clone.objects.read_ahead([e.oid.encode("ascii") for e in following])

    def _renamed(self, path: bytes, data: bytes, file: File) -> bytes | None:
        """Return the version of the vanished path that shares the most values, at least half of them.

        Of equals the one with the same base name, then the first.
        """
        best = None
        best_rank = (0, False)
        values = _values(data, file)
        for vanished in self._vanished_paths():
            entry = self._clone.index.entry(vanished)
            blob = self._clone.objects.blob(entry.oid.encode("ascii")) if entry else None
            if not blob or b"sealed:v1:" not in blob:
                continue
            if is_whole(blob):
                shared = int(open_file(blob, file, self._clone.ring).data == data)
                most = 1
            else:
                sealed = _sealed_values(blob, vanished, file, self._clone.ring)
                shared = _count_shared(values, sealed)
                most = max(len(values), sum(sealed.values()))
            same_name = vanished.rpartition(b"/")[2] == path.rpartition(b"/")[2]
            if shared and 2 * shared >= most and (shared, same_name) > best_rank:
                best, best_rank = blob, (shared, same_name)
        return best

    def _vanished_paths(self) -> list[bytes]:
        """Return the tracked paths that are not in the work tree, in path order.

        A path that is not checked out on purpose has not vanished.
        """
        if self._vanished is None:
            file = self._clone.repository.file
            self._vanished = [
                entry.path
                for entry in self._entries
                if not entry.skip_worktree
                and entry.mode.startswith("100")
                and not os.path.lexists(file(entry.path))
            ]
        return self._vanished


def _values(data: bytes, file: File) -> list[tuple[bytes, str]]:
    """Return the values of a plain text: key path and literal."""
    structured = structured_text(data)
    if structured is None or file.format is None:
        return []
    text = structured[1]
    try:
        return [(path, text[start:end]) for start, end, path in file.format.scan(text).values]
    except FormatError:
        return []


def _sealed_values(
    blob: bytes, path: bytes, file: File, keys: Keys
) -> Counter[tuple[FileKey, bytes, str]]:
    """Count the values of the sealed *blob* at *path*: file key, path tag and literal."""
    structured = structured_text(blob)
    if structured is None or file.format is None:
        return Counter()
    text = structured[1]
    pieces, _ = find_pieces(text, file._replace(path=path), keys)
    return Counter((p.key, p.path_tag, p.literal) for p in pieces if p.kind == VALUE)


def _count_shared(
    values: list[tuple[bytes, str]], sealed: Counter[tuple[FileKey, bytes, str]]
) -> int:
    left = Counter(sealed)
    file_keys = {key for key, _, _ in sealed}
    shared = 0
    for path, literal in values:
        places = ((key, key.path_tag(path), literal) for key in file_keys)
        place = next((place for place in places if left[place] > 0), None)
        if place:
            left[place] -= 1
            shared += 1
    return shared
