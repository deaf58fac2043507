"""An index of keyed hashes of parts of the values that a clone can decrypt.

With it, a hook need not decrypt every file.  The index is the file ``.git/sealedfiles/held``.  It contains no
text: a part ("piece") is a BLAKE2b hash under a key that is derived from the clone's group keys.  The file is
authenticated with the same key, so what is damaged, or was written with other group keys, is not used.
The decrypted content of each file is one more piece, with an id like a token's.
Tokens that are new in git's index are appended; when most tokens may be obsolete, the file is rebuilt.

The file is a list of records, of which the first is large.  Each consists of: a keyed digest, which includes
that of the record before it; its size in bytes; the number of tokens when the index was built; the numbers of
blobs, tokens and pieces; ``HeldIndex.complete_for``; an id for each blob whose tokens are included; an id for
each token; the number of pieces of each token; the pieces.  Without its last records, it is an older index.
"""

from __future__ import annotations

import contextlib
import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from struct import Struct

from sealedfiles.app.held.matcher import content_of, pieces_of, samples_of
from sealedfiles.util import atomic

_ID = 16
_HEAD = Struct("<32s5Q128s")
_DIGEST = 32
_PERSON = b"sealedfiles-hel5"
"""Change this when the texts to search for change: then every existing index is rebuilt."""
_PASSES = 6
_SPARE = 1000
"""Rebuild if the tokens are more than twice as many as when it was built, plus this number."""
_MOST_RECORDS = 50
_FEW = 32
"""For more ids, a set of all is faster than a search for each."""


class HeldIndex:
    """The index in the file *path* of the values that the group keys *secrets* decrypt."""

    def __init__(self, path: Path, secrets: Iterable[bytes]) -> None:
        self._path = path
        self._key = blake2b(b"".join(sorted(secrets)), person=_PERSON).digest()
        self.clear()
        with contextlib.suppress(OSError):
            self._load(memoryview(path.read_bytes()))

    def clear(self) -> None:
        """Empty the index."""
        self.complete_for = b""
        """A version of the repository whose sealed files are all included, as the caller describes it."""
        self._blobs = _Ids()
        self._tokens = _Ids()
        self._counts = array("I")
        self._pieces = array("Q")
        self._saved = (0, 0, 0)
        """How many blobs, tokens and pieces are in the file."""
        self._lookup: set[int] | None = None
        self._located: tuple[bytes, array[int]] | None = None
        self._searches = 0
        self._built = self._records = 0
        self._last_digest = b""

    def lacks(self, blob: bytes) -> bool:
        """Return True if the tokens of *blob* (its id and format) are not in the index."""
        return self._blob_id(blob) not in self._blobs

    def is_outgrown(self) -> bool:
        """Return True if most tokens in the index may no longer exist in the repository."""
        return len(self._counts) > 2 * self._built + _SPARE

    def lacks_token(self, name: bytes) -> bool:
        """Return True if the token with the id *name* is not in the index."""
        return name not in self._tokens

    def add(self, name: bytes, texts: Iterable[bytes]) -> None:
        """Add the token with the id *name* and the *texts* to search for."""
        self._append(name, {piece for text in texts for piece in pieces_of(text)})

    def add_content(self, name: bytes, data: bytes) -> None:
        """Add the file with the id *name* and the decrypted content *data*, to find its copies."""
        self._append(name, [content_of(data)])

    def add_blob(self, blob: bytes) -> None:
        """Record that all tokens of *blob* are in the index."""
        self._blobs.add(self._blob_id(blob))

    def find(self, data: bytes) -> set[bytes]:
        """Return the ids of the tokens whose values *data* may contain, and of the files that it may be."""
        hits: set[int] = set()
        hashes = {self._hash(content_of(data))}
        for samples in samples_of(data):
            hashes.update(map(self._hash, samples))
            hits |= self._found(hashes)
            hashes = set()
        return set(self._owners(hits)) if hits else set()

    def save(self) -> None:
        """Write what was added, if anything was; ignore it if the folder is not writable."""
        sizes = self._sizes()
        if sizes == self._saved:
            return
        self._built = self._built or len(self._counts)
        is_whole = not self._records or self._records >= _MOST_RECORDS
        if is_whole:
            self._records, self._last_digest, self._saved = 0, b"", (0, 0, 0)
        blobs, tokens, pieces = self._saved
        parts = (
            self._blobs.data[blobs * _ID :],
            self._tokens.data[tokens * _ID :],
            self._counts[tokens:].tobytes(),
            self._pieces[pieces:].tobytes(),
        )
        added = [new - old for new, old in zip(sizes, self._saved, strict=True)]
        size = _HEAD.size + sum(map(len, parts))
        head = _HEAD.pack(b"", size, self._built, *added, self.complete_for)
        rest = b"".join([head[_DIGEST:], *parts])
        digest = self._digest(rest)
        with contextlib.suppress(OSError):
            if is_whole:
                atomic.make_private_folder(self._path.parent)
                atomic.replace(self._path, digest + rest, atomic.PRIVATE)
            else:
                _append(self._path, digest + rest)
        self._records, self._last_digest, self._saved = self._records + 1, digest, sizes

    def _load(self, data: memoryview) -> None:
        while data:
            size = self._load_record(data)
            if not size:
                self._records = _MOST_RECORDS  # so that the next save replaces the file
                break
            data = data[size:]
        self._saved = self._sizes()

    def _load_record(self, data: memoryview) -> int:
        """Add the first record of *data*, and return its size; 0 if it is damaged."""
        if len(data) < _HEAD.size:
            return 0
        digest, size, built, blobs, tokens, pieces, complete_for = _HEAD.unpack_from(data)
        if self._digest(data[_DIGEST:size]) != digest:
            return 0
        ids = _HEAD.size + blobs * _ID
        counts = ids + tokens * _ID
        at = counts + tokens * self._counts.itemsize
        self._blobs.data += data[_HEAD.size : ids]
        self._tokens.data += data[ids:counts]
        self._counts.frombytes(data[counts:at])
        self._pieces.frombytes(data[at : at + pieces * self._pieces.itemsize])
        self._built, self._last_digest = built, digest
        self.complete_for = complete_for.rstrip(b"\0")
        self._records += 1
        return int(size)

    def _append(self, name: bytes, pieces: Collection[bytes]) -> None:
        hashes = [self._hash(piece) for piece in pieces]
        self._tokens.add(name)
        self._counts.append(len(hashes))
        self._pieces.extend(hashes)
        self._located = None
        if self._lookup is not None:
            self._lookup.update(hashes)

    def _found(self, hashes: set[int]) -> set[int]:
        """Return those of *hashes* that are in the index."""
        self._searches += 1
        # A few passes are faster than creating a set; with many files, passes would take the longest.
        if self._searches <= _PASSES:
            return hashes.intersection(self._pieces)
        if self._lookup is None:
            self._lookup = set(self._pieces)
        return hashes & self._lookup

    def _owners(self, hits: set[int]) -> Iterator[bytes]:
        """Yield the ids of the tokens with the pieces *hits*."""
        if self._located is None:
            self._located = self._pieces.tobytes(), array("Q", accumulate(self._counts))
        pieces, ends = self._located
        for hit in hits:
            for at in _positions(hit.to_bytes(8, sys.byteorder), pieces):
                token = bisect_right(ends, at) * _ID
                yield bytes(self._tokens.data[token : token + _ID])

    def _sizes(self) -> tuple[int, int, int]:
        return len(self._blobs.data) // _ID, len(self._counts), len(self._pieces)

    def _blob_id(self, blob: bytes) -> bytes:
        return blake2b(blob, key=self._key, digest_size=_ID).digest()

    def _digest(self, record: bytes | memoryview) -> bytes:
        digest = blake2b(self._last_digest, key=self._key, digest_size=_DIGEST)
        digest.update(record)
        return digest.digest()

    def _hash(self, piece: bytes) -> int:
        return int.from_bytes(blake2b(piece, key=self._key, digest_size=8).digest(), "big")


class _Ids:
    """A list of ids, to which ids are added directly only before the first search."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._all: set[bytes] | None = None
        self._searches = 0

    def __contains__(self, one: bytes) -> bool:
        self._searches += 1
        if self._all is None and self._searches <= _FEW:
            return next(_positions(one, self.data), None) is not None
        if self._all is None:
            data = bytes(self.data)
            self._all = {data[at : at + _ID] for at in range(0, len(data), _ID)}
        return one in self._all

    def add(self, one: bytes) -> None:
        """Append *one*."""
        self.data += one
        if self._all is not None:
            self._all.add(one)


def token_id(token: str, format_name: str) -> bytes:
    """Return the id of *token*: the first 15 characters of its body, and one of its file's format."""
    start = token.rindex(":") + 1
    return f"{token[start : start + _ID - 1]}{format_name[:1] or '-'}".encode("ascii")


def content_id(blob: bytes) -> bytes:
    """Return the id of the content of *blob* (its id and format), which is not the id of a token."""
    oid, _, format_name = blob.partition(b" ")
    return oid[: _ID - 2] + b"=" + (format_name[:1] or b"-")


def _positions(item: bytes, items: bytes | bytearray) -> Iterator[int]:
    """Yield the numbers of the *items*, all of one length, that are *item*."""
    at = items.find(item)
    while at >= 0:
        if at % len(item) == 0:
            yield at // len(item)
        at = items.find(item, at + 1)


def _append(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        os.write(handle, data)
    finally:
        os.close(handle)
