"""X25519, age's classic key pairs (https://c2sp.org/age, "The X25519 recipient type")."""

from __future__ import annotations

from functools import cached_property
from os import urandom

from sealedfiles.light_typing import TYPE_CHECKING

from . import bech32
from .errors import HeaderError, KeyTextError, RecipientError
from .filekey import open_file_key, seal_file_key
from .hkdf import hkdf_sha256
from .keys import Identity, Recipient
from .stanza import Stanza, decode_argument, encode_base64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

RECIPIENT_HRP = "age"
IDENTITY_HRP = "AGE-SECRET-KEY-"
_STANZA_TYPE = "X25519"
_LABEL = b"age-encryption.org/v1/X25519"
KEY_SIZE = 32


def exchange(private: X25519PrivateKey, public: bytes) -> bytes | None:
    """Return the shared secret (32 bytes), or None if *public* is a point of low order, which gives
    the same secret for every private key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return None


class X25519Recipient(Recipient):
    """``age1…``"""

    kind = "x25519"
    stanza_type = _STANZA_TYPE

    def __init__(self, public: bytes) -> None:
        if len(public) != KEY_SIZE:
            raise KeyTextError(f"the key has {len(public)} bytes instead of {KEY_SIZE}")
        self._public = public

    @classmethod
    def parse(cls, text: str) -> X25519Recipient:
        """Return the recipient with this text.  Raises KeyTextError."""
        hrp, public = bech32.decode(text)
        if hrp != RECIPIENT_HRP:
            raise KeyTextError("this is not an age recipient")
        return cls(public)

    @cached_property
    def _text(self) -> str:
        return bech32.encode(RECIPIENT_HRP, self._public)

    def __str__(self) -> str:
        return self._text

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        secret = exchange(ephemeral, self._public)
        if secret is None:
            raise RecipientError(f"{self} is not a usable key")
        key = hkdf_sha256(secret, share + self._public, _LABEL)
        argument = encode_base64(share).decode()
        return [Stanza(_STANZA_TYPE, (argument,), seal_file_key(key, file_key))]


class X25519Identity(Identity):
    """``AGE-SECRET-KEY-1…``"""

    kind = X25519Recipient.kind

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise KeyTextError(f"the key has {len(secret)} bytes instead of {KEY_SIZE}")
        self._secret = secret

    @classmethod
    def generate(cls) -> X25519Identity:
        """Return a new identity."""
        return cls(urandom(KEY_SIZE))

    @classmethod
    def parse(cls, text: str) -> X25519Identity:
        """Return the identity with this text.  Raises KeyTextError."""
        hrp, secret = bech32.decode(text)
        if hrp != IDENTITY_HRP:
            raise KeyTextError("this is not an age identity")
        return cls(secret)

    @cached_property
    def _private(self) -> X25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return X25519PrivateKey.from_private_bytes(self._secret)

    @cached_property
    def _public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def recipient(self) -> X25519Recipient:
        """See Identity."""
        return X25519Recipient(self._public)

    @property
    def text(self) -> str:
        """See Identity."""
        return bech32.encode(IDENTITY_HRP, self._secret)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity."""
        for stanza in stanzas:
            if stanza.type == _STANZA_TYPE:
                file_key = self._unwrap(stanza)
                if file_key is not None:
                    return file_key
        return None

    def _unwrap(self, stanza: Stanza) -> bytes | None:
        if len(stanza.args) != 1:
            raise HeaderError("an X25519 stanza has the wrong number of arguments")
        share = decode_argument(stanza.args[0], KEY_SIZE, "share")
        secret = exchange(self._private, share)
        if secret is None:
            raise HeaderError("an X25519 stanza has a share of low order")
        return open_file_key(hkdf_sha256(secret, share + self._public, _LABEL), stanza.body)
