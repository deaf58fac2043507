"""Resolve the secret references of one file, for `cat` and ``load``."""

from __future__ import annotations

from sealedfiles.app.files.working_file import WorkingFile, encoded, with_place
from sealedfiles.app.resolving.find import Found, find_in_data
from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Data, child_of, replace_child
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import structured_text

if TYPE_CHECKING:
    from sealedfiles.app.resolving.resolver import Resolver


def resolved_data(
    place: WorkingFile, data: Data, resolver: Resolver, *, complete: bool = False
) -> tuple[Data, Found]:
    """Resolve the references in *data*, the loaded content of *place*.

    With *complete*, one that would stay as it is raises UsageError.  Raises as ``find`` and
    ``Resolver.resolve``.
    """
    found = find_in_data(place, data)
    if complete:
        found.require_all()
    for address, value in resolver.resolve(found).items():
        if not address:
            return value, found
        parent = data
        for step in address[:-1]:
            parent = child_of(parent, step)
        replace_child(parent, address[-1], value)
    return data, found


def resolved_text(place: WorkingFile, resolver: Resolver) -> tuple[bytes, Found]:
    """Return the plaintext of *place* with the references in it resolved; its layout does not change.

    Raises as ``resolved_data``, and UsageError if the format cannot hold a value.
    """
    if place.described.format is None or structured_text(place.opened.data) is None:
        return place.opened.data, Found(place.name, {})
    try:
        bom, text = place.text()
        editor = place.editor()
        found = find_in_data(place, editor.load(text))
        for address, value in resolver.resolve(found).items():
            text = editor.assign(text, address, value)
    except FormatError as error:
        raise with_place(error, place) from None
    return encoded(bom + text), found
