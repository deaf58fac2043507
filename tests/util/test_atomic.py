from __future__ import annotations

import os
import stat
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealedfiles.util import atomic

if TYPE_CHECKING:
    from collections.abc import Callable

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(path: Path, data: bytes, mode: int = 0o644) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.fixture
def umask() -> object:
    before = os.umask(0o022)
    yield before
    os.umask(before)


@pytest.mark.parametrize("data", [b"", b"new", b"a\r\nb\n\x00\x1a", b"x" * 3_000_000])
def test_the_content_is_the_new_one(tmp_path: Path, data: bytes) -> None:
    path = make(tmp_path / "file", b"old")
    atomic.replace(path, data)
    assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["file"]


def test_a_new_file_is_made(tmp_path: Path) -> None:
    atomic.replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


@POSIX
@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o640, 0o400, 0o664])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = make(tmp_path / "file", b"old", mode)
    atomic.replace(path, b"new")
    assert mode_of(path) == mode


@POSIX
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path, umask: object, mask: int) -> None:
    os.umask(mask)
    atomic.replace(tmp_path / "file", b"new")
    assert mode_of(tmp_path / "file") == 0o666 & ~mask


@POSIX
@pytest.mark.parametrize("before", [None, 0o644, 0o777])
def test_a_private_file_is_private_whatever_was_there(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "file"
    if before:
        make(path, b"old", before)
    atomic.replace(path, b"new", atomic.PRIVATE)
    assert mode_of(path) == 0o600


@POSIX
def test_a_named_mode_does_not_depend_on_the_umask(tmp_path: Path, umask: object) -> None:
    os.umask(0o077)
    atomic.replace(tmp_path / "file", b"new", 0o644)
    assert mode_of(tmp_path / "file") == 0o644


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_while_it_is_written_nobody_else_can_read_it_who_could_not_before(
    tmp_path: Path, umask: object, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    path = make(tmp_path / "file", b"old", mode)
    os.umask(0)
    seen = []

    def look(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))

    monkeypatch.setattr(os, "fsync", look)
    atomic.replace(path, b"new")
    assert len(seen) == 1
    assert seen[0] & 0o077 & ~mode == 0


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_when_it_fails_the_old_file_is_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, error: BaseException
) -> None:
    path = make(tmp_path / "file", b"old")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(type(error)):
        atomic.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_reader_who_had_the_file_open_sees_the_old_content(tmp_path: Path) -> None:
    path = make(tmp_path / "file", b"old")
    with path.open("rb") as file:
        if sys.platform != "win32":
            atomic.replace(path, b"new")
        assert file.read() == b"old"


def test_a_folder_in_the_way_is_an_error_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        atomic.replace(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic.replace(tmp_path / "folder" / "file", b"new")


@POSIX
def test_a_private_folder_is_its_owner_s(tmp_path: Path, umask: object) -> None:
    os.umask(0)
    atomic.make_private_folder(tmp_path / "a" / "b")
    assert mode_of(tmp_path / "a" / "b") == 0o700


def test_a_private_folder_may_be_there_already(tmp_path: Path) -> None:
    atomic.make_private_folder(tmp_path / "a")
    make(tmp_path / "a" / "file", b"old")
    atomic.make_private_folder(tmp_path / "a")
    assert (tmp_path / "a" / "file").read_bytes() == b"old"


@POSIX
def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    """It may come from a pull request and name a file outside."""
    target = make(tmp_path / "target", b"old")
    link = tmp_path / "link"
    link.symlink_to("target")
    atomic.replace(link, b"new")
    assert target.read_bytes() == b"old"
    assert link.read_bytes() == b"new"


def test_it_can_be_made_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "file", b"old", 0o640)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    seen = []
    fsync = os.fsync

    def look(handle: int) -> None:
        seen.extend([os.listdir(tmp_path), os.listdir(elsewhere)])
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    atomic.replace(path, b"new", made_in=elsewhere)
    assert sorted(seen[0]) == ["elsewhere", "file"]
    assert len(seen[1]) == 1
    assert path.read_bytes() == b"new"
    assert os.listdir(elsewhere) == []
    if sys.platform != "win32":
        assert mode_of(path) == 0o640


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    atomic.replace(path, b"new")
    assert path.read_bytes() == b"new"


def killed_in(folder: Path, age: float) -> Path:
    """What a process leaves that was killed *age* seconds ago."""
    path = folder / f".sealedfiles-{int(age):016x}.tmp"
    path.write_bytes(b"plaintext")
    now = time.time()
    os.utime(path, (now - age, now - age))
    return path


def test_what_killed_processes_left_is_swept_away(tmp_path: Path) -> None:
    for name in ("file", ".sealedfiles-1.tmp", ".sealedfiles-00000000000000zz.tmp", "a.tmp"):
        os.utime(make(tmp_path / name, b"kept"), (1, 1))
    young = killed_in(tmp_path, 5)
    old = killed_in(tmp_path, 3600)
    (tmp_path / ".sealedfiles-00000000000000aa.tmp").mkdir()
    atomic.sweep(tmp_path)
    assert young.exists(), "somebody may be writing it"
    assert not old.exists()
    assert len(os.listdir(tmp_path)) == 6
    atomic.sweep(tmp_path, age=0)
    assert not young.exists()


def test_there_need_be_no_folder_to_sweep(tmp_path: Path) -> None:
    atomic.sweep(tmp_path / "missing")


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root may give files away"
)
@pytest.mark.parametrize("made_in", [None, "other"])
def test_a_file_of_another_user_keeps_its_owner_and_group(
    tmp_path: Path, made_in: str | None
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    os.chown(file, 12345, 23456)
    file.chmod(0o4640)
    (tmp_path / "other").mkdir()
    atomic.replace(file, b"new", made_in=tmp_path / made_in if made_in else None)
    found = file.stat()
    assert (found.st_uid, found.st_gid) == (12345, 23456)
    assert stat.S_IMODE(found.st_mode) == 0o4640
    assert file.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such owners")
def test_a_file_that_cannot_be_given_away_is_replaced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    asked = []

    def refused(_handle: int, owner: int, group: int) -> None:
        asked.append((owner, group))
        raise PermissionError

    old = file.stat()
    other = os.stat_result([*old[:4], old.st_uid + 1, old.st_gid + 1, *old[6:]])
    monkeypatch.setattr(os, "fchown", refused)
    monkeypatch.setattr(os, "fstat", lambda _handle: other)
    atomic.replace(file, b"new")
    assert asked == [(old.st_uid, -1), (-1, old.st_gid)]
    assert file.read_bytes() == b"new"


@POSIX
def test_a_folder_is_locked_for_other_processes_until_the_block_ends(tmp_path: Path) -> None:
    class WaitedError(Exception):
        pass

    def wait() -> None:
        raise WaitedError

    with atomic.alone_in(tmp_path), pytest.raises(WaitedError), atomic.alone_in(tmp_path, wait):
        pytest.fail("two at once")
    with atomic.alone_in(tmp_path, wait):
        pass
    first = atomic.alone_in(tmp_path)
    first.__enter__()
    ends = iter([None, first])
    with atomic.alone_in(tmp_path, lambda: (end := next(ends)) and end.__exit__(None, None, None)):
        assert next(ends, None) is None, "it tried until the lock was free"


@POSIX
@pytest.mark.parametrize("wait", [None, lambda: None])
def test_a_folder_that_cannot_be_locked_is_used_without_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: Callable[[], object] | None
) -> None:
    import errno
    import fcntl

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with atomic.alone_in(tmp_path, wait):
        done = True
    assert done


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_device_or_a_fifo_that_the_user_names_is_written_to(tmp_path: Path) -> None:
    fifo, data = tmp_path / "fifo", b"x" * 200_000
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()), daemon=True)
    reader.start()
    atomic.write(fifo, data)
    reader.join(20)
    assert read == [data]
    assert fifo.is_fifo()
    atomic.write("/dev/null", data)
    assert Path("/dev/null").is_char_device()
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left") as error:
            atomic.write(full, data)
        assert error.value.filename == full


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    link, new = tmp_path / "link", tmp_path / "folder/new"
    new.parent.mkdir()
    link.symlink_to("folder/new")
    for data in (b"one", b"two"):
        atomic.write(link, data)
        assert new.read_bytes() == data
        assert link.is_symlink()
