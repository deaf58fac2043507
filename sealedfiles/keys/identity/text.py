r"""Repair key texts from variables, secret stores and clipboards.

CI systems replace line endings with ``\n`` or spaces, add carriage returns, remove the last line ending, or
require base64.  Each of these changes can be recognized unambiguously.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error

from sealedfiles.util.lazy_pattern import lazy_pattern

_PEM = lazy_pattern(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_BASE64 = lazy_pattern(r"[A-Za-z0-9+/]+={0,2}")
_MARKS = (b"AGE-SECRET-KEY-", b"AGE-PLUGIN-", b"-----BEGIN ", b"age-encryption.org/")
_COLUMNS = 64


def repair(data: bytes) -> bytes:
    """Return the original text of one or more private keys.

    Data that is not text, or contains no key, is returned unchanged, so that the parser reports the error.
    """
    try:
        text = data.decode("utf-8-sig").strip(" \t\r\n\"'")
    except UnicodeDecodeError:
        return data
    if "\n" not in text:
        text = text.replace("\\r", "").replace("\\n", "\n").strip()
    inner = _from_base64(text)
    if any(mark in inner for mark in _MARKS):
        return repair(inner)
    pem = _PEM.match(text)
    if pem:
        return _pem(pem[1], pem[2].split()).encode("utf-8")
    return "\n".join(_lines(text)).encode("utf-8")


def comments_of(data: bytes) -> bytes:
    """Return a key's text, decoded from base64 but with its comments, which ``repair`` removes."""
    return _from_base64(data.decode("ascii", "replace")) or data


def _from_base64(text: str) -> bytes:
    """Return the decoded base64 of *text*; empty if it is something else."""
    joined = "".join(text.split())
    try:
        return b64decode(joined, validate=True) if _BASE64.fullmatch(joined) else b""
    except Base64Error:
        return b""


def _pem(label: str, words: list[str]) -> str:
    """Return a PEM text (RFC 7468, or RFC 1421 with header fields) from the *words* between its markers."""
    headers = []
    while len(words) > 1 and words[0].endswith(":"):
        headers.append(f"{words.pop(0)} {words.pop(0)}\n")
    body = "".join(words)
    lines = [body[at : at + _COLUMNS] + "\n" for at in range(0, len(body), _COLUMNS)]
    blank = ["\n"] if headers else []
    return "".join(
        [f"-----BEGIN {label}-----\n", *headers, *blank, *lines, f"-----END {label}-----\n"]
    )


def _lines(text: str) -> list[str]:
    """Return the lines of *text*, with each key on a separate line."""
    lines = text.split("\n")
    if len(lines) == 1:
        # Comments also lost their line endings, so keys may follow a `#` at the start.
        keys = [word for word in text.split() if word.startswith("AGE-")]
        return keys or lines
    found: list[str] = []
    for line in lines:
        words = line.split()
        is_keys = len(words) > 1 and all(word.startswith("AGE-") for word in words)
        found.extend(words if is_keys else [line])
    return found
