"""Confirm the public keys of a reader that changed after access was granted: ``trust``."""

from __future__ import annotations

from sealedfiles import age
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import grant_key_id, verify_grant
from sealedfiles.keys.recipients import check_name, describe_key, members, read_recipients
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.light_typing import NamedTuple


class Trusted(NamedTuple):
    """The result of confirming a reader's public keys."""

    confirmed: list[str]
    """The groups for which there was nothing to confirm; only if no group has a new key."""
    key_ids: dict[str, str]
    """The new key of each group whose grant was for other public keys."""
    files: int
    """The number of files that were resealed."""
    unread: list[str]
    """The groups of the reader that the user does not read."""
    is_complete: bool
    """False if values that appeared under a retired key were not resealed."""


def trust_reader(
    workspace: Workspace, clone: Clone, name: str, dialog: Dialog, *, yes: bool
) -> Trusted | None:
    """Generate a new key for each group whose grant to *name* is not for the current public keys.

    Asks whether the reader has confirmed the fingerprints, unless *yes* is set.  Returns None and changes
    nothing if the user does not agree.  Raises UsageError, NoKeyError and TamperedError.
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
    if not wrong:
        return Trusted(held, {}, 0, [], is_complete=True)
    for recipient in recipients:
        dialog.say(f"public key of {name} now: {describe_key(recipient)}")
    if not yes and not dialog.ask(f"Has {name} confirmed this in person?"):
        return None
    # The owner of the old private keys has the groups' current keys, as a removed reader does.
    reader = VerifiedReader.confirmed(name, recipients)
    # --yes applies only to the fingerprints.
    kept = tokens_to_keep(clone, wrong, dialog, yes=False, command="sealedfiles sync --yes")
    renewed = new_keys(clone, wrong, "revoked", changed={name: reader}, kept=kept)
    stage(clone, f"{NAME}/recipients/{name}.pub")
    key_ids = {group: renewed.key_ids[group] for group in wrong}
    unread = sorted(set(groups) - set(held))
    return Trusted([], key_ids, renewed.files, unread, not kept)


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
    try:
        verify_grant(grant, group, name, recipients, workspace.ring.current(group))
    except TamperedError as error:
        dialog.warn(error.message)
        if clone.judge(group).is_retired(grant_key_id(grant)):
            dialog.warn(
                f"a reader of {group} was removed after {name} was granted access: "
                f"verify that it was not {name}",
                f"git log -- {NAME}/keys/{group}/{name}.age",
                f"to keep {name} out: sealedfiles revoke {name} --from {group}",
            )
        return False
    return True
