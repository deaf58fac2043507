"""Unauthenticated tokens for groups that the user does not read."""

from __future__ import annotations

from sealedfiles.model.token import UNAUTHENTICATED_TOKEN
from sealedfiles.sealing import File, Problem
from sealedfiles.sealing.file import Keys
from sealedfiles.sealing.sealed_text import SealedText


def unread_tokens(data: bytes, file: File, keys: Keys) -> list[Problem]:
    """Return the unauthenticated tokens in *data* for which *keys* has no key.

    Commands treat them like any other token without a key.  They refuse the other ones, which may become
    values of the user's own groups.
    """
    version = SealedText(data, file)
    found = []
    for span in version.values:
        text = version.decoded(span)
        if not UNAUTHENTICATED_TOKEN.fullmatch(text):
            continue
        _, _, group, key_id, file_id, _ = text.split(":")
        if keys.for_prefix(f"sealed:v1:{group}:{key_id}:{file_id}:") is None:
            found.append(Problem("no-key", group, version.line_of(span), span.path, text))
    return found
