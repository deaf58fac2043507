"""Import the values of a store into a sealed file, in place of those that differ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealedfiles.app.files.assignment import EditedText, assigned
from sealedfiles.app.files.environment import Variable
from sealedfiles.app.files.working_file import (
    WorkingFile,
    change_text,
    encoded,
    read_in_place,
    refuse_token_values,
)
from sealedfiles.app.push.pushing import masked, store_of
from sealedfiles.app.push.targets import find_target, read_source, selects
from sealedfiles.app.run.steering import steers
from sealedfiles.app.run.variables import read_sources
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Editor
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.targets import Target
from sealedfiles.util.messages import shell_key, shell_path

ADD, CHANGE, SAME, SKIPPED = "add", "change", "same", "skipped"
"""``SKIPPED``: not text, or a value that the target does not select."""


class Pulled(NamedTuple):
    """One name in the store, and what is to be done with it in the file."""

    kind: str
    name: str
    address: Address = ()
    value: str = ""

    @property
    def key(self) -> str:
        """The place in the file, as text; empty if there is none."""
        return show_address(self.address) if self.address else ""


class PreparedPull(NamedTuple):
    """The file, and what the store would change in it."""

    target: Target
    place: WorkingFile
    changes: list[Pulled]

    @property
    def writes(self) -> list[Pulled]:
        """The values to write."""
        return [change for change in self.changes if change.kind in (ADD, CHANGE)]


def prepare_pull(
    workspace: Workspace, clone: Clone, name: str, file: Path, options: ReadOptions
) -> PreparedPull:
    """Read the store of the target *name*, and compare it with *file*, one of the target's files.

    A new file is allowed.  Raises UsageError for another file, one that is not tracked, and a value that the
    policy would leave in plaintext; the errors of ``read_source``, and RemoteError.
    """
    target = find_target(clone, name)
    place = read_in_place(file, options, may_be_new=True)
    path = place.path.decode("utf-8", "surrogateescape")
    if path not in target.files:
        raise UsageError(f"the target {name} is not from {place.name}", _from(target))
    if not clone.covers(place.path):
        raise UsageError(
            f"{place.name} is not tracked, so its values would not be sealed",
            f"track it: sealedfiles track {shell_path(place.path)}",
        )
    place.editor()  # a file without separate values is refused
    known: dict[str, tuple[Address, str, bool]] = {}
    elsewhere: set[str] = set()
    for one in target.files:
        found = _values_of(workspace, target, one)
        if one == path:
            known = found
        else:
            elsewhere |= found.keys()
    store = store_of(target)
    if not store.can_read:
        raise UsageError(f"{target.url}: this store does not return values")
    with masked([]):
        remote = store.read()
    changes = [
        _change(target, name, value, known)
        for name, value in sorted(remote.values.items())
        if name not in elsewhere
    ]
    prepared = PreparedPull(target, place, changes)
    if not prepared.writes:
        return prepared
    _refuse_plaintext(prepared)
    after = _variables_after(prepared)
    _refuse_power(prepared, after)
    return _with_references(prepared, after)


def pull(prepared: PreparedPull) -> None:
    """Write the values to the file, in one step.  Raises the errors of ``change_text``."""
    change_text(prepared.place, lambda editor, text: _edited(editor, text, prepared.writes))


def _from(target: Target) -> str:
    return f"name a file of the target: {', '.join(target.files)}"


def _values_of(
    workspace: Workspace, target: Target, file: str
) -> dict[str, tuple[Address, str, bool]]:
    """Return address, value and whether the target selects it, by name in the store; empty for a new file."""
    if not (workspace.root / file).exists():
        return {}
    source = read_source(workspace, file)
    names = dict(target.names)
    found = {}
    for variable in source.variables:
        is_selected = selects(target, source.place, variable)
        if is_selected:
            source.place.require_no_tokens(variable.value)
        name = names.get(variable.address, target.prefix + variable.name)
        found[name] = variable.address, variable.value, is_selected
    return found


def _change(
    target: Target,
    name: str,
    value: str | None,
    known: Mapping[str, tuple[Address, str, bool]],
) -> Pulled:
    address, old, is_selected = known.get(name, ((), "", True))
    if value is None or not is_selected:
        return Pulled(SKIPPED, name, address)
    if address:
        return Pulled(SAME if old == value else CHANGE, name, address, value)
    named = {one: address for address, one in target.names}
    if name not in named and not name.startswith(target.prefix):
        return Pulled(SKIPPED, name)
    key = name.removeprefix(target.prefix)
    return Pulled(ADD, name, named.get(name, (key,)), value) if key else Pulled(SKIPPED, name)


def _edited(editor: Editor, text: str, writes: list[Pulled]) -> EditedText:
    for change in writes:
        refuse_token_values(change.value)
        text = assigned(editor, text, change.address, change.value, typed=False).text
    return EditedText(text)


def _variables_after(prepared: PreparedPull) -> dict[Address, Variable]:
    """Return the variables of the file with the values of the store."""
    place = prepared.place
    bom, text = place.text()
    data = encoded(bom + _edited(place.editor(), text, prepared.writes).text)
    after = place._replace(opened=place.opened._replace(data=data))
    return {one.address: one for one in read_sources([after], environ={})[0].variables}


def _with_references(prepared: PreparedPull, after: Mapping[Address, Variable]) -> PreparedPull:
    """Return *prepared* with the values that refer to a changed one: ``URL=https://${HOST}``.

    They are the same as in the store before the change, and others, as in *after*, after it.
    """
    now = {address: one.value for address, one in after.items()}
    changes = [
        one._replace(kind=CHANGE) if one.kind == SAME and now.get(one.address) != one.value else one
        for one in prepared.changes
    ]
    return prepared._replace(changes=changes)


def _refuse_power(prepared: PreparedPull, after: Mapping[Address, Variable]) -> None:
    """Raise UsageError for a value that would act with the user's access.

    *after* are the variables that `run` makes: of ``ld.preload`` it makes ``LD_PRELOAD``.  Who may write to
    the store need not be a reader of the file.
    """
    for change in prepared.writes:
        power = ""
        if change.value.startswith("ref+"):
            power = "is a secret reference, which `run` would resolve with your access"
        elif change.address in after and steers(after[change.address].name):
            power = "is for a variable that makes programs load code"
        if power:
            file = shell_path(prepared.place.path)
            raise UsageError(
                f"{prepared.place.name}: {change.key}: the value in the store {power}",
                f"if it is correct, enter it yourself: sealedfiles set {file} {shell_key(change.key)}",
            )


def _refuse_plaintext(prepared: PreparedPull) -> None:
    """Raise UsageError for a new value that the policy would leave in plaintext."""
    place = prepared.place
    editor = place.editor()
    text = _edited(editor, place.text()[1], prepared.writes).text
    rules = place.workspace.describe(place.path)[1]
    for change in prepared.writes:
        if change.kind == ADD:
            path = editor.locate(text, change.address).path
            if rules.group_of(path) is None:
                raise UsageError(
                    f"{place.name}: {change.key}: the policy would leave this value in plaintext",
                    "give it another key with names in the target, or change the rule",
                )
