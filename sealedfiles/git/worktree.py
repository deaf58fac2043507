"""Write plaintext or tokens to the files in the working tree, for `unlock` and `lock`."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.git.plaintext import PlaintextFiles, WrittenVersion
from sealedfiles.git.repository import Repository
from sealedfiles.keys.folder import NAME
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing import Problem, open_file
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext
from sealedfiles.util import atomic

_BATCH = 200
REFRESHED = 2000
"""How many files git refreshes at once.  Each time, it writes the index and starts the filter."""


class RewriteResult(NamedTuple):
    """The result of rewriting the working tree."""

    written: list[bytes]
    left: list[bytes]
    """Files with local changes, which were left unchanged."""
    problems: list[tuple[bytes, Problem]]
    stale: list[bytes]
    """Files that already have the wanted content, and that git takes for changed: a command that wrote them
    was killed before it refreshed the index."""

    def to_refresh(self) -> list[bytes]:
        """Return the files of which git must learn that they are unmodified."""
        return [*self.written, *self.stale]


def tracked_sealed_files(clone: Clone) -> Iterator[Entry]:
    """Yield the index entries of the files that must be sealed."""
    return clone.sealed_entries(clone.index.files())


def with_blobs(clone: Clone, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Yield each entry with its blob, read in batches; missing objects are left out."""
    rest = iter(entries)
    while some := list(islice(rest, _BATCH)):
        blobs = clone.objects.blobs([entry.oid for entry in some])
        for entry, blob in zip(some, blobs, strict=True):
            if blob is not None:
                yield entry, blob


def unchanged_for_git(clone: Clone) -> dict[bytes, object]:
    """Return the tracked files that git considers unchanged with the attributes that are in force now.

    Each has its state (``FileStates``) from before git looked at it: another program may change it since.
    Files with the assume-unchanged bit are left out: git does not look at them.
    """
    states: dict[bytes, object] = {
        one.path: clone.states.of(str(clone.repository.file(one.path)))
        for one in clone.index.entries()
        if not one.assume_unchanged
    }
    changed = _changed_for_git(clone)
    if changed is None:
        return {}
    return {path: state for path, state in states.items() if path not in changed}


def _changed_for_git(clone: Clone) -> set[bytes] | None:
    """Return what git considers changed; None if a filter no longer works, which `unlock` repairs."""
    code, changed, _ = clone.repository.try_run("diff-files", "--name-only", "-z")
    return None if code else {*changed.split(b"\0")}


def restore_folder(clone: Clone, converted: Mapping[bytes, object]) -> list[bytes]:
    """Write the *converted* files of ``.sealedfiles/`` as git has them, and return their paths."""
    written = []
    for entry in clone.index.files(folder=f"{NAME}/".encode()):
        if entry.path in converted:
            file = clone.repository.regular_file(entry.path)
            blob = clone.objects.blob(entry.oid.encode("ascii"))
            if blob is not None and file and file.read_bytes() != blob:
                replace_file(clone.repository, file, blob)
                written.append(entry.path)
    return written


def open_work_tree(
    clone: Clone,
    plaintext: PlaintextFiles | None = None,
    converted: Mapping[bytes, object] | None = None,
) -> RewriteResult:
    """Write the plaintext of every sealed file that has no local changes.

    Values that are in plaintext in git are recorded in *plaintext*.  The files *converted* have no local
    changes while they are in that state (``unchanged_for_git``), even if they differ from git's version.
    """
    problems: list[tuple[bytes, Problem]] = []

    def opened(entry: Entry, blob: bytes) -> bytes:
        result = open_file(blob, clone.describe_for_smudge(entry.path), clone.ring)
        problems.extend((entry.path, problem) for problem in result.problems)
        if plaintext is not None:
            plain = result.plain if result.opened else None
            written = WrittenVersion(blob, result.data, "")
            plaintext.note(entry.path, blob if plain is None else result.data, plain, written)
        return result.data

    outcome = _rewrite(clone, opened, converted or {})
    return outcome._replace(problems=problems)


def close_work_tree(clone: Clone) -> RewriteResult:
    """Write the tokens of every sealed file that has no local changes."""
    outcome = _rewrite(clone, lambda _entry, blob: blob, {})
    # After `lock`, no plaintext may remain, even if another process was just killed.
    beside = {clone.repository.file(entry.path).parent for entry in tracked_sealed_files(clone)}
    for folder in (_temporary_folder(clone.repository), *beside):
        atomic.sweep(folder, age=0)
    return outcome


def replace_file(repository: Repository, path: Path, data: bytes, *, umasked: bool = False) -> None:
    """Replace the content of a working tree file with *data*, as ``atomic.replace`` does.

    A temporary file that `kill -9` leaves behind may be plaintext, which the next `git add` must not find.
    So it is created in git's folder or, if that is on another file system, with a name that git ignores.
    """
    made_in = _temporary_folder(repository)
    try:
        atomic.make_private_folder(repository.state_folder)
        atomic.make_private_folder(made_in)
        atomic.sweep(made_in)
        atomic.replace(path, data, made_in=made_in, umasked=umasked)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        _exclude(repository, atomic.TEMPORARY_NAMES)
        atomic.sweep(path.parent)
        atomic.replace(path, data, umasked=umasked)


def refresh(
    clone: Clone,
    paths: list[bytes],
    env: Mapping[str, str] | None = None,
    modes: Mapping[bytes, str] | None = None,
) -> None:
    """Make git treat rewritten files as unmodified (``update-index --refresh`` does not).

    The executable bits in the index are kept, because a change of mode is a local change.  *modes* are those
    in the index, which is read otherwise.
    """
    if not paths:
        return
    changed: dict[str, list[bytes]] = {"100644": [], "100755": []}
    for path in paths if sys.platform != "win32" else ():
        entry = None if modes else clone.index.entry(path)
        before = modes.get(path, "") if modes else entry.mode if entry else ""
        is_executable = os.lstat(clone.repository.file(path)).st_mode & stat.S_IXUSR
        mode = "100755" if is_executable else "100644"
        if before in changed and before != mode:
            changed[before].append(path)
    _update(clone, paths, env)
    for mode, option in ("100644", "--chmod=-x"), ("100755", "--chmod=+x"):
        if changed[mode]:
            _update(clone, changed[mode], env, option)


def _update(clone: Clone, paths: list[bytes], env: Mapping[str, str] | None, *options: str) -> None:
    if len(paths) > REFRESHED:
        from sealedfiles.util.progress import Progress  # here: most commands refresh few files

        with Progress("files in git's index", len(paths)) as progress:
            for start in range(0, len(paths), REFRESHED):
                some = paths[start : start + REFRESHED]
                _update(clone, some, env, *options)
                progress.step(len(some))
        return
    names = b"".join(path + b"\x00" for path in paths)
    clone.repository.update_index(*options, "--stdin", stdin=names, env=env)


def is_unchanged(clone: Clone, entry: Entry, blob: bytes, data: bytes) -> bool:
    """Return True if *data*, from the working tree, is the index version, sealed or decrypted."""
    if data == blob:
        return True
    try:
        file, rules = clone.describe(entry.path)
        stored = StoredPlaintext([blob], file)
        return seal_file(data, [blob], file, rules, clone.ring, stored=stored) == blob
    except SealedFilesError:
        return False


def _temporary_folder(repository: Repository) -> Path:
    return repository.state_folder / "tmp"


def _exclude(repository: Repository, pattern: str) -> None:
    """Make git ignore files that match *pattern* in this clone."""
    file = repository.common_dir / "info" / "exclude"
    # A user who cannot write to git's folder cannot run git add either.
    with contextlib.suppress(OSError):
        lines = atomic.lines_of(file)
        if pattern not in lines:
            atomic.replace_lines(file, [*lines, pattern])


def _rewrite(
    clone: Clone, wanted: Callable[[Entry, bytes], bytes], converted: Mapping[bytes, object]
) -> RewriteResult:
    written: list[bytes] = []
    right: list[bytes] = []
    changed: list[bytes] = []

    def write(name: bytes, data: bytes, new: bytes) -> None:
        file = clone.repository.file(name)
        with atomic.alone_in(file.parent):  # `set` and `edit` may write at the same time
            if file.read_bytes() != data:
                changed.append(name)
                return
            # Others may have been allowed to read the tokens, but must not be able to read the plaintext.
            replace_file(clone.repository, file, new, umasked=True)
        written.append(name)

    from sealedfiles.util.progress import Progress  # here: `set` rewrites one file in another way

    with Progress("files") as progress:
        for entry, blob in progress.each(with_blobs(clone, tracked_sealed_files(clone))):
            path = clone.repository.regular_file(entry.path)
            if entry.skip_worktree or not path:
                continue
            data = path.read_bytes()
            new = wanted(entry, blob)
            if data == new:
                if b"sealed:v1:" in blob and not entry.assume_unchanged:
                    right.append(entry.path)
                continue
            if is_unchanged(clone, entry, blob, data) or (
                entry.path in converted and converted[entry.path] == clone.states.of(str(path))
            ):
                write(entry.path, data, new)
            else:
                changed.append(entry.path)
    differing = _changed_for_git(clone) if right else set()
    stale = [name for name in right if differing is None or name in differing]
    return RewriteResult(written, changed, [], stale)
