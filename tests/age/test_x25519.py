from __future__ import annotations

import pytest

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.x25519 import X25519Identity, X25519Recipient

from .kit import FILE_KEY, build

IDENTITY = X25519Identity(bytes(range(32)))
RECIPIENT = IDENTITY.recipient


def stanza(*args: str, body: str = "A" * 43) -> bytes:
    return build(" ".join(("-> X25519", *args)), body)


def share() -> str:
    return RECIPIENT.wrap(FILE_KEY)[0].args[0]


def test_the_texts_are_62_and_74_characters() -> None:
    assert str(RECIPIENT).startswith("age1")
    assert len(str(RECIPIENT)) == 62
    assert IDENTITY.text.startswith("AGE-SECRET-KEY-1")
    assert len(IDENTITY.text) == 74


def test_identity_and_recipient_come_back_from_their_texts() -> None:
    assert X25519Identity.parse(IDENTITY.text).recipient == RECIPIENT
    assert X25519Recipient.parse(str(RECIPIENT)) == RECIPIENT


def test_a_stanza_has_a_share_and_32_bytes() -> None:
    (wrapped,) = RECIPIENT.wrap(FILE_KEY)
    assert (wrapped.type, len(wrapped.args), len(wrapped.body)) == ("X25519", 1, 32)
    assert IDENTITY.unwrap([wrapped]) == FILE_KEY


def test_the_right_stanza_is_found_among_others() -> None:
    others = [X25519Identity.generate().recipient.wrap(FILE_KEY)[0] for _ in range(3)]
    assert IDENTITY.unwrap(others) is None
    assert IDENTITY.unwrap([*others, *RECIPIENT.wrap(FILE_KEY), *others]) == FILE_KEY


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(stanza(), id="no share"),
        pytest.param(stanza(share(), "x"), id="an extra argument"),
        pytest.param(stanza("A" * 43), id="share of low order: zero"),
        pytest.param(stanza("AQ" + "A" * 41), id="share of low order: one"),
        pytest.param(stanza(share() + "A"), id="share too long"),
        pytest.param(stanza(share()[:-1]), id="share too short"),
        pytest.param(stanza(share() + "="), id="share with padding"),
        pytest.param(stanza(share(), body=""), id="no body"),
        pytest.param(stanza(share(), body="A" * 42), id="body too short"),
        pytest.param(stanza(share(), body="A" * 44), id="body too long"),
    ],
)
def test_a_malformed_stanza_is_a_bad_header(data: bytes) -> None:
    with pytest.raises(age.HeaderError):
        age.decrypt(data, [IDENTITY])


@pytest.mark.parametrize("kind", ["x25519", "X25519-grease", "X25520"])
def test_stanzas_of_other_types_are_left_alone(kind: str) -> None:
    with pytest.raises(age.NoIdentityMatch) as failure:
        age.decrypt(build(f"-> {kind} nonsense", ""), [IDENTITY])
    assert failure.value.stanza_types == (kind,)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_recipient(bech32.encode("age", bytes(size)))
    with pytest.raises(age.KeyTextError):
        age.parse_identity(bech32.encode("AGE-SECRET-KEY-", bytes(size)))


def test_nothing_is_encrypted_to_a_key_of_low_order() -> None:
    with pytest.raises(age.RecipientError):
        age.encrypt(b"", [X25519Recipient(bytes(32))])


def test_the_private_key_shows_nowhere_by_itself() -> None:
    shown = f"{IDENTITY!r} {IDENTITY} {RECIPIENT!r}"
    assert IDENTITY.text not in shown
    assert str(RECIPIENT) in repr(IDENTITY)
