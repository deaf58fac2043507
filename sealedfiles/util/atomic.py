"""Replace a file atomically: readers see the old or the new content, even after a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from os import PathLike

from sealedfiles.light_typing import TypeAlias
from sealedfiles.util.lazy_pattern import lazy_pattern

FilePath: TypeAlias = str | PathLike[str]

PRIVATE = 0o600
TEMPORARY_NAMES = ".sealedfiles-*.tmp"
"""The names of temporary files that replace another file, as a pattern for git."""
_TEMPORARY = lazy_pattern(r"\.sealedfiles-[0-9a-f]{16}\.tmp")
_OLD = 600
"""Seconds after which the process that created such a file is considered dead; it needs less than one."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""The flags that create a file to write, and fail if it exists."""


def replace(
    path: FilePath,
    data: bytes,
    mode: int | None = None,
    made_in: FilePath | None = None,
    *,
    umasked: bool = False,
) -> None:
    """Make *data* the content of *path*.  Raises OSError.

    *mode* None keeps the mode of an existing file; a new file gets the mode that the umask allows.
    With *umasked*, the umask also applies to a mode that is kept.
    An existing file keeps its owner and its group, if this process may set them.
    While the new file is written, it never has more permissions than the old one.

    It is created in the same folder, or in *made_in* on the same file system, where a `kill -9` leaves it.
    """
    old = None
    with contextlib.suppress(FileNotFoundError):
        old = os.stat(path)
    if mode is None and old:
        mode = stat.S_IMODE(old.st_mode)
        mode &= ~_umask() if umasked else ~0
    name = f".sealedfiles-{os.urandom(8).hex()}.tmp"
    temporary = os.path.join(made_in or os.path.dirname(path), name)
    handle = os.open(temporary, NEW, 0o666 if mode is None else mode & 0o700 | PRIVATE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if old:
                _keep_owner(handle, old)
            os.fsync(handle)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = path  # an error of a write has no name
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write(path: FilePath, data: bytes, mode: int | None = None) -> None:
    """Write *data* to *path*, a file that the user has named.  Raises OSError.

    It is replaced, but a symbolic link is followed, and a device or a FIFO, such as stdout, is written to.
    """
    if not os.path.exists(path) or os.path.isfile(path):
        replace(os.path.realpath(path), data, mode)
        return
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        error.filename = path  # an error of a write has no name
        raise


def state_of(path: FilePath) -> object:
    """Return a value that changes whenever the file *path* is written; None if there is none.

    Raises OSError.
    """
    try:
        stat = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def append(path: FilePath, data: bytes) -> None:
    """Append *data* to an existing file in one step.  Raises OSError, also if only a part was written."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    try:
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def lines_of(path: FilePath) -> list[str]:
    """Return the lines of a text file, which may have bytes that are not UTF-8; none if it does not exist."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return text.removesuffix("\n").split("\n") if text else []


def replace_lines(path: FilePath, lines: Iterable[str]) -> None:
    """Make *lines* the content of the text file *path*, whose folder may be missing.  Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(os.path.dirname(path))
    replace(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))


def _umask() -> int:
    """Return the umask of this process; the only way to read it is to set it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _keep_owner(handle: int, old: os.stat_result) -> None:
    """Give a new file the owner and the group of the *old* file, as far as that is permitted.

    Otherwise a command of root takes the file away from the service that reads it.
    """
    if sys.platform == "win32":
        return
    new = os.fstat(handle)
    if new.st_uid != old.st_uid:
        with contextlib.suppress(OSError):
            os.fchown(handle, old.st_uid, -1)
    if new.st_gid != old.st_gid:
        with contextlib.suppress(OSError):
            os.fchown(handle, -1, old.st_gid)


def sweep(folder: FilePath, age: float = _OLD) -> None:
    """Remove temporary files that killed processes left in *folder*, *age* seconds old or more."""
    before = time.time() - age
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if _TEMPORARY.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime <= before:
                        os.unlink(entry)


@contextlib.contextmanager
def alone_in(folder: FilePath, wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Prevent other sealedfiles processes from replacing files in *folder* in this block.

    Used to check a file and then replace it, with no change in between.  If folders cannot be locked
    (Windows, some network file systems), nothing happens.  The lock ends with this process, and processes
    that it starts do not inherit it.

    While another process has the lock, *wait* is called before each new attempt, and may raise; by default,
    this process sleeps until the lock is free.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            while wait is not None:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    wait()
            else:
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_private_folder(path: FilePath) -> None:
    """Create the folder *path*, with its parents, readable only by its owner."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
