"""Age files: encrypt, decrypt, and read the header without a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import urandom

from .armor import BEGIN, dearmor, enarmor
from .errors import HeaderError, KeyUnavailableError, NoIdentityMatch, RecipientError
from .filekey import FILE_KEY_SIZE
from .header import (
    MAX_HEADER_SIZE,
    MAX_STANZAS,
    VERSION_PREFIX,
    Header,
    encode_header,
    parse_header,
    verify_header,
)
from .keys import Identity, Recipient
from .stanza import Stanza
from .stream import decrypt_payload, encrypt_payload

_MAX_WHITE_SPACE = 1024


def encrypt(plaintext: bytes, recipients: Iterable[Recipient], armor: bool = True) -> bytes:
    """Return an age file that each of *recipients* can decrypt, as text if *armor* is set.

    Raises RecipientError if there are no recipients, more than a header may have (1024), or some
    that cannot be mixed.  A passphrase must be the only recipient, so that a person who knows it
    can be sure that nobody else wrote the file.  A classic recipient together with post-quantum ones
    would remove their protection.  Raises KeyUnavailableError if a recipient cannot be used here (a
    plugin is missing).
    """
    file_key = urandom(FILE_KEY_SIZE)
    stanzas = list(_wrap(file_key, list(recipients)))
    header = encode_header(stanzas, file_key)
    if len(stanzas) > MAX_STANZAS or len(header) > MAX_HEADER_SIZE:
        raise RecipientError("there are too many recipients for one file")
    data = header + encrypt_payload(file_key, plaintext)
    return enarmor(data) if armor else data


def _wrap(file_key: bytes, recipients: Sequence[Recipient]) -> Iterator[Stanza]:
    if not recipients:
        raise RecipientError("there are no recipients")
    if len(recipients) > 1 and any(recipient.alone for recipient in recipients):
        raise RecipientError("a passphrase cannot be mixed with other recipients")
    expected = None
    for recipient in recipients:
        stanzas, labels = recipient.wrap_with_labels(file_key)
        if expected not in (None, labels):
            raise RecipientError(
                "post-quantum and classic recipients cannot be mixed in one file"
                if "postquantum" in labels ^ expected
                else "these recipients cannot be mixed in one file"
            )
        expected = labels
        yield from stanzas


def decrypt(data: bytes, identities: Iterable[Identity]) -> bytes:
    """Return the plaintext of the age file *data*, armored or binary.

    *identities* are tried one by one until one decrypts the file.  Raises ArmorError, HeaderError,
    HmacError, PayloadError; NoIdentityMatch if no identity decrypts it; KeyUnavailableError if
    none does and one of them could not be used (a passphrase or a plugin is missing).
    """
    file_key, payload = open_header(data, identities)
    return b"".join(decrypt_payload(file_key, payload))


def open_header(data: bytes, identities: Iterable[Identity]) -> tuple[bytes, bytes]:
    """Return the file key of *data*, verified by the header's MAC, and the encrypted payload.

    Raises what ``decrypt`` raises, except PayloadError.
    """
    binary = _binary(data)
    header = parse_header(binary)
    _check_scrypt_is_alone(header.stanzas)
    file_key = _unwrap(header, identities)
    verify_header(header, file_key)
    return file_key, binary[header.size :]


def read_header(data: bytes) -> tuple[Stanza, ...]:
    """Return the stanzas in the header of *data*, armored or binary.

    In most cases there is one for each recipient, but writers may add others (``…-grease``).
    Nothing is verified, because that requires a key.  Raises ArmorError and HeaderError.
    """
    return parse_header(_binary(data)).stanzas


def is_encrypted(data: bytes) -> bool:
    """Return True if *data* begins like an age file, of any version, armored or binary."""
    start = data[: _MAX_WHITE_SPACE + len(BEGIN)]
    return start.startswith(VERSION_PREFIX) or start.lstrip().startswith(BEGIN)


def _binary(data: bytes) -> bytes:
    """Return *data* without its armor, if it has any.

    If *data* does not begin like a binary file and contains the dashes of a PEM line, it is treated as
    damaged armor, so that the error describes the damage.
    """
    if data.startswith(VERSION_PREFIX) or b"-----" not in data:
        return data
    return dearmor(data)


def _check_scrypt_is_alone(stanzas: Sequence[Stanza]) -> None:
    if len(stanzas) > 1 and any(stanza.type == "scrypt" for stanza in stanzas):
        raise HeaderError("a passphrase is mixed with other recipients")


def _unwrap(header: Header, identities: Iterable[Identity]) -> bytes:
    unavailable = None
    for identity in identities:
        try:
            file_key = identity.unwrap(header.stanzas)
        except KeyUnavailableError as error:
            unavailable = unavailable or error
            continue
        if file_key is not None:
            return file_key
    if unavailable:
        raise unavailable
    types = tuple(stanza.type for stanza in header.stanzas)
    raise NoIdentityMatch("no identity can decrypt this file", types)
