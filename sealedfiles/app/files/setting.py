"""Set or remove one value of a file, for ``set`` and ``unset``."""

from __future__ import annotations

from sealedfiles.app.files.assignment import (
    REPLACE_HINT,
    assigned,
    refuse_collection,
    removed,
    value_at,
)
from sealedfiles.app.files.working_file import (
    WorkingFile,
    change_text,
    refuse_token_values,
    with_place,
)
from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.app.files.assignment import EditedText
    from sealedfiles.app.public_keys import CurrentPublicKey
    from sealedfiles.formats.base import Editor, Format, Span


def set_value(
    place: WorkingFile,
    address: Address,
    value: Callable[[], Data],
    *,
    typed: bool,
    replace: bool,
    group: str | None = None,
    unread: CurrentPublicKey | None = None,
) -> tuple[EditedText, list[bytes]]:
    """Write a value to *address* of the file.

    With *group*, the policy must assign the value to this group.  With *unread*, the public key of a group
    that the user does not read, the value is written in an unauthenticated token.  Returns the change, and
    the key paths of the written values that the policy leaves in plaintext.

    *value* returns the value, and may prompt for it.  It is called only after checking that the value at
    *address* may be replaced; a mapping or list may be replaced only if *replace* is set.  *typed* stores
    text as a string.  Raises UsageError, and FormatError with the position in the file, before anything
    is written.
    """
    text = place.text()[1]

    def written(editor: Editor, changed: EditedText) -> list[bytes]:
        span = editor.locate(changed.text, address)
        form = place.described.format
        if changed.added is None or form is None:
            return [span.path]
        return written_paths(form, span, changed.text)

    def change(editor: Editor, text: str) -> EditedText:
        changed = assigned(editor, text, address, data, typed=typed, replace=replace)
        if group is not None and unread is None:
            from sealedfiles.app.files.write_only import require_group  # few values have --group

            for path in written(editor, changed):
                require_group(place, path, group)
        return changed

    try:
        if not replace:
            refuse_collection(address, value_at(place.editor(), text, address)[1], REPLACE_HINT)
        data = value()
        refuse_token_values(data)
        if unread is not None:
            from sealedfiles.app.files.write_only import set_unread

            return set_unread(place, address, change, unread), []
        changed = change_text(place, change)
    except FormatError as error:
        raise with_place(error, place) from None
    rules = place.workspace.describe(place.path)[1]
    return changed, [
        path for path in written(place.editor(), changed) if rules.group_of(path) is None
    ]


def written_paths(form: Format, span: Span, text: str) -> list[bytes]:
    """Return the key path of each value of *text* in the mapping or list at *span*."""
    return [one.path for one in form.scan(text).values if span.start <= one.start < span.end]


def remove_value(place: WorkingFile, address: Address) -> EditedText:
    """Remove the value at *address*, and its key, from the file.  Raises as ``set_value``."""
    try:
        return change_text(place, lambda editor, text: removed(editor, text, address))
    except FormatError as error:
        raise with_place(error, place) from None
