"""An index of keyed hashes of parts of the values that a clone can decrypt.

With it, a hook need not decrypt every file.  The index is the file ``.git/sealedfiles/held``.  It contains no
text: a part ("piece") is a BLAKE2b hash under a key that is derived from the clone's group keys.  The file is
authenticated with the same key, so a file that is damaged, or was written with other group keys, is rebuilt.
The decrypted content of each file is one more piece, with an id like a token's.
Tokens that are new in git's index are appended; when most tokens may be obsolete, the file is rebuilt.

Format: a keyed digest; four numbers (bytes of the blob list, tokens, pieces, tokens when it was built); the
blobs whose tokens are included; an id for each token; the number of pieces of each token; the pieces.
"""

from __future__ import annotations

import contextlib
from array import array
from hashlib import blake2b
from struct import Struct

from sealedfiles.app.held.matcher import content_of, pieces_of, samples_of
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_ID = 16
_HEAD = Struct("<32s4Q")
_PERSON = b"sealedfiles-hel4"
"""Change this when the texts to search for change: then every existing index is rebuilt."""
_SPARE = 1000
"""Rebuild if the tokens are more than twice as many as when it was built, plus this number."""


class HeldIndex:
    """The index in the file *path* of the values that the group keys *secrets* decrypt."""

    def __init__(self, path: Path, secrets: Iterable[bytes]) -> None:
        self._path = path
        self._key = blake2b(b"".join(sorted(secrets)), person=_PERSON).digest()
        self._changed = False
        self.clear()
        with contextlib.suppress(OSError, ValueError):
            self._load(path.read_bytes())

    def clear(self) -> None:
        """Empty the index."""
        self._blobs: set[bytes] = set()
        self._ids = bytearray()
        self._known: set[bytes] | None = None
        self._counts = array("I")
        self._pieces = array("Q")
        self._searches = 0
        self._lookup: set[int] | None = None
        self._built = 0

    def lacks(self, blob: bytes) -> bool:
        """Return True if the tokens of *blob* (its id and format) are not in the index."""
        return blob not in self._blobs

    def is_outgrown(self) -> bool:
        """Return True if most tokens in the index may no longer exist in the repository."""
        return len(self._counts) > 2 * self._built + _SPARE

    def lacks_token(self, name: bytes) -> bool:
        """Return True if the token with the id *name* is not in the index."""
        if self._known is None:
            self._known = set(_split(self._ids))
        return name not in self._known

    def add(self, name: bytes, texts: Iterable[bytes]) -> None:
        """Add the token with the id *name* and the *texts* to search for."""
        pieces = {piece for text in texts for piece in pieces_of(text)}
        self._ids += name
        if self._known is not None:
            self._known.add(name)
        self._append(pieces)

    def add_content(self, name: bytes, data: bytes) -> None:
        """Add the file with the id *name* and the decrypted content *data*, to find its copies."""
        self._ids += name
        self._append([content_of(data)])

    def add_blob(self, blob: bytes) -> None:
        """Record that all tokens of *blob* are in the index."""
        self._blobs.add(blob)
        self._changed = True

    def find(self, data: bytes) -> set[bytes]:
        """Return the ids of the tokens whose values *data* may contain, and of the files that it may be."""
        hits: set[int] = set()
        hashes = {self._hash(content_of(data))}
        for samples in samples_of(data):
            hashes.update(map(self._hash, samples))
            hits |= self._found(hashes)
            hashes = set()
        if not hits:
            return set()
        found = set()
        at = 0
        for name, count in zip(_split(self._ids), self._counts, strict=True):
            if not hits.isdisjoint(self._pieces[at : at + count]):
                found.add(name)
            at += count
        return found

    def save(self) -> None:
        """Write the file if the index changed; ignore it if the folder is not writable."""
        if not self._changed:
            return
        self._changed = False
        self._built = self._built or len(self._counts)
        blobs = b"\n".join(sorted(self._blobs))
        sizes = (len(blobs), len(self._counts), len(self._pieces), self._built)
        rest = blobs + self._ids + self._counts.tobytes() + self._pieces.tobytes()
        head = _HEAD.pack(b"", *sizes)[32:]
        with contextlib.suppress(OSError):
            atomic.make_private_folder(self._path.parent)
            atomic.replace(self._path, self._digest(head + rest) + head + rest, atomic.PRIVATE)

    def _load(self, data: bytes) -> None:
        if len(data) < _HEAD.size or self._digest(data[32:]) != data[:32]:
            return
        _, blobs, tokens, pieces, self._built = _HEAD.unpack_from(data)
        ids = _HEAD.size + blobs
        counts = ids + tokens * _ID
        at = counts + tokens * self._counts.itemsize
        self._blobs = set(data[_HEAD.size : ids].split(b"\n"))
        self._ids = bytearray(data[ids:counts])
        self._counts.frombytes(data[counts:at])
        self._pieces.frombytes(data[at : at + pieces * self._pieces.itemsize])

    def _append(self, pieces: Collection[bytes]) -> None:
        hashes = [self._hash(piece) for piece in pieces]
        self._counts.append(len(hashes))
        self._pieces.extend(hashes)
        if self._lookup is not None:
            self._lookup.update(hashes)

    def _found(self, hashes: set[int]) -> set[int]:
        """Return those of *hashes* that are in the index."""
        self._searches += 1
        # One pass is faster than creating a set; with many files to search, passes would take the longest.
        if self._searches == 1:
            return hashes.intersection(self._pieces)
        if self._lookup is None:
            self._lookup = set(self._pieces)
        return hashes & self._lookup

    def _digest(self, data: bytes) -> bytes:
        return blake2b(data, key=self._key, digest_size=32).digest()

    def _hash(self, piece: bytes) -> int:
        return int.from_bytes(blake2b(piece, key=self._key, digest_size=8).digest(), "big")


def token_id(token: str, format_name: str) -> bytes:
    """Return the id of *token*: the first 15 characters of its body, and one of its file's format."""
    start = token.rindex(":") + 1
    return f"{token[start : start + _ID - 1]}{format_name[:1] or '-'}".encode("ascii")


def content_id(blob: bytes) -> bytes:
    """Return the id of the content of *blob* (its id and format), which is not the id of a token."""
    oid, _, format_name = blob.partition(b" ")
    return oid[: _ID - 2] + b"=" + (format_name[:1] or b"-")


def _split(ids: bytearray) -> list[bytes]:
    data = bytes(ids)
    return [data[at : at + _ID] for at in range(0, len(data), _ID)]
