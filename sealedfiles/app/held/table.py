"""A large table of keyed hashes in a file, of which a process looks up few and adds few.

An entry is a hash (64 bits) and a number (32 bits).  The first bits of the hash select the bucket that it is
in.  The file has a base, of which only buckets that are needed are read, and records with the entries that
were added since:

* the base: a digest; a size; ``KeyedTable.note``; the size and a digest of each bucket; the buckets;
* a record: a digest; a size; ``KeyedTable.note``; entries.

All digests are keyed, and that of a record includes the one before it.  So without its last records, the file
is an older table.  If a bucket is damaged, its entries are unknown: ``numbers`` returns ``ANY``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import Struct

from sealedfiles.util import atomic

ANY = -1
"""In place of the numbers of a damaged bucket."""

_ENTRY = Struct("<QI")
_HASH = Struct("<Q")
_HEAD = Struct("<32sQ192s")
_DIGEST = 32
_BITS = 12
_SHIFT = 64 - _BITS
_BUCKETS = 1 << _BITS
_DIRECTORY = Struct("<" + "I8s" * _BUCKETS)
_MOST_ADDED = 10_000
"""If more entries were added, they become a part of the base."""
_SHARE = 8
"""If more hashes are searched for than the entries divided by this, a filter in memory is faster."""
_SPACE = 8
"""The least number of places in the filter for each entry."""


class KeyedTable:
    """The table in the file *path*, for the secret *key*: a table of another key is empty."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self.clear()
        # ValueError: the file is empty
        with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
            self._load(mmap(file.fileno(), 0, access=ACCESS_READ))

    def clear(self) -> None:
        """Remove all entries."""
        self.note = b""
        """A text that is stored with the entries."""
        self._base: bytes | mmap = b""
        self._starts: list[int] = []
        self._digests: tuple[bytes, ...] = ()
        self._intact: set[int] = set()
        self._added = [bytearray() for _ in range(_BUCKETS)]
        self._added_count = 0
        self._unsaved = bytearray()
        self._last_digest = b""
        """The digest of the last record; empty if the file must be replaced."""
        self._is_damaged = False
        self._searched = 0
        self._filter: bytearray | None = None

    def add(self, hashes: Iterable[int], number: int) -> None:
        """Add *hashes* with *number*."""
        for one in hashes:
            entry = _ENTRY.pack(one, number)
            self._unsaved += entry
            self._added[one >> _SHIFT] += entry
            self._added_count += 1
            if self._filter is not None:
                _set(self._filter, one)

    def __contains__(self, one: int) -> bool:
        return any(number != ANY for number in self._numbers(one))

    def numbers(self, hashes: Collection[int]) -> set[int]:
        """Return the numbers of those of *hashes* that are in the table."""
        self._searched += len(hashes)
        if self._filter is None and self._searched * _SHARE > self._count:
            self._filter = self._new_filter()
        likely: Iterable[int] = hashes
        if self._filter is not None:
            known, last = self._filter, len(self._filter) - 1
            likely = [one for one in hashes if known[one & last] and known[one >> 32 & last]]
        return {number for one in likely for number in self._numbers(one)}

    def save(self, *, always: bool = False) -> None:
        """Write the entries that were added, if any, or *always*; ignore it if the folder is not writable."""
        if not self._unsaved and not always:
            return
        record = self._signed(bytes(self._unsaved), self._last_digest)
        self._unsaved.clear()
        with contextlib.suppress(OSError):
            if not self._last_digest or self._added_count > _MOST_ADDED:
                self._replace()
            else:
                _append_to(self._path, record)
                self._last_digest = record[:_DIGEST]

    def _replace(self) -> None:
        """Make all entries the base."""
        buckets = [
            (self._bucket(number) or b"") + self._added[number] for number in range(_BUCKETS)
        ]
        if self._is_damaged:
            return
        directory = [word for one in buckets for word in (len(one), self._digest(one, size=8))]
        base = self._signed(_DIRECTORY.pack(*directory), b"") + b"".join(buckets)
        if isinstance(self._base, mmap):
            self._base.close()  # Windows does not replace a file that is mapped
        self.clear()
        self._read_base(base)
        atomic.make_private_folder(self._path.parent)
        atomic.replace(self._path, base, atomic.PRIVATE)

    def _load(self, data: mmap) -> None:
        at = self._read_base(data)
        while at < len(data):
            entries = self._verified(data, at, self._last_digest)
            if entries is None:
                self._last_digest = b""
                break
            for one, number in _ENTRY.iter_unpack(entries):
                self.add([one], number)
            at += _HEAD.size + len(entries)
        self._unsaved.clear()

    def _read_base(self, data: bytes | mmap) -> int:
        """Use the base in *data*, and return its size; it ends with *data* if it is damaged."""
        directory = self._verified(data, 0, b"")
        if directory is None:
            return len(data)
        words = _DIRECTORY.unpack(directory)
        self._starts = list(accumulate(words[::2], initial=_HEAD.size + _DIRECTORY.size))
        self._digests = words[1::2]
        self._base = data
        return self._starts[-1]

    def _signed(self, content: bytes, before: bytes) -> bytes:
        """Return *content* as a record after the one with the digest *before*."""
        head = _HEAD.pack(b"", len(content), self.note)[_DIGEST:]
        return self._digest(before + head + content) + head + content

    def _verified(self, data: bytes | mmap, at: int, before: bytes) -> bytes | None:
        """Return the content of the record at *at*, and take over its note; None if it is damaged."""
        if len(data) - at < _HEAD.size:
            return None
        digest, size, note = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + size
        record = data[at + _DIGEST : end]
        if end > len(data) or self._digest(before + record) != digest:
            return None
        self.note, self._last_digest = note.rstrip(b"\0"), digest
        return record[_HEAD.size - _DIGEST :]

    def _numbers(self, one: int) -> Iterator[int]:
        """Yield the numbers of the hash *one*."""
        wanted, number = _HASH.pack(one), one >> _SHIFT
        bucket = self._bucket(number)
        if bucket is None:
            yield ANY
        for entries in (bucket or b"", self._added[number]):
            at = entries.find(wanted)
            while at >= 0:
                if at % _ENTRY.size == 0:
                    yield _ENTRY.unpack_from(entries, at)[1]
                at = entries.find(wanted, at + 1)

    def _bucket(self, number: int) -> bytes | None:
        """Return the bucket *number* of the base; None if it is damaged, or an earlier one was."""
        if not self._base:
            return b""
        bucket = self._base[self._starts[number] : self._starts[number + 1]]
        if number not in self._intact:
            if self._digest(bucket, size=8) != self._digests[number]:
                self._is_damaged = True
                with contextlib.suppress(OSError):
                    self._path.unlink()  # so that it is built again
                return None
            self._intact.add(number)
        return bucket

    @property
    def _count(self) -> int:
        """About the number of entries."""
        return len(self._base) // _ENTRY.size + self._added_count

    def _new_filter(self) -> bytearray:
        """Return a table with 1 at two places for each hash."""
        found = bytearray(1 << (_SPACE * self._count).bit_length())
        for number in range(_BUCKETS):
            bucket = self._bucket(number)
            if bucket is None:
                return bytearray(b"\1") * len(found)
            for one, _ in _ENTRY.iter_unpack(bucket + self._added[number]):
                _set(found, one)
        return found

    def _digest(self, data: bytes, *, size: int = _DIGEST) -> bytes:
        return blake2b(data, key=self._key, digest_size=size).digest()


def _set(found: bytearray, one: int) -> None:
    last = len(found) - 1
    found[one & last] = found[one >> 32 & last] = 1


def _append_to(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        os.write(handle, data)
    finally:
        os.close(handle)
