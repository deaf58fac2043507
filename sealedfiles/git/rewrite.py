"""Write new blobs directly to the index, without changing the working tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from sealedfiles.errors import ConflictError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import CHUNK, Entry, entry_line, listed_line, parse_chunks
from sealedfiles.git.install import is_configured
from sealedfiles.git.worktree import (
    REFRESHED,
    is_unchanged,
    refresh,
    replace_file,
    with_blobs,
)
from sealedfiles.keys.folder import NAME
from sealedfiles.sealing import open_file
from sealedfiles.util import atomic
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.progress import Progress

_ATTRIBUTE = lazy_pattern(rb"([^\0]+)\0filter\0([^\0]*)\0")
"""A path and the value of its attribute, in the output of `git check-attr -z`."""
_BATCH_FILES, _BATCH_BYTES = 1000, 32 << 20
"""How much is kept in memory until it is stored, so that memory does not grow with the repository."""


class _EntryFile:
    """Entries in a temporary file, so that memory does not grow with their number."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.count = 0

    def __enter__(self) -> _EntryFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Add *entries* at the end."""
        for entry in entries:
            self._file.write(listed_line(entry))
            self.count += 1

    def __iter__(self) -> Iterator[Entry]:
        self._file.seek(0)
        return parse_chunks(iter(partial(self._file.read, CHUNK), b""))

    def batches(self, count: int) -> Iterator[list[Entry]]:
        """Yield the entries, up to *count* at a time."""
        rest = iter(self)
        while some := list(islice(rest, count)):
            yield some


def write_index(clone: Clone, blobs: Iterable[tuple[Entry, bytes]]) -> None:
    """Store each of *blobs* as the content of its index entry, without running a filter."""
    with _EntryFile() as stored:
        _store(clone, blobs, stored)
        _update_index(clone, stored)


def rewrite_entries(clone: Clone, blobs: Iterable[tuple[Entry, bytes]]) -> int:
    """Store each of *blobs* as the content of its index entry; return their number.

    Working tree files with the same values still look unmodified to git, and local changes stay unstaged.
    The index and the working tree are not changed before all of *blobs* are stored as objects.
    """
    with _EntryFile() as old, _EntryFile() as stored, _EntryFile() as same, _EntryFile() as opened:

        def noted() -> Iterator[tuple[Entry, bytes]]:
            for entry, data in blobs:
                old.add([entry])
                yield entry, data

        _store(clone, noted(), stored)
        for before, (entry, data) in zip(old, with_blobs(clone, stored), strict=True):
            path = clone.repository.regular_file(entry.path)
            if not path:
                continue
            with atomic.alone_in(path.parent):  # `set` may write at the same time
                if _is_sealed_in_tree(clone, before, path.read_bytes()):
                    # Otherwise the next `git commit -a` would restore the old tokens.
                    replace_file(clone.repository, path, data)
                content = path.read_bytes()
            if is_unchanged(clone, entry, data, content):
                (same if content == data else opened).add([entry])
        _update_index(clone, stored)
        with Progress("files in git's index", same.count + opened.count) as progress:
            for some in same.batches(REFRESHED):
                _refresh(clone, some)
                progress.step(len(some))
            for some in opened.batches(REFRESHED):
                # Without the filter, git would store the plaintext in place of the new version.
                unsafe = _unfiltered(clone, [one.path for one in some])
                _refresh(clone, [one for one in some if one.path not in unsafe])
                progress.step(len(some))
        return stored.count


def _refresh(clone: Clone, entries: list[Entry]) -> None:
    modes = {entry.path: entry.mode for entry in entries}
    refresh(clone, [*modes], modes=modes)


def _unfiltered(clone: Clone, paths: list[bytes]) -> set[bytes]:
    """Return those of *paths* that git does not send through the filter in this clone."""
    if not paths or not is_configured(clone.repository):
        return set(paths)
    stdin = b"".join(path + b"\0" for path in paths)
    out = clone.repository.run("check-attr", "-z", "--stdin", "filter", stdin=stdin)
    return {found[1] for found in _ATTRIBUTE.finditer(out) if found[2] != b"sealedfiles"}


def _store(clone: Clone, blobs: Iterable[tuple[Entry, bytes]], stored: _EntryFile) -> None:
    """Store each of *blobs* as an object; add the entries with the ids of the objects to *stored*."""
    batch: list[tuple[Entry, bytes]] = []
    size = 0
    for entry, data in blobs:
        batch.append((entry, data))
        size += len(data)
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            stored.add(_store_batch(clone, batch))
            batch, size = [], 0
    stored.add(_store_batch(clone, batch))


def _store_batch(clone: Clone, batch: list[tuple[Entry, bytes]]) -> list[Entry]:
    if not batch:
        return []
    clone.repository.require_writable()
    stream = b"".join(
        b"blob\nmark :%d\ndata %d\n%b\n" % (mark, len(data), data)
        for mark, (_, data) in enumerate(batch, 1)
    )
    with tempfile.TemporaryDirectory(prefix="sealedfiles-") as folder:
        marks = Path(folder, "marks")
        # Not hash-object, which needs a file for each.  No deltas: ciphertexts have no common parts.
        options = ("--quiet", "--depth=0", f"--export-marks={marks}")
        clone.repository.run("fast-import", *options, stdin=stream)
        oids = dict(line.split(" ") for line in marks.read_text("ascii").split("\n")[:-1])
    return [entry._replace(oid=oids[f":{mark}"]) for mark, (entry, _) in enumerate(batch, 1)]


def _update_index(clone: Clone, stored: _EntryFile) -> None:
    if not stored.count:
        return
    # Keep the bits that git drops.  Without the skip-worktree bit, a file that is not checked out would look
    # deleted; without the other one, a change that the user hides would be committed by `git commit -a`.
    names = {"--skip-worktree": bytearray(), "--assume-unchanged": bytearray()}
    with tempfile.TemporaryFile() as lines:
        for entry in stored:
            lines.write(entry_line(entry))
            if entry.skip_worktree:
                names["--skip-worktree"] += entry.path + b"\x00"
            if entry.assume_unchanged:
                names["--assume-unchanged"] += entry.path + b"\x00"
        lines.seek(0)
        clone.repository.update_index("--index-info", stdin=lines)
    for option, some in names.items():
        if some:
            clone.repository.update_index(option, "--stdin", stdin=bytes(some))


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
    for path in clone.index.unmerged():
        if path.startswith(prefixes):
            raise ConflictError(
                f"{os.fsdecode(path)} has a merge conflict",
                "repair keys: sealedfiles sync; resolve the other files and git add them",
            )
    for folder, _, _ in os.walk(clone.repository.top / NAME):
        atomic.sweep(Path(folder))
    # Not the temporary files of another process, or of one that was just killed.
    others = f":(exclude,glob)**/{atomic.TEMPORARY_NAMES}"
    # Our own files have LF on every system; git may be told to refuse that (core.safecrlf).
    clone.repository.run("-c", "core.safecrlf=false", "add", "-f", "--", *names, others)
