"""The vectors of C2SP/CCTV (``age/testdata``), and files in their manner that the tests build."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, field
from hmac import digest
from pathlib import Path
from typing import TYPE_CHECKING

from sealedfiles.age.errors import (
    ArmorError,
    HeaderError,
    HmacError,
    NoIdentityMatch,
    PayloadError,
)
from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.age.parse import parse_identity
from sealedfiles.age.scrypt import ScryptIdentity
from sealedfiles.age.stanza import encode_base64
from sealedfiles.age.stream import encrypt_payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.age.keys import Identity, Recipient

FILE_KEY = b"YELLOW SUBMARINE"


def recipient_of(one: Identity) -> Recipient:
    """Return the public half of an identity that knows it."""
    assert one.recipient is not None
    return one.recipient


def text_of(one: Identity) -> str:
    """Return the private key as text."""
    assert one.text is not None
    return one.text


FAILURES = {
    "no match": NoIdentityMatch,
    "HMAC failure": HmacError,
    "header failure": HeaderError,
    "armor failure": ArmorError,
    "payload failure": PayloadError,
}

KEYS = {
    *("expect", "payload", "identity", "passphrase", "armored", "compressed", "file key", "comment")
}


@dataclass
class Vector:
    """One vector; the kit's README says what the keys of ``head`` mean."""

    name: str
    head: list[tuple[str, str]]
    body: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Vector:
        head, _, body = path.read_bytes().partition(b"\n\n")
        lines = (line.partition(": ") for line in head.decode().split("\n"))
        return cls(path.name, [(key, value) for key, _, value in lines], body)

    def __getitem__(self, key: str) -> str:
        return dict(self.head).get(key, "")

    @property
    def is_known(self) -> bool:
        return {key for key, _ in self.head} <= KEYS

    @property
    def data(self) -> bytes:
        return zlib.decompress(self.body) if self["compressed"] else self.body

    @property
    def identities(self) -> list[Identity]:
        make: dict[str, Callable[[str], Identity]] = {
            "identity": parse_identity,
            "passphrase": ScryptIdentity,
        }
        return [make[key](value) for key, value in self.head if key in make]


def vectors() -> list[Vector]:
    """Return the vectors of the kit; none where ``AGE_TESTKIT`` names no folder."""
    folder = os.environ.get("AGE_TESTKIT")
    paths = sorted(Path(folder).iterdir()) if folder else []
    found = [Vector.read(path) for path in paths if path.is_file() and path.suffix != ".md"]
    return [vector for vector in found if vector.is_known]


def build(*stanza_lines: str, mac: str | None = None, payload: bytes | None = None) -> bytes:
    """Return a file whose header has these lines, with the right MAC and payload by default."""
    covered = "\n".join(("age-encryption.org/v1", *stanza_lines, "---"))
    if mac is None:
        mac = " " + encode_base64(_mac(covered.encode())).decode()
    if payload is None:
        payload = encrypt_payload(FILE_KEY, b"age")
    return f"{covered}{mac}\n".encode() + payload


def _mac(covered: bytes) -> bytes:
    return digest(hkdf_sha256(FILE_KEY, b"", b"header"), covered, "sha256")
