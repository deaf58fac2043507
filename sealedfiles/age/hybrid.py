"""mlkem768x25519: age's post-quantum key pairs, ML-KEM-768 and X25519 together.

https://c2sp.org/age, "The mlkem768x25519 recipient type": HPKE (RFC 9180, base mode) with the KEM
MLKEM768-X25519 ("X-Wing"), HKDF-SHA256 and ChaCha20-Poly1305.  An identity is a seed of 32 bytes.
"""

from __future__ import annotations

from functools import cache, cached_property

from sealedfiles.light_typing import TYPE_CHECKING

from .errors import RecipientError
from .filekey import check_wrapped_size
from .mlkem import mlkem_required
from .stanza import Stanza, decode_argument, encode_base64
from .x25519 import KEY_SIZE, NativeIdentity, NativeRecipient, exchange

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, Suite

_INFO = b"age-encryption.org/mlkem768x25519"
_MLKEM_SEED_SIZE = 64
_MLKEM_PUBLIC_SIZE = 1184
_MLKEM_CIPHERTEXT_SIZE = 1088
ENC_SIZE = _MLKEM_CIPHERTEXT_SIZE + KEY_SIZE
"""Of an encapsulated key, in bytes."""
PUBLIC_SIZE = _MLKEM_PUBLIC_SIZE + KEY_SIZE
"""Of a public key, in bytes."""


@cache
def _suite() -> Suite:
    with mlkem_required():
        from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

        return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class HybridRecipient(NativeRecipient):
    """``age1pq1…``"""

    kind = stanza_type = "mlkem768x25519"
    post_quantum = True
    hrp = "age1pq"
    name = "a post-quantum age"
    key_size = PUBLIC_SIZE

    @property
    def public_bytes(self) -> bytes:
        """The public key of ML-KEM, then that of X25519: ``PUBLIC_SIZE`` bytes."""
        return self._public

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        sealed = self.encrypt(file_key, _INFO)
        argument = encode_base64(sealed[:ENC_SIZE]).decode()
        return [Stanza(self.stanza_type, (argument,), sealed[ENC_SIZE:])]

    def encrypt(self, plaintext: bytes, info: bytes) -> bytes:
        """Return *plaintext* encrypted to this key (HPKE): ``ENC_SIZE`` bytes and the ciphertext.

        Only ``decrypt`` with the same *info* decrypts it.  Raises RecipientError if this is not a usable key,
        and UnsupportedKeyError.
        """
        try:
            return self._encrypt(plaintext, info)
        except ValueError:
            raise RecipientError(f"{self} is not a usable key") from None

    def _encrypt(self, plaintext: bytes, info: bytes) -> bytes:
        with mlkem_required():
            from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
            from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

            public = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self._public[:_MLKEM_PUBLIC_SIZE]),
                X25519PublicKey.from_public_bytes(self._public[_MLKEM_PUBLIC_SIZE:]),
            )
            return _suite().encrypt(plaintext, public, info)


class HybridIdentity(NativeIdentity):
    """``AGE-SECRET-KEY-PQ-1…``"""

    kind = stanza_type = HybridRecipient.kind
    hrp = "AGE-SECRET-KEY-PQ-"
    name = HybridRecipient.name

    @cached_property
    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        from hashlib import shake_256

        expanded = shake_256(self._secret).digest(_MLKEM_SEED_SIZE + KEY_SIZE)
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

    def decrypt(self, sealed: bytes, info: bytes) -> bytes | None:
        """Return what ``HybridRecipient.encrypt`` encrypted to this key for the purpose *info*.

        None if it was encrypted to another key or for another purpose, is damaged, or has a share of low
        order.  Raises UnsupportedKeyError.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return _suite().decrypt(sealed, self._private, info)
        except (InvalidTag, ValueError):
            return None

    def _open(self, stanza: Stanza) -> bytes | None:
        enc = decode_argument(stanza.args[0], ENC_SIZE, "encapsulated key")
        check_wrapped_size(stanza.body)
        file_key = self.decrypt(enc + stanza.body, _INFO)
        if file_key is None:
            # A share of low order is an error, and not another reader's key.
            exchange(self._parts[1], enc[_MLKEM_CIPHERTEXT_SIZE:], stanza.type)
        return file_key
