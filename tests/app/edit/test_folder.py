"""The private folder: where it is created, and how a later run uses it."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealedfiles.app.edit import folder as folders
from sealedfiles.app.edit.folder import Base, PrivateFolder, abandoned, bases

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path("/repo/secrets/app.yaml")


def offer(monkeypatch: pytest.MonkeyPatch, *offered: Base) -> None:
    monkeypatch.setattr(folders, "bases", lambda: iter(offered))


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    offer(monkeypatch, Base(tmp_path, True))
    return tmp_path


def made(data: bytes = b"a: 1\n", recoveries: Sequence[Path] = ()) -> PrivateFolder:
    return PrivateFolder.make(FILE, data, recoveries)


def test_it_contains_the_plaintext_under_the_file_s_name(base: Path) -> None:
    folder = made()
    assert folder.file.name == "app.yaml"
    assert folder.file.read_bytes() == folder.read() == b"a: 1\n"
    folder.remove()
    assert list(base.iterdir()) == []


def test_a_file_may_have_the_name_of_an_internal_file(base: Path) -> None:
    folder = PrivateFolder.make(Path("/repo/note"), b"text", [])
    assert folder.read() == b"text"
    folder.release()
    assert [one.read() for one in abandoned()] == [b"text"]


on_unix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no modes and no such links"
)


@on_unix
def test_only_its_owner_can_read_what_is_in_it_whatever_the_umask(base: Path) -> None:
    before = os.umask(0)
    try:
        folder = made(recoveries=[base / "recovery"])
        folder.write(b"b: 2\n")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in base.rglob("*")}
    assert set(modes) == {folder.path, folder.path / "note", folder.file.parent, folder.file}
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


@on_unix
def test_the_plaintext_is_private_from_its_first_byte(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only after it has its final name: somebody could have opened it before."""
    modes = []
    really_open = os.open

    def note(path: object, flags: int, mode: int = 0o777, **more: object) -> int:
        if flags & os.O_CREAT:
            modes.append(mode)
        return really_open(path, flags, mode, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", note)
    made().remove()
    assert modes
    assert all(mode & 0o077 == 0 for mode in modes), modes


@on_unix
def test_a_link_in_the_place_of_a_folder_is_not_followed(
    base: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the lock, somebody can replace it by a link to one of the user's folders."""
    ours = tmp_path_factory.mktemp("ours", numbered=True)
    ours.chmod(0o700)
    (ours / "text").mkdir()
    (ours / "text" / "app.yaml").write_text("a: s3cr3t\n")
    (base / "sealedfiles-edit-link").symlink_to(ours)
    assert list(abandoned()) == []
    monkeypatch.setattr(
        folders, "_is_private", lambda _found: True
    )  # it was one when it was looked at
    assert list(abandoned()) == []
    assert (ours / "text" / "app.yaml").exists()
    assert folders._lock(base / "sealedfiles-edit-link") is None


def test_the_next_place_is_used_if_there_is_no_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "disk").mkdir()
    offer(monkeypatch, Base(tmp_path / "missing", True), Base(tmp_path / "disk", False))
    folder = made()
    assert folder.path.parent == tmp_path / "disk"
    assert f"the plaintext is on disk in {folder.path}" in capsys.readouterr().err


def test_a_full_place_is_left_empty(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PrivateFolder, "write", full)
    with pytest.raises(OSError, match="No space"):
        made()
    assert list(base.iterdir()) == []


def test_a_folder_in_use_is_not_abandoned(base: Path) -> None:
    folder = made()
    assert list(abandoned()) == []
    folder.release()
    assert [one.path for one in abandoned()] == [folder.path]


def test_an_edit_is_what_differs_from_the_start(base: Path) -> None:
    folder = made(b"old\n")
    assert folder.edited() is None
    folder.write(b"new\n")
    assert folder.edited() == b"new\n"
    folder.write(b"")
    assert folder.edited() is None


@pytest.mark.parametrize("note", [None, b"", b"{", b"[]", b'{"file": "x"}', b"\xff"])
def test_an_incomplete_folder_contains_no_edit(base: Path, note: bytes | None) -> None:
    path = base / "sealedfiles-edit-1234"
    path.mkdir(mode=0o700)
    if note is not None:
        (path / "note").write_bytes(note)
    (half,) = abandoned()
    assert half.edited() is None
    half.remove()
    assert list(base.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
def test_a_runtime_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of the folder could replace its subfolder."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(folders, "_memory_mounts", lambda: {"/": True})
    assert tmp_path in [base.path for base in bases()]
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert tmp_path not in [base.path for base in bases()]


@pytest.mark.parametrize(
    ("mounts", "in_memory"),
    [
        ({}, False),
        ({"/": True}, True),
        ({"/": False}, False),
        ({"/": True, "/run": False}, False),
        ({"/": False, "/run": True, "/run/u": False}, True),
        ({"/": False, "/run/user": True}, True),
        ({"/": True, "/run/user/1": False}, False),
    ],
)
def test_a_folder_is_in_memory_where_its_mount_is(mounts: dict[str, bool], in_memory: bool) -> None:
    assert folders._in_memory(Path("/run/user/1"), mounts) == in_memory


@pytest.mark.parametrize(
    "name", ["a&calc.yaml", "%PATH%.env", "a b^c.json", 'a"b.yaml', "größe(1).env"]
)
def test_a_name_for_cmd_exe_has_no_special_characters(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert folders.safe_name(name) == name
    monkeypatch.setattr(sys, "platform", "win32")
    safe = folders.safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", safe)
    assert safe.rpartition(".")[2] == name.rpartition(".")[2], "editors know the format by it"
