"""Decrypt the keys of the groups that the user reads, and accept new groups: ``unlock``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.tracking.key_origin import created_by, removal_notes
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.keys.refusals import MissingKeyError, NewGroupError


def open_groups(workspace: Workspace, accepted: Sequence[str], dialog: Dialog) -> bool:
    """Decrypt the keys of every group that the user reads, and list these groups.

    Groups that are new in this clone are used only if they are *accepted*, or the user agrees.  Returns False
    if keys are invalid.  Raises UsageError, and NoKeyError if no key can be decrypted.
    """
    ring = workspace.ring
    groups = workspace.group_names()
    unknown = [group for group in accepted if group not in groups]
    if unknown:
        raise UsageError(
            f"the group {unknown[0]} does not exist", f"available: {', '.join(groups)}"
        )
    ring.accept(*accepted)
    ring.probe_new_groups = True
    is_first = not ring.has_memory
    opened: dict[str, str] = {}
    refused: dict[str, TamperedError] = {}
    left = []
    for group in groups:
        try:
            try:
                key = ring.current(group)
            except NewGroupError:
                if not _accept(workspace, group, dialog):
                    left.append(group)
                    continue
                key = ring.current(group)
            opened[group] = f"{group} (key {key.key_id})"
        except NoKeyError:
            continue
        except TamperedError as error:
            refused[group] = error
    if len(opened) < len(groups):
        _report_removals(workspace, refused, dialog)
    for refusal in refused.values():
        dialog.warn(refusal.message, *refusal.hints)
    is_valid = not refused
    if not opened and is_valid and not left:
        raise workspace.identities.no_key(
            "git is set up and refuses plaintext, but none of your keys can decrypt these files",
            *_how_to_ask(workspace, groups),
        )
    earlier = [f"{group} (with earlier keys)" for group in refused if ring.is_member(group)]
    dialog.say(f"you can read: {', '.join([*opened.values(), *earlier]) or 'no groups'}")
    if is_first and opened and not os.environ.get("CI"):  # where nothing is stored
        starts = [f"{group}={ring.epochs(group)[1][0].key_id}" for group in opened]
        dialog.say(
            f"first unlock of this clone: these keys are trusted from now on: {', '.join(starts)}",
            "compare them with a colleague, who runs: sealedfiles doctor",
        )
    return is_valid


def _report_removals(
    workspace: Workspace, refused: dict[str, TamperedError], dialog: Dialog
) -> None:
    """Report the groups from which the user was removed, and drop the errors that this explains."""
    for group, note in removal_notes(workspace.clone, workspace.identities).items():
        is_left = isinstance(refused.get(group), MissingKeyError)
        # lock also seals the values of the group here: the policy may now give them to other readers.
        forget = [f"to forget the keys of {group} here: sealedfiles lock; then sealedfiles unlock"]
        dialog.say(note.message, *note.hints, *(forget if is_left else ()))
        if is_left:
            del refused[group]


def _how_to_ask(workspace: Workspace, groups: list[str]) -> Iterator[str]:
    """Yield the steps to get access, for a user without it."""
    if any(identity.recipient for identity, _ in workspace.identities.own()):
        yield "send your public key to a reader: sealedfiles key list --public"
    else:
        yield "generate a key and send the public key that is printed to a reader: sealedfiles keygen"
    group = groups[0] if len(groups) == 1 else "GROUP"
    yield f"the reader grants you access, commits and pushes: sealedfiles grant NAME KEY --to {group}"
    for name in groups:
        yield who_can_help(workspace.folder, name)
    yield "then: git pull && sealedfiles unlock"


def _accept(workspace: Workspace, group: str, dialog: Dialog) -> bool:
    """Ask about a group that is new in this clone; accept it in the ring if the user agrees."""
    dialog.warn(
        f"the group {group} is new in this clone, and its key is encrypted to you",
        *created_by(workspace.clone, group),
    )
    if agree(dialog, f"Accept {group}?"):
        workspace.ring.accept(group)
        return True
    dialog.say(f"{group} was not accepted", f"to accept it: sealedfiles unlock --accept {group}")
    return False
