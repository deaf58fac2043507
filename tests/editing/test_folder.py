"""The private folder: where it is made, and what a later run makes of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealedfiles.editing import folder as folders
from sealedfiles.editing.folder import Base, PrivateFolder, abandoned, bases

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


def test_it_holds_the_plaintext_under_the_file_s_name(base: Path) -> None:
    folder = made()
    assert folder.file.name == "app.yaml"
    assert folder.file.read_bytes() == folder.read() == b"a: 1\n"
    folder.remove()
    assert list(base.iterdir()) == []


def test_a_file_may_be_called_as_one_of_ours(base: Path) -> None:
    folder = PrivateFolder.make(Path("/repo/note"), b"text", [])
    assert folder.read() == b"text"
    folder.release()
    assert [one.read() for one in abandoned()] == [b"text"]


def test_the_next_place_is_taken_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "disk").mkdir()
    offer(monkeypatch, Base(tmp_path / "missing", True), Base(tmp_path / "disk", False))
    folder = made()
    assert folder.path.parent == tmp_path / "disk"
    assert f"lies on the disk, in {folder.path}" in capsys.readouterr().err


def test_a_place_that_fills_up_is_left_empty(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PrivateFolder, "write", full)
    with pytest.raises(OSError, match="No space"):
        made()
    assert list(base.iterdir()) == []


def test_one_that_is_in_use_is_not_abandoned(base: Path) -> None:
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
def test_one_that_was_not_made_to_its_end_holds_no_edit(base: Path, note: bytes | None) -> None:
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
    """Whoever owns the folder could put another one in the place of ours."""
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
