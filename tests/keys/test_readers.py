from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from age.programs import age_since, ages, missing

from sealedfiles import age
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.keys.epochs import format_epochs, new_epoch, parse_epochs, verify_epochs
from sealedfiles.keys.grants import verify_grant
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey, unwrap_keys, wrap_keys
from sealedfiles.keys.readers import (
    add_reader,
    add_recipients,
    find_granted,
    find_own,
    make_group,
    refuse_other_keys,
)
from sealedfiles.keys.recipients import members, read_recipients
from sealedfiles.keys.state import Seen
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to

from .kit import ALICE, BOB, CAROL, MALLORY, Somebody, recipient_of, secret

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.keys.folder import DirFolder

A, B, C, M = (recipient_of(one) for one in (ALICE, BOB, CAROL, MALLORY))


def ring_of(folder: DirFolder, *identities: age.Identity) -> GroupKeyring:
    return GroupKeyring(Somebody(*identities), lambda: [folder])


def confirmed(folder: DirFolder, name: str) -> VerifiedReader:
    """The reader with the public keys in the folder, as after the user compared the fingerprints."""
    return VerifiedReader.confirmed(name, read_recipients(folder, name))


def read(folder: DirFolder, name: str) -> bytes:
    data = folder.read(name)
    assert data is not None, name
    return data


@pytest.fixture
def first(folder: DirFolder) -> GroupKey:
    """The key of the group ``default``, whose only reader is alice."""
    add_recipients(folder, "alice", [A])
    return make_group(folder, "default", confirmed(folder, "alice"))


def files_of(folder: DirFolder) -> dict[str, bytes]:
    return {
        path.relative_to(folder.root).as_posix(): path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file()
    }


def rotate(folder: DirFolder, group: str, old: GroupKey) -> GroupKey:
    """Create a new epoch for alice, without renewing other grants."""
    epochs = parse_epochs(read(folder, f"keys/{group}/epochs"), group)
    epoch = new_epoch(group, secret(7), "rotated", epochs[-1], old.secret)
    new = GroupKey(epoch.key_id, epoch.date, secret(7))
    root = folder.root / "keys" / group
    (root / "epochs").write_bytes(format_epochs([*epochs, epoch]))
    (root / "alice.age").write_bytes(wrap_keys([old, new], [A]))
    return new


# -- a new group


def test_a_new_group_has_one_proved_key_and_one_reader_with_a_grant(
    folder: DirFolder, first: GroupKey
) -> None:
    assert sorted(files_of(folder)) == [
        "keys/default/alice.age",
        "keys/default/alice.grant",
        "keys/default/epochs",
        "recipients/alice.pub",
    ]
    epochs = parse_epochs(read(folder, "keys/default/epochs"), "default")
    assert [epoch[:4] for epoch in epochs] == [(first.key_id, first.date, "created", "-")]
    verify_epochs("default", epochs, {first.key_id: first.secret})
    verify_grant(read(folder, "keys/default/alice.grant"), "default", "alice", [A], first)
    assert unwrap_keys(read(folder, "keys/default/alice.age"), [ALICE]) == [first]


def test_every_group_has_a_key_of_its_own(folder: DirFolder, first: GroupKey) -> None:
    second = make_group(folder, "ops", confirmed(folder, "alice"))
    assert second.secret != first.secret
    assert second.key_id != first.key_id
    assert len(second.secret) == 32


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_folder_is_public(folder: DirFolder) -> None:
    before = os.umask(0o077)
    try:
        add_recipients(folder, "alice", [A])
        make_group(folder, "default", confirmed(folder, "alice"))
    finally:
        os.umask(before)
    modes = {stat.S_IMODE((folder.root / name).stat().st_mode) for name in files_of(folder)}
    assert modes == {0o644}


@pytest.mark.parametrize("group", ["", "Default", "a/b", "../x", ".."])
def test_a_group_needs_a_name_of_its_kind(folder: DirFolder, group: str) -> None:
    add_recipients(folder, "alice", [A])
    before = files_of(folder)
    with pytest.raises(UsageError, match="is not a valid group"):
        make_group(folder, group, confirmed(folder, "alice"))
    assert files_of(folder) == before


def test_a_group_needs_a_reader_whose_public_key_is_known(folder: DirFolder) -> None:
    with pytest.raises(UsageError, match="bob has no known public key"):
        make_group(folder, "default", confirmed(folder, "bob"))
    with pytest.raises(UsageError, match="is not a valid name"):
        VerifiedReader.confirmed("../bob", [B])
    assert files_of(folder) == {}


def test_an_existing_group_is_not_created_again(folder: DirFolder, first: GroupKey) -> None:
    before = files_of(folder)
    with pytest.raises(UsageError):
        make_group(folder, "default", confirmed(folder, "alice"))
    assert files_of(folder) == before


# -- public keys


def test_public_keys_are_written_once(folder: DirFolder) -> None:
    add_recipients(folder, "bob", [B, C])
    assert read_recipients(folder, "bob") == [B, C]
    before = files_of(folder)
    add_recipients(folder, "bob", [C, B])
    assert files_of(folder) == before


@pytest.mark.parametrize("others", [[M], [B, M], [B, C, M]])
def test_other_public_keys_for_a_reader_who_is_there_are_refused(
    folder: DirFolder, others: list[age.Recipient]
) -> None:
    add_recipients(folder, "bob", [B, C])
    with pytest.raises(UsageError, match="the reader bob already exists"):
        add_recipients(folder, "bob", others)
    assert read_recipients(folder, "bob") == [B, C]


@pytest.mark.parametrize("name", ["Bob", "../bob", "bob.pub/x", ""])
def test_a_reader_needs_a_name_of_its_kind(folder: DirFolder, name: str) -> None:
    with pytest.raises(UsageError):
        add_recipients(folder, name, [B])
    assert files_of(folder) == {}


# -- one more reader


def test_a_new_reader_gets_all_keys_and_a_grant(folder: DirFolder, first: GroupKey) -> None:
    second = rotate(folder, "default", first)
    add_recipients(folder, "bob", [B, C])
    before = files_of(folder)
    assert add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    for one in (BOB, CAROL):
        assert unwrap_keys(read(folder, "keys/default/bob.age"), [one]) == [first, second]
    verify_grant(read(folder, "keys/default/bob.grant"), "default", "bob", [B, C], second)
    assert members(folder, "default") == ["alice", "bob"]
    new = {"keys/default/bob.age", "keys/default/bob.grant"}
    assert {k: v for k, v in files_of(folder).items() if k not in new} == before


def test_the_new_reader_can_add_readers(folder: DirFolder, first: GroupKey) -> None:
    add_recipients(folder, "bob", [B])
    add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    add_recipients(folder, "carol", [C])
    add_reader(folder, "default", confirmed(folder, "carol"), ring_of(folder, BOB))
    assert ring_of(folder, CAROL).current("default") == first


def test_a_reader_who_is_there_is_left_as_he_is(folder: DirFolder, first: GroupKey) -> None:
    before = files_of(folder)
    assert not add_reader(folder, "default", confirmed(folder, "alice"), ring_of(folder, ALICE))
    assert files_of(folder) == before


def add_granted(folder: DirFolder, group: str, name: str, ring: GroupKeyring) -> bool:
    """Add a reader as ``grant NAME --to GROUP`` does."""
    reader = find_granted(folder, name, ring) or confirmed(folder, name)
    return add_reader(folder, group, reader, ring)


def refused(folder: DirFolder, group: str, name: str, ring: GroupKeyring) -> str:
    before = files_of(folder)
    with pytest.raises(TamperedError) as caught:
        add_granted(folder, group, name, ring)
    assert files_of(folder) == before
    return caught.value.message


def test_a_public_key_swapped_in_a_pull_request_gets_no_other_group(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "bob", [B])
    add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    make_group(folder, "ops", confirmed(folder, "alice"))
    (folder.root / "recipients" / "bob.pub").write_text(f"{M}\n")
    message = refused(folder, "ops", "bob", ring_of(folder, ALICE))
    assert message == "the public keys of bob changed after access to default was granted"


def test_a_public_key_added_beside_the_right_one_gets_nothing(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "bob", [B])
    add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    make_group(folder, "ops", confirmed(folder, "alice"))
    (folder.root / "recipients" / "bob.pub").write_text(f"{B}\n{M}\n")
    assert "changed after access to" in refused(folder, "ops", "bob", ring_of(folder, ALICE))


def test_a_swapped_public_key_of_a_reader_who_is_there_is_named(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "bob", [B])
    add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    (folder.root / "recipients" / "bob.pub").write_text(f"{M}\n")
    assert "public keys of bob" in refused(folder, "default", "bob", ring_of(folder, ALICE))


def test_a_key_file_without_a_grant_makes_nobody_a_reader(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "mallory", [M])
    (folder.root / "keys" / "default" / "mallory.age").write_bytes(b"x")
    message = refused(folder, "default", "mallory", ring_of(folder, ALICE))
    assert message.startswith(".sealedfiles/keys/default/mallory.grant is missing")


def test_a_grant_under_an_older_key_makes_nobody_a_reader(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "bob", [B])
    add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))
    rotate(folder, "default", first)
    assert "is not proved with the group's current key" in refused(
        folder, "default", "bob", ring_of(folder, ALICE)
    )


def test_only_readers_of_the_group_can_add_readers(folder: DirFolder, first: GroupKey) -> None:
    add_recipients(folder, "mallory", [M])
    before = files_of(folder)
    with pytest.raises(NoKeyError):
        add_reader(folder, "default", confirmed(folder, "mallory"), ring_of(folder, MALLORY))
    with pytest.raises(NoKeyError):
        add_reader(folder, "nowhere", confirmed(folder, "mallory"), ring_of(folder, ALICE))
    assert files_of(folder) == before


def test_a_reader_without_a_public_key_is_an_error(folder: DirFolder, first: GroupKey) -> None:
    with pytest.raises(UsageError, match="bob has no known public key"):
        add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))


def test_a_group_that_one_does_not_hold_is_not_asked(folder: DirFolder, first: GroupKey) -> None:
    add_recipients(folder, "carol", [C])
    make_group(folder, "ops", confirmed(folder, "carol"))
    add_recipients(folder, "bob", [B])
    add_reader(folder, "ops", confirmed(folder, "bob"), ring_of(folder, CAROL))
    assert add_reader(folder, "default", confirmed(folder, "bob"), ring_of(folder, ALICE))


# -- links


@pytest.mark.parametrize("linked", ["recipients", "keys", "keys/default"])
def test_nothing_is_written_through_a_symbolic_link(
    folder: DirFolder, tmp_path: Path, linked: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder.root / linked).parent.mkdir(parents=True, exist_ok=True)
    try:
        (folder.root / linked).symlink_to(outside)
    except OSError:
        pytest.skip("symbolic links cannot be made here")

    def write() -> None:
        add_recipients(folder, "alice", [A])
        make_group(folder, "default", confirmed(folder, "alice"))

    with pytest.raises(TamperedError, match="symbolic link"):
        write()
    assert list(outside.rglob("*")) == []


def test_a_public_key_that_is_a_symbolic_link_is_refused(
    folder: DirFolder, first: GroupKey, tmp_path: Path
) -> None:
    (tmp_path / "mallory.pub").write_text(f"{M}\n")
    try:
        (folder.root / "recipients" / "bob.pub").symlink_to(tmp_path / "mallory.pub")
    except OSError:
        pytest.skip("symbolic links cannot be made here")
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder], cached=[("default", first)])
    assert "symbolic link" in refused(folder, "default", "bob", ring)


# -- without sealedfiles


@pytest.mark.parametrize("post_quantum", [False, True])
def test_age_opens_what_was_written_for_a_reader(
    folder: DirFolder, tmp_path: Path, post_quantum: bool
) -> None:
    if post_quantum:
        real = age_since((1, 3))
    else:
        real = ages()[0] if ages() else missing("age (on PATH, or named by AGE)")
    one = age.generate_identity(post_quantum=post_quantum)
    add_recipients(folder, "alice", [recipient_of(one)])
    key = make_group(folder, "default", confirmed(folder, "alice"))
    (tmp_path / "key.txt").write_text(f"{one.text}\n")
    shown = real.run("-d", "-i", tmp_path / "key.txt", folder.root / "keys/default/alice.age")
    assert shown.decode() == f"{key.line}\n"


# -- the reader for recovery


def test_the_recovery_reader_is_added_to_a_new_group(folder: DirFolder, first: GroupKey) -> None:
    add_recipients(folder, "safe", [B])
    key = make_group(folder, "ops", confirmed(folder, "alice"), confirmed(folder, "safe"))
    assert members(folder, "ops") == ["alice", "safe"]
    assert ring_of(folder, BOB).current("ops") == key
    verify_grant(read(folder, "keys/ops/safe.grant"), "ops", "safe", [B], key)
    assert find_granted(folder, "safe", ring_of(folder, CAROL)) is None, "no group is held"
    found = find_granted(folder, "safe", ring_of(folder, ALICE))
    assert found is not None
    assert found.recipients == (B,)
    (folder.root / "recipients" / "safe.pub").write_text(f"{M}\n")
    with pytest.raises(TamperedError, match="changed after access to"):
        find_granted(folder, "safe", ring_of(folder, ALICE))


def test_a_group_is_not_made_where_the_recovery_reader_has_no_key(
    folder: DirFolder, first: GroupKey
) -> None:
    before = files_of(folder)
    with pytest.raises(UsageError, match="safe has no known public key"):
        make_group(folder, "ops", confirmed(folder, "alice"), confirmed(folder, "safe"))
    assert files_of(folder) == before


# -- whom a key is wrapped to


def test_only_its_three_constructors_make_a_verified_reader(
    folder: DirFolder, first: GroupKey
) -> None:
    with pytest.raises(TypeError):
        VerifiedReader("bob", [B], object())
    with pytest.raises(TamperedError):
        wrap_to(folder, "default", ("bob", [B]), [first])  # type: ignore[arg-type]


@pytest.mark.slow
def test_nothing_else_in_the_package_encrypts_a_key() -> None:
    """SECURITY.md: a group key is encrypted only to verified readers. One function does it."""
    import ast
    from pathlib import Path

    import sealedfiles

    calls: dict[str, set[str]] = {"wrap_keys": set(), "write_reader": set(), "new_grant": set()}
    root = Path(sealedfiles.__file__).parent
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = (
                getattr(node.func, "id", getattr(node.func, "attr", ""))
                if isinstance(node, ast.Call)
                else ""
            )
            if name in calls:
                calls[name].add(file.relative_to(root).as_posix())
    assert set(map(frozenset, calls.values())) == {frozenset({"keys/wrapping.py"})}


def test_the_own_reader_has_only_keys_that_a_grant_proves(
    folder: DirFolder, first: GroupKey
) -> None:
    ring = ring_of(folder, ALICE)
    (folder.root / "recipients" / "aaa.pub").write_text(f"{A}\n{M}\n")
    assert (find_own(folder, ring).name, find_own(folder, ring).recipients) == ("alice", (A,))
    (folder.root / "recipients" / "alice.pub").write_text(f"{A}\n{M}\n")
    assert (find_own(folder, ring).name, find_own(folder, ring).recipients) == ("alice", (A,))
    # Two keys of one person, granted as such, are both theirs.
    wrap_to(folder, "default", confirmed(folder, "alice"), [first])
    assert find_own(folder, ring_of(folder, ALICE)).recipients == (A, M)


def test_a_file_with_a_key_of_ours_and_a_strangers_is_worth_our_key_only(
    folder: DirFolder,
) -> None:
    (folder.root / "recipients").mkdir()
    (folder.root / "recipients" / "alice.pub").write_text(f"{M}\n{A}\n")
    assert find_own(folder, ring_of(folder, ALICE)).recipients == (A,)
    with pytest.raises(UsageError):
        find_own(folder, ring_of(folder, BOB))


def test_a_grant_of_a_group_that_is_not_held_still_shows_a_swapped_key(
    folder: DirFolder, first: GroupKey
) -> None:
    add_recipients(folder, "carol", [C])
    make_group(folder, "ops", confirmed(folder, "carol"))
    add_recipients(folder, "bob", [B])
    add_reader(folder, "ops", confirmed(folder, "bob"), ring_of(folder, CAROL))
    refuse_other_keys(folder, "bob")
    (folder.root / "recipients" / "bob.pub").write_text(f"{M}\n")
    with pytest.raises(TamperedError, match="changed after access to ops was granted"):
        refuse_other_keys(folder, "bob")


def test_a_group_that_this_command_accepted_proves_no_reader(
    folder: DirFolder, first: GroupKey
) -> None:
    """An attacker's group could have a grant for the attacker's key under a colleague's name."""
    add_recipients(folder, "bob", [M])
    add_recipients(folder, "mallory", [C])
    make_group(folder, "evil", confirmed(folder, "mallory"), confirmed(folder, "alice"))
    add_reader(folder, "evil", confirmed(folder, "bob"), ring_of(folder, CAROL))
    seen = {"default": Seen(first.key_id, "main")}
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder], newest=seen)
    ring.accept("evil")
    assert ring.holds("evil")
    assert find_granted(folder, "bob", ring) is None
