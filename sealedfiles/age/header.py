"""The header of an age file, stanzas and a MAC (https://c2sp.org/age, "Header")."""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest, digest
from io import BytesIO

from sealedfiles.light_typing import NamedTuple

from .errors import HeaderError, HmacError
from .hkdf import hkdf_sha256
from .stanza import Stanza, decode_base64, encode_base64, encode_stanza, parse_stanza

VERSION_PREFIX = b"age-encryption.org/"
_INTRO = VERSION_PREFIX + b"v1\n"
_MAC_SIZE = 32

MAX_STANZAS = 1024
MAX_HEADER_SIZE = 2 << 20
"""In bytes.  Both limits are far above legitimate use (1024 post-quantum readers take 1.6 MB).
Without them, one hostile file could cause any number of attempts per identity, which is expensive
for a plugin above all."""


class Header(NamedTuple):
    """A parsed header."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    covered: bytes
    """The bytes that the MAC covers: from the first byte to the ``---`` of the last line."""
    size: int
    """In bytes; the payload begins there."""


def _mac(file_key: bytes, covered: bytes) -> bytes:
    return digest(hkdf_sha256(file_key, b"", b"header"), covered, "sha256")


def encode_header(stanzas: Iterable[Stanza], file_key: bytes) -> bytes:
    """Return the header with *stanzas*, authenticated by the file key that they wrap."""
    covered = b"%b%b---" % (_INTRO, b"".join(map(encode_stanza, stanzas)))
    return b"%b %b\n" % (covered, encode_base64(_mac(file_key, covered)))


def parse_header(data: bytes) -> Header:
    """Return the header that *data*, a binary age file, begins with.  Raises HeaderError."""
    if not data.startswith(_INTRO):
        if data.startswith(VERSION_PREFIX):
            raise HeaderError("this version of the age format is not supported")
        raise HeaderError("this is not an age file")
    source = BytesIO(data[:MAX_HEADER_SIZE])
    source.readline()
    stanzas: list[Stanza] = []
    while True:
        start = source.tell()
        line = source.readline()
        if line.startswith(b"---"):
            return Header(tuple(stanzas), _parse_mac(line), data[: start + 3], source.tell())
        if not line or start == MAX_HEADER_SIZE:
            raise HeaderError("the header is truncated or too large")
        if len(stanzas) == MAX_STANZAS:
            raise HeaderError(f"the header has more than {MAX_STANZAS} stanzas")
        stanzas.append(parse_stanza(line, source.readline))


def _parse_mac(line: bytes) -> bytes:
    if line[3:4] != b" " or line[-1:] != b"\n":
        raise HeaderError("the last line of the header is malformed")
    mac = decode_base64(line[4:-1])
    if len(mac) != _MAC_SIZE:
        raise HeaderError("the last line of the header is malformed")
    return mac


def verify_header(header: Header, file_key: bytes) -> None:
    """Raise HmacError unless *header* is the one that was written with *file_key*."""
    if not compare_digest(header.mac, _mac(file_key, header.covered)):
        raise HmacError("the header was modified: its MAC is wrong")
