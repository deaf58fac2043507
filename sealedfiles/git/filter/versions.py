"""Find the previous sealed version of a file, for clean (docs/architecture.md)."""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import islice

from sealedfiles.git.objects import Objects
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.filter.renames import Renames
    from sealedfiles.git.index import Entry
    from sealedfiles.git.used_ids import UsedIds
    from sealedfiles.sealing import File

_AHEAD = 64
_ORIGINS = 16
_MANY = 16


class Versions:
    """Finds previous versions for one filter process."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._smudged: dict[tuple[bytes, bytes], str] = {}
        self._origins: dict[tuple[bytes, bytes], bytes] = {}
        self._listed: object = None
        self._last = self._expected = b""
        """The path that was requested last, and the one after it in the index."""
        self._run = 0
        self._renames: Renames | None = None
        self._head: tuple[object, bytes | None] = (None, None)
        self._new = 0
        """The number of requested files that the index lacks, in its state ``_removed_from``."""
        self._removed: set[bytes] | None = None
        self._removed_from: object = None

    @cached_property
    def used_ids(self) -> UsedIds:
        """The file ids in the index, as of the first use."""
        from sealedfiles.git.used_ids import UsedIds

        return UsedIds(self._clone)

    def note_smudged(self, path: bytes, plain: bytes, blob: str, sealed: bytes) -> None:
        """Record that *blob*, whose content is *sealed*, was checked out to *path* as *plain*.

        If git does not pass the blob id (empty), it is in a renormalizing merge, and requests the clean
        version immediately.
        """
        key = (path, hashlib.sha256(plain).digest())
        if blob:
            self._smudged[key] = blob
        else:
            self._origins[key] = sealed
            while len(self._origins) > _ORIGINS:
                del self._origins[next(iter(self._origins))]

    def others(self, path: bytes) -> list[bytes]:
        """Return the other sealed versions that a file at *path* may come from.

        After a conflict, a value that is sealed on one side must stay sealed, even if the other side has it
        in plaintext: these are all sides.
        """
        stages = self._clone.index.stages(path)
        sides = [stages[n] for n in (3, 1, 2) if n in stages and 0 not in stages]
        blobs = (self._clone.objects.blob(side.oid.encode("ascii")) for side in sides)
        return [version for version in blobs if version]

    def candidates(self, path: bytes, data: bytes, file: File) -> Iterator[bytes]:
        """Yield the versions that *data* at *path* may come from, best first.

        1. The version that this process checked out as exactly this text.  `git switch -m` requires the same
           bytes back: otherwise git aborts, after it has removed the user's edits.  In a renormalizing merge,
           a value of a removed reader would get a token of the current key.
        2. The version in the index.  An empty blob is skipped: it is only an intent to add.
        3. The version in HEAD.
        4. If the path is not in git: a tracked path that no longer exists in the working tree and has the
           same values.
        """
        yield from self._near(path, data)
        known = self._in_index(path) is not None
        head = self._in_head(path)
        if head and not known and self.used_ids.is_used_elsewhere(path, head):
            # The file was renamed, and another file now has its old name.
            return
        if head:
            yield head
        elif not known:
            if self._renames is None:
                from sealedfiles.git.filter.renames import Renames

                self._renames = Renames(self._clone)
            renamed = self._renames.find(path, data, file)
            if renamed:
                yield renamed

    def nearest(self, path: bytes, data: bytes) -> bytes | None:
        """Return the first of the ``candidates`` if git wrote it to *path* or has it in the index."""
        return next(self._near(path, data), None)

    def _near(self, path: bytes, data: bytes) -> Iterator[bytes]:
        """Yield the ``candidates`` that git wrote to *path*, or has in the index."""
        if self._origins or self._smudged:
            key = (path, hashlib.sha256(data).digest())
            if key in self._origins:
                yield self._origins[key]
            smudged = self._smudged.get(key)
            if smudged and (blob := self._clone.objects.blob(smudged.encode("ascii"))):
                yield blob
        indexed = self._in_index(path)
        if indexed:
            yield indexed

    def _in_index(self, path: bytes) -> bytes | None:
        """Return the version of *path* in the index, in a conflict one of them; None if it is empty."""
        stages = self._stages(path)
        blobs = (
            self._clone.objects.blob(stages[stage].oid.encode("ascii"))
            for stage in (0, 2, 3, 1)
            if stage in stages
        )
        return next(filter(None, blobs), None)

    def has(self, path: bytes, sealed: bytes) -> bool:
        """Return True if the index holds *sealed* at *path*."""
        oids = [entry.oid.encode("ascii") for entry in self._stages(path).values()]
        return any(self._clone.objects.blob(oid) == sealed for oid in oids)

    def stored(self, path: bytes, data: bytes) -> Iterator[bytes]:
        """Yield the versions of *path* in git whose plaintext clean must leave unchanged.

        These are: the version that this process checked out as exactly *data*; the version in the index (in
        a conflict, every stage); the versions in commits whose changes a merge, cherry-pick or rebase
        applies; and the version in HEAD, but only if the index does not have the path.  If it does, an
        explicit command may have sealed a value that HEAD has in plaintext.
        """
        objects = self._clone.objects
        key = (path, hashlib.sha256(data).digest())
        if key in self._origins:
            yield self._origins[key]
        stages = self._stages(path)
        names = [entry.oid.encode("ascii") for entry in stages.values()]
        names += [self._smudged[key].encode("ascii")] if key in self._smudged else []
        names += [f"{head}:".encode() + path for head in self._in_progress()]
        for name in names:
            blob = objects.blob(name)
            if blob:
                yield blob
        head = None if stages else self._in_head(path)
        if head:
            yield head

    def _in_progress(self) -> list[str]:
        # These commands hold the lock on the index from the start, so that no merge or rebase can begin.
        return self._as_of_start if self._holds_lock else self._clone.in_progress()

    @cached_property
    def _as_of_start(self) -> list[str]:
        return self._clone.in_progress()

    @cached_property
    def _holds_lock(self) -> bool:
        # Imported here, because an unchanged file does not need it.
        from sealedfiles.git.invocation import is_adding

        return is_adding()

    def is_plain(self, path: bytes) -> bool:
        """Return True if the index holds *path*, and neither it nor HEAD holds a token there."""
        oids = [entry.oid.encode("ascii") for entry in self._stages(path).values()]
        blobs = [blob for oid in oids if (blob := self._clone.objects.blob(oid))]
        head = self._in_head(path) if blobs else None
        return bool(blobs) and not any(b"sealed:v1:" in one for one in (*blobs, head or b""))

    def _in_head(self, path: bytes) -> bytes | None:
        """Return the version of *path* in HEAD; the last result is cached."""
        stat = self._clone.index.stat()
        if self._head[0] != (path, stat):
            may_exist = self._clone.index.stages(path) or self._may_be_removed(path, stat)
            blob = self._clone.objects.blob(b"HEAD:" + path) if may_exist else None
            self._head = (path, stat), blob
        return self._head[1]

    def _may_be_removed(self, path: bytes, index: object) -> bool:
        """Return False if HEAD lacks *path*, too, which is not in the index.

        For many new files, git lists once what HEAD has and the index lacks: usually nothing.
        """
        if self._removed_from != index:
            self._removed_from, self._new, self._removed = index, 0, None
        self._new += 1
        if self._new == _MANY:
            options = ("--cached", "--no-renames", "--diff-filter=D", "--name-only", "-z")
            code, out, _ = self._clone.repository.try_run("diff-index", *options, "HEAD")
            self._removed = None if code else set(out.split(b"\0"))
        return self._removed is None or path in self._removed

    def _stages(self, path: bytes) -> dict[int, Entry]:
        stat = self._clone.index.stat()
        if stat != self._listed:
            self._listed = stat
            self._renames = None
        stages = self._clone.index.stages(path)
        if path != self._last and 0 in stages:
            self._read_ahead(path)
        return stages

    def _read_ahead(self, path: bytes) -> None:
        """Request the blobs of the next paths in advance: git cleans files in index order."""
        if not self._clone.index.is_listed:
            return  # one of the first files; git may send no other
        self._run = self._run + 1 if path == self._expected else 0
        # Read ahead in powers of two, so that a short run reads little that it does not need.
        is_due = self._run & (self._run - 1) == 0 or self._run % _AHEAD == 0
        count = min(self._run, _AHEAD) if is_due else 0
        following = list(islice(self._clone.index.files(path), max(count, 2)))
        self._last = path
        self._expected = following[1].path if len(following) > 1 else b""
        if count > 1 and len(following) > 1:
            self._clone.objects.read_ahead([one.oid.encode("ascii") for one in following])


def written_from(clone: Clone, path: bytes, data: bytes) -> list[bytes]:
    """Return the versions that git may have written to the file at *path*, for a command that reads only it:
    those of ``versions_in_git`` and, where the filter does not handle the file, what git makes of them.

    *data* is the content of the file.
    """
    from sealedfiles.sealing.spelling import with_encodings  # not needed by a filter

    found = list(versions_in_git(clone, path))
    if not clone.repository.has_filter:
        # Before `unlock`, nothing records the plaintext that a checkout writes.
        from sealedfiles.git.earlier_checkouts import commit_written, written_versions

        found += written_versions(clone, path)
        if data and data not in found and commit_written(clone, path, data) is not None:
            found.append(data)
    return list(with_encodings(dict.fromkeys(found)))


def versions_in_git(clone: Clone, path: bytes) -> Iterator[bytes]:
    """Yield git's versions of one file with one git process, for a command that reads only this file.

    These are the version in the index (in a conflict, every stage, and HEAD), and the versions in commits
    whose changes a merge, cherry-pick or rebase in progress applies.  If the file is not in the index, HEAD
    is used.
    """
    objects = Objects(clone.repository)
    names = [b":0:", *(f"{head}:".encode() for head in clone.in_progress())]
    try:
        index = objects.blob(b":0:" + path)
        if index is None:
            names = [b":2:", b":3:", b":1:", *names[1:], b"HEAD:"]
        else:
            yield index
            del names[0]
        for name in names:
            blob = objects.blob(name + path)
            if blob is not None:
                yield blob
    finally:
        objects.close()
