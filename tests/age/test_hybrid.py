from __future__ import annotations

import base64

import pytest

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.hybrid import HybridIdentity, HybridRecipient
from sealedfiles.age.stanza import Stanza, encode_base64

from .kit import FILE_KEY

IDENTITY = HybridIdentity(bytes(range(32)))
RECIPIENT = IDENTITY.recipient
(WRAPPED,) = RECIPIENT.wrap(FILE_KEY)
ENC = base64.b64decode(WRAPPED.args[0] + "==")


def with_enc(enc: bytes) -> Stanza:
    return WRAPPED._replace(args=(encode_base64(enc).decode(),))


def test_the_texts_are_1959_and_77_characters() -> None:
    assert str(RECIPIENT).startswith("age1pq1")
    assert len(str(RECIPIENT)) == 1959
    assert IDENTITY.text.startswith("AGE-SECRET-KEY-PQ-1")
    assert len(IDENTITY.text) == 77


def test_identity_and_recipient_come_back_from_their_texts() -> None:
    assert HybridIdentity.parse(IDENTITY.text).recipient == RECIPIENT
    assert HybridRecipient.parse(str(RECIPIENT)) == RECIPIENT


def test_a_stanza_has_an_encapsulated_key_and_32_bytes() -> None:
    assert (WRAPPED.type, len(WRAPPED.args)) == ("mlkem768x25519", 1)
    assert (len(ENC), len(WRAPPED.body)) == (1120, 32)
    assert IDENTITY.unwrap([WRAPPED]) == FILE_KEY


def test_the_right_stanza_is_found_among_others() -> None:
    others = [HybridIdentity.generate().recipient.wrap(FILE_KEY)[0] for _ in range(2)]
    assert IDENTITY.unwrap(others) is None
    assert IDENTITY.unwrap([*others, WRAPPED, *others]) == FILE_KEY


@pytest.mark.parametrize("at", [0, 1087, 1088, 1100])
def test_a_changed_encapsulated_key_looks_like_somebody_elses(at: int) -> None:
    enc = bytearray(ENC)
    enc[at] ^= 1
    assert IDENTITY.unwrap([with_enc(bytes(enc))]) is None


@pytest.mark.parametrize(
    "stanza",
    [
        pytest.param(WRAPPED._replace(args=()), id="no argument"),
        pytest.param(WRAPPED._replace(args=(*WRAPPED.args, "x")), id="an extra argument"),
        pytest.param(with_enc(ENC[:-1]), id="encapsulated key too short"),
        pytest.param(with_enc(ENC + b"\0"), id="encapsulated key too long"),
        pytest.param(with_enc(ENC[:1088] + bytes(32)), id="share of low order"),
        pytest.param(WRAPPED._replace(args=(WRAPPED.args[0] + "=",)), id="padding"),
        pytest.param(WRAPPED._replace(body=b""), id="no body"),
        pytest.param(WRAPPED._replace(body=bytes(31)), id="body too short"),
        pytest.param(WRAPPED._replace(body=bytes(33)), id="body too long"),
    ],
)
def test_a_malformed_stanza_is_a_bad_header(stanza: Stanza) -> None:
    with pytest.raises(age.HeaderError):
        IDENTITY.unwrap([stanza])


@pytest.mark.parametrize("size", [0, 32, 1215, 1217])
def test_a_recipient_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_recipient(bech32.encode("age1pq", bytes(size)))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_an_identity_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_identity(bech32.encode("AGE-SECRET-KEY-PQ-", bytes(size)))


@pytest.mark.parametrize(
    "public",
    [
        pytest.param(b"\xff" * 1216, id="numbers out of range"),
        pytest.param(bytes(1216), id="X25519 key of low order"),
    ],
)
def test_nothing_is_encrypted_to_a_key_that_is_none(public: bytes) -> None:
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [HybridRecipient(public)])


def test_the_private_key_shows_nowhere_by_itself() -> None:
    assert IDENTITY.text not in f"{IDENTITY!r} {IDENTITY} {RECIPIENT!r}"
    assert str(RECIPIENT) in repr(IDENTITY)
