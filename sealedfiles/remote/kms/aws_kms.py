"""AWS KMS: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

from sealedfiles.remote.aws import Aws, AwsError
from sealedfiles.remote.kms.encoding import from_lines, to_lines
from sealedfiles.remote.kms.uri import NotDecryptedError

_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


def encrypt(parts: dict[str, str], data: bytes, context: Mapping[str, str]) -> str:
    """See ``wrap.encrypt``; the text is base64."""
    answer = Aws("kms", parts["region"]).call(
        "Encrypt",
        {
            "KeyId": parts["key"],
            "Plaintext": b64encode(data).decode("ascii"),
            "EncryptionContext": dict(context),
        },
    )
    return to_lines(b64decode(answer["CiphertextBlob"]))


def decrypt(parts: dict[str, str], text: str, context: Mapping[str, str]) -> bytes:
    """See ``wrap.decrypt``."""
    try:
        answer = Aws("kms", parts["region"]).call(
            "Decrypt",
            {
                "KeyId": parts["key"],
                "CiphertextBlob": b64encode(from_lines(text)).decode("ascii"),
                "EncryptionContext": dict(context),
            },
        )
    except AwsError as error:
        if error.kind in _NOT_OURS:
            raise NotDecryptedError(error.message) from None
        raise
    return b64decode(str(answer["Plaintext"]))
