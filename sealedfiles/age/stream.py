"""The payload of an age file, STREAM with chunks of 64 KiB (https://c2sp.org/age, "Payload").

Each chunk is encrypted with ChaCha20-Poly1305.  Its nonce is its number and a flag that only the last
chunk has, so reordered, dropped or added chunks are detected.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import urandom

from .errors import HeaderError, PayloadError
from .hkdf import hkdf_sha256

_CHUNK_SIZE = 64 << 10
_SEALED_CHUNK_SIZE = _CHUNK_SIZE + 16
_NONCE_SIZE = 16
_NOT_LAST, _LAST = b"\x00", b"\x01"


def _payload_key(file_key: bytes, nonce: bytes) -> bytes:
    return hkdf_sha256(file_key, nonce, b"payload")


def _chunk_nonce(number: int, flag: bytes) -> bytes:
    return number.to_bytes(11, "big") + flag


def encrypt_payload(file_key: bytes, plaintext: bytes) -> bytes:
    """Return a fresh random nonce, and *plaintext* encrypted under *file_key*."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = urandom(_NONCE_SIZE)
    aead = ChaCha20Poly1305(_payload_key(file_key, nonce))
    sealed = [nonce]
    # Only an empty plaintext has an empty chunk, its only one.
    starts = range(0, len(plaintext) or 1, _CHUNK_SIZE)
    for number, start in enumerate(starts):
        flag = _LAST if start == starts[-1] else _NOT_LAST
        chunk = plaintext[start : start + _CHUNK_SIZE]
        sealed.append(aead.encrypt(_chunk_nonce(number, flag), chunk, None))
    return b"".join(sealed)


def decrypt_payload(file_key: bytes, payload: bytes) -> Iterator[bytes]:
    """Yield the plaintext of *payload* chunk by chunk.

    All yielded chunks are authentic and in order, but they may be only a part of the plaintext: callers
    must not use any of them before the end is reached.  Raises PayloadError, and HeaderError if the
    payload is too short to contain a nonce.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(payload) < _NONCE_SIZE:
        raise HeaderError("the file ends before its payload")
    aead = ChaCha20Poly1305(_payload_key(file_key, payload[:_NONCE_SIZE]))
    view = memoryview(payload)[_NONCE_SIZE:]

    def open_chunk(number: int, flag: bytes, chunk: memoryview) -> bytes | None:
        try:
            return aead.decrypt(_chunk_nonce(number, flag), chunk, None)
        except InvalidTag:
            return None

    for number, start in enumerate(range(0, len(view) + 1, _SEALED_CHUNK_SIZE)):
        chunk = view[start : start + _SEALED_CHUNK_SIZE]
        # A full chunk may or may not be the last one; a shorter one is.
        plain = open_chunk(number, _NOT_LAST, chunk) if len(chunk) == _SEALED_CHUNK_SIZE else None
        last = plain is None
        if last:
            plain = open_chunk(number, _LAST, chunk)
        if plain is None or (number and not plain):
            raise PayloadError("the payload was modified or truncated")
        yield plain
        if last:
            if start + len(chunk) != len(view):
                raise PayloadError("the payload has data after its last chunk")
            return
