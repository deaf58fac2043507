"""Unauthenticated tokens and public keys of groups, written from docs/format.md alone (see reference.py).

HPKE (RFC 9180) and its KEM, MLKEM768-X25519, are composed here of ML-KEM, X25519, SHA-3, HMAC and
ChaCha20-Poly1305.
"""

from __future__ import annotations

from hashlib import sha3_256, shake_256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from vectors import reference
from vectors.reference import RefusedError
from vectors.reference_mlkem import encapsulated

KEM_ID, KDF_ID, AEAD_ID = 0x647A, 0x0001, 0x0003
SUITE = b"HPKE" + b"".join(one.to_bytes(2, "big") for one in (KEM_ID, KDF_ID, AEAD_ID))
MLKEM_KEY, MLKEM_CIPHERTEXT = 1184, 1088


def private_keys(secret: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    seed = shake_256(reference.hkdf(secret, "sealedfiles/v2/group-key")).digest(96)
    return (
        MLKEM768PrivateKey.from_seed_bytes(seed[:64]),
        X25519PrivateKey.from_private_bytes(seed[64:]),
    )


def public_key(secret: bytes) -> str:
    parts = (key.public_key().public_bytes_raw() for key in private_keys(secret))
    return reference.base64url(b"".join(parts))


def combined(ss_mlkem: bytes, ss_x25519: bytes, share: bytes, public: bytes) -> bytes:
    return sha3_256(ss_mlkem + ss_x25519 + share + public + b"\\.//^\\").digest()


def labeled_extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return reference.hmac(salt, b"HPKE-v1" + SUITE + label + ikm)


def labeled_expand(prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    full = length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info
    assert length <= 32
    return reference.hmac(prk, full + b"\x01")[:length]


def key_and_nonce(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """The key schedule of base mode."""
    context = b"\x00" + labeled_extract(b"", b"psk_id_hash", b"")
    context += labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    return (
        labeled_expand(secret, b"key", context, 32),
        labeled_expand(secret, b"base_nonce", context, 12),
    )


def info_of(prefix: str, steps: list[str | None]) -> bytes:
    return b"sealedfiles/v2/value\0" + prefix.encode() + b"\0" + reference.encode_path(steps)


def write_raw(
    public: str, prefix: str, steps: list[str | None], plain: bytes, randomness: bytes, own: bytes
) -> str:
    """A token for a plaintext with its padding; *own* is the X25519 private key that is used once."""
    key = reference.base64url_decode(public)
    ss_mlkem, ciphertext = encapsulated(key[:MLKEM_KEY], randomness)
    ephemeral = X25519PrivateKey.from_private_bytes(own)
    share = ephemeral.public_key().public_bytes_raw()
    ss_x25519 = ephemeral.exchange(X25519PublicKey.from_public_bytes(key[MLKEM_KEY:]))
    shared = combined(ss_mlkem, ss_x25519, share, key[MLKEM_KEY:])
    aead_key, nonce = key_and_nonce(shared, info_of(prefix, steps))
    sealed = ChaCha20Poly1305(aead_key).encrypt(nonce, plain, b"")
    return prefix + reference.base64url(ciphertext + share + sealed)


def open_token(secret: bytes, token: str, steps: list[str | None]) -> bytes:
    """The literal."""
    if not reference.TOKEN.fullmatch(token.replace("sealed:v2:", "sealed:v1:", 1)):
        raise RefusedError("no token")
    prefix, _, body = token.rpartition(":")
    if prefix.split(":")[3] != reference.key_id(secret):
        raise RefusedError("made with another key")
    data = reference.base64url_decode(body)
    ciphertext, share = data[:MLKEM_CIPHERTEXT], data[MLKEM_CIPHERTEXT:][:32]
    sealed = data[MLKEM_CIPHERTEXT + 32 :]
    mlkem, x25519 = private_keys(secret)
    try:
        ss_x25519 = x25519.exchange(X25519PublicKey.from_public_bytes(share))
        ss_mlkem = mlkem.decapsulate(ciphertext)
        own = x25519.public_key().public_bytes_raw()
        aead_key, nonce = key_and_nonce(
            combined(ss_mlkem, ss_x25519, share, own), info_of(prefix + ":", steps)
        )
        plain = ChaCha20Poly1305(aead_key).decrypt(nonce, sealed, b"")
    except (InvalidTag, ValueError):
        raise RefusedError("damaged, or made for another place") from None
    return reference.unpad(plain)
