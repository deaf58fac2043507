"""The recovery key: a reader of every group, whose private key is kept offline."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from sealedfiles import age
from sealedfiles.app.access.granting import grant_access
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.policy_edit import set_recovery
from sealedfiles.app.tracking.policy_writing import confirmed_policy, write_policy
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import check_name, read_recipients
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_word

_POLICY = "policy.yaml"


def create_recovery_key(
    workspace: Workspace,
    name: str,
    dialog: Dialog,
    save: Callable[[age.Identity, list[str]], None],
    *,
    post_quantum: bool,
) -> tuple[age.Recipient, tuple[str, ...]]:
    """Generate a key, grant it access to every group that the user reads, as the reader *name*, and set
    that reader as the recovery reader in the policy.

    *save* gets the private key with explanatory lines, before anything is granted.  The policy is written,
    but not staged.  Returns the public key and the groups that it can read.  Raises UsageError, PolicyError,
    NoKeyError, TamperedError, and the errors of *save*.
    """
    if workspace.clone:
        workspace.clone.require_writable()
    policy = _policy_with(workspace, check_name(name))
    groups, others = _groups(workspace)
    new = age.generate_identity(post_quantum=post_quantum)
    assert new.recipient is not None  # noqa: S101 - a new key has a public key
    # Save the key first: access granted to a key that was then lost would be a trap.
    save(new, _notes(workspace, name))
    grant_access(workspace, name, [new.recipient], groups, dialog)
    if workspace.clone:
        write_policy(workspace.clone, policy)
    else:
        atomic.replace(workspace.folder.root / _POLICY, policy)
    for group in others:
        dialog.warn(
            f"{name} was not granted access to {group}, because you do not read it",
            f"a reader of the group can run: sealedfiles grant {shell_word(name)} --to {group}",
        )
    return new.recipient, groups


def _policy_with(workspace: Workspace, name: str) -> bytes:
    """Return the policy with *name* as the recovery reader.  Raises UsageError, PolicyError."""
    clone = workspace.clone
    data = confirmed_policy(clone) if clone else workspace.folder.read(_POLICY)
    if data is None:
        raise PolicyError(
            f"{NAME}/{_POLICY} is missing", "restore it, or create it with the line `version: 1`"
        )
    there = parse_policy(data, f"{NAME}/{_POLICY}").recovery
    if there and read_recipients(workspace.folder, there):
        raise UsageError(
            f"a recovery key already exists, the reader {there}",
            *_finishing(clone),
            f"to give it access to another group: sealedfiles grant {shell_word(there)} --to GROUP",
            f"if it was lost: sealedfiles revoke {shell_word(there)}, then run this command again",
        )
    if read_recipients(workspace.folder, name):
        raise UsageError(f"the reader {name} already exists", "choose another name: --name NAME")
    return set_recovery(data, name)


def _finishing(clone: Clone | None) -> list[str]:
    """Return how to finish an earlier run that was interrupted before it staged everything."""
    differs = clone and clone.repository.try_run("diff-files", "--quiet", "--", NAME)[0]
    return (
        [f"if an earlier run was interrupted, stage what it wrote: git add {NAME}"]
        if differs
        else []
    )


def _groups(workspace: Workspace) -> tuple[tuple[str, ...], list[str]]:
    """Return the groups that the caller reads, and the others.  Raises NoKeyError, TamperedError."""
    known = workspace.group_names()
    held = tuple(group for group in known if workspace.ring.holds(group))
    if not held:
        if not known:
            raise UsageError("there are no groups yet", "set up this folder: sealedfiles init")
        workspace.ring.current(known[0])  # its error lists the readers who can do it
    return held, [group for group in known if group not in held]


def _notes(workspace: Workspace, name: str) -> list[str]:
    """Return the instructions for a person who finds the key in a safe years later."""
    url = workspace.clone and workspace.clone.repository.config("remote.origin.url")
    # Without credentials in the URL.
    public = re.sub(r"(?<=://)[^/]*@", "", (url or "").partition("?")[0])
    where = show_path(os.fsencode(public or workspace.root.resolve().name))
    return [
        f"recovery key of the repository {where}, for the reader {name} in its {NAME}/",
        "It decrypts every value that is sealed there: keep it offline, in a safe.",
        "How to use it, with age alone: docs/recovery.md of sealedfiles.",
    ]
