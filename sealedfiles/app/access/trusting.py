"""Confirm the public keys of a reader that changed after access was granted: ``trust``."""

from __future__ import annotations

from sealedfiles import age
from sealedfiles.app.access.confirmed import is_confirmed, note_confirmed
from sealedfiles.app.dialog import Dialog, confirmed
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.former_readers import removed_keys, under_another_name
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import grant_key_id, verify_grant
from sealedfiles.keys.recipients import (
    check_name,
    describe_key,
    fingerprint,
    members,
    read_recipients,
)
from sealedfiles.keys.rotation import key_of_grant
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.util.messages import counted, shell_path, shell_word


def trust_reader(
    workspace: Workspace, clone: Clone, name: str, dialog: Dialog, *, yes: bool
) -> bool | None:
    """Generate a new key for each group whose grant to *name* is not for the current public keys.

    Interrupted rotations of the groups of *name* are completed.  Asks whether the reader has confirmed the
    fingerprints, unless *yes* is set, and reports what was done.  Returns None and changes nothing if the
    user does not agree, False if values that were added under a retired key were not resealed.  Raises
    UsageError, NoKeyError and TamperedError.
    """
    clone.require_writable()
    folder, ring = workspace.folder, workspace.ring
    recipients = read_recipients(folder, check_name(name))
    groups = [group for group in workspace.group_names() if name in members(folder, group)]
    if not recipients or not groups:
        raise UsageError(
            f"{name} is not a reader in this repository", "list readers: sealedfiles who"
        )
    held = [group for group in groups if ring.holds(group)]
    if not held:
        ring.current(groups[0])  # its error lists the readers who can do it
    wrong = [
        group
        for group in held
        if not _is_granted(workspace, clone, group, name, recipients, dialog)
    ]
    begun = [group for group in clone.state.begun() if group in held]
    reader = VerifiedReader.confirmed(name, recipients)
    if not wrong and not begun:
        granted = ", ".join(held)
        dialog.say(f"nothing to do: the public keys of {name} were granted access to {granted}")
        if is_confirmed(workspace, name, recipients):
            return True
    _refuse_removed(clone, name, recipients, wrong)
    if wrong or not begun:
        for recipient in recipients:
            dialog.say(f"public key of {name} now: {describe_key(recipient)}")
        if not yes and not confirmed(dialog, f"Has {name} confirmed this in person?"):
            return None
        note_confirmed(workspace, reader)
        if not wrong:
            dialog.say(f"this clone can grant {name} access to other groups with these public keys")
            return True
    # The owner of the old private keys has the groups' current keys, as a removed reader does.
    changed = {name: reader} if wrong else None
    # --yes applies only to the fingerprints.
    wanted = sorted({*wrong, *begun})
    renewed = new_keys(clone, wanted, "revoked", dialog, yes=False, changed=changed)
    for group, key_id in renewed.key_ids.items():
        dialog.say(f"{group} has a new key ({key_id}), which {name} reads with these public keys")
    dialog.say(f"resealed {counted(renewed.files, 'file')}; staged: commit and push now")
    for group in sorted(set(groups) - set(held)):
        dialog.say(f"{group}: not changed, because you do not read it")
    return renewed.is_complete


def _refuse_removed(
    clone: Clone, name: str, recipients: list[age.Recipient], groups: list[str]
) -> None:
    keys = [*map(fingerprint, recipients)]
    for group in groups:
        error = under_another_name(group, name, keys, removed_keys(clone, group))
        if error:
            raise error


def _is_granted(
    workspace: Workspace,
    clone: Clone,
    group: str,
    name: str,
    recipients: list[age.Recipient],
    dialog: Dialog,
) -> bool:
    """Return True if the grant of *name* is for *recipients*; otherwise warn of the difference."""
    grant = workspace.folder.read(f"keys/{group}/{name}.grant")
    current, begun = workspace.ring.current(group), clone.state.begun().get(group)
    try:
        key = key_of_grant(workspace.folder, group, name, current, begun)
        verify_grant(grant, group, name, recipients, key)
    except TamperedError as error:
        dialog.warn(error.message)
        if clone.judge(group).is_retired(grant_key_id(grant)):
            dialog.warn(
                f"a reader of {group} was removed after {name} was granted access: "
                f"verify that it was not {name}",
                f"git log -- {shell_path(f'{NAME}/keys/{group}/{name}.age')}",
                f"to keep {name} out: sealedfiles revoke {shell_word(name)} --from {group}",
            )
        return False
    return True
