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
_ENC_SIZE = _MLKEM_CIPHERTEXT_SIZE + KEY_SIZE


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
    key_size = _MLKEM_PUBLIC_SIZE + KEY_SIZE

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        try:
            sealed = self._encrypt(file_key)
        except ValueError:
            raise RecipientError(f"{self} is not a usable key") from None
        argument = encode_base64(sealed[:_ENC_SIZE]).decode()
        return [Stanza(self.stanza_type, (argument,), sealed[_ENC_SIZE:])]

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

    def _open(self, stanza: Stanza) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        enc = decode_argument(stanza.args[0], _ENC_SIZE, "encapsulated key")
        check_wrapped_size(stanza.body)
        try:
            return _suite().decrypt(enc + stanza.body, self._private, _INFO)
        except InvalidTag:
            # A share of low order raises this too, which is an error and not another reader's key.
            exchange(self._parts[1], enc[_MLKEM_CIPHERTEXT_SIZE:], stanza.type)
            return None
