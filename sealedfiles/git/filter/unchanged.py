"""The memo of the files that clean found unchanged: ``.git/sealedfiles/unchanged``.

For every file that was touched, git asks clean for its stored form.  That is usually the version in the
index, but to find out takes as long as decrypting it.  With the memo, nothing is decrypted a second time.

An entry, a "mark", is an HMAC of a path, its rules, the content of the working tree file, and the version
that clean returned for it.  The key is derived from all available group keys.  Clean's answer depends on
nothing else (``Filter.clean``).  So a mark shows nothing without these keys, cannot be created without them,
and does not count after any change of them.  The file may be incomplete, damaged, or another clone's: a mark
that is missing costs time, and nothing else.

The file is a table of buckets.  A mark belongs to one of them, and if that is full, replaces another mark.
Each mark is written in place: one that another process overwrites, or writes half, is missing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from hashlib import sha256
from hmac import digest

from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import FileRules
from sealedfiles.util import atomic
from sealedfiles.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

NAME = "unchanged"
_INFO = b"sealedfiles/v1/unchanged/" + __version__.encode("ascii")
"""Contains the version of the program, because another one may read a format differently."""
_MARK = 16
_EMPTY = bytes(_MARK)
_BUCKET = 8 * _MARK
_LEAST, _MOST = 1 << 13, 1 << 22
"""The minimum and maximum size of the file; in between, it has room for 4 to 8 marks per tracked file."""
_UPDATE = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)


class Unchanged:
    """The memo in *folder*, for the keys in *ring*.  *count* returns the number of tracked files."""

    def __init__(self, folder: Path | str, ring: GroupKeyring, count: Callable[[], int]) -> None:
        self._folder = folder
        self._ring = ring
        self._count = count
        self._table = bytearray()
        self._is_fresh = False
        """Whether the table in the file is missing or too small, and will be replaced."""
        self._written: list[int] = []
        """The offsets of new marks in the table."""

    def mark(self, path: bytes, rules: FileRules, data: bytes, previous: bytes) -> bytes:
        """Return the mark that says: for *data* at *path*, clean returns *previous*.

        It is empty if no key is available, or as long as the user has not confirmed the policy.
        """
        key, text = self._ring.derive(_INFO), rules.text
        if not key or text is None:
            return b""
        head = b"%d:%b%d:%b" % (len(path), path, len(text), text)
        return digest(key, head + sha256(data).digest() + sha256(previous).digest(), "sha256")[
            :_MARK
        ]

    def __contains__(self, mark: bytes) -> bool:
        return bool(mark) and mark in self._bucket(mark)[1]

    def add(self, mark: bytes) -> None:
        """Add *mark*, unless it is empty."""
        if not mark:
            return
        start, bucket = self._bucket(mark)
        slots = [bytes(bucket[at : at + _MARK]) for at in range(0, _BUCKET, _MARK)]
        # If the bucket is full, replace any: the mark is as good as a random number.
        free = slots.index(_EMPTY) if _EMPTY in slots else mark[-1] % len(slots)
        at = start + free * _MARK
        self._table[at : at + _MARK] = mark
        self._written.append(at)

    def save(self) -> None:
        """Write the new marks; an error is ignored.  Nothing is written if ``CI`` is set."""
        if not self._written or os.environ.get("CI"):
            return
        with contextlib.suppress(OSError):
            atomic.make_private_folder(self._folder)
            handle = os.open(os.path.join(self._folder, NAME), _UPDATE, atomic.PRIVATE)
            try:
                if self._is_fresh:
                    os.ftruncate(handle, 0)
                    os.ftruncate(handle, len(self._table))
                for at in self._written:
                    os.lseek(handle, at, os.SEEK_SET)
                    os.write(handle, self._table[at : at + _MARK])
            finally:
                os.close(handle)

    def _bucket(self, mark: bytes) -> tuple[int, bytearray]:
        """Return the bucket to which *mark* belongs, and its offset."""
        if not self._table:
            self._load()
        start = int.from_bytes(mark[:8], "big") % (len(self._table) // _BUCKET) * _BUCKET
        return start, self._table[start : start + _BUCKET]

    def _load(self) -> None:
        with contextlib.suppress(OSError), open(os.path.join(self._folder, NAME), "rb") as file:
            self._table = bytearray(file.read(_MOST))
        wanted = min(max(_LEAST, 1 << (4 * self._count() * _MARK).bit_length()), _MOST)
        if len(self._table) < wanted:
            self._table = bytearray(wanted)
            self._is_fresh = True
