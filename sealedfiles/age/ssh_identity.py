"""SSH private keys as identities: OpenSSH and PEM files, with or without a passphrase.

An OpenSSH file contains its public key in plaintext, so the passphrase is requested only if a file is
encrypted to that key.
"""

from __future__ import annotations

import re
import shlex
import sys
from binascii import Error as Base64Error
from binascii import a2b_base64

from sealedfiles.light_typing import TYPE_CHECKING

from .errors import KeyTextError, MissingPackageError, PassphraseNeededError, WrongPassphraseError
from .keys import Identity
from .ssh import (
    Ed25519KeyPair,
    RSAKeyPair,
    SSHKeyPair,
    SSHRecipient,
    recipient_from_blob,
    unsupported_kind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from .stanza import Stanza

    PassphraseCallback = Callable[[], str | None]

_MAX_SIZE = 64 << 10
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_OPENSSH_LABEL = "OPENSSH PRIVATE KEY"
_OPENSSH_MAGIC = b"openssh-key-v1\0"
_STANZA_TYPES = ("ssh-ed25519", "ssh-rsa")


class SSHIdentity(Identity):
    """The private key in the PEM text *pem*.

    *passphrase* is called when a protected key is needed, until it has returned the right passphrase
    once; it may return None.  Raises KeyTextError, and UnsupportedKeyError for a kind of key that
    cannot decrypt.
    """

    def __init__(self, pem: str, passphrase: PassphraseCallback | None = None) -> None:
        found = _PEM.search(pem) if len(pem) <= _MAX_SIZE else None
        if found is None:
            raise KeyTextError("this is not a complete SSH private key")
        self._pem = pem
        self._passphrase = passphrase
        self._openssh = found[1] == _OPENSSH_LABEL
        self.kind = "ssh"
        self._pair: SSHKeyPair | None = None
        self._public: SSHRecipient | None = None
        if self._openssh:
            self._public, self._protected = _read_openssh(found[2])
            self.kind = self._public.kind
        else:
            self._protected = found[1].startswith("ENCRYPTED") or "Proc-Type: 4,ENC" in found[2]
            if not self._protected:
                self._key_pair()

    @property
    def recipient(self) -> SSHRecipient | None:
        """See Identity."""
        return self._public

    @property
    def text(self) -> str:
        """See Identity."""
        return self._pem

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """See Identity."""
        if self._public is None and any(stanza.type in _STANZA_TYPES for stanza in stanzas):
            self._key_pair()
        for stanza in stanzas:
            if self._public is not None and self._public.is_for_me(stanza):
                return self._key_pair().open(stanza)
        return None

    def _key_pair(self) -> SSHKeyPair:
        if self._pair is None:
            pair = _to_pair(self._load())
            if self._public is not None and self._public != pair.recipient:
                raise KeyTextError(
                    "the public key in the SSH key file belongs to another private key"
                )
            self._pair, self._public, self.kind = pair, pair.recipient, pair.recipient.kind
        return self._pair

    def _load(self) -> PrivateKeyTypes:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import (
            load_pem_private_key,
            load_ssh_private_key,
        )

        load = load_ssh_private_key if self._openssh else load_pem_private_key
        password = self._ask() if self._protected else None
        try:
            return load(self._pem.encode(), password)
        except UnsupportedAlgorithm:
            raise unsupported_kind() from None
        except (ValueError, TypeError):
            # A wrong passphrase raises this too.
            if self._protected:
                raise WrongPassphraseError("the passphrase does not decrypt the SSH key") from None
            raise KeyTextError("the SSH private key is damaged") from None

    def _ask(self) -> bytes:
        if self._openssh:
            _require_bcrypt()
        passphrase = self._passphrase() if self._passphrase else None
        if not passphrase:
            raise PassphraseNeededError(f"{self._name} is protected by a passphrase")
        return passphrase.encode("utf-8", "surrogatepass")

    @property
    def _name(self) -> str:
        return f"the SSH key {self._public}" if self._public else "the SSH key"


def _require_bcrypt() -> None:
    try:
        import bcrypt  # noqa: F401  cryptography uses it if it is installed
    except ImportError:
        raise MissingPackageError(
            "an SSH key with a passphrase needs the Python package bcrypt, which is not installed",
            f"install it: {shlex.quote(sys.executable)} -m pip install 'sealedfiles[ssh]'",
        ) from None


def _to_pair(private: PrivateKeyTypes) -> SSHKeyPair:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(private, Ed25519PrivateKey):
        return Ed25519KeyPair(private)
    if isinstance(private, RSAPrivateKey):
        return RSAKeyPair(private)
    raise unsupported_kind()


def _read_openssh(base64: str) -> tuple[SSHRecipient, bool]:
    """Return the public key in an OpenSSH file, and whether the private key is encrypted.

    Format: PROTOCOL.key in the sources of OpenSSH.  Raises KeyTextError and UnsupportedKeyError.
    """
    try:
        data = a2b_base64("".join(base64.split()).encode("ascii"))
    except (Base64Error, UnicodeEncodeError):
        raise KeyTextError("the SSH private key is damaged") from None
    if not data.startswith(_OPENSSH_MAGIC):
        raise KeyTextError("the SSH private key is damaged")
    rest = data[len(_OPENSSH_MAGIC) :]
    cipher, rest = _take_string(rest)
    _kdf, rest = _take_string(rest)
    _kdf_options, rest = _take_string(rest)
    if rest[:4] != b"\0\0\0\1":
        raise KeyTextError("the SSH private key file does not contain exactly one key")
    blob, _private = _take_string(rest[4:])
    return recipient_from_blob(blob), cipher != b"none"


def _take_string(data: bytes) -> tuple[bytes, bytes]:
    """Return the string that *data* begins with, and what follows it."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise KeyTextError("the SSH private key is damaged")
    return data[4 : 4 + size], data[4 + size :]
