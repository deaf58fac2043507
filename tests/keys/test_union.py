from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sealedfiles.errors import TamperedError
from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.readers import add_reader, add_recipients, make_group
from sealedfiles.keys.rotation import rotate_group
from sealedfiles.keys.union import Sides, unite
from sealedfiles.keys.wrapping import VerifiedReader

from .kit import ALICE, BOB, MALLORY, Somebody, recipient_of

A, B, M = (recipient_of(one) for one in (ALICE, BOB, MALLORY))


def ring_of(folder: DirFolder) -> GroupKeyring:
    return GroupKeyring(Somebody(ALICE), lambda: [folder])


@pytest.fixture
def sides(folder: DirFolder, tmp_path: Path) -> tuple[Sides, dict[str, GroupKey]]:
    """Two branches that both rotated a group of Alice's and Bob's, and all its keys."""
    add_recipients(folder, "alice", [A])
    add_recipients(folder, "bob", [B])
    first = make_group(folder, "default", VerifiedReader.confirmed("alice", [A]))
    add_reader(folder, "default", VerifiedReader.confirmed("bob", [B]), ring_of(folder))
    keys = {first.key_id: first}
    found = []
    for name in ("ours", "theirs"):
        shutil.copytree(folder.root, tmp_path / name / ".sealedfiles")
        side = DirFolder(tmp_path / name / ".sealedfiles", name)
        key = rotate_group(side, "default", ring_of(side), "rotated")
        keys[key.key_id] = key
        found.append(side)
    return Sides(found[0], found[1], folder), keys


def files_of(folder: DirFolder) -> dict[str, bytes]:
    return {
        path.relative_to(folder.root).as_posix(): path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file()
    }


def test_the_united_key_is_encrypted_to_readers_of_both_sides(
    sides: tuple[Sides, dict[str, GroupKey]], folder: DirFolder
) -> None:
    united = unite(folder, "default", *sides)
    assert united.readers == ["alice", "bob"]
    for one in (ALICE, BOB):
        ring = GroupKeyring(Somebody(one), lambda: [folder])
        assert ring.current("default").key_id == united.key.key_id


@pytest.mark.parametrize("keys", [[M], [B, M]], ids=["swapped", "added"])
def test_a_public_key_that_no_side_granted_gets_no_united_key(
    sides: tuple[Sides, dict[str, GroupKey]], folder: DirFolder, keys: list[object]
) -> None:
    """SECURITY.md: a group key is encrypted only to verified readers."""
    file = folder.root / "recipients" / "bob.pub"
    file.write_text("".join(f"{key}\n" for key in keys))
    before = files_of(folder)
    with pytest.raises(TamperedError, match="public keys of bob"):
        unite(folder, "default", *sides)
    assert files_of(folder) == before
