"""The token that represents a sealed value, and its keys (docs/format.md, section 3).

    sealed:v1:<group>:<key id>:<file id>:<base64url of AES-SIV output>

AES-256-SIV (RFC 5297) is deterministic: the same value at the same place under the same key always gives
the same token, and a token reveals nothing else.  The token's text up to and including its last ``:`` is the
associated data, so a token that is moved to another group, epoch or file is rejected.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import a2b_base64, b2a_base64

from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.errors import RoundTripError, TamperedError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_PARTS = r"[a-z0-9][a-z0-9._-]*:[a-z2-7]{16}:[A-Za-z0-9_-]{8}:[A-Za-z0-9_-]{64,}"

TOKEN_PATTERN = f"sealed:v1:{_PARTS}"
"""The grammar of a token, without capturing groups; the longest match is the token."""

TOKEN = lazy_pattern(TOKEN_PATTERN)

UNKNOWN_TOKEN = lazy_pattern(rf"sealed:v(?!1:)(?:0|[1-9][0-9]{{0,8}}):{_PARTS}")
"""A token of another version, which is not decrypted here and is passed through unchanged.

It must have all parts of a token.  Text that only begins like one (``sealed:v2:hunter2``) is an ordinary
value, and must not stay in plaintext.
"""

UNAUTHENTICATED_TOKEN = lazy_pattern(f"sealed:v2:{_PARTS}")
"""A token that anybody can write (``sealedfiles.model.unauthenticated``): an UNKNOWN_TOKEN, too."""

VALUE = 0
COMMENT = 1
WHOLE = 2

_SHORTEST = 64
"""Characters of a body."""
_BLOCK = 32
_CHECKED = 1000
"""Up to this number of new tokens in a file, each is verified; of more, every second, third, etc."""
_HEAD = 13  # kind, occurrence, path tag
_ZEROS = bytes(_BLOCK)
_PADDINGS = [b"\x80" + _ZEROS[:length] for length in range(_BLOCK)]
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ALPHABET = BASE64URL.encode("ascii")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_LAST = (BASE64URL, "", BASE64URL[::16], BASE64URL[::4])
"""The characters that an encoding can end with, without bits after the last byte, by its length modulo 4."""
_IPAD = bytes(x ^ 0x36 for x in range(256))
_OPAD = bytes(x ^ 0x5C for x in range(256))


Content: TypeAlias = "tuple[int, int, bytes, bytes]"
"""The authenticated content of a token: kind, occurrence, path tag, literal.

It is a plain tuple for speed: a large file has tens of thousands.
"""


class Token(NamedTuple):
    """The parts of a token's text; ``prefix`` is the text up to and including the last ``:``."""

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


def are_bodies(texts: list[str]) -> bool:
    """Return True if each of *texts* is the body of a token."""
    if "".join(texts).encode("utf-8", "replace").translate(None, _ALPHABET):
        return False
    return min(map(len, texts), default=_SHORTEST) >= _SHORTEST


def prefixes_of(text: str) -> set[str]:
    """Return the prefixes of all tokens in *text*."""
    first = TOKEN.search(text)
    if first is None:
        return set()
    prefix = split(first[0]).prefix
    # In nearly all texts, every token has the same, and no other token needs to be found.
    if text.count(prefix) == text.count("sealed:v1:"):
        return {prefix}
    return {split(token).prefix for token in TOKEN.findall(text)}


def base64url(data: bytes) -> str:
    """Encode as RFC 4648 base64url without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def base64url_decode(text: str) -> bytes:
    """Decode base64url without padding; any other spelling raises TamperedError."""
    data = None if text.strip(BASE64URL) else _decoded(text)
    if data is None:
        raise TamperedError("not canonical base64url")
    return data


def _decoded(text: str) -> bytes | None:
    """Decode *text*, which consists of characters of the alphabet; None if it is not the canonical encoding.

    Another spelling (with bits set after the last byte) would be a second token for the same value.
    """
    rest = len(text) % 4
    if text[-1:] not in _LAST[rest]:
        return None
    return a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-rest % 4))


def base32(data: bytes) -> str:
    """Encode as RFC 4648 base32 in lower case without padding."""
    # The module base64 takes as long to import as a key takes to derive.
    bits = len(data) * 8
    padded = int.from_bytes(data, "big") << -bits % 5
    shifts = range((bits - 1) // 5 * 5, -1, -5)
    return "".join([_BASE32[padded >> shift & 31] for shift in shifts])


def is_key_id(text: str) -> bool:
    """Return True if *text* has the form of a group key's id."""
    return len(text) == 16 and not text.strip(_BASE32)


def key_id(group_key: bytes) -> str:
    """Return the public id of a group key: 16 characters of base32."""
    return base32(hkdf_sha256(group_key, b"", b"sealedfiles/v1/key-id")[:10])


def file_id(path: bytes, number: int = 0) -> str:
    """Return the file id of a new file at *path*.

    *path* is relative to the folder that contains ``.sealedfiles``, with ``/``, as git stores it.  *number*
    is the lowest number for which no other file has the id.
    """
    suffix = b"\x00%d" % number if number else b""
    return base64url(hashlib.sha256(b"sealedfiles/v1/file-id\x00" + path + suffix).digest()[:6])


_MOST_FILE_KEYS = 1000


class FileKey:
    """Encrypts and decrypts the tokens of one file in one epoch of one group."""

    __slots__ = ("_aad", "_inner", "_outer", "_siv", "_tags", "file_id", "group", "prefix")

    def __init__(self, group: str, group_key: bytes, file_id: str, name: str | None = None) -> None:
        """Derive the keys; *name* is the group key's id, if it is already known."""
        keys = hkdf_sha256(group_key, base64url_decode(file_id), b"sealedfiles/v1/values", 96)
        self.group = group
        self.file_id = file_id
        self.prefix = f"sealed:v1:{group}:{name or key_id(group_key)}:{file_id}:"
        self._aad = [self.prefix.encode("ascii")]
        self._siv = _aes_siv()(keys[:64])
        # HMAC-SHA256 (RFC 2104) with both pads hashed once, which is three times as fast as hmac.digest:
        # a tag is computed for every value.
        block = keys[64:].ljust(64, b"\x00")
        self._inner = hashlib.sha256(block.translate(_IPAD))
        self._outer = hashlib.sha256(block.translate(_OPAD))
        self._tags: dict[bytes, bytes] = {}

    def __repr__(self) -> str:
        return f"FileKey({self.prefix})"

    def __eq__(self, other: object) -> bool:
        """Compare by the prefix, which contains the group key's id.  Occurrences are counted per key."""
        return isinstance(other, FileKey) and self.prefix == other.prefix

    def __hash__(self) -> int:
        return hash(self.prefix)

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
        return self.seal_all([(kind, occurrence, path_tag, literal)])[0]

    def seal_all(self, contents: Iterable[Content]) -> list[str]:
        """Return the token for each of *contents*.

        Raises RoundTripError if a new token does not decrypt to the same content.
        """
        encrypt, aad, prefix = self._siv.encrypt, self._aad, self.prefix
        heads: dict[tuple[int, int], bytes] = {}
        plain = []
        for kind, occurrence, path_tag, literal in contents:
            head = heads.get((kind, occurrence))
            if head is None:
                head = heads[kind, occurrence] = b"%c%b" % (kind, occurrence.to_bytes(4, "big"))
            padding = _PADDINGS[(-len(literal) - _HEAD - 1) % _BLOCK]
            plain.append(head + path_tag + literal + padding)
        bodies = [base64url(encrypt(one, aad)) for one in plain]
        # A value that cannot be decrypted would be lost, so check while the plaintext still exists.  That
        # takes as long as sealing, so if there are very many tokens, check only some of them.
        step = len(bodies) // _CHECKED + 1
        if self._decrypt_all(bodies[::step]) != plain[::step]:
            raise RoundTripError("a new token could not be decrypted again; nothing was stored")
        return [prefix + body for body in bodies]

    def open(self, body: str) -> Content:
        """Decrypt a token whose text is this key's prefix and *body*.

        Raises TamperedError if it was not created with this key.
        """
        content = self.open_all([body])[0]
        if content is None:
            raise TamperedError("the token is damaged or was not created with this key")
        return content

    def open_all(self, bodies: list[str]) -> list[Content | None]:
        """Decrypt many tokens; the result is None for a token that was not created with this key.

        *bodies* consist of characters of the base64url alphabet.
        """
        heads: dict[bytes, tuple[int, int]] = {}
        contents: list[Content | None] = []
        for plain in self._decrypt_all(bodies):
            content = plain.rstrip(b"\x00")
            length = len(content)
            # Reject any other padding: it would allow a second token for the same value.
            if (
                length <= _HEAD
                or content[-1] != 0x80
                or len(plain) % _BLOCK
                or len(plain) - length >= _BLOCK
            ):
                contents.append(None)
                continue
            head = content[:5]
            if head not in heads:
                heads[head] = (head[0], int.from_bytes(head[1:], "big"))
            kind, occurrence = heads[head]
            contents.append((kind, occurrence, content[5:_HEAD], content[_HEAD:-1]))
        return contents

    def _decrypt_all(self, bodies: list[str]) -> list[bytes]:
        """Decrypt *bodies*; the result is empty for one that was not created with this key."""
        decrypt, aad = self._siv.decrypt, self._aad
        found = []
        for sealed in map(_decoded, bodies):
            try:
                found.append(decrypt(sealed, aad) if sealed else b"")
            except _refusals():
                found.append(b"")
        return found


class FileKeyCache(dict[str, "FileKey | None"]):
    """The keys of files by prefix; None for a key that is not available.

    Each takes 5 KB, and most files are processed once, so that all are dropped when there are many.
    """

    def __setitem__(self, prefix: str, key: FileKey | None) -> None:
        """Add a key."""
        if len(self) >= _MOST_FILE_KEYS:
            self.clear()
        super().__setitem__(prefix, key)

    def forget_missing(self) -> None:
        """Search again for the keys that were not available."""
        for prefix in [prefix for prefix, key in self.items() if key is None]:
            del self[prefix]


def _aes_siv() -> type[AESSIV]:
    """Return the class AESSIV, imported when the first key is used: a clone without a key does not need it.

    The public module imports all ciphers, and `typing`, only to export this class; that takes as long as
    opening 1000 tokens.
    """
    try:
        from cryptography.hazmat.bindings._rust import openssl

        found: type[AESSIV] = openssl.aead.AESSIV
    except (ImportError, AttributeError):
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV as found  # noqa: N811
    return found


def _refusals() -> tuple[type[Exception], ...]:
    """Return what AES-SIV raises for a token of another key; called when it has raised something."""
    from cryptography.exceptions import InvalidTag

    return InvalidTag, ValueError


def proof(key: bytes, info: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 of *message* under the key that HKDF derives from the group key *key* and *info*."""
    return hmac.digest(hkdf_sha256(key, b"", info), message, "sha256")
