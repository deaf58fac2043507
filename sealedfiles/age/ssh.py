"""SSH public keys as age recipients, and the available private keys.

https://c2sp.org/age does not describe SSH keys; the reference is age's package ``agessh``.  A
*blob* is a public key in its wire format (RFC 4253, section 6.6).

ssh-ed25519: the signing key is converted to an X25519 key, and bound to the SSH key by a tweak.
ssh-rsa: the file key is encrypted with RSA-OAEP.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import sha256, sha512

from sealedfiles.light_typing import TYPE_CHECKING, ClassVar

from .errors import HeaderError, KeyTextError, RecipientError, UnsupportedKeyError
from .filekey import FILE_KEY_SIZE, open_file_key, seal_file_key
from .hkdf import hkdf_sha256
from .keys import Recipient
from .stanza import Stanza, decode_argument, encode_base64
from .x25519 import KEY_SIZE, exchange, exchange_with_new

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_MAX_BLOB_SIZE = 4096
"""In bytes; an RSA key of 16384 bits, the longest that OpenSSH generates, takes 2087."""
_ED25519_LABEL = b"age-encryption.org/v1/ssh-ed25519"
# Curve25519 (RFC 7748), and d of the twisted Edwards curve that is the same curve (RFC 8032).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_RSA_LABEL = b"age-encryption.org/v1/ssh-rsa"
_MIN_SIZE, _MAX_SIZE = 2048 // 8, 16384 // 8
_MAX_EXPONENT_SIZE = 3
"""All three in bytes.  A huge modulus or exponent would make encrypting to the key expensive."""


class SSHRecipient(Recipient):
    """An SSH public key.  ``str()`` is its type, one space and base64, without a comment."""

    argument_count: ClassVar[int]
    """The number of arguments of a stanza of this kind."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.tag = encode_base64(sha256(blob).digest()[:4]).decode()
        """The first argument of its stanzas: 4 bytes of a hash, by which an identity recognizes its
        stanzas (and anyone can see the recipients of a file)."""

    def __str__(self) -> str:
        return f"{self.kind} {b2a_base64(self.blob, newline=False).decode()}"

    def is_for_me(self, stanza: Stanza) -> bool:
        """Return True if *stanza* has this key's tag.  Raises HeaderError if it has this type and is
        malformed."""
        if stanza.type != self.stanza_type:
            return False
        if len(stanza.args) != self.argument_count:
            raise HeaderError(f"an {stanza.type} stanza has the wrong number of arguments")
        return stanza.args[0] == self.tag


class SSHKeyPair(ABC):
    """An available SSH private key, and its public key."""

    recipient: SSHRecipient

    @abstractmethod
    def open(self, stanza: Stanza) -> bytes:
        """Return the file key in *stanza*, which has this key's tag.

        Raises HeaderError: if the tag matches, a failure means that the stanza is damaged, not that it
        is for another key.
        """


def unsupported_kind() -> UnsupportedKeyError:
    """Return the error for other kinds of SSH keys, which can only sign."""
    return UnsupportedKeyError(
        "this kind of SSH key cannot be used with age",
        "use a key of the type ssh-ed25519 or ssh-rsa",
    )


def split_strings(data: bytes) -> list[bytes]:
    """Return the strings (RFC 4251, section 5) that *data* consists of; at least one.

    Raises KeyTextError.
    """
    strings: list[bytes] = []
    while data or not strings:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise KeyTextError("the SSH key is malformed or incomplete")
        strings.append(data[4 : 4 + size])
        data = data[4 + size :]
    return strings


def join_strings(*strings: bytes) -> bytes:
    """Return *strings* in the wire format."""
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


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

        tweak = X25519PrivateKey.from_private_bytes(hkdf_sha256(b"", self.blob, _ED25519_LABEL))
        tweaked = exchange(tweak, secret, self.stanza_type)
        return hkdf_sha256(tweaked, share + self._public, _ED25519_LABEL)

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        share, secret = exchange_with_new(self._public, self)
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
        secret = exchange(self._private, share, stanza.type)
        file_key = open_file_key(self.recipient.wrapping_key(secret, share), stanza.body)
        if file_key is None:
            raise HeaderError("an ssh-ed25519 stanza cannot be decrypted with its key")
        return file_key


def _mpint(number: int) -> bytes:
    """Return the positive *number* as an mpint (RFC 4251, section 5), without its length."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _padding() -> OAEP:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA256

    return OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=_RSA_LABEL)


class RSARecipient(SSHRecipient):
    """``ssh-rsa AAAA…``, 2048 bits or more"""

    kind = stanza_type = "ssh-rsa"
    argument_count = 1

    def __init__(self, blob: bytes, fields: Sequence[bytes]) -> None:
        super().__init__(blob)
        if len(fields) != 3:
            raise KeyTextError("the SSH key is malformed or incomplete")
        self._exponent, self._modulus = (int.from_bytes(field, "big") for field in fields[1:])
        # The tag is a hash of the blob, so other encodings of the same numbers are refused.
        if fields[1:] != [_mpint(self._exponent), _mpint(self._modulus)]:
            raise KeyTextError("the SSH key is malformed")
        if not _MIN_SIZE <= (self._modulus.bit_length() + 7) // 8 <= _MAX_SIZE:
            raise KeyTextError(
                "the RSA key is too short or too long: it must have 2048 to 16384 bits"
            )
        exponent_size = (self._exponent.bit_length() + 7) // 8
        if exponent_size > _MAX_EXPONENT_SIZE or self._exponent < 3 or not self._exponent & 1:
            raise KeyTextError("the RSA key has an invalid exponent")

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

        try:
            public = RSAPublicNumbers(self._exponent, self._modulus).public_key()
            body = public.encrypt(file_key, _padding())
        except ValueError:
            raise RecipientError("the RSA key is not usable") from None
        return [Stanza(self.stanza_type, (self.tag,), body)]


class RSAKeyPair(SSHKeyPair):
    """An RSA private key."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private
        public = private.public_key().public_numbers()
        fields = [b"ssh-rsa", _mpint(public.e), _mpint(public.n)]
        self.recipient = RSARecipient(join_strings(*fields), fields)

    def open(self, stanza: Stanza) -> bytes:
        """See SSHKeyPair."""
        try:
            file_key = self._private.decrypt(stanza.body, _padding())
        except ValueError:
            raise HeaderError("an ssh-rsa stanza cannot be decrypted with its key") from None
        if len(file_key) != FILE_KEY_SIZE:
            raise HeaderError("an ssh-rsa stanza has a file key of the wrong length")
        return file_key


def parse_ssh_recipient(text: str) -> SSHRecipient:
    """Return the recipient in a line of a ``.pub`` file: type, base64, and an optional comment.

    Raises KeyTextError, and UnsupportedKeyError for a kind that cannot decrypt (ECDSA, hardware).
    """
    kind, base64 = [*text.split(), "", ""][:2]
    if kind not in ("ssh-ed25519", "ssh-rsa"):
        raise unsupported_kind()
    encoded = base64.encode("utf-8", "replace")
    try:
        blob = a2b_base64(encoded)
    except Base64Error:
        raise KeyTextError("the SSH key is malformed or incomplete") from None
    if b2a_base64(blob, newline=False) != encoded:
        raise KeyTextError("the SSH key is malformed or incomplete")
    recipient = recipient_from_blob(blob)
    if recipient.kind != kind:
        raise KeyTextError("the type of the SSH key does not match its line")
    return recipient


def recipient_from_blob(blob: bytes) -> SSHRecipient:
    """Return the recipient with the public key *blob*.

    Raises KeyTextError, and UnsupportedKeyError for other kinds of keys.
    """
    if len(blob) > _MAX_BLOB_SIZE:
        raise KeyTextError("the SSH key is too long")
    fields = split_strings(blob)
    if fields[0] == b"ssh-ed25519":
        return Ed25519Recipient(blob, fields)
    if fields[0] == b"ssh-rsa":
        return RSARecipient(blob, fields)
    raise unsupported_kind()
