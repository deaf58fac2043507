"""Encrypting and decrypting as a whole, whatever the kinds of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.age.armor import enarmor
from sealedfiles.age.keys import Identity, Recipient
from sealedfiles.age.scrypt import ScryptIdentity, ScryptRecipient
from sealedfiles.age.stanza import Stanza, encode_stanza

from .kit import FILE_KEY, build

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSIC = age.generate_identity(post_quantum=False)
HYBRID = age.generate_identity()
PASSPHRASE = ScryptRecipient("correct horse", work_factor=2)


def recipient(identity: Identity) -> Recipient:
    assert identity.recipient is not None
    return identity.recipient


def lines_for(*recipients: Recipient) -> list[str]:
    stanzas = [stanza for one in recipients for stanza in one.wrap(FILE_KEY)]
    return b"".join(map(encode_stanza, stanzas)).decode().rstrip("\n").split("\n")


@pytest.mark.parametrize("identity", [CLASSIC, HYBRID], ids=["x25519", "hybrid"])
@pytest.mark.parametrize("armor", [True, False])
@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_what_was_encrypted_is_decrypted(identity: Identity, armor: bool, size: int) -> None:
    plaintext = bytes(i & 0xFF for i in range(size))
    sealed = age.encrypt(plaintext, [recipient(identity)], armor=armor)
    assert sealed.startswith(b"-----BEGIN AGE" if armor else b"age-encryption.org/v1\n")
    assert age.decrypt(sealed, [identity]) == plaintext


def test_every_recipient_can_decrypt_and_nobody_else() -> None:
    readers = [age.generate_identity(post_quantum=False) for _ in range(5)]
    sealed = age.encrypt(b"text", map(recipient, readers))
    for reader in readers:
        assert age.decrypt(sealed, [reader]) == b"text"
    with pytest.raises(age.NoIdentityMatch) as failure:
        age.decrypt(sealed, [CLASSIC, HYBRID, ScryptIdentity("x")])
    assert failure.value.stanza_types == ("X25519",) * 5


def test_no_identities_open_nothing() -> None:
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(age.encrypt(b"text", [recipient(CLASSIC)]), [])


def test_identities_are_taken_only_until_one_opens_the_file() -> None:
    def identities() -> Iterator[age.Identity]:
        yield HYBRID
        yield CLASSIC
        pytest.fail("an identity was asked for that is not needed")

    assert age.decrypt(age.encrypt(b"text", [recipient(CLASSIC)]), identities()) == b"text"


def test_nothing_is_encrypted_to_nobody() -> None:
    with pytest.raises(age.RecipientError, match="no recipients"):
        age.encrypt(b"text", [])


def test_no_file_is_written_that_would_not_be_read() -> None:
    sealed = age.encrypt(b"text", [recipient(CLASSIC)] * 1024)
    assert age.decrypt(sealed, [CLASSIC]) == b"text"
    with pytest.raises(age.RecipientError, match="too many"):
        age.encrypt(b"text", [recipient(CLASSIC)] * 1025)


@pytest.mark.parametrize(
    "recipients",
    [
        (recipient(HYBRID), recipient(CLASSIC)),
        (recipient(CLASSIC), recipient(HYBRID)),
        (recipient(CLASSIC), recipient(CLASSIC), recipient(HYBRID)),
    ],
)
def test_post_quantum_and_classic_recipients_are_not_mixed(
    recipients: tuple[age.Recipient, ...],
) -> None:
    with pytest.raises(age.RecipientError, match="post-quantum"):
        age.encrypt(b"text", recipients)


@pytest.mark.parametrize("other", [recipient(HYBRID), recipient(CLASSIC), PASSPHRASE])
def test_a_passphrase_is_not_mixed_with_anything(other: Recipient) -> None:
    for recipients in ([PASSPHRASE, other], [other, PASSPHRASE]):
        with pytest.raises(age.RecipientError, match="passphrase"):
            age.encrypt(b"text", recipients)


@pytest.mark.parametrize("identity", [CLASSIC, HYBRID], ids=["x25519", "hybrid"])
def test_a_mix_of_post_quantum_and_classic_is_decrypted(identity: Identity) -> None:
    data = build(*lines_for(recipient(HYBRID), recipient(CLASSIC)))
    assert age.decrypt(data, [identity]) == b"age"


@pytest.mark.parametrize("identity", [CLASSIC, ScryptIdentity("correct horse")])
def test_a_passphrase_beside_a_key_is_a_bad_header_for_everybody(identity: Identity) -> None:
    for recipients in ([PASSPHRASE, recipient(CLASSIC)], [recipient(CLASSIC), PASSPHRASE]):
        with pytest.raises(age.HeaderError, match="mixed"):
            age.decrypt(build(*lines_for(*recipients)), [identity])


def test_unknown_stanzas_are_ignored() -> None:
    grease = encode_stanza(Stanza("!-grease", ("a", "b"), bytes(96))).decode().rstrip("\n")
    lines = lines_for(recipient(CLASSIC))
    data = build(*grease.split("\n"), "", *lines, "-> other", "")
    assert [stanza.type for stanza in age.read_header(data)] == ["!-grease", "X25519", "other"]
    assert age.decrypt(data, [CLASSIC]) == b"age"


def test_a_wrong_mac_is_told_from_a_malformed_one() -> None:
    lines = lines_for(recipient(CLASSIC))
    with pytest.raises(age.HmacError):
        age.decrypt(build(*lines, mac=" " + "A" * 43), [CLASSIC])
    with pytest.raises(age.HeaderError):
        age.decrypt(build(*lines, mac=" " + "A" * 44), [CLASSIC])


def test_a_stanza_that_was_added_shows() -> None:
    sealed = age.encrypt(b"text", [recipient(CLASSIC)], armor=False)
    added = sealed.replace(b"\n--- ", b"\n-> x\n\n--- ", 1)
    with pytest.raises(age.HmacError):
        age.decrypt(added, [CLASSIC])


@pytest.mark.parametrize("armor", [True, False])
def test_the_header_is_read_without_a_key(armor: bool) -> None:
    recipients = [recipient(age.generate_identity()) for _ in range(3)]
    stanzas = age.read_header(age.encrypt(b"text", recipients, armor))
    assert [stanza.type for stanza in stanzas] == ["mlkem768x25519"] * 3
    assert {one.stanza_type for one in recipients} == {"mlkem768x25519"}


@pytest.mark.parametrize(
    ("data", "encrypted"),
    [
        (age.encrypt(b"text", [recipient(CLASSIC)]), True),
        (age.encrypt(b"text", [recipient(CLASSIC)], armor=False), True),
        (b"\r\n \t\n" + age.encrypt(b"text", [recipient(CLASSIC)]), True),
        (b"age-encryption.org/v2\n", True),
        (b"", False),
        (b"age1", False),
        (b"AGE-SECRET-KEY-1", False),
        (b"# -----BEGIN AGE ENCRYPTED FILE-----", False),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----", False),
    ],
)
def test_an_age_file_is_known_by_its_beginning(data: bytes, encrypted: bool) -> None:
    assert age.is_encrypted(data) is encrypted


def test_damaged_armor_is_told_from_a_damaged_header() -> None:
    sealed = age.encrypt(b"text", [recipient(CLASSIC)])
    with pytest.raises(age.ArmorError):
        age.decrypt(b"garbage\n" + sealed, [CLASSIC])
    with pytest.raises(age.HeaderError):
        age.decrypt(enarmor(b"garbage"), [CLASSIC])


class Unavailable(Identity):
    """An identity that cannot be used here."""

    kind = "x25519"
    text = None

    def unwrap(self, _stanzas: object) -> bytes | None:
        raise age.PassphraseNeededError("no passphrase")


def test_an_identity_that_cannot_be_used_does_not_stop_the_others() -> None:
    sealed = age.encrypt(b"text", [recipient(CLASSIC)])
    assert age.decrypt(sealed, [Unavailable(), CLASSIC]) == b"text"


def test_an_identity_that_cannot_be_used_is_named_where_no_other_helps() -> None:
    sealed = age.encrypt(b"text", [recipient(CLASSIC)])
    with pytest.raises(age.PassphraseNeededError):
        age.decrypt(sealed, [Unavailable(), HYBRID])


def test_recipients_are_equal_by_their_text() -> None:
    again = age.parse_recipient(str(recipient(CLASSIC)))
    assert again == recipient(CLASSIC)
    assert again != recipient(HYBRID)
    assert again != str(again)
    assert len({again, recipient(CLASSIC), recipient(HYBRID)}) == 2


def test_recipients_say_whether_they_are_post_quantum() -> None:
    assert recipient(HYBRID).post_quantum
    assert not recipient(CLASSIC).post_quantum


@given(plaintext=st.binary(max_size=50))
def test_no_two_files_are_alike(plaintext: bytes) -> None:
    files = {age.encrypt(plaintext, [recipient(CLASSIC)]) for _ in range(2)}
    assert len(files) == 2
