"""HKDF with SHA-256 (RFC 5869) on the standard library, because importing the implementation of
``cryptography`` slows down startup."""

from __future__ import annotations

from hmac import digest

_HASH_LENGTH = 32


def extract_sha256(salt: bytes, ikm: bytes) -> bytes:
    """Return the pseudorandom key (32 bytes) of the input key material *ikm*."""
    return digest(salt, ikm, "sha256")


def expand_sha256(prk: bytes, info: bytes, length: int) -> bytes:
    """Return *length* bytes of key for the purpose *info*.  Raises ValueError if it is over 8160."""
    if length > 255 * _HASH_LENGTH:
        raise ValueError("HKDF outputs at most 8160 bytes")
    block = okm = digest(prk, info + b"\x01", "sha256")
    counter = 1
    while len(okm) < length:
        counter += 1
        block = digest(prk, b"%b%b%c" % (block, info, counter), "sha256")
        okm += block
    return okm[:length]


def hkdf_sha256(ikm: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """Return *length* bytes of key derived from *ikm*; an empty *salt* is the RFC's "no salt"."""
    return expand_sha256(extract_sha256(salt, ikm), info, length)
