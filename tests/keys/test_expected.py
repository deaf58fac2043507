from __future__ import annotations

import os
import threading
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from vectors import reference

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.expected import (
    StartError,
    expected_by_environment,
    expected_in,
    expected_line,
    verify_expected,
)
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.identity.sources import Identities

from .kit import ALICE, MALLORY, Somebody, epochs, group_key, make_folder, secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = group_key(0).key_id
TEXT = f"# {expected_line('production', FIRST)}\n# created: today\n{ALICE.text}\n"


def test_a_key_text_carries_the_first_key_of_each_group() -> None:
    two = TEXT + f"# {expected_line('ops.eu', group_key(3).key_id)}\n"
    assert expected_in(two.encode()) == {
        "production": {FIRST},
        "ops.eu": {group_key(3).key_id},
    }
    assert expected_in(f"{ALICE.text}\n".encode()) == {}


@pytest.mark.parametrize(
    "stored",
    [
        TEXT,
        TEXT.replace("\n", " "),
        TEXT.replace("\n", "\\n"),
        TEXT.replace("\n", "\r\n"),
        b64encode(TEXT.encode()).decode(),
    ],
    ids=["as printed", "joined", "escaped", "windows", "base64"],
)
def test_what_a_secret_store_does_to_the_text_does_not_lose_it(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losing it silently would remove the protection."""
    monkeypatch.setenv("SEALEDFILES_KEY", stored)
    identities = Identities()
    assert next(iter(identities)).text == ALICE.text
    assert identities.expected == {"production": {FIRST}}


def test_the_variable_lists_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"production={FIRST}, default={group_key(1).key_id}")
    assert expected_by_environment() == {
        "production": {FIRST},
        "default": {group_key(1).key_id},
    }
    assert Identities().expected == expected_by_environment()
    monkeypatch.setenv("SEALEDFILES_EXPECT", "")
    assert expected_by_environment() == {}


def test_the_variable_replaces_what_the_key_text_says_of_a_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a revocation, the id of the new key refuses a branch that was put back to before it."""
    newer = group_key(1).key_id
    monkeypatch.setenv("SEALEDFILES_KEY", TEXT)
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"production={newer}")
    identities = Identities()
    assert list(identities)
    assert identities.expected == {"production": {newer}}
    verify_expected(identities.expected, "production", parse_epochs(epochs(0, 1), "production"))
    with pytest.raises(TamperedError, match="do not include the expected key"):
        verify_expected(identities.expected, "production", parse_epochs(epochs(0), "production"))
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"default={newer}")
    identities = Identities()
    assert list(identities)
    assert identities.expected == {"production": {FIRST}, "default": {newer}}


@pytest.mark.skipif(os.name == "nt", reason="it has no named pipes")
def test_a_key_text_is_read_for_its_comments_and_only_once(tmp_path: Path) -> None:
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=[TEXT])
    writer.start()
    identities = Identities(str(pipe))
    with pytest.raises(StartError, match="do not include the expected key"):
        identities.verify_expected("production", parse_epochs(epochs(3), "production"))
    writer.join()
    identities.verify_expected("production", parse_epochs(epochs(0), "production"))
    assert next(iter(identities)).text == ALICE.text


def test_a_comment_that_is_invalid_refuses_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALEDFILES_KEY", TEXT.replace(FIRST, "?"))
    with pytest.raises(StartError, match="without a valid key id"):
        Identities().verify_expected("production", parse_epochs(epochs(0), "production"))


@pytest.mark.parametrize("wrong", ["production", f"production:{FIRST}", f"production={FIRST}x"])
def test_a_variable_that_cannot_be_read_protects_nothing_and_is_an_error(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"default={FIRST},{wrong}")
    with pytest.raises(UsageError, match="SEALEDFILES_EXPECT"):
        expected_by_environment()


@pytest.mark.parametrize("write", [str.upper, str.title, lambda line: line.replace(" ", "  ")])
def test_a_comment_that_was_typed_counts_too(write: Callable[[str], str]) -> None:
    line = expected_line("default", FIRST)
    assert expected_in(f"# {write(line)}\n".encode()) == {"default": {FIRST}}


@pytest.mark.parametrize("cut", [1, 5, 17, 22])
def test_a_comment_without_a_valid_key_id_is_an_error(cut: int) -> None:
    """Ignoring it would leave the group unprotected."""
    line = expected_line("default", FIRST)
    with pytest.raises(UsageError, match="without a valid key id"):
        expected_in(f"# {line[:-cut]}\nAGE-SECRET-KEY-".encode())


def test_a_chain_without_the_expected_key_is_refused() -> None:
    chain = parse_epochs(epochs(0, 1, 2), "default")
    verify_expected({}, "default", chain)
    verify_expected({"default": {FIRST}}, "default", chain)
    verify_expected({"default": {group_key(1).key_id}}, "default", chain)
    with pytest.raises(TamperedError, match="do not include the expected key"):
        verify_expected({"default": {group_key(9).key_id}}, "default", chain)
    with pytest.raises(TamperedError, match="not among the groups expected here"):
        verify_expected({"production": {FIRST}}, "default", chain)


def test_a_ring_asks_before_it_takes_the_first_key_of_a_group() -> None:
    asked = []

    def refuse(group: str, found: object) -> None:
        asked.append(group)
        raise TamperedError("replaced")

    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, alice=ALICE)], verify_start=refuse)
    with pytest.raises(TamperedError, match="replaced"):
        ring.current("default")
    assert asked
    assert not ring.is_member("default")


def test_only_holders_of_the_expected_key_can_write_a_chain_with_it() -> None:
    """The id alone is public, but a line for it needs the key itself."""
    forged = reference.epoch_line("default", secret(9), "2026-01-01T00:00:00Z", "created", None)
    stolen = forged.replace(group_key(9).key_id, FIRST)
    folder = make_folder(9, alice=ALICE)
    folder.files["keys/default/epochs"] = f"{stolen}\n".encode()
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder])
    with pytest.raises(TamperedError):
        ring.current("default")
    assert MALLORY.text != ALICE.text
