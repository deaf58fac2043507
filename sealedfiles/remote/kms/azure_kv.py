"""RSA keys in Azure Key Vault, by the program ``az``: https://learn.microsoft.com/cli/azure/keyvault/key.

RSA-OAEP binds no context: whoever has the public key can encrypt.  So the caller must recognize what was
decrypted.
"""

from __future__ import annotations

import json
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.remote.kms.encoding import from_lines, to_lines
from sealedfiles.remote.kms.program import run


def encrypt(parts: dict[str, str], data: bytes, context: Mapping[str, str]) -> str:
    """See ``wrap.encrypt``; the text is base64.  Encrypted here, because ``az`` takes data as an argument."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    del context
    with tempfile.TemporaryDirectory(prefix="sealedfiles-") as folder:
        file = Path(folder, "public.pem")
        arguments = ("--encoding", "PEM", "--file", str(file))
        run("az", ("keyvault", "key", "download", *_key(parts), *arguments), b"", RemoteError)
        public = serialization.load_pem_public_key(file.read_bytes())
    digest = hashes.SHA256()
    if not isinstance(public, rsa.RSAPublicKey):
        raise RemoteError(
            "the key is not an RSA key", "create one: az keyvault key create --kty RSA"
        )
    if len(data) > public.key_size // 8 - 2 * digest.digest_size - 2:
        raise RemoteError(
            f"the identity is too long for an RSA key of {public.key_size} bits",
            "use one of 4096 bits, or grant access to fewer groups in this command",
        )
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    return to_lines(public.encrypt(data, oaep))


def decrypt(parts: dict[str, str], text: str, context: Mapping[str, str]) -> bytes:
    """See ``wrap.decrypt``.  Why ``az`` failed is not known, so it never raises NotDecryptedError."""
    del context
    value = b64encode(from_lines(text)).decode("ascii")
    arguments = ("--algorithm", "RSA-OAEP-256", "--data-type", "base64", "--value", value)
    output = run("az", ("keyvault", "key", "decrypt", *_key(parts), *arguments), b"", RemoteError)
    try:
        return b64decode(json.loads(output)["result"])
    except (ValueError, KeyError, TypeError):
        raise RemoteError("az printed no result") from None


def _key(parts: dict[str, str]) -> tuple[str, ...]:
    named = ("--vault-name", parts["vault"], "--name", parts["key"])
    return (*named, "--version", parts["version"], "--output", "json")
