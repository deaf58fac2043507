"""Recognize the text of a private key where something else is expected, and mask it in messages."""

from __future__ import annotations

from sealedfiles.util.lazy_pattern import lazy_pattern

_MARKS = ("AGE-SECRET-KEY-", "PRIVATE KEY", "b3BlbnNzaC1rZXktdjEA")
"""Every private key has one of these, in capitals except for the last: the base64 of ``openssh-key-v1``."""

AGE_KEY = r"(?i:AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+)"
_PEM = r"-*BEGIN [A-Z0-9 ]*PRIVATE KEY(?:.*?END [A-Z0-9 ]*PRIVATE KEY-*|.*)"
"""Up to the end of the text if the end of the block is missing."""
_OPENSSH = r"b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/=\s\\]*"
_KEY = lazy_pattern(f"(?s){AGE_KEY}|{_PEM}|{_OPENSSH}")

MASK = "[private key]"


def has_private_key(text: str) -> bool:
    """Return True if *text* contains a private age key, or a private key in PEM or OpenSSH format."""
    return _may_have_one(text) and _KEY.search(text) is not None


def is_private_key(text: str) -> bool:
    """Return True if *text* is a key or a key file: nothing but comments is before its first key."""
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    match = _KEY.search(first) if _may_have_one(first) else None
    return match is not None and match.start() == 0


def mask_private_keys(text: str) -> str:
    """Return *text* with a mask in the place of each private key."""
    return _KEY.sub(MASK, text) if _may_have_one(text) else text


def _may_have_one(text: str) -> bool:
    upper = text.upper()
    return _MARKS[0] in upper or _MARKS[1] in text or _MARKS[2] in text
