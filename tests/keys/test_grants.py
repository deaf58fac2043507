from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import reference

from sealedfiles.errors import TamperedError
from sealedfiles.keys import grants as module
from sealedfiles.keys.grants import fingerprints, new_grant, verify_grant

from .kit import ALICE, BOB, CAROL, MALLORY, date, group_key, recipient_of

A, B, C, M = (recipient_of(one) for one in (ALICE, BOB, CAROL, MALLORY))
KEY, OTHER = group_key(0), group_key(1)
GRANT = new_grant("default", "alice", [A], KEY)


def refused(*arguments: object) -> str:
    with pytest.raises(TamperedError) as caught:
        verify_grant(*arguments)  # type: ignore[arg-type]  # checked by the tests that do not fail
    error = caught.value
    assert any("git log -- .sealedfiles/recipients/" in hint for hint in error.hints)
    assert error.hints[-1].endswith(f"sealedfiles trust {arguments[2]}")
    return error.message


def test_a_reader_with_exactly_the_public_keys_that_were_granted_is_accepted() -> None:
    verify_grant(GRANT, "default", "alice", [A], KEY)
    verify_grant(new_grant("x", "b", [A, B], KEY), "x", "b", [B, A], KEY)


def test_a_grant_is_what_the_reference_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "today", lambda: date(0))
    line = reference.grant_line("ops", "bob", KEY.secret, [str(B), str(A)], date(0))
    assert new_grant("ops", "bob", [A, B], KEY) == f"{line}\n".encode()


def test_fingerprints_are_sorted_and_joined() -> None:
    prints = sorted(reference.fingerprint(str(one)) for one in (A, B, C))
    assert fingerprints([C, A, B]) == ",".join(prints)


@pytest.mark.parametrize("recipients", [[M], [A, M], [B], []], ids=["swapped", "added", "", "none"])
def test_public_keys_that_were_not_granted_are_refused(recipients: list[object]) -> None:
    message = refused(GRANT, "default", "alice", recipients, KEY)
    assert message == "the public keys of alice changed after access to default was granted"


def test_a_public_key_removed_is_refused() -> None:
    both = new_grant("default", "alice", [A, B], KEY)
    assert "changed after access" in refused(both, "default", "alice", [A], KEY)


def test_a_grant_of_another_group_or_reader_is_refused() -> None:
    assert "not created by a reader of ops" in refused(GRANT, "ops", "alice", [A], KEY)
    assert "not created by a reader" in refused(GRANT, "default", "bob", [A], KEY)


def test_a_grant_under_an_older_or_another_key_does_not_count() -> None:
    assert "is not proved with the group's current key" in refused(
        GRANT, "default", "alice", [A], OTHER
    )


def test_a_grant_by_somebody_without_the_key_is_refused() -> None:
    forged = new_grant("default", "alice", [M], OTHER)
    forged = forged.replace(OTHER.key_id.encode(), KEY.key_id.encode())
    assert "not created by a reader" in refused(forged, "default", "alice", [M], KEY)


def test_a_grant_with_another_fingerprint_put_in_is_refused() -> None:
    swapped = GRANT.replace(fingerprints([A]).encode(), fingerprints([M]).encode())
    assert "not created by a reader" in refused(swapped, "default", "alice", [M], KEY)
    assert "not created by a reader" in refused(swapped, "default", "alice", [A], KEY)


def test_a_missing_grant_is_refused() -> None:
    message = refused(None, "default", "alice", [A], KEY)
    assert message.startswith(".sealedfiles/keys/default/alice.grant is missing")


def test_every_change_of_any_character_is_refused() -> None:
    text = GRANT.decode()
    for at, char in enumerate(text):
        for other in {"a", "3", "-", "Z", " ", ",", "\n", "é"} - {char}:
            changed = (text[:at] + other + text[at + 1 :]).encode()
            refused(changed, "default", "alice", [A], KEY)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", GRANT[:-1], GRANT + b"\n", GRANT + GRANT, GRANT.replace(b"\n", b"\r\n"), b"\xff"],
)
def test_invalid_grants_are_refused(data: bytes) -> None:
    assert refused(data, "default", "alice", [A], KEY).endswith("is not a valid grant")


@given(st.binary(max_size=150))
def test_bytes_are_refused_as_a_grant(data: bytes) -> None:
    refused(data, "default", "alice", [A], KEY)


@pytest.mark.parametrize("data", [None, b"", b"damaged\xff", GRANT[:-1], GRANT + b"\n"])
def test_an_invalid_grant_lists_no_public_keys(data: bytes | None) -> None:
    assert module.listed_fingerprints(data) == ""


def test_what_a_grant_says_can_be_read_without_a_key() -> None:
    assert module.listed_fingerprints(GRANT) == fingerprints([A])
    assert module.grant_key_id(GRANT) == KEY.key_id
    assert module.grant_key_id(None) == ""
