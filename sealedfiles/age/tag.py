"""p256tag and mlkem768p256tag: keys in hardware (https://c2sp.org/age, "The tag recipient types").

Only encryption is supported: their identities are plugins.  A tag in the stanza shows a plugin which
of its keys to use, so that it does not have to try each one.
"""

from __future__ import annotations

from abc import abstractmethod
from hashlib import sha256

from sealedfiles.light_typing import TYPE_CHECKING

from . import bech32
from .errors import KeyTextError, RecipientError
from .hkdf import expand_sha256, extract_sha256
from .keys import Recipient
from .mlkem import mlkem_required
from .stanza import Stanza, encode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

_COMPRESSED_SIZE, _UNCOMPRESSED_SIZE = 33, 65
_MLKEM_PUBLIC_SIZE, _MLKEM_CIPHERTEXT_SIZE = 1184, 1088


def _p256_key(point: bytes) -> EllipticCurvePublicKey:
    """Return the P-256 key with this encoded *point*.  Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


class _TagRecipient(Recipient):
    """The common base of the two kinds."""

    hrp: str
    key_size: int
    enc_size: int

    def __init__(self, text: str) -> None:
        hrp, self._public = bech32.decode(text)
        if hrp != self.hrp or len(self._public) != self.key_size:
            raise KeyTextError("this is not a recipient of a hardware key")
        self._text = text

    def __str__(self) -> str:
        return self._text

    @property
    def _info(self) -> bytes:
        return b"age-encryption.org/" + self.stanza_type.encode()

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        try:
            sealed = self._seal(file_key)
        except ValueError:
            raise RecipientError(f"{self} is not a usable key") from None
        enc, body = sealed[: self.enc_size], sealed[self.enc_size :]
        tag = extract_sha256(self._info, enc + sha256(self._tagged_key()).digest()[:4])[:4]
        args = tuple(encode_base64(argument).decode() for argument in (tag, enc))
        return [Stanza(self.stanza_type, args, body)]

    @abstractmethod
    def _seal(self, file_key: bytes) -> bytes:
        """Return the encapsulated key and the encrypted *file_key*.  Raises ValueError."""

    @abstractmethod
    def _tagged_key(self) -> bytes:
        """Return the part of the public key that the tag is computed from."""


class P256TagRecipient(_TagRecipient):
    """``age1tag1…``: HPKE (RFC 9180) with DHKEM(P-256, HKDF-SHA256)"""

    kind = stanza_type = "p256tag"
    hrp = "age1tag"
    key_size = _COMPRESSED_SIZE
    enc_size = _UNCOMPRESSED_SIZE

    def _seal(self, file_key: bytes) -> bytes:
        with mlkem_required():
            from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

            suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
        return suite.encrypt(file_key, _p256_key(self._public), self._info)

    def _tagged_key(self) -> bytes:
        return self._public


class MLKEM768P256TagRecipient(_TagRecipient):
    """``age1tagpq1…``: HPKE with the KEM MLKEM768-P256 (draft-ietf-hpke-pq), which ``cryptography``
    does not provide in one piece"""

    kind = stanza_type = "mlkem768p256tag"
    post_quantum = True
    hrp = "age1tagpq"
    key_size = _MLKEM_PUBLIC_SIZE + _UNCOMPRESSED_SIZE
    enc_size = _MLKEM_CIPHERTEXT_SIZE + _UNCOMPRESSED_SIZE

    def _seal(self, file_key: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        secret, enc = self._encapsulate()
        key, nonce = _hpke_key_schedule(secret, self._info)
        return enc + ChaCha20Poly1305(key).encrypt(nonce, file_key, b"")

    def _encapsulate(self) -> tuple[bytes, bytes]:
        """Return a fresh shared secret and its encapsulation."""
        from hashlib import sha3_256

        from cryptography.hazmat.primitives.asymmetric.ec import (
            ECDH,
            SECP256R1,
            generate_private_key,
        )
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        point = self._tagged_key()
        ephemeral = generate_private_key(SECP256R1())
        share = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        classic_secret = ephemeral.exchange(ECDH(), _p256_key(point))
        with mlkem_required():
            from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey

            key = MLKEM768PublicKey.from_public_bytes(self._public[:_MLKEM_PUBLIC_SIZE])
            pq_secret, ciphertext = key.encapsulate()
        parts = (pq_secret, classic_secret, share, point, b"MLKEM768-P256")
        return sha3_256(b"".join(parts)).digest(), ciphertext + share

    def _tagged_key(self) -> bytes:
        return self._public[_MLKEM_PUBLIC_SIZE:]


def _hpke_key_schedule(secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return key and first nonce for *secret*: RFC 9180, section 5.1, in base mode, with the KEM
    0x0050, HKDF-SHA256 and ChaCha20-Poly1305."""
    suite = b"HPKE" + b"\x00\x50" + b"\x00\x01" + b"\x00\x03"

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return extract_sha256(salt, b"HPKE-v1" + suite + label + ikm)

    def expand(prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return expand_sha256(prk, info, length)

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    prk = extract(secret, b"secret", b"")
    return expand(prk, b"key", context, 32), expand(prk, b"base_nonce", context, 12)
