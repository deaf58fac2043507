"""One value of a file that is to be rotated: where it is, what it is, and writing another one there."""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.app.files.assignment import (
    EditedText,
    assigned,
    refuse_collection,
    removed,
    value_at,
)
from sealedfiles.app.files.trust import look_up
from sealedfiles.app.files.working_file import (
    WorkingFile,
    change_text,
    encoded,
    load_values,
    read_again,
    read_in_place,
    refuse_token_values,
    with_place,
)
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.errors import ChangedOnDiskError, FormatError, SealedFilesError, UsageError
from sealedfiles.formats.base import Data, Editor
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.git.rewrite import rewrite_entries
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, TypeAlias
from sealedfiles.model.address import Address, no_such_value, show_address
from sealedfiles.model.paths import steps
from sealedfiles.model.secret_reference import scheme_of
from sealedfiles.util.messages import shell_key, shell_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

Alone: TypeAlias = "Callable[[], AbstractContextManager[None]]"
"""Returns a block that commands which change the index enter one at a time (``cli.exclusive``)."""

PREVIOUS = "_PREVIOUS"


class Target(NamedTuple):
    """One value.  ``repr`` contains a secret, so never use it in a message."""

    place: WorkingFile
    clone: Clone
    address: Address
    group: str
    """The group that it is sealed to."""
    old: Data
    """The current value; a token if it stays sealed."""

    @property
    def file(self) -> str:
        """The path of the file, as git stores it."""
        return os.fsdecode(self.place.path)

    @property
    def key(self) -> str:
        """The address, for display and for records."""
        return show_address(self.address)

    @property
    def name(self) -> str:
        """File and address, for messages."""
        return f"{self.place.name}: {self.key}"


def find_target(file: Path, address: Address, identity: str | None = None) -> Target:
    """Return the value at *address* of *file*.  Raises as ``target_at``, and the errors of reading."""
    return target_at(read_in_place(file, ReadOptions(identity)), address)


def target_at(place: WorkingFile, address: Address) -> Target:
    """Return the value at *address* of a file.

    Raises UsageError if it does not exist, is a mapping or list, a reference to a secret in another place, or
    if the policy leaves it in plaintext; PolicyError if it is disputed to which group it is sealed.
    """
    clone = place.workspace.clone
    if clone is None:
        raise UsageError("this command needs a git repository")
    try:
        text = place.text()[1]
        is_there, old = value_at(place.editor(), text, address)
        if not address:
            raise UsageError("the path of one value is needed")
        if not is_there:
            raise no_such_value(address, place.editor().addresses(text))
        refuse_collection(address, old, "rotate one value at a time")
        if isinstance(old, str) and scheme_of(old):
            raise UsageError(
                f"{place.name}: {show_address(address)} is a reference to a secret in another place",
                "rotate the secret there; to replace the reference, use: sealedfiles set",
            )
        return Target(place, clone, address, _group(place, text, address), old)
    except FormatError as error:
        raise with_place(error, place) from None


def addresses_at(place: WorkingFile, path: bytes) -> list[Address]:
    """Return the addresses of the values of a file whose key path is *path*.  Raises as ``target_at``."""
    text, editor = place.text()[1], place.editor()
    keys = [step for step in steps(path) if step is not None]
    try:
        alike = [
            address
            for address in editor.addresses(text)
            if [step for step in address if isinstance(step, str)] == keys
        ]
        return [address for address in alike if editor.locate(text, address).path == path]
    except FormatError as error:
        raise with_place(error, place) from None


def is_staged(place: WorkingFile, address: Address) -> bool:
    """Return True if the value at *address* is the staged one.  Raises as ``target_at``."""
    clone = place.workspace.clone
    entry = clone.index.entry(place.path) if clone else None
    staged = _staged(place, clone, entry) if clone and entry else None
    if staged is None:
        return False
    try:
        now, before = (value_at(one.editor(), one.text()[1], address) for one in (place, staged))
    except FormatError as error:
        raise with_place(error, place) from None
    return now == before


def _group(place: WorkingFile, text: str, address: Address) -> str:
    """Return the group that the value at *address* of *text* is sealed to.  Raises as ``find_target``."""
    path = place.editor().locate(text, address).path
    group = place.workspace.describe(place.path)[1].sealing_group(path)
    if group is None or place.workspace.leaves_plain(place.path):
        raise UsageError(
            f"{place.name}: the policy leaves {show_address(address)} in plaintext",
            f"seal it: sealedfiles track {shell_path(place.path)} "
            f"--values {shell_key(show_address(address))}",
        )
    return group


def authentic_value(target: Target) -> Data:
    """Return the value as `get` prints it.  Raises NoKeyError or TamperedError as `get` does."""
    try:
        return look_up(target.place, target.address, load_values(target.place))
    except FormatError as error:
        raise with_place(error, target.place) from None


def previous_address(address: Address) -> Address:
    """Return the address at which the old value is kept.  Raises UsageError for an item of a list."""
    *above, last = address
    if not isinstance(last, str):
        raise UsageError(
            f"{show_address(address)} is an item of a list: the old value has no key to be kept at",
            "leave out --previous, and add the new value to the list: sealedfiles set",
        )
    return (*above, last + PREVIOUS)


class Change(NamedTuple):
    """The new text of a value, and whether the old one is kept next to it."""

    new: str
    keeps_old: bool = False

    def apply(self, target: Target, editor: Editor, text: str) -> EditedText:
        """Return *text* with the change.  Raises ChangedOnDiskError if the value is neither old nor new."""
        refuse_token_values(self.new)
        now = value_at(editor, text, target.address)[1]
        if now not in (target.old, self.new):
            raise ChangedOnDiskError(
                f"{target.name} was changed meanwhile, and was not overwritten"
            )
        if self.keeps_old and now != self.new:
            address = previous_address(target.address)
            refuse_collection(address, value_at(editor, text, address)[1], "remove it first")
            text = assigned(editor, text, address, target.old).text
        return assigned(editor, text, target.address, self.new)


def rehearse(target: Target, change: Change) -> None:
    """Raise what writing *change* would raise, before anything is changed anywhere.

    With ``keeps_old``, raises UsageError if the old value would be readable to others than now.
    """
    place, editor = target.place, target.place.editor()
    if change.keeps_old:
        refuse_token_values(target.old)
    bom, text = place.text()
    try:
        changed = change.apply(target, editor, text)
    except FormatError as error:
        raise with_place(error, place) from None
    if change.keeps_old:
        address = previous_address(target.address)
        group = _group(place, changed.text, address)
        if group != target.group:
            raise UsageError(
                f"{place.name}: the policy seals {show_address(address)} to the group {group}, "
                f"and {target.key} to {target.group}",
                "add a rule for both: sealedfiles track FILE --values PATTERN --group GROUP",
            )
    plain = encoded(bom + changed.text)
    place.workspace.seal(place.path, plain, _sealed_on_disk(place))
    target.clone.repository.require_writable()
    if not os.access(place.file.parent, os.W_OK):
        raise UsageError(f"the folder of {place.name} is not writable")


def write(target: Target, change: Change, alone: Alone) -> bool:
    """Write *change* to the file and stage it; return False if it was not staged.

    A file with other changes that are not staged is left to the user.  Raises what sealing and writing raise.
    """
    return _write(target, lambda editor, text: change.apply(target, editor, text), alone)


def drop_previous(target: Target, alone: Alone) -> bool:
    """Remove the old value that a rotation kept; return as ``write``.  Raises NoSuchValueError."""
    address = previous_address(target.address)
    return _write(target, lambda editor, text: removed(editor, text, address), alone)


def _write(target: Target, change: Callable[[Editor, str], EditedText], alone: Alone) -> bool:
    place, clone = target.place, target.clone
    with alone():
        # Another command may have rotated the group's key while the provider was asked.
        place.workspace.ring.forget_current()
        try:
            change_text(place, change)
        except FormatError as error:
            raise with_place(error, place) from None
        entry = clone.index.entry(place.path)
        now = read_again(place)
        if entry is None or _staged_text(target, entry, change) != now.text():
            return False
        sealed = place.workspace.seal(place.path, now.opened.data, _sealed_on_disk(now))
        rewrite_entries(clone, [(entry, sealed)])
        return True


def _staged_text(
    target: Target, entry: Entry, change: Callable[[Editor, str], EditedText]
) -> tuple[str, str] | None:
    """Return the staged plaintext after *change*, as ``WorkingFile.text`` does; None if it does not apply."""
    staged = _staged(target.place, target.clone, entry)
    if staged is None:
        return None
    try:
        bom, text = staged.text()
        return bom, change(staged.editor(), text).text
    except SealedFilesError:
        return None


def _staged(place: WorkingFile, clone: Clone, entry: Entry) -> WorkingFile | None:
    """Return the file with its staged content in place of that on disk; None if git lacks it."""
    blob = clone.objects.blob(entry.oid.encode("ascii"))
    if blob is None:
        return None
    return place._replace(opened=place.workspace.open(blob, place.described))


def _sealed_on_disk(place: WorkingFile) -> bytes:
    """Return the file on disk if it is sealed, as the nearest previous version."""
    return (place.data or b"") if place.is_sealed else b""
