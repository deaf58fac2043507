"""The values of a stored file that tokens under retired keys hold: a removed reader may have made them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sealedfiles.errors import FormatError
from sealedfiles.model.token import split
from sealedfiles.sealing.file import structured_text
from sealedfiles.sealing.pieces import token_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.sealing.file import File


def retired_values(
    stored: bytes, opened: bytes, file: File, is_retired: Callable[[str, str], bool]
) -> list[tuple[bytes, str]]:
    """Return the key paths and decoded values of *opened* whose tokens in *stored* are under a retired key.

    *is_retired* gets a group and a key id.  All values with the same key path, as in lists, are returned.
    """
    before, after = structured_text(stored), structured_text(opened)
    form = file.format
    if form is None or before is None or after is None:
        return []
    with contextlib.suppress(FormatError):
        paths = set()
        for start, end, path in form.scan(before[1]).values:
            token = token_in(before[1][start:end], form)
            names = split(token) if token else None
            if names and is_retired(names.group, names.key_id):
                paths.add(path)
        text = after[1]
        found = form.scan(text).values if paths else []
        return [(path, form.decode(text[start:end])) for start, end, path in found if path in paths]
    return []
