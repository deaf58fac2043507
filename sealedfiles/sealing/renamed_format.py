"""Read a stored version in the format that it had before its file was renamed."""

from __future__ import annotations

from sealedfiles import formats
from sealedfiles.sealing.file import File
from sealedfiles.sealing.sealed_text import SealedText

_STRICT = ("json", "yaml", "toml", "tfvars", "xml")
"""The formats that read no token in a text of another one as a value, except that YAML reads JSON."""


def read_stored(version: bytes, file: File) -> SealedText:
    """Return the content of *version*, in the format of *file*; in another one if that does not read it."""
    stored = SealedText(version, file)
    if file.format and stored.scan is None and not stored.sides and b"sealed:v1:" in version:
        for name in _STRICT:
            other = SealedText(version, file._replace(format=formats.load(name)))
            if any(map(other.is_token, other.values)):
                return other
    return stored
