from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from age.programs import age_since, ages, missing

from sealedfiles import age
from sealedfiles.errors import UsageError
from sealedfiles.keys.identity.generate import (
    StoredIdentity,
    forget_identity,
    keep_identity,
    kept_identities,
    save_identity,
)
from sealedfiles.keys.identity.locations import identities_file

from .kit import ALICE, BOB, Memory, recipient_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "sealedfiles" / "identities"


def test_the_file_is_as_age_keygen_writes_it(path: Path) -> None:
    save_identity(path, ALICE)
    date, public, private, rest = path.read_text().split("\n")
    assert re.fullmatch(r"# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date)
    assert public == f"# public key: {ALICE.recipient}"
    assert private == ALICE.text
    assert rest == ""


def test_it_is_read_as_it_was_written(path: Path) -> None:
    save_identity(path, ALICE)
    save_identity(path, age.generate_identity())
    first, second = age.parse_identities(path.read_bytes())
    assert first.recipient == ALICE.recipient
    assert second.kind == "mlkem768x25519"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("there", [None, 0o644])
def test_only_its_owner_can_read_it(path: Path, there: int | None) -> None:
    before = os.umask(0)
    try:
        if there:
            path.parent.mkdir(parents=True)
            path.write_bytes(b"")
            path.chmod(there)
        save_identity(path, ALICE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert there or stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("there", ["# mine\n", "# mine, without a line end"])
def test_what_is_there_stays(path: Path, there: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(there)
    save_identity(path, ALICE)
    save_identity(path, BOB)
    text = path.read_text()
    assert text.startswith(there.rstrip("\n") + "\n# created: ")
    assert [str(one.recipient) for one in age.parse_identities(text)] == [
        str(ALICE.recipient),
        str(BOB.recipient),
    ]


def test_a_file_that_was_named_is_never_overwritten(path: Path) -> None:
    save_identity(path, ALICE, append=False)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="already exists"):
        save_identity(path, BOB, append=False)
    assert path.read_bytes() == before


@pytest.mark.parametrize("post_quantum", [False, True])
def test_age_takes_the_file(path: Path, post_quantum: bool) -> None:
    if post_quantum:
        real = age_since((1, 3))
    else:
        real = ages()[0] if ages() else missing("age (on PATH, or named by AGE)")
    one = age.generate_identity(post_quantum=post_quantum)
    save_identity(path, one)
    sealed = age.encrypt(b"plain", [recipient_of(one)])
    assert real.run("-d", "-i", path, stdin=sealed) == b"plain"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
def test_a_file_that_is_kept_elsewhere_stays_there(path: Path, tmp_path: Path) -> None:
    """People keep configuration files in a repository and link to them."""
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "dotfiles")
    (tmp_path / "dotfiles").write_text("# mine\n")
    save_identity(path, ALICE)
    assert path.is_symlink()
    assert ALICE.text
    assert ALICE.text in (tmp_path / "dotfiles").read_text()


# -- the keyring, else the file


def kept() -> list[tuple[str | None, str]]:
    return [(entry.identity.text, entry.place) for entry in kept_identities()[0]]


def test_with_a_keyring_the_file_is_not_needed(keyring: Memory) -> None:
    for one in (ALICE, BOB, ALICE):
        assert str(keep_identity(one)) == "the OS keyring"
    assert keyring.entries == {("sealedfiles", "identities"): f"{ALICE.text}\n{BOB.text}\n"}
    assert kept() == [(ALICE.text, "the OS keyring"), (BOB.text, "the OS keyring")]
    assert not identities_file().exists()


def test_without_one_each_key_is_once_in_the_file() -> None:
    for one in (ALICE, BOB, ALICE):
        where = keep_identity(one)
        assert where.place == str(identities_file())
        assert where.why == "the OS keyring cannot be used: no keyring was found"
    assert kept() == [(ALICE.text, str(identities_file())), (BOB.text, str(identities_file()))]


def test_a_key_is_forgotten_where_it_is_said_to_be_and_nowhere_else(keyring: Memory) -> None:
    save_identity(identities_file(), ALICE)
    save_identity(identities_file(), BOB)
    keep_identity(ALICE)
    in_keyring, in_file, other = kept_identities()[0]
    forget_identity(in_file)
    assert kept() == [(in_keyring.identity.text, in_keyring.place), (BOB.text, other.place)]
    forget_identity(in_keyring)
    assert kept() == [(BOB.text, other.place)]
    assert keyring.entries == {}


def test_what_cannot_be_read_is_told_beside_what_can(keyring: Memory) -> None:
    keyring.set_password("sealedfiles", "identities", "nonsense\n")
    save_identity(identities_file(), ALICE)
    entries, (trouble,) = kept_identities()
    assert [entry.identity.text for entry in entries] == [ALICE.text]
    assert trouble.startswith("the OS keyring: line 1: ")
    assert "nonsense" not in trouble


def test_a_file_under_a_passphrase_is_never_changed() -> None:
    path = identities_file()
    path.parent.mkdir(parents=True)
    recipient = age.ScryptRecipient("secret", work_factor=2)
    before = age.encrypt(f"{ALICE.text}\n".encode(), [recipient])
    path.write_bytes(before)
    with pytest.raises(UsageError, match="protected by a passphrase"):
        keep_identity(BOB)
    with pytest.raises(UsageError, match="protected by a passphrase"):
        forget_identity(StoredIdentity(ALICE, str(path)))
    assert path.read_bytes() == before
