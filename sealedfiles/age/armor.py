"""Armor, an age file as text (https://c2sp.org/age, "ASCII armor").

PEM (RFC 7468) in its strict form: no headers, lines of 64 columns, canonical padded base64, LF or
CRLF, and white space only around it.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from .errors import ArmorError

BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
END = b"-----END AGE ENCRYPTED FILE-----"
_COLUMNS = 64


def enarmor(data: bytes) -> bytes:
    """Return *data* as an armored file, with LF line ends."""
    text = b2a_base64(data, newline=False)
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return b"\n".join((BEGIN, *lines, END, b""))


def dearmor(text: bytes) -> bytes:
    """Return the data of the armored file *text*.  Raises ArmorError."""
    lines = _lines(text)
    columns = {len(line) for line in lines[:-1]}
    if not columns <= {_COLUMNS} or (lines and not 0 < len(lines[-1]) <= _COLUMNS):
        raise ArmorError("the armor has a line of the wrong length")
    joined = b"".join(lines)
    try:
        data = a2b_base64(joined)
    except Base64Error:
        raise ArmorError("the armor has malformed base64") from None
    # a2b_base64 skips foreign characters and ignores trailing bits: encode again and compare.
    if b2a_base64(data, newline=False) != joined:
        raise ArmorError("the armor has malformed base64")
    return data


def _lines(text: bytes) -> list[bytes]:
    """Return the lines between BEGIN and END, without their line ends.

    The two must be separate lines, with only white space before and after them.
    """
    before, begin, rest = text.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        raise ArmorError("the armor has no valid BEGIN and END line")
    if before.strip() or after.strip():
        raise ArmorError("there is other text before or after the armor")
    lines = [line.removesuffix(b"\r") for line in inside.split(b"\n")]
    alone = before[-1:] in (b"", b"\n") and after.removeprefix(b"\r")[:1] in (b"", b"\n")
    if not alone or len(lines) < 2 or lines[0] or lines[-1]:
        raise ArmorError("the armor has no valid BEGIN and END line")
    return lines[1:-1]
