"""Tokens that anybody can write for a group without reading it (docs/format.md, section 3).

    sealed:v2:<group>:<key id>:<file id>:<base64url of HPKE output>

Each key of a group has a key pair, which is derived from it; the public key is in ``epochs``.  A value that
is encrypted to it is confidential, but does not show who wrote it.  So no command uses it until a reader
has accepted it.
"""

from __future__ import annotations

import hashlib

from sealedfiles.age.errors import RecipientError
from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.age.hybrid import ENC_SIZE, PUBLIC_SIZE, HybridIdentity, HybridRecipient
from sealedfiles.errors import RoundTripError, TamperedError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import base32, base64url, base64url_decode, split

MOST = 1 << 20
"""Maximum size of a literal in bytes."""
_BLOCK = 32
_TAG_SIZE = 16
_MOST_CHARACTERS = (ENC_SIZE + MOST + _BLOCK + _TAG_SIZE) * 4 // 3 + 1
_DAMAGED = "the token is damaged, or was made for another key path, file or group"


class GroupPublicKey(NamedTuple):
    """The public key of one group key."""

    text: str
    """As in ``epochs``."""

    @property
    def fingerprint(self) -> str:
        """The text that people compare: 20 characters."""
        return base32(hashlib.sha256(self.text.encode("ascii")).digest())[:20]


def derive_public_key(group_key: bytes) -> GroupPublicKey:
    """Return the public key that belongs to *group_key*.  Raises age.UnsupportedKeyError."""
    return GroupPublicKey(base64url(_identity(group_key).recipient.public_bytes))


def parse_public_key(text: str) -> GroupPublicKey | None:
    """Return the public key in *text*, a field of ``epochs``; None if it does not have the form of one."""
    try:
        return GroupPublicKey(text) if len(base64url_decode(text)) == PUBLIC_SIZE else None
    except TamperedError:
        return None


def write_unauthenticated(
    public_key: GroupPublicKey, prefix: str, path: bytes, literal: bytes
) -> str:
    """Return a token for *literal* at the encoded key path *path*.

    *prefix* is the token's text up to and including its last ``:``.  Raises RoundTripError if the literal is
    too long, TamperedError if *public_key* is not usable, and age.UnsupportedKeyError.
    """
    if len(literal) > MOST:
        raise RoundTripError(f"the value is longer than {MOST} bytes")
    zeros = -(len(literal) + 1) % _BLOCK
    recipient = HybridRecipient(base64url_decode(public_key.text))
    try:
        sealed = recipient.encrypt(literal + b"\x80" + bytes(zeros), _info(prefix, path))
    except RecipientError:
        raise TamperedError(f"the public key {public_key.fingerprint} is not usable") from None
    return prefix + base64url(sealed)


class GroupPrivateKey:
    """Opens the tokens that were written for one group key."""

    __slots__ = ("_identity",)

    def __init__(self, group_key: bytes) -> None:
        self._identity = _identity(group_key)

    def open(self, token: str, path: bytes) -> bytes:
        """Return the literal of *token*, which is at the encoded key path *path*.

        Raises TamperedError if it was not made for this key, path, file and group, and
        age.UnsupportedKeyError.
        """
        parts = split(token)
        if len(parts.body) > _MOST_CHARACTERS:
            raise TamperedError(f"the token is longer than a value of {MOST} bytes")
        try:
            sealed = base64url_decode(parts.body)
        except TamperedError:
            raise TamperedError(_DAMAGED) from None
        plain = self._identity.decrypt(sealed, _info(parts.prefix, path)) or b""
        literal = plain.rstrip(b"\x00")
        # Reject any other padding, as in tokens of readers.
        if (
            not literal.endswith(b"\x80")
            or len(plain) % _BLOCK
            or len(plain) - len(literal) >= _BLOCK
        ):
            raise TamperedError(_DAMAGED)
        return literal[:-1]


def _identity(group_key: bytes) -> HybridIdentity:
    return HybridIdentity(hkdf_sha256(group_key, b"", b"sealedfiles/v2/group-key"))


def _info(prefix: str, path: bytes) -> bytes:
    return b"sealedfiles/v2/value\x00%b\x00%b" % (prefix.encode("ascii"), path)
