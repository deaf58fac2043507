from __future__ import annotations

import pytest

from sealedfiles import age
from sealedfiles.age.scrypt import ScryptIdentity, ScryptRecipient
from sealedfiles.age.stanza import Stanza

from .kit import FILE_KEY

RECIPIENT = ScryptRecipient("correct horse", work_factor=5)
IDENTITY = ScryptIdentity("correct horse")
(WRAPPED,) = RECIPIENT.wrap(FILE_KEY)
SALT = WRAPPED.args[0]


def test_a_stanza_has_salt_and_work_factor_and_32_bytes() -> None:
    assert (WRAPPED.type, WRAPPED.args[1], len(WRAPPED.body)) == ("scrypt", "5", 32)
    assert IDENTITY.unwrap([WRAPPED]) == FILE_KEY


@pytest.mark.slow
def test_the_default_work_factor_is_that_of_age() -> None:
    sealed = age.encrypt(b"text", [age.ScryptRecipient("correct horse")])
    assert age.read_header(sealed)[0].args[1] == "18"
    assert age.decrypt(sealed, [age.ScryptIdentity("correct horse")]) == b"text"


def test_passphrases_are_tried_in_turn() -> None:
    sealed = age.encrypt(b"text", [RECIPIENT])
    wrong = ScryptIdentity("wrong")
    assert age.decrypt(sealed, [wrong, age.generate_identity(), IDENTITY]) == b"text"
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(sealed, [wrong, age.generate_identity()])


@pytest.mark.parametrize("passphrase", [" ", "日本語", "a" * 10_000, "\0", "e\u0301"])
def test_any_text_is_a_passphrase_and_no_other_is_the_same(passphrase: str) -> None:
    sealed = age.encrypt(b"text", [ScryptRecipient(passphrase, work_factor=2)])
    assert age.decrypt(sealed, [ScryptIdentity(passphrase)]) == b"text"
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(sealed, [ScryptIdentity(passphrase + " ")])


@pytest.mark.parametrize("passphrase", ["", "\ud800"])
def test_no_text_is_no_passphrase(passphrase: str) -> None:
    with pytest.raises(age.KeyTextError):
        ScryptRecipient(passphrase)
    with pytest.raises(age.KeyTextError):
        ScryptIdentity(passphrase)


MALFORMED = ["", "0", "00", "05", "-5", "+5", " 5", "5 ", "5x", "x5", "0x5", "5.0", "1e1", "٥"]
HIGH = ["21", "23", "64", "100", "18446744073709551616", "9" * 5000]


@pytest.mark.parametrize("work_factor", [*MALFORMED, *HIGH])
def test_a_malformed_or_high_work_factor_is_a_bad_header(work_factor: str) -> None:
    with pytest.raises(age.HeaderError, match="work factor"):
        IDENTITY.unwrap([WRAPPED._replace(args=(SALT, work_factor))])


def test_another_work_factor_is_another_key() -> None:
    assert IDENTITY.unwrap([WRAPPED._replace(args=(SALT, "6"))]) is None


def test_the_limit_of_the_work_factor_can_be_set() -> None:
    strict = ScryptIdentity("correct horse", max_work_factor=4)
    with pytest.raises(age.HeaderError, match="higher than 4"):
        strict.unwrap([WRAPPED])


@pytest.mark.parametrize("work_factor", [-1, 0, 31])
def test_nothing_is_written_with_an_absurd_work_factor(work_factor: int) -> None:
    with pytest.raises(age.RecipientError):
        ScryptRecipient("correct horse", work_factor)


def test_too_little_memory_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.kdf import scrypt

    def derive(*_args: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(
        scrypt, "Scrypt", lambda **_: type("Scrypt", (), {"derive": staticmethod(derive)})
    )
    with pytest.raises(age.KeyUnavailableError, match="memory"):
        IDENTITY.unwrap([WRAPPED])


@pytest.mark.parametrize(
    "stanza",
    [
        pytest.param(WRAPPED._replace(args=()), id="no arguments"),
        pytest.param(WRAPPED._replace(args=(SALT,)), id="no work factor"),
        pytest.param(WRAPPED._replace(args=("5",)), id="no salt"),
        pytest.param(WRAPPED._replace(args=(SALT, "5", "x")), id="an extra argument"),
        pytest.param(WRAPPED._replace(args=(SALT[:-2], "5")), id="salt too short"),
        pytest.param(WRAPPED._replace(args=(SALT + "AA", "5")), id="salt too long"),
        pytest.param(WRAPPED._replace(args=(SALT + "==", "5")), id="salt with padding"),
        pytest.param(WRAPPED._replace(body=bytes(31)), id="body too short"),
        pytest.param(WRAPPED._replace(body=bytes(33)), id="body too long"),
    ],
)
def test_a_malformed_stanza_is_a_bad_header(stanza: Stanza) -> None:
    with pytest.raises(age.HeaderError):
        IDENTITY.unwrap([stanza])


@pytest.mark.parametrize("other", [WRAPPED, Stanza("X25519-grease", (), b"")])
def test_a_passphrase_beside_anything_else_is_a_bad_header(other: Stanza) -> None:
    with pytest.raises(age.HeaderError, match="mixed"):
        IDENTITY.unwrap([WRAPPED, other])


def test_the_passphrase_shows_nowhere_by_itself() -> None:
    shown = f"{IDENTITY!r} {IDENTITY} {IDENTITY.text} {RECIPIENT!r} {RECIPIENT}"
    assert "horse" not in shown
    assert IDENTITY.recipient is None


def test_a_passphrase_equals_only_itself() -> None:
    again = ScryptRecipient("correct horse", work_factor=5)
    assert again != RECIPIENT
    assert len({RECIPIENT, again, RECIPIENT}) == 2
