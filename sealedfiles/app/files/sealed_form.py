"""The sealed form of one file, on disk and in git's index, for commands that change tokens but not values."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.files.working_file import (
    WorkingFile,
    read_in_place,
    replace_unchanged,
    write_in_place,
)
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.errors import UsageError
from sealedfiles.git.index import Entry
from sealedfiles.git.rewrite import rewrite_entries
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing import open_file
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_path


class SealedForm(NamedTuple):
    """One file in its sealed form."""

    place: WorkingFile
    entry: Entry | None
    """The entry in git's index; None for an untracked file, and outside a git repository."""
    blob: bytes
    """The content in git's index; empty if it is not sealed there."""
    disk: bytes
    """The sealed form of the file on disk; for a decrypted file, the content that git would store."""

    @property
    def is_same(self) -> bool:
        """Whether the content in git's index equals the content on disk."""
        return self.entry is not None and self.blob == self.disk

    def write_index(self, new: bytes) -> bool:
        """Write *new* to git's index; return True if that changed anything."""
        clone = self.place.workspace.clone
        if clone is None or self.entry is None or new == self.blob:
            return False
        rewrite_entries(clone, [(self.entry, new)])
        return True

    def write_disk(self, new: bytes) -> bool:
        """Write *new* to disk, decrypted if the file is decrypted; return True if that changed anything.

        Raises ChangedOnDiskError if the file changed after it was read, GitError if the index, to which the
        caller writes next, is locked.
        """
        place = self.place
        if new == self.disk:
            return False
        if self.entry and place.workspace.clone:
            place.workspace.clone.repository.require_writable()
        if not place.is_sealed:
            return write_in_place(place, open_file(new, place.described, place.workspace.ring).data)
        with atomic.alone_in(place.file.parent):
            replace_unchanged(place, new)
        return True


def read_sealed_form(file: Path, identity: str | None = None) -> SealedForm:
    """Read *file* from disk and from git's index.

    Raises UsageError if the file does not exist or has a merge conflict.  For a decrypted file, also raises
    the errors of sealing.
    """
    place = read_in_place(file, ReadOptions(identity, allow_retired=True))
    clone, data = place.workspace.clone, place.data or b""
    entry, blob = None, b""
    if clone:
        stages = clone.index.stages(place.path)
        entry = stages.get(0)
        if stages and entry is None:
            raise UsageError(
                f"{place.name} has a merge conflict",
                f"resolve its conflicts first, then: git add {shell_path(place.path)}",
            )
        blob = (entry and clone.objects.blob(entry.oid.encode("ascii"))) or b""
    disk = data if place.is_sealed else place.workspace.seal(place.path, data)
    return SealedForm(place, entry, blob, disk)
