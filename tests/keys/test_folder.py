from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles.errors import TamperedError
from sealedfiles.keys.folder import NAME, DirFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def full(folder: DirFolder) -> DirFolder:
    """A folder with two files, and a file outside that must not be reached."""
    (folder.root / "keys" / "default").mkdir(parents=True)
    (folder.root / "keys" / "default" / "epochs").write_bytes(b"line\r\n\x00")
    (folder.root / "keys" / "default" / "alice.age").write_bytes(b"")
    (folder.root.parent / "outside").mkdir()
    (folder.root.parent / "outside" / "epochs").write_bytes(b"outside")
    return folder


def link(path: Path, target: str) -> None:
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("symbolic links cannot be made here")


def test_the_folder_is_called_sealedfiles() -> None:
    assert NAME == ".sealedfiles"


def test_a_file_s_bytes_are_read_as_they_are(full: DirFolder) -> None:
    assert full.read("keys/default/epochs") == b"line\r\n\x00"
    assert full.read("keys/default/alice.age") == b""


def test_the_names_in_a_folder_are_sorted(full: DirFolder) -> None:
    assert full.list("keys/default") == ["alice.age", "epochs"]
    assert full.list("keys") == ["default"]


@pytest.mark.parametrize(
    "name", ["policy.yaml", "keys/other/epochs", "keys/default/epochs/x", "keys/default"]
)
def test_a_missing_file_reads_as_none(full: DirFolder, name: str) -> None:
    assert full.read(name) is None


@pytest.mark.parametrize("name", ["recipients", "keys/other", "keys/default/epochs"])
def test_a_missing_folder_lists_as_empty(full: DirFolder, name: str) -> None:
    assert full.list(name) == []


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    folder = DirFolder(tmp_path / NAME)
    assert folder.read("policy.yaml") is None
    assert folder.list("keys") == []


def test_what_it_is_called_in_messages(tmp_path: Path) -> None:
    assert DirFolder(tmp_path).where == "the working tree"
    assert DirFolder(tmp_path, "here").where == "here"


def refuses(folder: DirFolder, name: str, shown: str) -> None:
    for look in (folder.read, folder.list):
        with pytest.raises(TamperedError) as caught:
            look(name)
        assert caught.value.message.startswith(f".sealedfiles/{shown} is a symbolic link")


def test_a_file_that_is_a_symbolic_link_is_refused(full: DirFolder) -> None:
    link(full.root / "keys" / "default" / "bob.age", "alice.age")
    refuses(full, "keys/default/bob.age", "keys/default/bob.age")


def test_a_folder_on_the_way_that_is_a_symbolic_link_is_refused(full: DirFolder) -> None:
    link(full.root / "keys" / "other", "../../outside")
    refuses(full, "keys/other/epochs", "keys/other")
    refuses(full, "keys/other", "keys/other")


def test_a_folder_in_its_place_that_is_a_symbolic_link_is_refused(full: DirFolder) -> None:
    link(full.root.parent / "linked", NAME)
    refuses(DirFolder(full.root.parent / "linked"), "keys/default/epochs", "")


def test_a_symbolic_link_to_nothing_is_refused_too(full: DirFolder) -> None:
    link(full.root / "policy.yaml", "nowhere")
    refuses(full, "policy.yaml", "policy.yaml")


@pytest.mark.parametrize("name", ["", "keys", "keys/default"])
def test_a_submodule_is_refused(full: DirFolder, name: str) -> None:
    (full.root / name / ".git").write_text("gitdir: elsewhere")
    for look in (full.read, full.list):
        with pytest.raises(TamperedError) as caught:
            look("keys/default/epochs")
        assert caught.value.message.startswith(f".sealedfiles/{name} is a submodule")


def test_a_symbolic_link_above_the_folder_is_the_user_s_business(full: DirFolder) -> None:
    link(full.root.parent.parent / "elsewhere", full.root.parent.name)
    folder = DirFolder(full.root.parent.parent / "elsewhere" / NAME)
    assert folder.read("keys/default/epochs") == b"line\r\n\x00"
