"""mlkem768x25519: age's post-quantum key pairs, ML-KEM-768 and X25519 together.

https://c2sp.org/age, "The mlkem768x25519 recipient type": HPKE (RFC 9180, base mode) with the KEM
MLKEM768-X25519 ("X-Wing"), HKDF-SHA256 and ChaCha20-Poly1305.  An identity is a seed of 32 bytes.
"""

from __future__ import annotations

from functools import cache, cached_property
from os import urandom

from sealedfiles.light_typing import TYPE_CHECKING

from . import bech32, x25519
from .errors import HeaderError, KeyTextError, RecipientError
from .filekey import check_wrapped_size
from .keys import Identity, Recipient
from .mlkem import mlkem_required
from .stanza import Stanza, decode_argument, encode_base64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, Suite

RECIPIENT_HRP = "age1pq"
IDENTITY_HRP = "AGE-SECRET-KEY-PQ-"
_STANZA_TYPE = "mlkem768x25519"
_INFO = b"age-encryption.org/mlkem768x25519"
_SEED_SIZE = 32
_MLKEM_SEED_SIZE = 64
_MLKEM_PUBLIC_SIZE = 1184
_MLKEM_CIPHERTEXT_SIZE = 1088
_PUBLIC_SIZE = _MLKEM_PUBLIC_SIZE + x25519.KEY_SIZE
_ENC_SIZE = _MLKEM_CIPHERTEXT_SIZE + x25519.KEY_SIZE


@cache
def _suite() -> Suite:
    with mlkem_required():
        from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

        return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class HybridRecipient(Recipient):
    """``age1pq1…``"""

    kind = "mlkem768x25519"
    stanza_type = _STANZA_TYPE
    post_quantum = True

    def __init__(self, public: bytes) -> None:
        if len(public) != _PUBLIC_SIZE:
            raise KeyTextError(f"the key has {len(public)} bytes instead of {_PUBLIC_SIZE}")
        self._public = public

    @classmethod
    def parse(cls, text: str) -> HybridRecipient:
        """Return the recipient with this text.  Raises KeyTextError."""
        hrp, public = bech32.decode(text)
        if hrp != RECIPIENT_HRP:
            raise KeyTextError("this is not a post-quantum age recipient")
        return cls(public)

    @cached_property
    def _text(self) -> str:
        return bech32.encode(RECIPIENT_HRP, self._public)

    def __str__(self) -> str:
        return self._text

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        try:
            sealed = self._encrypt(file_key)
        except ValueError:
            raise RecipientError(f"{self} is not a usable key") from None
        argument = encode_base64(sealed[:_ENC_SIZE]).decode()
        return [Stanza(_STANZA_TYPE, (argument,), sealed[_ENC_SIZE:])]

    def _encrypt(self, file_key: bytes) -> bytes:
        with mlkem_required():
            from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
            from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

            public = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self._public[:_MLKEM_PUBLIC_SIZE]),
                X25519PublicKey.from_public_bytes(self._public[_MLKEM_PUBLIC_SIZE:]),
            )
            return _suite().encrypt(file_key, public, _INFO)


class HybridIdentity(Identity):
    """``AGE-SECRET-KEY-PQ-1…``"""

    kind = HybridRecipient.kind

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED_SIZE:
            raise KeyTextError(f"the key has {len(seed)} bytes instead of {_SEED_SIZE}")
        self._seed = seed

    @classmethod
    def generate(cls) -> HybridIdentity:
        """Return a new identity."""
        return cls(urandom(_SEED_SIZE))

    @classmethod
    def parse(cls, text: str) -> HybridIdentity:
        """Return the identity with this text.  Raises KeyTextError."""
        hrp, seed = bech32.decode(text)
        if hrp != IDENTITY_HRP:
            raise KeyTextError("this is not a post-quantum age identity")
        return cls(seed)

    @cached_property
    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        from hashlib import shake_256

        expanded = shake_256(self._seed).digest(_MLKEM_SEED_SIZE + x25519.KEY_SIZE)
        with mlkem_required():
            from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

            return (
                MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_SIZE]),
                X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_SIZE:]),
            )

    @cached_property
    def _private(self) -> MLKEM768X25519PrivateKey:
        with mlkem_required():
            from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

            return MLKEM768X25519PrivateKey(*self._parts)

    @cached_property
    def recipient(self) -> HybridRecipient:
        """See Identity.  Raises UnsupportedKeyError."""
        return HybridRecipient(
            b"".join(part.public_key().public_bytes_raw() for part in self._parts)
        )

    @property
    def text(self) -> str:
        """See Identity."""
        return bech32.encode(IDENTITY_HRP, self._seed)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity."""
        for stanza in stanzas:
            if stanza.type == _STANZA_TYPE:
                file_key = self._unwrap(stanza)
                if file_key is not None:
                    return file_key
        return None

    def _unwrap(self, stanza: Stanza) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        if len(stanza.args) != 1:
            raise HeaderError(f"an {_STANZA_TYPE} stanza has the wrong number of arguments")
        enc = decode_argument(stanza.args[0], _ENC_SIZE, "encapsulated key")
        check_wrapped_size(stanza.body)
        try:
            return _suite().decrypt(enc + stanza.body, self._private, _INFO)
        except InvalidTag:
            # A share of low order raises this too, which is an error and not another reader's key.
            share = enc[_MLKEM_CIPHERTEXT_SIZE:]
            if x25519.exchange(self._parts[1], share) is None:
                raise HeaderError(f"an {_STANZA_TYPE} stanza has a share of low order") from None
            return None
