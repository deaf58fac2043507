"""Ciphertexts and their contexts as text."""

from __future__ import annotations

import binascii
import textwrap
from base64 import b64decode, b64encode
from collections.abc import Mapping

from sealedfiles.remote.kms.uri import NotDecryptedError


def context_text(context: Mapping[str, str]) -> str:
    """Return ``name=value,name=value``, which is also how ``aws`` takes it.  No part has these signs."""
    return ",".join(f"{name}={value}" for name, value in context.items())


def to_lines(data: bytes) -> str:
    """Return the base64 of *data* in lines of 76 characters."""
    return textwrap.fill(b64encode(data).decode("ascii"), 76)


def from_lines(text: str) -> bytes:
    """Return the bytes of *text*, the base64 of a ciphertext.  Raises NotDecryptedError."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotDecryptedError("the ciphertext is not base64") from None
