"""An identity that a key management service (KMS) has encrypted: ``.sealedfiles/identities/NAME.kms``.

Anyone with push access can write such a file.  So it decides nothing: the variable SEALEDFILES_KMS has the
key of the service, the reader, and the fingerprint of the public key that must be the decrypted key's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache

from sealedfiles import age
from sealedfiles.errors import ConflictError, NoKeyError, RemoteError, TamperedError, UsageError
from sealedfiles.keys.expected import UnexpectedKeyError
from sealedfiles.keys.folder import NAME as FOLDER
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import NAME
from sealedfiles.remote.kms.encoding import context_text
from sealedfiles.remote.kms.uri import KmsUri, NotDecryptedError, parse_uri
from sealedfiles.util.messages import shell_path

VARIABLE = "SEALEDFILES_KMS"
_LARGEST = 1 << 16
"""Bytes of a file: a pushed one may have any size."""


class KmsIdentity(NamedTuple):
    """The identity of a reader in a key management service."""

    uri: KmsUri
    reader: str
    fingerprint: str
    """The fingerprint of its public key."""

    def __str__(self) -> str:
        """Return the value of SEALEDFILES_KMS for it."""
        return f"{self.uri.text}#{self.reader}={self.fingerprint}"

    @property
    def file(self) -> str:
        """The name of its file in ``.sealedfiles/``."""
        return file_of(self.reader)

    @property
    def context(self) -> dict[str, str]:
        """What the service binds the ciphertext to; not the repository, because of forks and mirrors."""
        return {"sealedfiles-reader": self.reader, "sealedfiles-key": self.fingerprint}


def file_of(reader: str) -> str:
    """Return the name of the file in ``.sealedfiles/`` with the identity of *reader*."""
    return f"identities/{reader}.kms"


def parse_setting(text: str) -> KmsIdentity:
    """Return the identity that the value of SEALEDFILES_KMS means.  Raises UsageError."""
    uri, _, pin = text.strip().partition("#")
    found = re.fullmatch(rf"({NAME.pattern})=([a-z2-7]{{20}})", pin)
    if found is None:
        raise UsageError(
            f"{VARIABLE} is not valid",
            f"write it as keygen printed it: {VARIABLE}=URI#READER=FINGERPRINT",
        )
    return KmsIdentity(parse_uri(uri), found[1], found[2])


def format_file(identity: KmsIdentity, ciphertext: str) -> bytes:
    """Return the content of the file: a head, an empty line, and what the service's own programs decrypt."""
    return f"{_head(identity)}\n{ciphertext.strip()}\n".encode("ascii")


def _head(identity: KmsIdentity) -> str:
    return (
        f"# The identity of a reader, encrypted by a key management service.\n"
        f"reader: {identity.reader}\n"
        f"key: {identity.fingerprint}\n"
        f"kms: {identity.uri.text}\n"
        f"context: {context_text(identity.context)}\n"
    )


def read_head(folder: MetadataSource, reader: str) -> KmsIdentity | None:
    """Return the identity that the file of *reader* says it is; None if there is no valid file.

    Anyone may have written it, so this is only for people.
    """
    data = folder.read(file_of(reader)) or b""
    fields = dict(line.split(": ", 1) for line in _text(data).split("\n")[1:4] if ": " in line)
    try:
        found = parse_setting(f"{fields['kms']}#{fields['reader']}={fields['key']}")
    except (KeyError, UsageError):
        return None
    is_whole = found.reader == reader and _text(data).startswith(_head(found) + "\n")
    return found if is_whole else None


def _text(data: bytes) -> str:
    return data[:_LARGEST].decode("ascii", "replace").replace("\r\n", "\n")


def load(identity: KmsIdentity, folders: Iterable[MetadataSource]) -> bytes | None:
    """Return the private key's text; None if no version of ``.sealedfiles/`` in *folders* has its file.

    The service is called once per process.  Raises UnexpectedKeyError if the file, or what the service
    returns, is not this identity's; NoKeyError if the service cannot be reached or refuses.
    """
    data = _read(identity, folders)
    if data is None:
        return None
    return _decrypted(identity.uri.text, identity.reader, identity.fingerprint, data)


def _read(identity: KmsIdentity, folders: Iterable[MetadataSource]) -> bytes | None:
    for folder in folders:
        try:
            data = folder.read(identity.file)
        except ConflictError:
            continue  # another version has none
        except TamperedError as error:  # a symbolic link
            raise UnexpectedKeyError(error.message, *error.hints) from None
        if data is not None:
            return data
    return None


@cache
def _decrypted(uri: str, reader: str, pin: str, data: bytes) -> bytes:
    from sealedfiles.remote.kms import wrap

    identity = KmsIdentity(parse_uri(uri), reader, pin)
    head, text = _head(identity), _text(data)
    where = f"{FOLDER}/{identity.file}"
    if len(data) > _LARGEST or not text.startswith(head + "\n"):
        raise UnexpectedKeyError(
            f"{where} is not of the reader, the public key and the URI in {VARIABLE}",
            f"find who changed it: git log -p -- {shell_path(where)}",
            f"if it is correct, set {VARIABLE} as keygen printed it",
        )
    try:
        found = wrap.decrypt(identity.uri, text[len(head) :].strip(), identity.context)
    except NotDecryptedError as error:
        raise UnexpectedKeyError(
            f"{where}: the ciphertext is not one of this key and reader: {error.message}",
            f"find who changed it: git log -p -- {shell_path(where)}",
        ) from None
    except RemoteError as error:
        raise NoKeyError(f"{VARIABLE}: {error.message}", *error.hints) from None
    if _fingerprints(found) != [pin]:
        raise UnexpectedKeyError(
            f"{where}: what was decrypted is not the private key of {reader} with the fingerprint {pin}",
            f"find who changed it: git log -p -- {shell_path(where)}",
        )
    return found


def _fingerprints(text: bytes) -> list[str]:
    try:
        found = age.parse_identities(text, lambda: None)
    except age.AgeError:
        return []
    return [fingerprint(one.recipient) if one.recipient else "" for one in found]


def setting() -> KmsIdentity | None:
    """Return the identity of SEALEDFILES_KMS; None if it is not set.  Raises UsageError."""
    value = os.environ.get(VARIABLE)
    return parse_setting(value) if value else None
