"""Generated values: their form, and where the randomness comes from."""

from __future__ import annotations

import re
import secrets
import string
import subprocess
from base64 import b64decode
from collections import Counter
from typing import TYPE_CHECKING
from uuid import RFC_4122, UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.app.values.generate import generate, spec_given
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

FIXED = ["hex:16", "base64:32", "password:24", "uuid"]


def text(spec: str) -> str:
    generated = generate(spec_given(spec))
    assert generated.public == ""
    return generated.text


@given(st.integers(16, 1024))
def test_hex_is_of_that_many_bytes(size: int) -> None:
    assert re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text(f"hex:{size}"))


@given(st.integers(16, 1024))
def test_base64_is_of_that_many_bytes(size: int) -> None:
    assert len(b64decode(text(f"base64:{size}"), validate=True)) == size


@given(st.integers(12, 1024))
def test_a_password_has_that_many_characters_of_every_class(size: int) -> None:
    password = text(f"password:{size}")
    assert re.fullmatch(f"[A-Za-z][A-Za-z0-9_-]{{{size - 1}}}", password)
    for one in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_"):
        assert set(password) & set(one)


def test_the_characters_of_passwords_are_equally_likely() -> None:
    counts = Counter("".join(text("password:1024")[1:] for _ in range(40)))
    assert len(counts) == 64
    # 640 of each are expected, with a standard deviation of 25.
    assert 640 - 8 * 25 < min(counts.values()) <= max(counts.values()) < 640 + 8 * 25


def test_a_uuid_is_of_version_4() -> None:
    uuid = UUID(text("uuid"))
    assert (uuid.version, uuid.variant) == (4, RFC_4122)


@pytest.mark.parametrize("spec", FIXED)
def test_no_value_comes_twice(spec: str) -> None:
    assert len({text(spec) for _ in range(200)}) == 200


@pytest.mark.parametrize("spec", FIXED)
def test_the_randomness_is_that_of_secrets(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a known source, each value is a known one: nothing else is mixed in, and nothing is left out."""
    known = bytes(range(256)) * 8
    monkeypatch.setattr(secrets, "token_bytes", lambda size: known[:size])
    monkeypatch.setattr(secrets, "token_hex", lambda size: known[:size].hex())
    cycle = iter("aB3-" * 256)
    monkeypatch.setattr(secrets, "choice", lambda _characters: next(cycle))
    assert (
        text(spec)
        == {
            "hex:16": known[:16].hex(),
            "base64:32": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "password:24": "aB3-" * 6,
            "uuid": "00010203-0405-4607-8809-0a0b0c0d0e0f",
        }[spec]
    )


def test_an_rsa_key_has_the_size_and_the_usual_form(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    generated = generate(spec_given("rsa:2048"))
    key = load_pem_private_key(generated.text.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)
    assert generated.text.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert generated.text.endswith("\n-----END PRIVATE KEY-----")
    assert spki(key.public_key()) == spki(load_pem_public_key(generated.public.encode()))
    file = tmp_path_factory.mktemp("key") / "key.pem"
    file.write_text(generated.text)
    subprocess.run(["openssl", "pkey", "-in", file, "-check", "-noout"], check=True)


def test_an_ed25519_key_belongs_to_its_public_key() -> None:
    generated = generate(spec_given("ed25519"))
    key = load_pem_private_key(generated.text.encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert spki(key.public_key()) == spki(load_pem_public_key(generated.public.encode()))


def spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_an_age_key_decrypts_what_is_encrypted_to_its_recipient() -> None:
    generated = generate(spec_given("age"))
    assert generated.text.startswith("AGE-SECRET-KEY-PQ-1")
    data = age.encrypt(b"text", [age.parse_recipient(generated.public)])
    assert age.decrypt(data, [age.parse_identity(generated.text)]) == b"text"


def test_an_unknown_kind_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--generate must be hex:32"):
        spec_given("hex:4")
