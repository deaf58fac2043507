"""The names of the keys in a sealed file, which are in plaintext in git."""

from __future__ import annotations

from sealedfiles.app.held.values import texts_in
from sealedfiles.errors import FormatError
from sealedfiles.formats import load_editor
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.sealed_text import SealedText

if TYPE_CHECKING:
    from sealedfiles.app.history.values import TokenOpener
    from sealedfiles.formats.base import Data
    from sealedfiles.sealing import File


def sealed_key_names(blob: bytes, file: File, keys: TokenOpener) -> set[bytes]:
    """Return the names of keys in the sealed file *blob* that it also has as sealed values.

    In a file that does not seal it, the name of a key may be a copy of a secret.
    """
    names = _names(blob, file) if b"sealed:v1:" in blob else set()
    sealed = texts_in(blob, file, keys) if names else ()
    return names.intersection(one.encoded for _, texts in sealed for one in texts)


def _names(blob: bytes, file: File) -> set[bytes]:
    """Return the names of all keys, also of empty collections; none if *blob* does not parse."""
    version = SealedText(blob, file)
    if version.form is None:
        return set()
    try:
        waiting: list[Data] = [load_editor(version.form.name).load(version.text)]
    except FormatError:
        return set()
    names: set[str] = set()
    for data in waiting:
        if isinstance(data, dict):
            names.update(data)
            waiting += data.values()
        elif isinstance(data, list):
            waiting += data
    return {name.encode("utf-8", "surrogatepass") for name in names}
