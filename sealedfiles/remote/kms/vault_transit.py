"""The secrets engine transit of Vault and OpenBao: https://openbao.org/api-docs/secret/transit/."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

from sealedfiles.errors import RemoteError
from sealedfiles.remote.kms.encoding import context_text
from sealedfiles.remote.kms.uri import NotDecryptedError
from sealedfiles.remote.vault import VaultError, connect


def encrypt(parts: dict[str, str], data: bytes, context: Mapping[str, str]) -> str:
    """See ``wrap.encrypt``; the text is ``vault:v1:…``."""
    path = f"{parts['mount']}/encrypt/{parts['key']}"
    server = connect()
    try:
        answer = server.write(path, {"plaintext": _base64(data), **_bound(context)})
    except VaultError as error:
        if error.status == 400:
            raise RemoteError(
                f"{error.message}: is the key missing, or not one of aes256-gcm96 or chacha20-poly1305?",
                f"create it: vault write -f {parts['mount']}/keys/{parts['key']}",
            ) from None
        raise
    return str(answer["data"]["ciphertext"])


def decrypt(parts: dict[str, str], text: str, context: Mapping[str, str]) -> bytes:
    """See ``wrap.decrypt``."""
    path = f"{parts['mount']}/decrypt/{parts['key']}"
    server = connect()  # a login that is refused says nothing about the ciphertext
    try:
        answer = server.write(path, {"ciphertext": text.strip(), **_bound(context)})
    except VaultError as error:
        if error.status == 400:
            raise NotDecryptedError(error.message) from None
        raise
    return b64decode(str(answer["data"]["plaintext"]))


def _bound(context: Mapping[str, str]) -> dict[str, str]:
    return {"associated_data": _base64(context_text(context).encode("ascii"))}


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
