"""Tokens that another program rewrote, so that they are not decrypted.

A formatter may write a token as a text that its format does not take for a token: with escapes, references or
line breaks.  Sealed, the ciphertext would be in the place of the secret, so such a value is never sealed.
It holds no secret: all of it is the token.
"""

from __future__ import annotations

import re

from sealedfiles.model.token import TOKEN, UNKNOWN_TOKEN
from sealedfiles.util.lazy_pattern import lazy_pattern

_REFERENCE = lazy_pattern(
    r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\x([0-9a-fA-F]{2})|&#x([0-9a-fA-F]{1,6});|&#([0-9]{1,7});"
)
# White space and quotes inside stay: what is behind them is other text, which may be a secret.
_JOINTS = lazy_pattern(r"<!\[CDATA\[|\]\]>|\\(?:(?:\r\n|[\r\n])[ \t\f]*|(?=:))")
_AROUND = "\\ \t\r\n\f\"'`"


def reads_as_token(text: str) -> bool:
    """Return True if *text*, the decoded text of a value that is not a token, is a token for a reader."""
    plain = _JOINTS.sub("", _REFERENCE.sub(_character, text).strip(_AROUND))
    return bool(TOKEN.fullmatch(plain) or (plain != text and UNKNOWN_TOKEN.fullmatch(plain)))


def _character(found: re.Match[str]) -> str:
    """Return the character that a reference stands for."""
    number = int(found[found.lastindex or 0], 10 if found[5] else 16)
    return chr(number) if number < 0x80 else "\0"
