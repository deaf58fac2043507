"""Parse SSH public keys: a line of a ``.pub`` file, or a key in its wire format."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from .errors import KeyTextError
from .ssh import SSHRecipient, split_strings, unsupported_kind
from .ssh_ed25519 import Ed25519Recipient
from .ssh_rsa import RSARecipient

_MAX_BLOB_SIZE = 4096
"""In bytes; an RSA key of 16384 bits, the longest that OpenSSH generates, takes 2087."""


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
