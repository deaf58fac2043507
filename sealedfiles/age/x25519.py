"""age's own key pairs: X25519 (https://c2sp.org/age, "The X25519 recipient type"), and the base of all."""

from __future__ import annotations

from abc import abstractmethod
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
    from typing import ClassVar

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from typing_extensions import Self

_LABEL = b"age-encryption.org/v1/X25519"
KEY_SIZE = 32
"""Of every private key, in bytes; also of the public key and the share of X25519."""


def _decode(text: str, hrp: str, expected: str) -> bytes:
    found, data = bech32.decode(text)
    if found != hrp:
        raise KeyTextError(f"this is not {expected}")
    return data


def _sized(key: bytes, size: int) -> bytes:
    if len(key) != size:
        raise KeyTextError(f"the key has {len(key)} bytes instead of {size}")
    return key


class NativeRecipient(Recipient):
    """A public key, as text in Bech32."""

    hrp: ClassVar[str]
    name: ClassVar[str]
    key_size: ClassVar[int] = KEY_SIZE

    def __init__(self, public: bytes) -> None:
        self._public = _sized(public, self.key_size)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the recipient with this text.  Raises KeyTextError."""
        return cls(_decode(text, cls.hrp, f"{cls.name} recipient"))

    @cached_property
    def _text(self) -> str:
        return bech32.encode(self.hrp, self._public)

    def __str__(self) -> str:
        return self._text


class NativeIdentity(Identity):
    """A private key, as text in Bech32."""

    hrp: ClassVar[str]
    name: ClassVar[str]
    stanza_type: ClassVar[str]

    def __init__(self, secret: bytes) -> None:
        self._secret = _sized(secret, KEY_SIZE)

    @classmethod
    def generate(cls) -> Self:
        """Return a new identity."""
        return cls(urandom(KEY_SIZE))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the identity with this text.  Raises KeyTextError."""
        return cls(_decode(text, cls.hrp, f"{cls.name} identity"))

    @property
    def text(self) -> str:
        """See Identity."""
        return bech32.encode(self.hrp, self._secret)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity."""
        for stanza in stanzas:
            if stanza.type == self.stanza_type:
                if len(stanza.args) != 1:
                    raise HeaderError(f"an {stanza.type} stanza has the wrong number of arguments")
                file_key = self._open(stanza)
                if file_key is not None:
                    return file_key
        return None

    @abstractmethod
    def _open(self, stanza: Stanza) -> bytes | None:
        """Return the file key in *stanza*, which has one argument, or None if it is for another key."""


def exchange(private: X25519PrivateKey, public: bytes, stanza_type: str) -> bytes:
    """Return the shared secret (32 bytes).

    Raises HeaderError if *public* is a point of low order, which gives the same secret for every private key.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise HeaderError(f"an {stanza_type} stanza has a share of low order") from None


def exchange_with_new(public: bytes, recipient: Recipient) -> tuple[bytes, bytes]:
    """Return the public part of a new private key, and its shared secret with *public*.

    Raises RecipientError if *public*, the key of *recipient*, is a point of low order.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    ephemeral = X25519PrivateKey.generate()
    try:
        secret = exchange(ephemeral, public, recipient.stanza_type)
    except HeaderError:
        raise RecipientError(f"{recipient} is not a usable key") from None
    return ephemeral.public_key().public_bytes_raw(), secret


class X25519Recipient(NativeRecipient):
    """``age1…``"""

    kind = "x25519"
    stanza_type = "X25519"
    hrp = "age"
    name = "an age"

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        share, secret = exchange_with_new(self._public, self)
        key = hkdf_sha256(secret, share + self._public, _LABEL)
        argument = encode_base64(share).decode()
        return [Stanza(self.stanza_type, (argument,), seal_file_key(key, file_key))]


class X25519Identity(NativeIdentity):
    """``AGE-SECRET-KEY-1…``"""

    kind = X25519Recipient.kind
    stanza_type = X25519Recipient.stanza_type
    hrp = "AGE-SECRET-KEY-"
    name = X25519Recipient.name

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

    def _open(self, stanza: Stanza) -> bytes | None:
        share = decode_argument(stanza.args[0], KEY_SIZE, "share")
        secret = exchange(self._private, share, stanza.type)
        return open_file_key(hkdf_sha256(secret, share + self._public, _LABEL), stanza.body)
