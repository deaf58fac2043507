"""ssh-rsa: the file key is encrypted with RSA-OAEP."""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING

from .errors import HeaderError, KeyTextError, RecipientError
from .filekey import FILE_KEY_SIZE
from .ssh import SSHKeyPair, SSHRecipient, join_strings
from .stanza import Stanza

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LABEL = b"age-encryption.org/v1/ssh-rsa"
_MIN_SIZE, _MAX_SIZE = 2048 // 8, 16384 // 8
_MAX_EXPONENT_SIZE = 3
"""All three in bytes.  A huge modulus or exponent would make encrypting to the key expensive."""


def _mpint(number: int) -> bytes:
    """Return the positive *number* as an mpint (RFC 4251, section 5), without its length."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _padding() -> OAEP:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA256

    return OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=_LABEL)


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
