"""Find the file ids that are in use in the index, so that a new file does not get another file's id.

If two files had the same id, equal values in them would have equal tokens, and each file would accept the
other's tokens.
"""

from __future__ import annotations

import os

from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.token import TOKEN, file_id
from sealedfiles.sealing.file import choose_file_id
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from sealedfiles.git.blob_ids import BlobIds

_ID = lazy_pattern(rb"sealed:v1:[a-z0-9._-]+:[a-z2-7]{16}:([A-Za-z0-9_-]{8}):")


class UsedIds:
    """The file ids in the index of *clone*, and those that were given to new files since."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._given: dict[str, set[bytes]] = {}
        self._blobs: BlobIds | None = None
        self._index: object = None
        """The state of the index whose blobs are all in ``_blobs``."""

    def free_id(self, path: bytes) -> str:
        """Return the first file id for *path* that no other file in the index uses, and mark it as used."""
        number = 0
        found = file_id(path)
        while self._holders(found) - {path}:
            number += 1
            found = file_id(path, number)
        self._given.setdefault(found, set()).add(path)
        return found

    def is_used_elsewhere(self, path: bytes, sealed: bytes) -> bool:
        """Return True if another file in the index than *path* has the id of a token in *sealed*."""
        ids = {one.decode("ascii") for one in _ID.findall(sealed)}
        return any(self._holders(one) - {path} for one in ids)

    def belongs_to_other(self, path: bytes, identity: str) -> bool:
        """Return True if another file in the index has the id *identity* and still exists."""
        file = self._clone.repository.file
        return any(
            other != path and os.path.lexists(file(other)) for other in self._holders(identity)
        )

    def _holders(self, identity: str) -> set[bytes]:
        """Return the paths of the files that have the file id *identity*."""
        clone = self._clone
        starts = self._read().holders(identity.encode("ascii"))
        entries = (entry for start in starts for entry in clone.index.with_blob(start))
        holders = {entry.path for entry in clone.sealed_entries(entries)}
        return holders | self._given.get(identity, set())

    def _read(self) -> BlobIds:
        """Return the ids in all sealed files of the index."""
        clone, index = self._clone, self._clone.index
        if self._blobs is None:
            # Imported here, because the filter loads this module for every file, and new files are rare.
            from sealedfiles.git.blob_ids import INFO, BlobIds

            self._blobs = BlobIds(clone.state.name, clone.ring.derive(INFO), len(index))
        if self._index != (index.stat(),):
            from sealedfiles.git.worktree import with_blobs

            self._index = (index.stat(),)
            new = clone.sealed_entries(index.lacking(self._blobs.known))
            for entry, blob in with_blobs(clone, new):
                self._blobs.add(entry.oid.encode("ascii"), set(_ID.findall(blob)))
            self._blobs.save()
        return self._blobs


def other_holder(clone: Clone, path: bytes, identity: str) -> bytes | None:
    """Return another path in the index whose file has the file id *identity*, or None."""
    code, out, _ = clone.repository.try_run(
        "grep", "--cached", "-l", "-z", "-F", "--no-textconv", "-e", f":{identity}:", "--", ":/"
    )
    paths = [one for one in out.split(b"\x00") if one and one != path] if code == 0 else []
    for one in paths:
        if is_id_of(one, clone.staged(one) or b"", identity):
            return one
    return None


def is_id_of(path: bytes, data: bytes, identity: str) -> bool:
    """Return True if *identity* is the id of the file at *path*, and not only of a token pasted into it."""
    tokens = TOKEN.findall(data.decode("utf-8", "replace"))
    return bool(tokens) and choose_file_id(path, tokens) == identity
