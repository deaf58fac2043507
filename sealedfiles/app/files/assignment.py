"""Set or remove one value of a text, and record what changed.

Used by `sealedfiles set`, `sealedfiles unset` and ``Document``.
"""

from __future__ import annotations

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data, Editor, child_of
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address, NoSuchValueError, show_address, similar_addresses
from sealedfiles.util.messages import counted

REPLACE_HINT = "to replace all of it, give the new value as JSON: --json"


class EditedText(NamedTuple):
    """A changed text, with a record of the change."""

    text: str
    is_same: bool = False
    """True if the text did not change."""
    is_new: bool = False
    """True if there was nothing at the address before."""
    similar: tuple[str, ...] = ()
    """If the address is new: the existing addresses that it may be a misspelling of."""
    removed: int = 0
    """The number of values in the mapping or list that was replaced or removed; 0 for a single value."""
    added: int | None = None
    """The number of values in a mapping or list that was written; None for a single value."""
    new_type: str = ""
    """``a string`` if text replaced a number or a boolean, otherwise empty."""


def assigned(
    editor: Editor,
    text: str,
    address: Address,
    value: Data,
    *,
    typed: bool = True,
    replace: bool = False,
) -> EditedText:
    """Return *text* with *value* at *address*.

    A mapping or list is replaced only if *replace* is set.  If *value* is text and replaces a number or a
    boolean, it keeps that type if possible; with *typed* it is stored as a string.  Raises UsageError, and
    the errors of the editor's ``assign``.
    """
    is_there, old = value_at(editor, text, address)
    if not replace:
        refuse_collection(address, old, REPLACE_HINT)
    if isinstance(value, str) and not typed:
        new = editor.assign_text(text, address, value)
    else:
        new = editor.assign(text, address, value)
    added = _size(value) if isinstance(value, (dict, list)) else None
    if not is_there:
        similar = _similar(editor, text, address)
        return EditedText(new, is_new=True, similar=similar, added=added)
    new_type = ""
    if isinstance(value, str) and isinstance(old, (bool, int, float)):
        new_type = "a string" if isinstance(value_at(editor, new, address)[1], str) else ""
    return EditedText(new, new == text, removed=_size(old), added=added, new_type=new_type)


def removed(editor: Editor, text: str, address: Address) -> EditedText:
    """Return *text* without the value at *address*.  Raises the errors of the editor's ``remove``."""
    _, old = value_at(editor, text, address)
    return EditedText(editor.remove(text, address), removed=_size(old))


def value_at(editor: Editor, text: str, address: Address) -> tuple[bool, Data]:
    """Return whether *address* exists in *text*, and its value (None if the .env reader finds none)."""
    if not text.strip("\ufeff \t\r\n"):
        return False, None
    try:
        editor.locate(text, address)
    except NoSuchValueError:
        return False, None
    value = editor.load(text)
    try:
        for step in address:
            value = child_of(value, step)
    except LookupError:  # a key in a .env file that python-dotenv does not read
        return True, None
    return True, value


def refuse_collection(address: Address, value: Data, how: str) -> None:
    """Raise UsageError, with the hint *how*, if *value* at *address* is a mapping or a list."""
    if isinstance(value, (dict, list)):
        kind = "mapping" if isinstance(value, dict) else "list"
        shown = show_address(address)
        step = next(iter(value), "KEY") if isinstance(value, dict) else 0
        raise UsageError(
            f"{shown} is a {kind} of {counted(_size(value), 'value')}, and is not replaced by one value",
            f"to change one value in it, give its path: {show_address((*address, step))}",
            how,
        )


def _size(value: Data) -> int:
    """Return the number of values in a mapping or list, at all levels; 0 for anything else.

    A nested empty mapping or list counts as one value.
    """
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (dict, list)):
            parts = list(one.values()) if isinstance(one, dict) else one
            waiting += parts
            count += sum(not isinstance(part, (dict, list)) or not part for part in parts)
    return count


def _similar(editor: Editor, text: str, address: Address) -> tuple[str, ...]:
    if not text.strip("\ufeff \t\r\n"):
        return ()
    return tuple(similar_addresses(address, editor.addresses(text)))
