from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from age.programs import ssh_keygen
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.keys.identity.text import repair

from .kit import ALICE, BOB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AGE_KEYS = f"# created: 2026-01-01\n# public key: {ALICE.recipient}\n{ALICE.text}\n{BOB.text}\n"

DAMAGE: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "literal line ends": lambda text: text.replace("\n", "\\n"),
    "literal line ends of Windows": lambda text: text.replace("\n", "\\r\\n"),
    "literal line ends, and one real": lambda text: text.strip().replace("\n", "\\n") + "\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no last line end": lambda text: text.rstrip("\n"),
    "spaces for line ends": lambda text: text.replace("\n", " "),
    "no last line end, spaces for the others": lambda text: text.strip().replace("\n", " "),
    "indented": lambda text: "".join(f"    {line}\n" for line in text.split("\n")),
    "quotes around it": lambda text: f'"{text}"',
    "a byte order mark": lambda text: "\ufeff" + text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 with spaces for line ends": lambda text: (
        base64.encodebytes(text.encode()).decode().replace("\n", " ")
    ),
    "base64 of CRLF": lambda text: base64.b64encode(text.replace("\n", "\r\n").encode()).decode(),
}

every_damage = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


@every_damage
def test_age_keys(damage: Callable[[str], str]) -> None:
    found = age.parse_identities(repair(damage(AGE_KEYS).encode()))
    assert [one.text for one in found] == [ALICE.text, BOB.text]


def rsa_key(form: PrivateFormat, passphrase: bytes | None = None) -> str:
    key = rsa.generate_private_key(65537, 2048)
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, protection).decode()


RSA = {
    "PKCS1": rsa_key(PrivateFormat.TraditionalOpenSSL),
    "PKCS8": rsa_key(PrivateFormat.PKCS8),
}


@pytest.mark.many_variants
@every_damage
@pytest.mark.parametrize("pem", RSA.values(), ids=RSA)
def test_rsa_keys_in_pem(damage: Callable[[str], str], pem: str) -> None:
    (found,) = age.parse_identities(repair(damage(pem).encode()))
    (expected,) = age.parse_identities(pem)
    assert found.recipient == expected.recipient is not None


@every_damage
def test_a_key_of_openssh(damage: Callable[[str], str], tmp_path: Path) -> None:
    private, public = ssh_keygen(tmp_path, "-t", "ed25519")
    (found,) = age.parse_identities(repair(damage(private).encode()))
    assert found.recipient == age.parse_recipient(public)
    assert found.recipient
    sealed = age.encrypt(b"plain", [found.recipient])
    assert age.decrypt(sealed, [found]) == b"plain"


@pytest.mark.many_variants
@every_damage
def test_a_protected_key_with_header_fields(damage: Callable[[str], str]) -> None:
    pem = rsa_key(PrivateFormat.TraditionalOpenSSL, b"secret")
    assert "DEK-Info: " in pem
    (plain,) = age.parse_identities(pem, lambda: "secret")
    (found,) = age.parse_identities(repair(damage(pem).encode()), lambda: "secret")
    for one in (plain, found):
        assert one.unwrap([age.Stanza("ssh-rsa", ("AAAAAA",), bytes(256))]) is None
    assert found.recipient == plain.recipient is not None


@every_damage
def test_keys_under_a_passphrase(damage: Callable[[str], str]) -> None:
    recipient = age.ScryptRecipient("secret", work_factor=2)
    armored = age.encrypt(AGE_KEYS.encode(), [recipient]).decode()
    found = age.parse_identities(repair(damage(armored).encode()), lambda: "secret")
    assert [one.text for one in found] == [ALICE.text, BOB.text]


def test_keys_under_a_passphrase_in_binary() -> None:
    recipient = age.ScryptRecipient("secret", work_factor=2)
    binary = age.encrypt(AGE_KEYS.encode(), [recipient], armor=False)
    assert repair(binary) == binary
    assert repair(base64.b64encode(binary)) == binary


def test_base64_of_anything_else_is_left_as_it_is() -> None:
    text = base64.b64encode(b"no key, only text that somebody encoded")
    assert repair(text) == text


def test_several_keys_in_one_line_of_several() -> None:
    text = f"# mine\n{ALICE.text} {BOB.text}\n"
    assert len(age.parse_identities(repair(text.encode()))) == 2


@pytest.mark.parametrize("text", [f"# {ALICE.text}\n# {BOB.text}\n", "# C:\\new\n# key: none\n"])
def test_what_is_commented_out_stays_so(text: str) -> None:
    with pytest.raises(age.KeyTextError, match="there is no private key in the file"):
        age.parse_identities(repair(text.encode()))


def test_a_backslash_in_a_comment_is_none() -> None:
    text = f"# from C:\\new\\keys\n{ALICE.text}\n"
    (found,) = age.parse_identities(repair(text.encode()))
    assert found.text == ALICE.text


@given(st.binary() | st.text().map(str.encode))
def test_text_without_a_key_is_unchanged(data: bytes) -> None:
    with pytest.raises(age.AgeError):
        age.parse_identities(repair(data))
