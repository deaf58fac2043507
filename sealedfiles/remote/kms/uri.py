"""The URI of a key in a key management service.

It names no server and holds no credential: these come from the user's environment, as for the service's own
programs.  The grammar is strict, because parts of a URI become arguments of programs and paths of requests.
"""

from __future__ import annotations

import re

from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.light_typing import NamedTuple

_REGION = r"[a-z]{2,8}(?:-[a-z]{1,16})+-[0-9]{1,2}"
_STEP = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ID = r"[A-Za-z0-9_-]{1,63}"

_GRAMMAR = {
    "aws-kms": (
        rf"(?P<key>arn:aws[a-z-]*:kms:(?P<home>{_REGION}):[0-9]{{12}}:(?:key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)"
        rf"|alias/[A-Za-z0-9/_-]+|[A-Za-z0-9-]+)(?:\?region=(?P<region>{_REGION}))?"
    ),
    "vault-transit": rf"(?P<mount>{_STEP}(?:/{_STEP})*)/(?P<key>{_STEP})",
    "gpg": r"(?P<key>[0-9A-F]{40}|[0-9A-F]{64})",
    "gcp-kms": rf"(?P<key>projects/[a-z0-9.:-]+/locations/{_ID}/keyRings/{_ID}/cryptoKeys/{_ID})",
    "azure-kv": r"(?P<vault>[A-Za-z0-9-]{3,24})/(?P<key>[A-Za-z0-9-]{1,127})/(?P<version>[0-9a-f]{32})",
}
_EXAMPLES = {
    "aws-kms": "aws-kms://alias/sealedfiles?region=eu-central-1",
    "vault-transit": "vault-transit://transit/sealedfiles",
    "gpg": "gpg://FINGERPRINT (40 hexadecimal digits in capitals)",
    "gcp-kms": "gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K",
    "azure-kv": "azure-kv://VAULT/KEY/VERSION",
}
_LONGEST = 1000


class KmsUri(NamedTuple):
    """A key in a key management service."""

    text: str
    scheme: str
    parts: dict[str, str]
    """The parts of the grammar that the text has: ``key``, ``mount``, ``region``, …"""


class NotDecryptedError(RemoteError):
    """The service was reached, and what it was given is not a ciphertext of this key with this context."""


def parse_uri(text: str) -> KmsUri:
    """Return the parts of *text*.  Raises UsageError."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in _GRAMMAR:
        raise UsageError(
            f"not the URI of a key management service: {text[:80]}",
            f"it begins with {', '.join(f'{name}://' for name in _GRAMMAR)}",
        )
    found = re.fullmatch(_GRAMMAR[scheme], rest) if len(text) <= _LONGEST else None
    if found is None:
        raise UsageError(
            f"not a valid URI of {scheme}: {text[:80]}", f"write it like this: {_EXAMPLES[scheme]}"
        )
    parts = {name: value for name, value in found.groupdict().items() if value}
    if scheme == "aws-kms":
        home = parts.pop("home", "")
        region = parts.setdefault("region", home)
        if not region or (home and home != region):
            raise UsageError(
                f"{text}: the region is missing, or is not that of the key",
                f"write it like this: {_EXAMPLES[scheme]}",
            )
    return KmsUri(text, scheme, parts)
