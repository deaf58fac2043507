"""Stanzas, which hold wrapped file keys in an age header, and the messages of plugins.

Format: https://c2sp.org/age, "Recipient stanza".  Base64 is the standard alphabet without padding.
Only the canonical encoding is accepted: a file has exactly one encoding, so its MAC covers all of it.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable

from sealedfiles.light_typing import NamedTuple

from .errors import HeaderError

_BYTES_PER_LINE = 48
_COLUMNS_PER_LINE = 64
_SPACE_AND_VCHARS = bytes(range(0x20, 0x7F))


class Stanza(NamedTuple):
    """One stanza: ``-> type args…`` and a body."""

    type: str
    args: tuple[str, ...]
    body: bytes


def encode_base64(data: bytes) -> bytes:
    """Return *data* as base64 without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=")


def decode_base64(text: bytes) -> bytes:
    """Return the bytes that the unpadded, canonical base64 *text* encodes.

    Raises HeaderError for every other encoding.
    """
    try:
        data = a2b_base64(text + b"=" * (-len(text) % 4))
    except Base64Error:
        raise HeaderError("a stanza has malformed base64") from None
    # a2b_base64 skips foreign characters and ignores trailing bits: encode again and compare.
    if encode_base64(data) != text:
        raise HeaderError("a stanza has malformed base64")
    return data


def decode_argument(argument: str, size: int, what: str) -> bytes:
    """Return the *size* bytes that *argument*, the base64 *what* of a stanza, encodes.

    Raises HeaderError.
    """
    data = decode_base64(argument.encode())
    if len(data) != size:
        raise HeaderError(f"the {what} of a stanza has {len(data)} bytes instead of {size}")
    return data


def encode_stanza(stanza: Stanza) -> bytes:
    """Return the lines of *stanza*.

    The last line of a body is always shorter than a full line, so a body of full lines ends in an
    empty line.
    """
    text = encode_base64(stanza.body)
    lines = [" ".join(("->", stanza.type, *stanza.args)).encode()]
    lines += [
        text[at : at + _COLUMNS_PER_LINE] for at in range(0, len(text) + 1, _COLUMNS_PER_LINE)
    ]
    return b"\n".join(lines) + b"\n"


def parse_stanza(opening: bytes, readline: Callable[[], bytes]) -> Stanza:
    """Return the stanza that begins with the line *opening* and continues with *readline()*.

    A line ends in LF, except at the end of the input.  Raises HeaderError.
    """
    kind, *args = _words(opening)
    body = []
    while True:
        line = readline()
        if line[-1:] != b"\n":
            raise HeaderError("the header is truncated")
        chunk = decode_base64(line[:-1])
        body.append(chunk)
        if len(chunk) > _BYTES_PER_LINE:
            raise HeaderError("a line in the body of a stanza is too long")
        if len(chunk) < _BYTES_PER_LINE:
            return Stanza(kind, tuple(args), b"".join(body))


def _words(opening: bytes) -> list[str]:
    if not opening.startswith(b"-> ") or opening.translate(None, _SPACE_AND_VCHARS) != b"\n":
        raise HeaderError("the first line of a stanza is malformed")
    words = opening[3:-1].decode("ascii").split(" ")
    if not all(words):
        raise HeaderError("the first line of a stanza is malformed")
    return words
