"""The encrypted values of SOPS: ``ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]``."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable

from sealedfiles.errors import TamperedError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.util.lazy_pattern import lazy_pattern

TOKEN = lazy_pattern(
    r"ENC\[AES256_GCM,data:(?P<data>[A-Za-z0-9+/=]+),iv:(?P<iv>[A-Za-z0-9+/=]+),"
    r"tag:(?P<tag>[A-Za-z0-9+/=]+),type:(?P<type>[a-z]+)\]"
)
KEY_SIZE = 32
_IV_SIZE = 32
_TAG_SIZE = 16


class Value(NamedTuple):
    """A decrypted value, or one in plaintext: its type and how SOPS spells it.  Never print it."""

    type: str
    """``str``, ``int``, ``float``, ``bool``, ``time``, ``bytes`` or ``comment``."""
    data: bytes

    def __repr__(self) -> str:
        """Show no secret."""
        return f"<a value of type {self.type}>"


def context_of(path: bytes) -> str:
    """Return the additional data of the values at an encoded key path: its keys, without positions."""
    return "".join(f"{step}:" for step in paths.steps(path) if step is not None)


def open_token(token: str, key: bytes, context: str) -> Value:
    """Decrypt *token*.  Raises TamperedError, without any part of it."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    match = TOKEN.fullmatch(token)
    if match is None:
        raise TamperedError("an encrypted value is damaged")
    try:
        data, iv, tag = (base64.b64decode(match[part], validate=True) for part in _PARTS)
        plain = AESGCM(key).decrypt(iv, data + tag, context.encode("utf-8", "surrogatepass"))
    except (InvalidTag, ValueError, binascii.Error):
        raise TamperedError("an encrypted value is damaged, or was moved") from None
    return Value(match["type"], plain)


_PARTS = ("data", "iv", "tag")


def make_token(value: Value, key: bytes, context: str) -> str:
    """Encrypt *value*; an empty text stays empty, as in SOPS."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not value.data:
        return ""
    iv = os.urandom(_IV_SIZE)
    sealed = AESGCM(key).encrypt(iv, value.data, context.encode("utf-8", "surrogatepass"))
    parts = sealed[:-_TAG_SIZE], iv, sealed[-_TAG_SIZE:]
    data, nonce, tag = (base64.b64encode(part).decode("ascii") for part in parts)
    return f"ENC[AES256_GCM,data:{data},iv:{nonce},tag:{tag},type:{value.type}]"


def mac_of(values: Iterable[Value]) -> str:
    """Return the hash over all *values* in document order, as it is encrypted in the metadata."""
    import hashlib

    found = hashlib.sha512()
    for value in values:
        if value.type != "comment":
            found.update(value.data)
    return found.hexdigest().upper()
