"""scrypt, for files encrypted to a passphrase (https://c2sp.org/age, "The scrypt recipient type")."""

from __future__ import annotations

from collections.abc import Sequence
from os import urandom

from .errors import HeaderError, KeyTextError, KeyUnavailableError, RecipientError
from .filekey import check_wrapped_size, open_file_key, seal_file_key
from .keys import Identity, Recipient
from .stanza import Stanza, decode_argument, encode_base64

_STANZA_TYPE = "scrypt"
_LABEL = b"age-encryption.org/v1/scrypt"
_SALT_SIZE = 16

DEFAULT_WORK_FACTOR = 18
"""The default of age: 256 MB of memory and about a second."""

DEFAULT_MAX_WORK_FACTOR = 20
"""1 GB and a few seconds.  The file sets the work factor, so a hostile file could demand any amount of
work.  The limit of age is 22, which is 4 GB: enough to crash a small machine."""

_HIGHEST_WORK_FACTOR = 30


def _wrapping_key(passphrase: bytes, salt: bytes, work_factor: int) -> bytes:
    # hashlib.scrypt cannot use more than 2 GB.
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    kdf = Scrypt(salt=_LABEL + salt, length=32, n=1 << work_factor, r=8, p=1)
    try:
        return kdf.derive(passphrase)
    except MemoryError:
        raise KeyUnavailableError(
            f"not enough memory for a passphrase with work factor {work_factor}"
        ) from None


def _encode(passphrase: str) -> bytes:
    if not passphrase:
        raise KeyTextError("the passphrase is empty")
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        raise KeyTextError("the passphrase is not valid text") from None


class ScryptRecipient(Recipient):
    """A passphrase; the only recipient of its file.  It is equal only to itself.

    *work_factor* is the base-2 logarithm of the work, 1 to 30; each step doubles the time and
    memory.  Raises KeyTextError for an empty passphrase, RecipientError for another work factor.
    """

    kind = "scrypt"
    stanza_type = _STANZA_TYPE
    alone = True

    def __init__(self, passphrase: str, work_factor: int = DEFAULT_WORK_FACTOR) -> None:
        if not 1 <= work_factor <= _HIGHEST_WORK_FACTOR:
            raise RecipientError(f"the work factor must be between 1 and {_HIGHEST_WORK_FACTOR}")
        self._passphrase = _encode(passphrase)
        self._work_factor = work_factor

    def __str__(self) -> str:
        return "a passphrase"

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def wrap(self, file_key: bytes) -> list[Stanza]:
        """See Recipient."""
        salt = urandom(_SALT_SIZE)
        key = _wrapping_key(self._passphrase, salt, self._work_factor)
        args = (encode_base64(salt).decode(), str(self._work_factor))
        return [Stanza(_STANZA_TYPE, args, seal_file_key(key, file_key))]


class ScryptIdentity(Identity):
    """A passphrase.  Files with a work factor above *max_work_factor* are refused before any work."""

    kind = ScryptRecipient.kind

    def __init__(self, passphrase: str, max_work_factor: int = DEFAULT_MAX_WORK_FACTOR) -> None:
        self._passphrase = _encode(passphrase)
        self._max_work_factor = min(max_work_factor, _HIGHEST_WORK_FACTOR)

    @property
    def text(self) -> None:
        """None: a passphrase has no text form."""

    def __repr__(self) -> str:
        return "<ScryptIdentity>"

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity."""
        for stanza in stanzas:
            if stanza.type == _STANZA_TYPE:
                if len(stanzas) > 1:
                    raise HeaderError("a passphrase is mixed with other recipients")
                return self._unwrap(stanza)
        return None

    def _unwrap(self, stanza: Stanza) -> bytes | None:
        if len(stanza.args) != 2:
            raise HeaderError("a scrypt stanza has the wrong number of arguments")
        salt = decode_argument(stanza.args[0], _SALT_SIZE, "salt")
        work_factor = self._work_factor(stanza.args[1])
        check_wrapped_size(stanza.body)
        return open_file_key(_wrapping_key(self._passphrase, salt, work_factor), stanza.body)

    def _work_factor(self, argument: str) -> int:
        # Only one spelling: no sign, no leading zero, no digits of other scripts.  The number of digits
        # is limited, because parsing a long number takes time itself.
        digits = argument.isascii() and argument.isdecimal()
        if not digits or argument.startswith("0") or len(argument) > 4:
            raise HeaderError("a scrypt stanza has a malformed work factor")
        work_factor = int(argument)
        if work_factor > self._max_work_factor:
            raise HeaderError(
                f"the work factor {work_factor} is higher than {self._max_work_factor}"
            )
        return work_factor
