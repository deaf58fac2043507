"""Generate secret values.  All randomness is from ``secrets``, or from the library that makes key pairs."""

from __future__ import annotations

import secrets
import string
from base64 import b64encode
from uuid import UUID

from sealedfiles.errors import UsageError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.value_spec import ValueSpec, parse_spec

_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_")
"""The characters of passwords: none needs an escape in a URL, a shell or a file."""
_EXPONENT = 65537


class Generated(NamedTuple):
    """A new value.  ``repr`` contains a secret, so never use it in a message."""

    text: str
    public: str = ""
    """The public key of a private key, otherwise empty."""


def spec_given(text: str) -> ValueSpec:
    """Parse what a user gave for ``--generate``.  Raises UsageError."""
    try:
        return parse_spec(text)
    except ValueError as error:
        raise UsageError(f"--generate {error}") from None


def generate(spec: ValueSpec) -> Generated:
    """Return a new value.

    hex, base64: of as many random bytes as the size says, like ``openssl rand``; base64 with padding
    (RFC 4648, section 4).  password: letters, digits, ``-`` and ``_``, with at least one of each, and a
    letter first.  uuid: version 4 (RFC 9562).  rsa, ed25519: a private key as PEM (PKCS #8, RFC 5958) without
    a passphrase, and its public key (RFC 5280, SubjectPublicKeyInfo).  age: a post-quantum identity, and its
    recipient.  No text ends with a line break.
    """
    if spec.kind == "hex":
        return Generated(secrets.token_hex(spec.size))
    if spec.kind == "base64":
        return Generated(b64encode(secrets.token_bytes(spec.size)).decode("ascii"))
    if spec.kind == "password":
        return Generated(_password(spec.size))
    if spec.kind == "uuid":
        return Generated(str(UUID(bytes=secrets.token_bytes(16), version=4)))
    return _age_key() if spec.kind == "age" else _key_pair(spec)


def _password(length: int) -> str:
    """Return a password: every one that has all classes of characters is equally likely."""
    characters = "".join(_CLASSES)
    while True:
        text = "".join(secrets.choice(characters) for _ in range(length))
        if text[0].isalpha() and all(set(text) & set(one) for one in _CLASSES):
            return text


def _age_key() -> Generated:
    from sealedfiles import age

    identity = age.generate_identity()
    return Generated(identity.text or "", str(identity.recipient))


def _key_pair(spec: ValueSpec) -> Generated:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if spec.kind == "rsa":
        key = rsa.generate_private_key(_EXPONENT, spec.size)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    return Generated(private.decode("ascii").strip(), public.decode("ascii").strip())
