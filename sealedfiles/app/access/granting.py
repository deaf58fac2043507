"""Grant a reader access to groups, and create groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sealedfiles import age
from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.app.tracking.key_origin import created_by
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import fingerprints
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.readers import (
    add_reader,
    add_recipients,
    find_granted,
    find_own,
    make_group,
    refuse_other_keys,
)
from sealedfiles.keys.recipients import check_name, describe_key, members, read_recipients
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import parse_policy
from sealedfiles.util.messages import shell_path, shell_word


def grant_access(
    workspace: Workspace,
    name: str,
    recipients: list[age.Recipient],
    groups: tuple[str, ...],
    dialog: Dialog,
) -> None:
    """Grant the reader *name* access to *groups*, and stage what was written; report each group.

    *recipients* are the public keys that the user gave, if any.  Raises NoKeyError, TamperedError and
    UsageError, if possible before anything is written.
    """
    folder = workspace.folder
    check_name(name)
    for group in groups:
        check_name(group, "group")
    if workspace.clone:
        workspace.clone.require_writable()
    accept_named(workspace, groups, dialog)
    for group in groups:
        if group in workspace.group_names():
            workspace.ring.current(group)  # refuse before anything is written
    public = f"recipients/{name}.pub"
    is_new = folder.read(public) is None
    if recipients:
        add_recipients(folder, name, recipients)
    try:
        reader = _verified(workspace, name, recipients, groups, dialog)
        for group in groups:
            if group not in workspace.group_names():
                create_group(workspace, group, dialog)
            added = add_reader(folder, group, reader, workspace.ring)
            what = "can now read" if added else "already has access to"
            dialog.say(f"{name} {what} {group}")
    except (SealedFilesError, KeyboardInterrupt):
        if is_new and not any(name in members(folder, group) for group in folder.list("keys")):
            (folder.root / public).unlink(missing_ok=True)
        raise
    if workspace.clone:
        stage(
            workspace.clone, *(f"{NAME}/{one}" for one in (public, *(f"keys/{g}" for g in groups)))
        )


def _verified(
    workspace: Workspace,
    name: str,
    given: list[age.Recipient],
    groups: tuple[str, ...],
    dialog: Dialog,
) -> VerifiedReader:
    """Return the reader *name* with public keys that the user gave, that a grant proves, or that the user
    confirms now.

    A public key that is only in a file of ``.sealedfiles/`` may be anyone's.  Raises TamperedError and
    UsageError.
    """
    folder = workspace.folder
    granted = find_granted(folder, name, workspace.ring)
    if given:
        return VerifiedReader.confirmed(name, given)
    if granted:
        return granted
    recipients = read_recipients(folder, name)
    reader = VerifiedReader.confirmed(name, recipients)
    refuse_other_keys(folder, name)
    for recipient in recipients:
        dialog.say(
            f"public key of {name} in {NAME}/recipients/{name}.pub: {describe_key(recipient)}"
        )
    if agree(dialog, f"Has {name} confirmed this fingerprint in person?"):
        return reader
    raise UsageError(
        f"the public key of {name} was not verified: no group that you read has a grant that proves it",
        f"compare the fingerprint with {name}, and give the key in this command: "
        f"sealedfiles grant {shell_word(name)} KEY --to {groups[0]}",
    )


def is_missing(clone: Clone, group: str) -> bool:
    """Return True if *group* must be created: it does not exist, or a command was killed that created it."""
    folder = f"keys/{group}"
    is_in_git = any(clone.index.entries(folder=f"{NAME}/{folder}/".encode()))
    return not is_in_git and clone.work_tree.read(f"{folder}/epochs") is None


def groups_to_create(clone: Clone, groups: Iterable[str]) -> list[str]:
    """Return those of *groups* that are missing.  Raises UsageError if one cannot be created."""
    missing = [group for group in groups if is_missing(clone, group)]
    for group in missing:
        _refuse_deleted(clone, group)
    return missing


def create_group(
    workspace: Workspace,
    group: str,
    dialog: Dialog,
    announce: Callable[[str], None] = lambda _key_id: None,
) -> None:
    """Create a group with the user as its first reader, and the recovery key if the policy names one.

    *announce* is called with the id of its key before anything is written.  Raises UsageError, and
    TamperedError if public keys differ from those in grants for other groups.
    """
    if workspace.clone:
        _refuse_deleted(workspace.clone, group)
    own = find_own(workspace.folder, workspace.ring)
    if fingerprints(own.recipients) != fingerprints(read_recipients(workspace.folder, own.name)):
        dialog.warn(
            f"{NAME}/recipients/{own.name}.pub lists public keys other than yours, and no grant proves "
            f"them: {group} is encrypted only to the key in use",
            f"find who wrote them: git log -p -- {shell_path(f'{NAME}/recipients/{own.name}.pub')}",
            f"if they are also yours, run: sealedfiles trust {shell_word(own.name)}",
        )
    recovery = _recovery_reader(workspace, group, dialog)
    readers = [own, *([recovery] if recovery and recovery.name != own.name else [])]
    key = make_group(workspace.folder, group, *readers, announce=announce)
    dialog.say(
        f"created the group {group} (key {key.key_id}); you, {own.name}, are its first reader"
    )
    if recovery:
        dialog.say(f"{recovery.name}, the recovery reader of the policy, can also read {group}")
    if workspace.clone:
        _record(workspace.clone, group, key)
    else:
        workspace.ring.add(group, key)


def finish_group(workspace: Workspace, clone: Clone, group: str) -> None:
    """Record *group*, which ``create_group`` wrote before it was interrupted: with the key that it announced.

    Raises as ``GroupKeyring.current``.
    """
    workspace.ring.accept(group)
    _record(clone, group, workspace.ring.current(group))


def _record(clone: Clone, group: str, key: GroupKey) -> None:
    stage(clone, f"{NAME}/keys/{group}")
    record_new_keys(clone, {group: key}, is_first=True)


def _refuse_deleted(clone: Clone, group: str) -> None:
    """Raise UsageError if HEAD's history has a group of this name, whose first key clones require."""
    deleted = (
        next(versions(clone.repository, group), None) if clone.repository.head_commit() else None
    )
    if deleted:
        raise UsageError(
            f"a group {group} was deleted in commit {deleted.words}: clones refuse other keys for it",
            "use another name for the new group",
            f"or restore the deleted one: git checkout {deleted.commit[:12]}~ -- {NAME}/keys/{group}",
        )


def accept_named(workspace: Workspace, groups: Iterable[str], dialog: Dialog) -> None:
    """Accept *groups*, which the command names, and report those that are new in this clone."""
    ring = workspace.ring
    known = workspace.group_names()
    named = [group for group in groups if group in known and ring.is_new(group)]
    for group in named:
        dialog.say(
            f"the group {group} is new in this clone and was accepted, because you named it",
            *created_by(workspace.clone, group),
        )
    ring.accept(*named)


def _recovery_reader(workspace: Workspace, group: str, dialog: Dialog) -> VerifiedReader | None:
    """Return the recovery reader of the policy, if a grant proves their public keys.

    Anyone with push access can write a name into the policy.
    """
    data = workspace.folder.read("policy.yaml")
    name = parse_policy(data, f"{NAME}/policy.yaml").recovery if data else None
    if name is None:
        return None
    reader = None
    if read_recipients(workspace.folder, name):
        reader = find_granted(workspace.folder, name, workspace.ring)
    if reader is None:
        dialog.warn(
            f"{name}, the recovery reader of the policy, gets no key of {group}: "
            "no grant of a group that you read proves their public key",
            f"if this reader is correct, run: sealedfiles grant {shell_word(name)} KEY --to {group}",
        )
    return reader
