"""OpenPGP keys, also those on smart cards, by the program ``gpg``.

OpenPGP binds no context: whoever has the public key can encrypt.  So the caller must recognize what was
decrypted.
"""

from __future__ import annotations

from collections.abc import Mapping

from sealedfiles.errors import RemoteError
from sealedfiles.remote.kms.program import run

_LARGEST = 1 << 16
"""Bytes of the plaintext: a compressed message can be larger than memory."""


def encrypt(parts: dict[str, str], data: bytes, context: Mapping[str, str]) -> str:
    """See ``wrap.encrypt``; the text is an ASCII-armored message."""
    del context
    options = ("--batch", "--quiet", "--armor", "--trust-model", "always", "--no-auto-key-locate")
    arguments = (*options, "--encrypt", "--recipient", parts["key"])
    return run("gpg", arguments, data, RemoteError).decode("ascii")


def decrypt(parts: dict[str, str], text: str, context: Mapping[str, str]) -> bytes:
    """See ``wrap.decrypt``.  Why ``gpg`` failed is not known, so it never raises NotDecryptedError."""
    del parts, context
    limit = ("--max-output", str(_LARGEST))
    arguments = ("--batch", "--quiet", "--no-auto-key-retrieve", *limit, "--decrypt")
    return run("gpg", arguments, text.encode("utf-8"), RemoteError)
