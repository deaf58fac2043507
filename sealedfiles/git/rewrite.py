"""Write new blobs directly to the index, without changing the working tree."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sealedfiles.errors import ConflictError
from sealedfiles.git.worktree import is_unchanged, refresh, replace_file
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing import open_file
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealedfiles.git.clone import Clone
    from sealedfiles.git.index import Entry


def write_index(clone: Clone, blobs: Mapping[Entry, bytes]) -> None:
    """Store each of *blobs* as the content of its index entry, without running a filter."""
    if not blobs:
        return
    with tempfile.TemporaryDirectory(prefix="sealedfiles-") as folder:
        files = []
        for number, data in enumerate(blobs.values()):
            file = Path(folder, str(number))
            file.write_bytes(data)
            files.append(os.fsencode(file))
        names = b"".join(name + b"\n" for name in files)
        out = clone.repository.run(
            "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names
        )
    lines = b""
    for entry, oid in zip(blobs, out.split(), strict=True):
        lines += b"%b %b\t%b\x00" % (entry.mode.encode("ascii"), oid, entry.path)
    clone.repository.run("update-index", "-z", "--index-info", stdin=lines)
    # Keep the skip-worktree bit: without it, a file that is not checked out would look deleted.
    sparse = b"".join(entry.path + b"\x00" for entry in blobs if entry.skip_worktree)
    if sparse:
        clone.repository.run("update-index", "--skip-worktree", "-z", "--stdin", stdin=sparse)


def rewrite_entries(clone: Clone, blobs: Mapping[Entry, bytes]) -> None:
    """Store each of *blobs* as the content of its index entry.

    Working tree files with the same values still look unmodified to git, and local changes stay unstaged.
    """
    if blobs:
        clone.repository.require_writable()
    fresh = []
    for entry, data in blobs.items():
        path = clone.repository.file(entry.path)
        if path.is_symlink() or not path.is_file():
            continue
        if _is_sealed_in_tree(clone, entry, path.read_bytes()):
            # Otherwise the next `git commit -a` would restore the old tokens.
            replace_file(clone.repository, path, data)
        if is_unchanged(clone, entry, data, path.read_bytes()):
            fresh.append(entry.path)
    write_index(clone, blobs)
    refresh(clone, fresh)


def _is_sealed_in_tree(clone: Clone, entry: Entry, data: bytes) -> bool:
    """Return True if *data*, from the working tree, equals the index version and can be decrypted."""
    if b"sealed:v1:" not in data or data != clone.objects.blob(entry.oid.encode("ascii")):
        return False
    return open_file(data, clone.describe_for_smudge(entry.path), clone.ring).opened > 0


def stage(clone: Clone, *names: str) -> None:
    """Add files to the index, even if a .gitignore excludes them.

    Raises ConflictError if a file has a merge conflict, which adding it would mark as resolved.
    """
    prefixes = tuple(os.fsencode(name) for name in names)
    for path, stages in clone.index.stages().items():
        if 0 not in stages and path.startswith(prefixes):
            raise ConflictError(
                f"{os.fsdecode(path)} has a merge conflict",
                "repair keys: sealedfiles sync; resolve the other files and git add them",
            )
    for folder, _, _ in os.walk(clone.repository.top / NAME):
        atomic.sweep(Path(folder))
    # Not the temporary files of another process, or of one that was just killed.
    clone.repository.run("add", "-f", "--", *names, f":(exclude,glob)**/{atomic.TEMPORARY_NAMES}")
