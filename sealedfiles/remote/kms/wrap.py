"""Encrypt and decrypt a short text with the key of a URI."""

from __future__ import annotations

from collections.abc import Mapping

from sealedfiles.light_typing import Protocol
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

    Raises RemoteError if the service cannot be reached, or refuses it.
    """
    return _service(uri.scheme).encrypt(uri.parts, data, context)


def decrypt(uri: KmsUri, text: str, context: Context) -> bytes:
    """Return what was encrypted to *text*.

    Raises NotDecryptedError if *text* or *context* are not those, and RemoteError as ``encrypt`` does.
    """
    return _service(uri.scheme).decrypt(uri.parts, text, context)


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
