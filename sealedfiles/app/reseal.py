"""Resealing the values of one file with current keys, for current groups: ``reseal``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from sealedfiles.app.dialog import Dialog, agree, require_agreement
from sealedfiles.app.files.sealed_form import SealedForm
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.tracking.moved_report import report_moved
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.filter.problems import describe_problem, misplaced_hints
from sealedfiles.git.moved_values import MovedValue, moved_values
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.reseal import reseal_file
from sealedfiles.util.messages import counted, shell_path


def reseal(form: SealedForm, dialog: Dialog, *, yes: bool) -> bool:
    """Reseal the values of a file, in the index and, if it is sealed there, in the working tree; report it.

    *yes* is the answer to the questions about values that appeared under a retired key, and about those that
    get other readers; returns False, with nothing changed, if the user does not agree about the former.
    Raises UsageError for a file without tokens, NoKeyError if none opens, and, when the others are resealed,
    TamperedError for tokens that cannot be decrypted.
    """
    place = form.place
    workspace = place.workspace
    before = {*TOKEN.findall(_text(form.blob)), *TOKEN.findall(_text(form.disk))}
    if not before:
        raise UsageError(
            f"{place.name} is not sealed", f"seal it: sealedfiles seal {shell_path(place.path)}"
        )
    groups = sorted({split(token).group for token in before})
    if not any(map(workspace.ring.holds, groups)):
        raise workspace.no_key(f"{place.name} stays sealed: you read none of its groups", groups[0])
    if workspace.clone:
        confirmed_policy(workspace.clone)  # values are sealed for the groups that it names
    if _has_tokens_to_keep(form, before, dialog, yes=yes):
        dialog.say(f"{place.name} was left unchanged")
        return False
    file, rules = workspace.describe(place.path)
    noted = workspace.clone.plaintext_memory if workspace.clone else None
    stored = form.blob if workspace.clone else form.disk  # whose plaintext may be anybody's
    new_disk, new_blob = (
        reseal_file(data, file, rules, workspace.ring, stored, noted)
        for data in (form.disk, form.blob)
    )
    new = new_blob if form.blob else new_disk
    problems = open_file(new, file, workspace.ring).problems
    broken = [problem for problem in problems if problem.reason != "no-key"]
    # Of a partly decrypted file, only git's version shows which tokens are from another file.
    is_written = place.is_sealed and not (broken and form.blob)
    if workspace.clone:
        changes = [(form.blob, new_blob)] if form.blob else []
        changes += [(form.disk, new_disk)] if is_written and form.disk != form.blob else []
        moved = (moved_values(workspace.clone, *one, file, workspace.ring) for one in changes)
        _confirm_readers(chain.from_iterable(moved), dialog, yes=yes)
    on_disk = is_written and form.write_disk(new_disk)
    staged = form.write_index(new_blob)
    now = {*TOKEN.findall(_text(new))}
    kept = sorted({split(token).group for token in now & before})
    unread = [group for group in kept if not workspace.ring.holds(group)]
    if on_disk or staged:
        dialog.say(f"{place.name}: {counted(len(now - before), 'value')} resealed")
    else:
        which = "other values" if broken else "values that you read" if unread else "values"
        dialog.say(f"{place.name}: nothing to do: all {which} use the current keys")
    if staged:
        dialog.say(f"{place.name} is staged: commit it")
    for group in unread:
        dialog.say(
            f"{place.name}: values of the group {group} keep their tokens, because you do not read it"
        )
    for problem in broken:
        dialog.warn(describe_problem(place.name, problem))
    if broken:
        raise TamperedError(
            f"{place.name}: {counted(len(broken), 'token')} not resealed",
            *misplaced_hints(broken, place.path),
        )
    return True


def _confirm_readers(moved: Iterable[MovedValue], dialog: Dialog, *, yes: bool) -> None:
    """Ask before values get other readers: anyone with push access can rename a file.

    Raises UsageError unless the user agrees.
    """
    found = [one for one in moved if one.old != one.new]
    if found:
        report_moved(found, dialog)
        require_agreement(dialog, "Continue?", yes=yes)


def _has_tokens_to_keep(form: SealedForm, tokens: set[str], dialog: Dialog, *, yes: bool) -> bool:
    """Ask about *tokens* that appeared under a retired key; return True unless the user agrees."""
    workspace = form.place.workspace
    clone = workspace.clone
    names = sorted({split(token).group for token in tokens})
    held = [group for group in names if workspace.ring.holds(group)]
    command = f"sealedfiles reseal --yes {shell_path(form.place.path)}"
    if (
        clone is None
    ):  # without history, it is unknown which of them existed when the key was retired
        parts = [split(token) for token in tokens]
        count = sum(
            workspace.is_history(one.group, one.key_id) for one in parts if one.group in held
        )
        return bool(count) and not _are_correct(count, dialog, yes=yes, command=command)
    return bool(tokens_to_keep(clone, held, dialog, yes=yes, command=command, among=tokens))


def _are_correct(count: int, dialog: Dialog, *, yes: bool, command: str) -> bool:
    dialog.warn(
        f"{counted(count, 'value')} under a retired key", "a removed reader may have written them"
    )
    if yes or agree(dialog, "Are these values correct?"):
        return True
    dialog.say("nothing was resealed", f"if they are correct, run: {command}")
    return False


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
