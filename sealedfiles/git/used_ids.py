"""Find the file ids that are in use in the index, so that a new file does not get another file's id.

If two files had the same id, equal values in them would have equal tokens, and each file would accept the
other's tokens.
"""

from __future__ import annotations

import os

from sealedfiles.git.clone import Clone
from sealedfiles.model.token import TOKEN, file_id
from sealedfiles.sealing.file import choose_file_id
from sealedfiles.util.lazy_pattern import lazy_pattern

_ID = lazy_pattern(rb"sealed:v1:[a-z0-9._-]+:[a-z2-7]{16}:([A-Za-z0-9_-]{8}):")


class UsedIds:
    """The file ids in the index of *clone*, read once, when the first new file is sealed."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._holders: dict[str, set[bytes]] | None = None

    def free_id(self, path: bytes) -> str:
        """Return the first file id for *path* that no other file in the index uses, and mark it as used."""
        holders = self._read()
        number = 0
        found = file_id(path)
        while holders.get(found, set()) - {path}:
            number += 1
            found = file_id(path, number)
        holders.setdefault(found, set()).add(path)
        return found

    def is_used_elsewhere(self, path: bytes, sealed: bytes) -> bool:
        """Return True if another file in the index than *path* has the id of a token in *sealed*."""
        holders = self._read()
        ids = {one.decode("ascii") for one in _ID.findall(sealed)}
        return any(holders.get(one, set()) - {path} for one in ids)

    def belongs_to_other(self, path: bytes, identity: str) -> bool:
        """Return True if another file in the index has the id *identity* and still exists."""
        file = self._clone.repository.file
        return any(
            other != path and os.path.lexists(file(other))
            for other in self._read().get(identity, ())
        )

    def _read(self) -> dict[str, set[bytes]]:
        if self._holders is None:
            # Imported here, because the filter loads this module for every file, and new files are rare.
            from sealedfiles.git.worktree import tracked_sealed_files, with_blobs

            self._holders = {}
            for entry, blob in with_blobs(self._clone, tracked_sealed_files(self._clone)):
                for one in set(_ID.findall(blob)):
                    self._holders.setdefault(one.decode("ascii"), set()).add(entry.path)
        return self._holders


def other_holder(clone: Clone, path: bytes, identity: str) -> bytes | None:
    """Return another path in the index whose file has the file id *identity*, or None."""
    code, out, _ = clone.repository.try_run(
        "grep", "--cached", "-l", "-z", "-F", "--no-textconv", "-e", f":{identity}:", "--", ":/"
    )
    paths = [one for one in out.split(b"\x00") if one and one != path] if code == 0 else []
    for one in paths:
        entry = clone.index.entry(one)
        blob = clone.objects.blob(entry.oid.encode("ascii")) if entry else None
        if is_id_of(one, blob or b"", identity):
            return one
    return None


def is_id_of(path: bytes, data: bytes, identity: str) -> bool:
    """Return True if *identity* is the id of the file at *path*, and not only of a token pasted into it."""
    tokens = TOKEN.findall(data.decode("utf-8", "replace"))
    return bool(tokens) and choose_file_id(path, tokens) == identity
