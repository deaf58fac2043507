"""Google Cloud KMS, by the program ``gcloud``: https://cloud.google.com/sdk/gcloud/reference/kms."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from sealedfiles.errors import RemoteError
from sealedfiles.remote.kms.encoding import context_text, from_lines, to_lines
from sealedfiles.remote.kms.program import run


def encrypt(parts: dict[str, str], data: bytes, context: Mapping[str, str]) -> str:
    """See ``wrap.encrypt``; the text is base64."""
    return to_lines(_run("encrypt", parts["key"], data, context))


def decrypt(parts: dict[str, str], text: str, context: Mapping[str, str]) -> bytes:
    """See ``wrap.decrypt``.  Why ``gcloud`` failed is not known, so it never raises NotDecryptedError."""
    return _run("decrypt", parts["key"], from_lines(text), context)


def _run(what: str, key: str, data: bytes, context: Mapping[str, str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="sealedfiles-") as folder:
        bound = Path(folder, "context")  # it is not secret, and stdin has the data
        bound.write_text(context_text(context), encoding="ascii")
        arguments = (
            *("kms", what, "--key", key, "--plaintext-file", "-", "--ciphertext-file", "-"),
            *("--additional-authenticated-data-file", str(bound), "--quiet"),
        )
        return run("gcloud", arguments, data, RemoteError)
