"""The token that stands for a sealed value, and the keys it is made with (design, section 3).

    sealed:v1:<group>:<key id>:<file id>:<base64url of AES-SIV output>

AES-256-SIV (RFC 5297) is deterministic: the same value at the same place under the same key is
always the same token, and nothing else shows.  The token's own text up to and including its last
``:`` is the associated data, so that a token moved to another group, epoch or file does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from binascii import a2b_base64, b2a_base64
from typing import NamedTuple

from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.errors import TamperedError

TOKEN_PATTERN = r"sealed:v1:[a-z0-9][a-z0-9._-]*:[a-z2-7]{16}:[A-Za-z0-9_-]{8}:[A-Za-z0-9_-]{64,}"
"""The grammar of a token, without groups; the longest match is the token."""

TOKEN = re.compile(TOKEN_PATTERN)

UNKNOWN_TOKEN = re.compile(r"sealed:v(?!1:)[0-9]+:[A-Za-z0-9_.:-]+")
"""A token of another version: nobody here can open it, and it passes through everything."""

VALUE = 0
COMMENT = 1
WHOLE = 2

_BLOCK = 32
_HEAD = 13  # kind, occurrence, path tag
_ZEROS = bytes(_BLOCK)
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_IPAD = bytes(x ^ 0x36 for x in range(256))
_OPAD = bytes(x ^ 0x5C for x in range(256))


class Content(NamedTuple):
    """What a token holds, as authenticated by its key."""

    kind: int
    occurrence: int
    path_tag: bytes
    literal: bytes


class Token(NamedTuple):
    """The parts of a token's text; ``prefix`` is all of it up to and including the last ``:``."""

    prefix: str
    group: str
    key_id: str
    file_id: str
    body: str


def split(token: str) -> Token:
    """Return the parts of *token*, which matches the grammar."""
    prefix, colon, body = token.rpartition(":")
    _, _, group, key_id, file_id = prefix.split(":")
    return Token(prefix + colon, group, key_id, file_id, body)


def base64url(data: bytes) -> str:
    """Encode as RFC 4648 base64url without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def base64url_decode(text: str) -> bytes:
    """Decode base64url without padding; any other spelling raises TamperedError.

    A second spelling of the same bytes (set bits behind the last one) would be a second token for
    the same value, so it is refused.
    """
    raw = text.encode("ascii").translate(_FROM_URL)
    try:
        data = a2b_base64(raw + b"=" * (-len(raw) % 4))
    except ValueError as error:
        raise TamperedError("not base64url") from error
    if len(raw) % 4 and b2a_base64(data, newline=False).rstrip(b"=") != raw:
        raise TamperedError("not base64url in its only spelling")
    return data


def base32(data: bytes) -> str:
    """Encode as RFC 4648 base32 in lower case without padding."""
    return b32encode(data).decode("ascii").rstrip("=").lower()


def key_id(group_key: bytes) -> str:
    """Return the public name of a group key: 16 characters of base32."""
    return base32(hkdf_sha256(group_key, b"", b"sealedfiles/v1/key-id")[:10])


def file_id(path: bytes) -> str:
    """Return the file id that a new file at *path* takes.

    *path* is relative to the folder that holds ``.sealedfiles``, with ``/``, as git stores it.
    """
    return base64url(hashlib.sha256(b"sealedfiles/v1/file-id\x00" + path).digest()[:6])


class FileKey:
    """The keys of one file in one epoch of one group: seals and opens its tokens."""

    __slots__ = ("_aad", "_inner", "_outer", "_siv", "_tags", "file_id", "group", "prefix")

    def __init__(self, group: str, group_key: bytes, file_id: str) -> None:
        # The import is here because the clone of somebody without a key never needs it.
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        keys = hkdf_sha256(group_key, base64url_decode(file_id), b"sealedfiles/v1/values", 96)
        self.group = group
        self.file_id = file_id
        self.prefix = f"sealed:v1:{group}:{key_id(group_key)}:{file_id}:"
        self._aad = [self.prefix.encode("ascii")]
        self._siv = AESSIV(keys[:64])
        # HMAC-SHA256 (RFC 2104) with its two pads hashed once: a tag is made for every value, and
        # this takes a third of the time of hmac.digest.
        block = keys[64:].ljust(64, b"\x00")
        self._inner = hashlib.sha256(block.translate(_IPAD))
        self._outer = hashlib.sha256(block.translate(_OPAD))
        self._tags: dict[bytes, bytes] = {}

    def __repr__(self) -> str:
        return f"FileKey({self.prefix})"

    def path_tag(self, path: bytes) -> bytes:
        """Return the 8 bytes that bind a token to the encoded key path *path*."""
        tag = self._tags.get(path)
        if tag is None:
            inner = self._inner.copy()
            inner.update(path)
            outer = self._outer.copy()
            outer.update(inner.digest())
            tag = self._tags[path] = outer.digest()[:8]
        return tag

    def seal(self, kind: int, occurrence: int, path_tag: bytes, literal: bytes) -> str:
        """Return the token for *literal*."""
        head = b"%c%b%b" % (kind, occurrence.to_bytes(4, "big"), path_tag)
        padding = b"\x80" + _ZEROS[: (-len(literal) - _HEAD - 1) % _BLOCK]
        sealed = self._siv.encrypt(head + literal + padding, self._aad)
        text = b2a_base64(sealed, newline=False).translate(_TO_URL).rstrip(b"=")
        return self.prefix + text.decode("ascii")

    def open(self, body: str) -> Content:
        """Open a token whose text is this key's prefix and *body*.

        Raises TamperedError where it is not one that this key has made.
        """
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._siv.decrypt(base64url_decode(body), self._aad)
        except (InvalidTag, ValueError) as error:
            raise TamperedError("the token is damaged or was not made with this key") from error
        content = plain.rstrip(b"\x00")
        padding = len(plain) - len(content) + 1
        if len(plain) % _BLOCK or padding > _BLOCK or len(content) <= _HEAD or content[-1] != 0x80:
            raise TamperedError("the token's padding is wrong")
        return Content(
            content[0], int.from_bytes(content[1:5], "big"), content[5:_HEAD], content[_HEAD:-1]
        )


def proof(key: bytes, info: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 of *message* under the key that *info* derives from a group key."""
    return hmac.digest(hkdf_sha256(key, b"", info), message, "sha256")
