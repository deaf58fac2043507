"""ssh-ed25519: the signing key is converted to an X25519 key, and bound to the SSH key by a tweak."""

from __future__ import annotations

from hashlib import sha512

from sealedfiles.light_typing import TYPE_CHECKING

from .errors import HeaderError, KeyTextError, RecipientError
from .filekey import open_file_key, seal_file_key
from .hkdf import hkdf_sha256
from .ssh import SSHKeyPair, SSHRecipient, join_strings
from .stanza import Stanza, decode_argument, encode_base64
from .x25519 import KEY_SIZE, exchange, exchange_with_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LABEL = b"age-encryption.org/v1/ssh-ed25519"
# Curve25519 (RFC 7748), and d of the twisted Edwards curve that is the same curve (RFC 8032).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def montgomery_point(point: bytes) -> bytes:
    """Return the X25519 public key of the Ed25519 public key *point*: u = (1 + y) / (1 - y).

    Raises KeyTextError if *point* is not on the curve, or has no such key (the neutral element).
    """
    y = (int.from_bytes(point, "little") & (1 << 255) - 1) % _P
    # x² = (y² - 1) / (d·y² + 1) must be a square; the product is a square if the quotient is.
    square = (y * y - 1) * (_D * y * y + 1) % _P
    if y == 1 or pow(square, (_P - 1) // 2, _P) not in (0, 1):
        raise KeyTextError("the SSH key is not a valid Ed25519 key")
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(KEY_SIZE, "little")


class Ed25519Recipient(SSHRecipient):
    """``ssh-ed25519 AAAA…``"""

    kind = stanza_type = "ssh-ed25519"
    argument_count = 2

    def __init__(self, blob: bytes, fields: Sequence[bytes]) -> None:
        super().__init__(blob)
        if len(fields) != 2 or len(fields[1]) != KEY_SIZE:
            raise KeyTextError("the SSH key is malformed or incomplete")
        self._point = fields[1]
        self._public = montgomery_point(self._point)

    def wrapping_key(self, secret: bytes, share: bytes) -> bytes:
        """Return the key that wraps the file key; *secret* is the X25519 result of this key and the
        ephemeral *share*."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        tweak = X25519PrivateKey.from_private_bytes(hkdf_sha256(b"", self.blob, _LABEL))
        tweaked = exchange(tweak, secret)
        if tweaked is None:
            raise HeaderError("an ssh-ed25519 stanza has a share of low order")
        return hkdf_sha256(tweaked, share + self._public, _LABEL)

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        exchanged = exchange_with_new(self._public)
        if exchanged is None:
            raise RecipientError(f"{self} is not a usable key")
        share, secret = exchanged
        body = seal_file_key(self.wrapping_key(secret, share), file_key)
        return [Stanza(self.stanza_type, (self.tag, encode_base64(share).decode()), body)]


class Ed25519KeyPair(SSHKeyPair):
    """An Ed25519 private key."""

    recipient: Ed25519Recipient

    def __init__(self, private: Ed25519PrivateKey) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        fields = (b"ssh-ed25519", private.public_key().public_bytes_raw())
        self.recipient = Ed25519Recipient(join_strings(*fields), fields)
        scalar = sha512(private.private_bytes_raw()).digest()[:KEY_SIZE]
        self._private = X25519PrivateKey.from_private_bytes(scalar)

    def open(self, stanza: Stanza) -> bytes:
        """See SSHKeyPair."""
        share = decode_argument(stanza.args[1], KEY_SIZE, "share")
        secret = exchange(self._private, share)
        if secret is None:
            raise HeaderError("an ssh-ed25519 stanza has a share of low order")
        file_key = open_file_key(self.recipient.wrapping_key(secret, share), stanza.body)
        if file_key is None:
            raise HeaderError("an ssh-ed25519 stanza cannot be decrypted with its key")
        return file_key
