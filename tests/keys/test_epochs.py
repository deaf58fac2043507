from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import reference, reference_unauthenticated

from sealedfiles.age import UnsupportedKeyError
from sealedfiles.errors import TamperedError
from sealedfiles.keys import epochs as module
from sealedfiles.keys.epochs import (
    format_epochs,
    new_epoch,
    parse_epochs,
    today,
    verify_epochs,
)
from sealedfiles.model import unauthenticated
from sealedfiles.model.token import key_id

from .kit import date, epochs, secret

SECRETS = {key_id(secret(number)): secret(number) for number in range(5)}
THREE = epochs(0, 1, 2)


def read(data: bytes, group: str = "default", secrets: dict[str, bytes] = SECRETS) -> list[str]:
    """Parse and verify; return the key ids."""
    found = parse_epochs(data, group)
    verify_epochs(group, found, secrets)
    return [epoch.key_id for epoch in found]


def refused(data: bytes, group: str = "default", secrets: dict[str, bytes] = SECRETS) -> str:
    with pytest.raises(TamperedError) as caught:
        read(data, group, secrets)
    assert caught.value.message.startswith(f".sealedfiles/keys/{group}/epochs: ")
    assert caught.value.hints
    return caught.value.message


@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_holders_of_the_group_wrote_is_proved(count: int) -> None:
    data = epochs(*range(count))
    assert read(data) == [key_id(secret(number)) for number in range(count)]
    assert format_epochs(parse_epochs(data, "default")) == data


def test_the_fields_of_a_line() -> None:
    first, second = parse_epochs(epochs(0, 1), "default")
    assert first[:5] == (key_id(secret(0)), date(0), "created", "-", "-")
    assert second[:5] == (key_id(secret(1)), date(1), "rotated", first.key_id, "-")
    assert f"{second.line}\n".encode() == epochs(0, 1).split(b"\n")[1] + b"\n"


def test_new_lines_are_what_the_reference_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "today", lambda: date(0))
    first = new_epoch("ops", secret(0), "created")
    public = [reference_unauthenticated.public_key(secret(number)) for number in range(2)]
    line = reference.epoch_line("ops", secret(0), date(0), "created", None, public[0])
    assert first.line == line
    second = new_epoch("ops", secret(1), "revoked", first, secret(0))
    line = reference.epoch_line("ops", secret(1), date(0), "revoked", secret(0), public[1])
    assert second.line == line
    assert read(format_epochs([first, second]), "ops") == [first.key_id, second.key_id]


def test_a_public_key_that_somebody_without_the_key_exchanged_is_refused() -> None:
    first = new_epoch("ops", secret(0), "created")
    for public in (reference_unauthenticated.public_key(secret(4)), "-"):
        refused(format_epochs([first._replace(public_key=public)]), "ops")


def test_without_ml_kem_a_line_has_no_public_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_key: bytes) -> None:
        raise UnsupportedKeyError("no ML-KEM")

    monkeypatch.setattr(unauthenticated, "derive_public_key", missing)
    epoch = new_epoch("ops", secret(0), "created")
    assert epoch.public_key == "-"
    assert read(format_epochs([epoch]), "ops") == [epoch.key_id]


def test_the_date_is_that_of_the_moment_in_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", today())


def test_every_change_of_any_character_is_refused() -> None:
    text = epochs(0, 1).decode()
    for at, char in enumerate(text):
        for other in {"a", "3", "-", "_", "Z", " ", "\n", "\x00", "é"} - {char}:
            refused((text[:at] + other + text[at + 1 :]).encode())


@given(data=st.data())
def test_every_piece_removed_from_the_middle_is_refused(data: st.DataObject) -> None:
    # What is cut off behind a whole line is an older version of the file, and proved as such.
    end = data.draw(st.integers(1, len(THREE) - 1))
    start = data.draw(st.integers(0, end - 1))
    refused(THREE[:start] + THREE[end:])


@given(st.binary(max_size=200))
def test_bytes_are_refused_as_epochs(data: bytes) -> None:
    refused(data)
    refused(THREE + data + b"\n")


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((1, 0, 2), "line 1 does not continue the line before it"),
        ((0, 2, 1), "line 2 does not continue the line before it"),
        ((0, 2), "line 2 does not continue the line before it"),
        ((1, 2), "line 1 does not continue the line before it"),
        ((0, 1, 1), "line 3 does not continue the line before it"),
        ((0, 0), "line 2 does not continue the line before it"),
    ],
)
def test_lines_reordered_left_out_or_doubled_are_refused(
    order: tuple[int, ...], reason: str
) -> None:
    lines = THREE.splitlines(keepends=True)
    assert refused(b"".join(lines[n] for n in order)).endswith(reason)


def test_a_fork_is_refused() -> None:
    ours, theirs = epochs(0, 1), epochs(0, 2)
    fork = ours + theirs.splitlines(keepends=True)[1]
    assert refused(fork).endswith("line 3 does not continue the line before it")


def test_the_parent_of_a_fork_cannot_be_rewritten_without_the_key() -> None:
    """A removed reader has key 0 and knows the public lines, but never had key 1."""
    own = reference.epoch_line("default", secret(3), date(3), "rotated", secret(0))
    forged = own.replace(f" {key_id(secret(0))} ", f" {key_id(secret(1))} ")
    assert "not proved by the key before it" in refused(epochs(0, 1) + forged.encode() + b"\n")


def test_a_key_of_somebody_who_never_held_one_is_refused() -> None:
    line = reference.epoch_line("default", secret(3), date(3), "rotated", secret(4))
    line = line.replace(f" {key_id(secret(4))} ", f" {key_id(secret(0))} ")
    assert "not proved" in refused(epochs(0) + line.encode() + b"\n")


def test_epochs_of_another_group_are_refused() -> None:
    assert "not proved" in refused(epochs(0, group="other"))
    read(epochs(0, group="other"), "other")


def test_a_key_that_was_not_encrypted_to_the_reader_is_refused() -> None:
    secrets = {name: key for name, key in SECRETS.items() if name != key_id(secret(1))}
    message = refused(THREE, secrets=secrets)
    assert message.endswith("the key of line 2 is not among the keys encrypted to you")


def test_other_bytes_under_a_known_name_are_refused() -> None:
    assert "line 2" in refused(THREE, secrets={**SECRETS, key_id(secret(1)): secret(9)})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "its last line is cut off"),
        (epochs(0)[:-1], "its last line is cut off"),
        (b"\n", "line 1 is not a valid epoch"),
        (epochs(0) + b"\n", "line 2 is not a valid epoch"),
        (epochs(0).replace(b"\n", b"\r\n"), "line 1 is not a valid epoch"),
        (b"\xef\xbb\xbf" + epochs(0), "line 1 is not a valid epoch"),
        (b"# comment\n" + epochs(0), "line 1 is not a valid epoch"),
        (b"<<<<<<< HEAD\n" + epochs(0), "line 1 is not a valid epoch"),
        (epochs(0).replace(b"created", b"stolen"), "line 1 is not a valid epoch"),
        (epochs(0).replace(b" created", b"  created"), "line 1 is not a valid epoch"),
        (epochs(0).replace(b"\n", b"\x85\n"), "line 1 is not a valid epoch"),
        (epochs(0)[:-2] + b"\n", "line 1 is not a valid epoch"),
        (epochs(0)[:-2] + b"+\n", "line 1 is not a valid epoch"),
        (epochs(0).replace(b" - - ", b" -  "), "line 1 is not a valid epoch"),
        (epochs(0).replace(b" - - ", b" - \x7f "), "line 1 is not a valid epoch"),
    ],
)
def test_invalid_epochs_files_are_refused(data: bytes, reason: str) -> None:
    assert refused(data).endswith(reason)


def test_the_public_key_of_a_line_is_proved_too() -> None:
    """The field is reserved: older programs must not accept a meaning that a newer version gives it."""
    line = reference.epoch_line("default", secret(0), date(0), "created", None, "age1x")
    read(f"{line}\n".encode())
    refused(line.replace("age1x", "age1y").encode() + b"\n")


def test_a_file_with_too_many_lines_is_refused_before_any_is_read() -> None:
    line = epochs(0)
    with pytest.raises(TamperedError, match="it has too many lines"):
        parse_epochs(line * ((1 << 20) // len(line) + 1), "default")


def _chain(*reasons: str) -> list[module.Epoch]:
    found: list[module.Epoch] = []
    for number, why in enumerate(reasons):
        parent = found[-1] if found else None
        before = secret(number - 1) if found else b""
        found.append(new_epoch("default", secret(number), why, parent, before))
    return found


@pytest.mark.parametrize(
    ("reasons", "first"),
    [
        (["created"], None),
        (["created", "rotated", "rotated"], None),
        (["created", "revoked"], 1),
        (["created", "revoked", "rotated"], 1),
        (["created", "revoked", "rotated", "revoked", "rotated"], 3),
    ],
)
def test_keys_before_the_last_revocation_are_for_history_only(
    reasons: list[str], first: int | None
) -> None:
    chain = _chain(*reasons)
    expected = None if first is None else {epoch.key_id for epoch in chain[first:]}
    assert module.keys_in_use(chain) == expected


def test_a_key_that_gets_another_parent_is_proved_under_it() -> None:
    first, second = _chain("created", "rotated")
    other = new_epoch("default", secret(2), "rotated", first, secret(0))
    moved = module.prove_again("default", second, secret(1), other, secret(2))
    assert (moved.key_id, moved.date, moved.why) == (second.key_id, second.date, second.why)
    assert read(format_epochs([first, other, moved])) == [
        first.key_id,
        other.key_id,
        second.key_id,
    ]
    refused(format_epochs([first, other, second]))
    alone = module.prove_again("default", second, secret(1), None, b"")
    assert read(format_epochs([alone])) == [second.key_id]
