"""The private folder for the plaintext during an edit, and the folders that killed runs left.

It is in memory if the system has such a folder, and only its owner can read it.  A run holds a lock
on it.  The lock ends with the process, even if that is killed; the editor inherits the lock.  A later run
can therefore detect abandoned folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sealedfiles.light_typing import NamedTuple
from sealedfiles.util import atomic
from sealedfiles.util.messages import warn

_PREFIX = "sealedfiles-edit-"
_MEMORY = {"tmpfs", "ramfs"}


class Base(NamedTuple):
    """A folder in which private folders can be created."""

    path: Path
    in_memory: bool


class FolderRecord(NamedTuple):
    """The description of a private folder, for later runs."""

    file: str
    """The file that is edited."""
    start: str
    """SHA-256 of the plaintext that the editor was started with."""
    recoveries: list[str]
    """The folders for an edit that could not be written to the file, best first."""


class PrivateFolder:
    """One folder with one plaintext in it."""

    def __init__(self, path: Path, lock: int, note: FolderRecord) -> None:
        self.path = path
        self.lock = lock
        """An open file that holds the lock; an editor that inherits it keeps the lock."""
        self.note = note
        # In a subfolder, because it may have the name of one of our files.
        self.file = path / "text" / safe_name(Path(note.file).name)
        """The plaintext, under its real name, so that editors recognize its type."""

    @classmethod
    def make(cls, file: Path, data: bytes, recoveries: Sequence[Path]) -> PrivateFolder:
        """Create a folder that contains *data* under the name of *file*.

        Raises OSError if no folder of the system has enough space for it.
        """
        note = FolderRecord(str(file), _digest(data), [str(path) for path in recoveries])
        failed: OSError | None = None
        for base in bases():
            try:
                folder = cls(*_locked_folder(base.path), note)
            except OSError as error:
                failed = error
                continue
            try:
                folder._fill(data)
            except OSError as error:
                failed = error
                folder.remove()
                continue
            if not base.in_memory:
                warn(
                    f"no folder in memory: while you edit, the plaintext is on disk in {folder.path}"
                )
            return folder
        raise failed or FileNotFoundError("no folder for temporary files was found")

    def write(self, data: bytes) -> None:
        """Write *data* as the text for the editor."""
        atomic.replace(self.file, data, atomic.PRIVATE)

    def read(self) -> bytes | None:
        """Return the saved text, or None if there is none.

        An editor may leave anything there: reading a FIFO would never end.
        """
        try:
            return self.file.read_bytes() if self.file.is_file() else None
        except OSError:
            return None

    def edited(self) -> bytes | None:
        """Return the saved text if it differs from the text that the editor was started with."""
        data = self.read()
        return data if data and _digest(data) != self.note.start else None

    def remove(self) -> None:
        """Remove the folder with everything that an editor left in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()
        # Windows does not remove open files, and an editor may have written again.
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            warn(f"{self.path} contains plaintext, and could not be removed", "remove it manually")

    def release(self) -> None:
        """Release the lock, and leave the folder unchanged."""
        with contextlib.suppress(OSError):
            os.close(self.lock)

    def _fill(self, data: bytes) -> None:
        note = json.dumps(self.note._asdict()).encode("ascii")
        atomic.replace(self.path / "note", note, atomic.PRIVATE)
        self.file.parent.mkdir(mode=0o700)
        self.write(data)


def safe_name(name: str) -> str:
    """Return the name under which an editor opens the file *name*: the same, except on Windows.

    On Windows, an editor may be a `.cmd` file, and cmd.exe would run the text after an `&` in a file name
    that somebody pushed.
    """
    if sys.platform != "win32":
        return name
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def bases() -> Iterator[Base]:
    """Yield the folders for private folders, those in memory first."""
    memory = _memory_mounts()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    for path in (*([Path(runtime)] if runtime else []), Path("/dev/shm")):  # noqa: S108
        if _in_memory(path, memory) and _is_safe(path):
            yield Base(path, True)
    path = Path(tempfile.gettempdir())
    yield Base(path, _in_memory(path, memory))


def abandoned() -> Iterator[PrivateFolder]:
    """Yield the folders that no run uses anymore, locked for the caller."""
    for base in dict.fromkeys(base.path for base in bases()):
        for path in base.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                # Other users can create folders there too, and links to our files.
                lock = _lock(path) if _is_private(path.lstat()) else None
                if lock is not None:
                    yield PrivateFolder(path, lock, _read_note(path))


def _read_note(folder: Path) -> FolderRecord:
    """Return the note in *folder*; an empty one if it is incomplete."""
    try:
        return FolderRecord(**json.loads((folder / "note").read_bytes()))
    except (OSError, ValueError, TypeError):
        return FolderRecord("", "", [])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _locked_folder(base: Path) -> tuple[Path, int]:
    """Create a folder in *base* and lock it; retry if another run first takes it for an abandoned one."""
    for _ in range(100):
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        lock = _lock(path)
        if lock is not None:
            return path, lock
    raise FileExistsError(f"cannot create a private folder in {base}")


if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:
        """Lock *folder*; return the open file that holds the lock, or None if it is locked."""
        import msvcrt

        try:
            handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        except OSError:
            return None
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(handle)
            return None
        return handle

    def _is_private(found: os.stat_result) -> bool:
        return stat.S_ISDIR(found.st_mode)

    def _is_safe(path: Path) -> bool:
        return path.is_dir()

else:

    def _lock(folder: Path) -> int | None:
        """Lock *folder*; return the open file that holds the lock, or None if it is locked."""
        import fcntl

        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have been removed while it was not locked.
            if os.path.samestat(os.stat(folder), os.fstat(handle)):
                return handle
        except OSError:
            pass
        os.close(handle)
        return None

    def _is_private(found: os.stat_result) -> bool:
        own = found.st_uid == os.geteuid()
        return stat.S_ISDIR(found.st_mode) and own and not found.st_mode & 0o077

    def _is_safe(path: Path) -> bool:
        """Return True if no other user can replace one of our folders in *path*."""
        try:
            found = os.stat(path)
        except OSError:
            return False
        return found.st_uid == os.geteuid() or bool(found.st_mode & stat.S_ISVTX)


def _memory_mounts() -> dict[str, bool]:
    """Return for every mount point whether it is in memory; empty if the system does not list them."""
    try:
        text = Path("/proc/self/mounts").read_bytes()
    except OSError:
        return {}
    found = {}
    for line in text.split(b"\n")[:-1]:
        _, point, kind, *_ = line.split(b" ")
        name = os.fsdecode(point.replace(b"\\040", b" "))
        found[name] = kind.decode("ascii", "replace") in _MEMORY
    return found


def _in_memory(path: Path, mounts: dict[str, bool]) -> bool:
    real = os.path.realpath(path)
    over = [name for name in mounts if real == name or real.startswith(name.rstrip("/") + "/")]
    return bool(over) and mounts[max(over, key=len)]
