"""Wrap and unwrap the file key as most kinds of recipients do: ChaCha20-Poly1305 under a single-use
key."""

from __future__ import annotations

from .errors import HeaderError

FILE_KEY_SIZE = 16
WRAPPED_SIZE = FILE_KEY_SIZE + 16
# A constant is safe here: each wrapping key is derived from fresh randomness and used once.
_NONCE = bytes(12)


def seal_file_key(wrapping_key: bytes, file_key: bytes) -> bytes:
    """Return *file_key* encrypted under *wrapping_key* (32 bytes)."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(wrapping_key).encrypt(_NONCE, file_key, None)


def check_wrapped_size(body: bytes) -> None:
    """Raise HeaderError unless *body* is as long as a wrapped file key.

    Call this before decrypting.  An attacker can construct a longer text that decrypts under many keys
    at once, and use it to search for the right key (a partitioning oracle).
    """
    if len(body) != WRAPPED_SIZE:
        raise HeaderError("the body of a stanza has the wrong length")


def open_file_key(wrapping_key: bytes, body: bytes) -> bytes | None:
    """Return the file key in *body*, or None if *wrapping_key* does not decrypt it.

    Raises HeaderError if *body* has the wrong length.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    check_wrapped_size(body)
    try:
        return ChaCha20Poly1305(wrapping_key).decrypt(_NONCE, body, None)
    except InvalidTag:
        return None
