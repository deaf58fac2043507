from __future__ import annotations

import pytest

from sealedfiles import age
from sealedfiles.age import bech32
from sealedfiles.age.scrypt import ScryptRecipient

from .kit import recipient_of, text_of

CLASSIC = age.generate_identity(post_quantum=False)
HYBRID = age.generate_identity()
TAG = "age1tag1qwe0kafsjrar4txm6heqnhpfuggzr0gvznz7fvygxrlq90u5mq2pysxtw6h"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (str(CLASSIC.recipient), "x25519"),
        (str(HYBRID.recipient), "mlkem768x25519"),
        (TAG, "p256tag"),
        (bech32.encode("age1tagpq", bytes(1249)), "mlkem768p256tag"),
        (bech32.encode("age1yubikey", bytes(33)), "plugin"),
        (bech32.encode("age1tagp", bytes(33)), "plugin"),
    ],
)
def test_the_kind_of_a_recipient_is_known_by_its_text(text: str, kind: str) -> None:
    assert age.parse_recipient(text).kind == kind
    assert str(age.parse_recipient(f" {text}\r\n")) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CLASSIC.text, "x25519"),
        (HYBRID.text, "mlkem768x25519"),
        (bech32.encode("AGE-PLUGIN-YUBIKEY-", bytes(20)), "plugin"),
    ],
)
def test_the_kind_of_an_identity_is_known_by_its_text(text: str, kind: str) -> None:
    assert age.parse_identity(text).kind == kind
    assert age.parse_identity(f" {text}\r\n").text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "github:alice",
        "age1",
        "AGE1",
        str(CLASSIC.recipient).upper(),
        str(CLASSIC.recipient)[:-1],
        str(CLASSIC.recipient) + " comment",
        str(HYBRID.recipient).upper(),
        bech32.encode("age1pq", bytes(1216)).replace("age1pq1", "age1"),
        bech32.encode("age2", bytes(32)),
        bech32.encode("age1/etc", bytes(32)),
        bech32.encode("age1na/me", bytes(32)),
        "ssh-ed25519",
        "ssh-rsa AAAA",
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_recipient(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "AGE-SECRET-KEY-1",
        "AGE-SECRET-KEY-PQ-1",
        "AGE-PLUGIN-1",
        text_of(CLASSIC).lower(),
        text_of(CLASSIC)[:-1],
        text_of(CLASSIC) * 2,
        text_of(HYBRID).replace("-PQ-", "-"),
        bech32.encode("AGE-PLUGIN-", b""),
        bech32.encode("AGE-PLUGIN--", b""),
        bech32.encode("AGE-PLUGIN-X", b""),
        bech32.encode("AGE-PLUGIN-../X-", b""),
        "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_identity(text)


@pytest.mark.parametrize("identity", [CLASSIC, HYBRID])
def test_a_private_key_in_place_of_a_public_one_is_named_and_not_repeated(
    identity: age.Identity,
) -> None:
    private = text_of(identity)
    for text in (private, private.lower()):
        with pytest.raises(age.KeyTextError, match="private key") as failure:
            age.parse_recipient(text)
        assert text[20:40] not in str(failure.value)


def test_a_public_key_in_place_of_a_private_one_is_named() -> None:
    for text in (str(CLASSIC.recipient), "ssh-ed25519 AAAA"):
        with pytest.raises(age.KeyTextError, match="public key"):
            age.parse_identity(text)


@pytest.mark.parametrize("post_quantum", [True, False])
def test_a_new_identity_is_another_each_time(post_quantum: bool) -> None:
    texts = {age.generate_identity(post_quantum).text for _ in range(3)}
    assert len(texts) == 3


FILE = f"""\
# created: 2026-11-24T00:00:00Z
# public key: {CLASSIC.recipient}
{CLASSIC.text}

  # another
{HYBRID.text}
"""


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        FILE.encode(),
        FILE.replace("\n", "\r\n"),
        "\ufeff" + FILE,
        FILE.rstrip("\n"),
        "\n\n" + FILE.replace("AGE-", "  AGE-"),
    ],
)
def test_an_identities_file_has_comments_blank_lines_and_keys(text: str | bytes) -> None:
    assert [one.text for one in age.parse_identities(text)] == [CLASSIC.text, HYBRID.text]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_an_identities_file_without_keys_is_refused(text: str) -> None:
    with pytest.raises(age.KeyTextError, match="no private key"):
        age.parse_identities(text)


def test_a_bad_line_is_named_by_number_and_not_repeated() -> None:
    with pytest.raises(age.KeyTextError, match="line 7") as failure:
        age.parse_identities(FILE + "hunter2\n")
    assert "hunter2" not in str(failure.value)
    assert "hunter2" not in failure.value.message


def test_only_lf_ends_a_line() -> None:
    with pytest.raises(age.KeyTextError):
        age.parse_identities(FILE.replace("\n", "\x85"))
    assert len(age.parse_identities(f"# \x0b\x0c\x85\u2028 {CLASSIC.text}\n{HYBRID.text}\n")) == 1


def test_a_file_in_utf_16_gets_a_hint() -> None:
    with pytest.raises(age.KeyTextError, match="UTF-8") as failure:
        age.parse_identities(FILE.encode("utf-16"))
    assert "PowerShell" in failure.value.hints[0]


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(age.KeyTextError, match="too large"):
        age.parse_identities("#" * (17 << 20))


@pytest.mark.parametrize("armor", [True, False])
def test_an_identities_file_may_be_protected_by_a_passphrase(armor: bool) -> None:
    sealed = age.encrypt(FILE.encode(), [ScryptRecipient("correct horse", 2)], armor)
    assert len(age.parse_identities(sealed, lambda: "correct horse")) == 2
    with pytest.raises(age.WrongPassphraseError):
        age.parse_identities(sealed, lambda: "wrong")
    for nobody in (None, lambda: None, lambda: ""):
        with pytest.raises(age.PassphraseNeededError):
            age.parse_identities(sealed, nobody)


def test_an_identities_file_that_is_encrypted_to_a_key_does_not_open() -> None:
    sealed = age.encrypt(FILE.encode(), [recipient_of(HYBRID)])
    with pytest.raises(age.NoIdentityMatch):
        age.parse_identities(sealed, lambda: "correct horse")
