"""The kinds of values that can be generated, as users and policies write them: ``hex:32``, ``rsa:3072``."""

from __future__ import annotations

from collections.abc import Container

from sealedfiles.light_typing import NamedTuple

_SIZES: dict[str, Container[int]] = {
    "hex": range(16, 1025),
    "base64": range(16, 1025),
    "password": range(12, 1025),
    "uuid": (0,),
    "rsa": (2048, 3072, 4096),
    "ed25519": (0,),
    "age": (0,),
}
"""The allowed sizes of each kind; 0: without a size."""
_HELP = (
    "hex:32 or base64:32 (16 to 1024 random bytes), password:24 (12 to 1024 characters), uuid, "
    "rsa:3072 (2048, 3072 or 4096 bits), ed25519 or age"
)


class ValueSpec(NamedTuple):
    """A kind of value, and its size: bytes of ``hex`` and ``base64``, characters of ``password``, bits of
    ``rsa``, otherwise 0."""

    kind: str
    size: int


def parse_spec(text: str) -> ValueSpec:
    """Parse *text*.  Raises ValueError with a message that lists what is allowed."""
    kind, colon, size = text.partition(":")
    number = int(size) if size.isascii() and size.isdigit() and len(size) < 5 else 0
    if (number > 0) != bool(colon) or number not in _SIZES.get(kind, ()) or size[:1] == "0":
        raise ValueError(f"must be {_HELP}")
    return ValueSpec(kind, number)
