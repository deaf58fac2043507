from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from vectors import reference

from sealedfiles import age
from sealedfiles.errors import UsageError
from sealedfiles.keys.recipients import (
    check_name,
    fingerprint,
    format_recipients,
    group_names,
    members,
    parse_recipients,
    read_recipients,
    reader_names,
    who_can_help,
)

from .kit import ALICE, BOB, MemoryFolder, make_folder, recipient_of

if TYPE_CHECKING:
    from sealedfiles.age import Recipient

A, B = str(ALICE.recipient), str(BOB.recipient)
SSH = (
    Ed25519PrivateKey.from_private_bytes(bytes(32))
    .public_key()
    .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    .decode()
)


@pytest.fixture(scope="module")
def post_quantum() -> Recipient:
    return recipient_of(age.generate_identity())


def texts(recipients: list[Recipient]) -> list[str]:
    return [str(recipient) for recipient in recipients]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n# nobody yet\n\n", []),
        (A, [A]),
        (f"{A}\n{B}\n", [A, B]),
        (f"# Alice's laptop\r\n  {A}  \r\n\t# her desk\r\n{B}", [A, B]),
        (f"{A}\n{A}\n", [A]),
        (f"{SSH} alice@laptop\n{A}\n", [SSH, A]),
        (f"{SSH} ключ № 1\n", [SSH]),
    ],
)
def test_public_keys_stand_one_a_line_with_comments(text: str, expected: list[str]) -> None:
    assert texts(parse_recipients(text, "alice.pub")) == expected


def test_a_file_of_public_keys_is_read_as_it_was_written(post_quantum: Recipient) -> None:
    for recipients in ([post_quantum], parse_recipients(f"{A}\n{SSH} x", "")):
        data = format_recipients(recipients)
        assert parse_recipients(data.decode(), "") == recipients


@pytest.mark.parametrize(
    "line", ["age1", A[:-1], A.upper()[:-1] + "!", "ssh-dss AAAA", "hello", f"{A} {B}", "age-1"]
)
def test_an_invalid_public_key_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_recipients(f"# comment\n{A}\n{line}\n", "alice.pub")
    assert caught.value.message.startswith("alice.pub, line 3: ")


def test_a_private_key_in_its_place_is_refused_and_not_repeated() -> None:
    assert ALICE.text
    with pytest.raises(UsageError) as caught:
        parse_recipients(ALICE.text, "alice.pub")
    assert "private key" in caught.value.message
    assert ALICE.text[20:] not in repr((caught.value.message, caught.value.hints))


def test_post_quantum_keys_and_others_do_not_mix(post_quantum: Recipient) -> None:
    for text in (f"{A}\n{post_quantum}\n", f"{post_quantum}\n{SSH}\n"):
        with pytest.raises(UsageError, match="cannot be mixed"):
            parse_recipients(text, "alice.pub")


def test_a_reader_s_public_keys_are_in_the_file_of_his_name() -> None:
    folder = MemoryFolder({"recipients/alice.pub": f"{A}\n".encode()})
    assert texts(read_recipients(folder, "alice")) == [A]
    assert read_recipients(folder, "bob") == []


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x", A.encode("utf-16")])
def test_a_damaged_file_of_public_keys_is_named(data: bytes) -> None:
    folder = MemoryFolder({"recipients/alice.pub": data})
    with pytest.raises(UsageError) as caught:
        read_recipients(folder, "alice")
    assert caught.value.message.startswith(".sealedfiles/recipients/alice.pub, line 1: ")


def test_a_fingerprint_is_20_characters_of_the_hash_of_the_text(post_quantum: Recipient) -> None:
    for text in (A, SSH, str(post_quantum)):
        assert fingerprint(age.parse_recipient(text)) == reference.fingerprint(text)
        assert len(reference.fingerprint(text)) == 20


def test_the_comment_of_an_ssh_key_is_no_part_of_its_fingerprint() -> None:
    one, other = (age.parse_recipient(f"{SSH} {comment}") for comment in ("alice@a", "alice@b"))
    assert fingerprint(one) == fingerprint(other) == reference.fingerprint(SSH)


@pytest.mark.parametrize("name", ["alice", "ci-1", "a.b_c", "0", "console", "com", "aux1"])
def test_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Alice", "a b", "../a", "a/b", ".pub", "ä", "a\n", "a:b"])
def test_invalid_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid name"):
        check_name(name)
    with pytest.raises(UsageError, match="is not a valid group"):
        check_name(name, "group")


def test_a_name_that_is_too_long_for_a_file_name_is_refused() -> None:
    assert check_name("a" * 200)
    with pytest.raises(UsageError, match="the group has 201 characters"):
        check_name("a" * 201, "group")


@given(st.text(max_size=12))
def test_a_name_can_be_a_file_name_and_a_part_of_a_token(name: str) -> None:
    try:
        check_name(name)
    except UsageError:
        return
    assert not set(name) & set("/\\:\0\n ")
    assert not name.startswith(".")


def test_readers_groups_and_members_are_the_files_with_names_of_their_kind() -> None:
    folder = MemoryFolder(
        dict.fromkeys(
            (
                *("recipients/bob.pub", "recipients/alice.pub", "recipients/README.md"),
                *("recipients/Carol.pub", "recipients/.pub", "recipients/x.pub.bak"),
                *("keys/ops/epochs", "keys/default/epochs", "keys/.DS_Store", "keys/Old/epochs"),
                *("keys/ops/bob.age", "keys/ops/alice.age", "keys/ops/bob.grant"),
                *("keys/ops/.bob.age.1a2b.tmp", "keys/ops/Eve.age", "keys/ops/.age"),
            ),
            b"",
        )
    )
    assert reader_names(folder) == ["alice", "bob"]
    assert group_names(folder) == ["default", "ops"]
    assert members(folder, "ops") == ["alice", "bob"]
    assert members(folder, "default") == []
    assert members(folder, "other") == []


def test_who_can_help_is_whoever_reads_the_group() -> None:
    folder = make_folder(0, alice=ALICE, bob=BOB)
    assert who_can_help(folder, "default").endswith("grant access: alice, bob")
    assert who_can_help(folder, "ops").endswith("grant access: nobody")


@pytest.mark.parametrize("name", ["con", "nul.a", "com1", "lpt9.x.y", "a."])
def test_names_that_windows_cannot_store_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="Windows cannot store"):
        check_name(name)
