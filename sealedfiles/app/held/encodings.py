"""The encodings in which a value appears in other files: JSON, URLs, hex, base64, UTF-16."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from urllib.parse import quote, quote_plus

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

PLAIN, JSON, URL, HEX, BASE64, BASE64URL, UTF16, DECODED = (
    "plain",
    "json",
    "url",
    "hex",
    "base64",
    "base64url",
    "utf-16",
    "decoded-base64",
)

LONGEST = 256
"""Bytes: of a longer text, only the end is encoded and searched for.

The end, because many tokens of one service begin with the same header.
"""

_ESCAPE = lazy_pattern(rb"%[0-9A-F]{2}")
_GO = lazy_pattern(rb"[<>&]")
"""Go's encoding/json escapes these, and so do other libraries for JSON in HTML."""
_DOTNET = lazy_pattern(rb"\\u[0-9a-f]{4}|\\.|[&+<>'`\x7f]")
"""An escape of JSON, or a character that System.Text.Json also escapes."""
_BASE64 = lazy_pattern(rb"(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def encodings_of(text: bytes, longest: int = LONGEST) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each encoding with *text* in it, *text* itself first.

    Of a text with more than *longest* bytes, only the end is encoded.  An encoding that leaves the text as it
    is is repeated under its name.
    """
    text = text[-longest:]
    yield PLAIN, text
    yield from ((HEX, one) for one in (text.hex().encode(), text.hex().upper().encode()))
    for shift in range(3):
        yield from _base64(text, shift)
    yield from ((URL, one) for one in _url(text))
    try:
        words = text.decode("utf-8")
    except UnicodeDecodeError:
        return
    yield from ((JSON, one) for one in _json(words))
    yield from ((UTF16, words.encode(name)) for name in ("utf-16-le", "utf-16-be"))


def note_on_encoding(encoding: str) -> str:
    """Return what a message adds for a value in *encoding*."""
    if encoding == DECODED:
        return ", decoded from base64"
    return "" if encoding == PLAIN else f", encoded as {encoding}"


def decoded_base64(text: bytes) -> bytes | None:
    """Return the bytes that *text* is the base64 encoding of, if they are a text; otherwise None.

    The sealed values of a Kubernetes Secret are in base64; programs print them decoded.
    """
    if not _BASE64.fullmatch(text):
        return None
    try:
        decoded = b64decode(text, validate=True)
    except binascii.Error:
        return None
    return decoded if decoded.isascii() and decoded.decode("ascii").isprintable() else None


def _base64(text: bytes, shift: int) -> Iterator[tuple[str, bytes]]:
    """Yield the characters of base64 that *text* alone determines if it begins at an offset of *shift* in
    a group of three bytes."""
    encoded = b64encode(bytes(shift) + text)
    begin = (0, 2, 3)[shift]
    end = (shift + len(text)) * 8 // 6
    standard = encoded[begin:end]
    yield BASE64, standard
    yield BASE64URL, standard.translate(_TO_URL)


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _url(text: bytes) -> Iterator[bytes]:
    for encoded in (
        quote(text, safe=""),
        quote(text, safe="/"),
        # encodeURIComponent and encodeURI of JavaScript
        quote(text, safe="!'()*"),
        quote(text, safe=";,/?:@&=+$-_.!~*'()#"),
        quote_plus(text),
    ):
        data = encoded.encode("ascii")
        yield data
        yield _ESCAPE.sub(lambda match: match[0].lower(), data)


def _json(text: str) -> Iterator[bytes]:
    for ascii_only in (False, True):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")
        yield escaped
        yield escaped.replace(b"/", b"\\/")  # PHP
        yield _GO.sub(lambda match: b"\\u%04x" % ord(match[0]), escaped)
    # Only some texts differ in the others, which every value would be searched for in.
    in_dotnet = _DOTNET.sub(_dotnet_escape, escaped)
    if in_dotnet != escaped:
        yield in_dotnet
    if not (text.isascii() and text.isprintable()) or "\\" in text or "'" in text:
        for shown in (repr(text), ascii(text)):  # Python, in an error message
            yield shown[1:-1].encode("utf-8", "surrogatepass")


def _dotnet_escape(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if found == b'\\"':
        return b"\\u0022"
    if len(found) > 1:
        return b"\\u" + found[2:].upper() if found.startswith(b"\\u") else found
    return b"\\u%04X" % ord(found)
