"""Values of a stored file in tokens under retired keys: a removed reader may have written them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.model.token import split
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.whole import layers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.sealing.file import File, Keys


def retired_values(
    stored: bytes, opened: bytes, file: File, keys: Keys, is_retired: Callable[[str, str], bool]
) -> list[tuple[bytes, str]]:
    """Return the key paths and decoded values of *opened* whose tokens in *stored* are under a retired key.

    *is_retired* is called with a group and a key id.  All values at one key path, as in lists, are returned,
    and all values of a file that is sealed whole.
    """
    before, after = SealedText(stored, file).readings, SealedText(opened, file).readings
    if is_whole(stored):
        is_meant = any(is_retired(layer.group, layer.key_id) for layer in layers_of(stored, keys))
        return [value for side in after for value in side.decoded_values() if is_meant]
    found: list[tuple[bytes, str]] = []
    for number, one in enumerate(before):
        paths = set()
        for span in one.values:
            token = one.token_in(span)
            names = split(token) if token else None
            if names and is_retired(names.group, names.key_id):
                paths.add(span.path)
        # If a side parses in only one of the two forms, all sides count.
        sides = after[number : number + 1] if len(before) == len(after) else after
        found += [value for side in sides for value in side.decoded_values() if value[0] in paths]
    return found
