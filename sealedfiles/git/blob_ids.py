"""The memo of the file ids in stored blobs: ``.git/sealedfiles/ids``.

Without it, every sealed blob is read to find out whether the id of a new file is in use.  What it says of a
blob never changes, whatever the index, the policy and the attributes are, and is public in git.

The file is a digest and records: the beginning of a blob's id, and a file id in it, or ``_NONE``.  The digest
is keyed, so a file that is damaged, or was written with other group keys, counts as empty.  If two processes
write it at the same time, one file remains.  A blob that is missing in it is read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from hashlib import blake2b
from struct import Struct

from sealedfiles.util import atomic

NAME = "ids"
INFO = b"sealedfiles/v1/ids"
"""Change this when the ids that are found in a blob change."""
START = 32
"""The number of hex digits of a blob's id that are stored."""
_RECORD = Struct(f"{START}s8s")
_NONE = b"-" * 8
"""In place of an id, for a blob without tokens: no file gets this id, and it would do no harm."""
_DIGEST = 32
_FEW = 100
"""So many blobs are read again each time: writing the file takes longer."""
_MOST_IDS = 16
"""A blob with more ids, which no program writes, is read each time."""
_SPARE = 1000
_FEW_SEARCHES = 16
"""A search takes as long as to read the records; for more, they are sorted into a dictionary."""


class BlobIds:
    """The memo in *folder*, for the secret *key*; if that is empty, no file is used.

    *files* is the number of files in the index.  A memo of more than twice as many blobs, and ``_SPARE``, is
    of blobs that are mostly gone: it counts as empty, and is replaced.
    """

    def __init__(self, folder: str, key: bytes, files: int) -> None:
        self._folder = folder
        self._key = key
        self._searches = 0
        self._holders: dict[bytes, list[bytes]] | None = None
        """The blobs by the ids in them, for many searches."""
        self.known: set[bytes] = set()
        """The beginnings of the ids of the blobs whose file ids are known."""
        self._records = bytearray()
        self._unstored: list[tuple[bytes, bytes]] = []
        """Blobs with many ids, and each of them."""
        self._new = 0
        if key:
            self._load(2 * files + _SPARE)

    def holders(self, identity: bytes) -> list[bytes]:
        """Return the beginnings of the ids of the known blobs that have the file id *identity*."""
        self._searches += 1
        if self._searches > _FEW_SEARCHES and self._holders is None:
            self._holders = {}
            for start, one in (*_RECORD.iter_unpack(self._records), *self._unstored):
                self._holders.setdefault(one, []).append(start)
        if self._holders is not None:
            return self._holders.get(identity, [])
        found = [start for start, one in self._unstored if one == identity]
        at = self._records.find(identity)
        while at >= 0:
            if at % _RECORD.size == START:
                found.append(bytes(self._records[at - START : at]))
            at = self._records.find(identity, at + 1)
        return found

    def add(self, blob: bytes, ids: Collection[bytes]) -> None:
        """Add the file ids in the blob with the id *blob*."""
        start = blob[:START]
        if start in self.known:
            return
        self.known.add(start)
        pairs = [(start, one) for one in ids or [_NONE]]
        if self._holders is not None:
            for _, one in pairs:
                self._holders.setdefault(one, []).append(start)
        if len(ids) <= _MOST_IDS:
            self._records += b"".join(_RECORD.pack(*pair) for pair in pairs)
            self._new += 1
        else:
            self._unstored += pairs

    def save(self) -> None:
        """Write the file if many blobs were added, unless ``CI`` is set; an error is ignored."""
        if self._new <= _FEW or not self._key or os.environ.get("CI"):
            return
        self._new = 0
        with contextlib.suppress(OSError):
            atomic.make_private_folder(self._folder)
            records = bytes(self._records)
            path = os.path.join(self._folder, NAME)
            atomic.replace(path, self._digest(records) + records, atomic.PRIVATE)

    def _load(self, most: int) -> None:
        data = b""
        with contextlib.suppress(OSError), open(os.path.join(self._folder, NAME), "rb") as file:
            data = file.read(_DIGEST + most * _MOST_IDS * _RECORD.size + 1)
        records = data[_DIGEST:]
        if self._digest(records) != data[:_DIGEST]:
            return
        known = {records[at : at + START] for at in range(0, len(records), _RECORD.size)}
        if len(known) <= most:
            self.known = known
            self._records += records

    def _digest(self, records: bytes) -> bytes:
        return blake2b(records, key=self._key, digest_size=_DIGEST).digest()
