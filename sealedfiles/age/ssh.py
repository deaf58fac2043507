"""The common parts of SSH public keys as age recipients.

https://c2sp.org/age does not describe SSH keys; the reference is age's package ``agessh``.  A
*blob* is a public key in its wire format (RFC 4253, section 6.6).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from binascii import b2a_base64
from hashlib import sha256

from sealedfiles.light_typing import ClassVar

from .errors import HeaderError, KeyTextError, UnsupportedKeyError
from .keys import Recipient
from .stanza import Stanza, encode_base64


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
