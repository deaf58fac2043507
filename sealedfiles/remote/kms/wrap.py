"""Encrypt and decrypt a short text with the key of a URI."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress

from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Protocol
from sealedfiles.remote.http import understood
from sealedfiles.remote.kms.uri import KmsUri

Context = Mapping[str, str]
"""What the ciphertext belongs to; services that can, decrypt it only if the same is given again."""


class _Service(Protocol):
    """A module of this package."""

    def encrypt(self, parts: dict[str, str], data: bytes, context: Context) -> str:
        """Return *data*, encrypted, in lines of text."""
        ...

    def decrypt(self, parts: dict[str, str], text: str, context: Context) -> bytes:
        """Return the bytes that were encrypted to *text*."""
        ...


def encrypt(uri: KmsUri, data: bytes, context: Context) -> str:
    """Return *data*, encrypted with the key at *uri*, in lines of text as the service's programs read them.

    Raises RemoteError if the service cannot be reached, or refuses it, or returns no ciphertext.
    """
    with understood(uri.scheme):
        text = _service(uri.scheme).encrypt(uri.parts, data, context)
    _require_ciphertext(text, data)
    return text


def decrypt(uri: KmsUri, text: str, context: Context) -> bytes:
    """Return what was encrypted to *text*.

    Raises NotDecryptedError if *text* or *context* are not those, and RemoteError as ``encrypt`` does.
    """
    with understood(uri.scheme):
        return _service(uri.scheme).decrypt(uri.parts, text, context)


def _require_ciphertext(text: str, data: bytes) -> None:
    """Raise RemoteError if *text* has odd characters, or *data* in it, as it is or in base64.

    It is committed.  A stand-in, or a proxy, may return what it was given.
    """
    if not re.fullmatch(r"[!-~ \n]+", text):
        raise RemoteError("the service returned a ciphertext with control characters")
    forms = [text.encode()]
    for part in re.split(r"[^A-Za-z0-9+/=\n]", text):
        with suppress(ValueError):
            forms.append(b64decode("".join(part.split())))
    secrets = [line for line in data.upper().split(b"\n") if line and not line.startswith(b"#")]
    for form in [*forms, *map(_decoded, forms)]:
        if any(secret in form.upper() for secret in secrets):
            raise RemoteError(
                "the service returned the private key itself, not a ciphertext",
                "check the address of the service, and whether a proxy answers in its place",
            )


def _decoded(data: bytes) -> bytes:
    try:
        return b64decode(data)
    except ValueError:
        return b""


def _service(scheme: str) -> _Service:
    # Imported here because one call needs one of them.
    if scheme == "aws-kms":
        from sealedfiles.remote.kms import aws_kms

        return aws_kms
    if scheme == "vault-transit":
        from sealedfiles.remote.kms import vault_transit

        return vault_transit
    if scheme == "gpg":
        from sealedfiles.remote.kms import gpg

        return gpg
    if scheme == "gcp-kms":
        from sealedfiles.remote.kms import gcp_kms

        return gcp_kms
    from sealedfiles.remote.kms import azure_kv

    return azure_kv
