"""Grant a reader access to groups, and create groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sealedfiles import age
from sealedfiles.app.access.confirmed import confirm, is_confirmed, note_confirmed, own_reader
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.app.rotation.put_back import refuse_put_back
from sealedfiles.app.tracking.key_origin import created_by
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME, POLICY, MetadataSource
from sealedfiles.keys.grants import fingerprints
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.readers import (
    add_reader,
    add_recipients,
    find_granted,
    make_group,
    refuse_other_keys,
)
from sealedfiles.keys.recipients import check_name, members, read_recipients, reader_names
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
        _warn_of_other_names(folder, reader, dialog)
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


def _warn_of_other_names(folder: MetadataSource, reader: VerifiedReader, dialog: Dialog) -> None:
    for other in reader_names(folder):
        keys = read_recipients(folder, other)
        if other != reader.name and any(key in keys for key in reader.recipients):
            dialog.warn(f"{other} has the same public key: `revoke` removes both")


def _verified(
    workspace: Workspace,
    name: str,
    given: list[age.Recipient],
    groups: tuple[str, ...],
    dialog: Dialog,
) -> VerifiedReader:
    """Return the reader *name* with public keys that the user gave or confirmed, confirms now, or that a
    grant for the same groups proves.

    A public key that is only in a file of ``.sealedfiles/`` may be anyone's, and one that a grant for another
    group proves may be that of any of its readers.  Raises TamperedError and UsageError.
    """
    folder = workspace.folder
    granted = find_granted(folder, name, workspace.ring)
    if given:
        reader = VerifiedReader.confirmed(name, given)
        note_confirmed(workspace, reader)
        return reader
    others = [group for group in groups if name not in members(folder, group)]
    if granted and (not others or is_confirmed(workspace, name, granted.recipients)):
        return granted
    if granted is None:
        refuse_other_keys(folder, name)
    asked = confirm(workspace, name, read_recipients(folder, name), dialog)
    if asked:
        return asked
    proof = "only other groups have" if granted else "no group that you read has"
    raise UsageError(
        f"the public key of {name} was not verified: {proof} a grant that proves it",
        f"compare the fingerprint with {name}, and give the key in this command: "
        f"sealedfiles grant {shell_word(name)} KEY --to {shell_word((others or groups)[0])}",
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
    own = own_reader(workspace)
    if fingerprints(own.recipients) != fingerprints(read_recipients(workspace.folder, own.name)):
        dialog.warn(
            f"{NAME}/recipients/{own.name}.pub lists public keys other than yours, not confirmed in this "
            f"clone: {group} is encrypted only to the key in use",
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
        before = TreeFolder(clone.objects, f"{deleted.commit}^")
        readers = (f"recipients/{name}.pub" for name in members(before, group))
        lost = [file for file in readers if clone.work_tree.read(file) is None]
        files = " ".join(shell_path(f"{NAME}/{one}") for one in (f"keys/{group}", *lost))
        raise UsageError(
            f"a group {group} was deleted in commit {deleted.words}: clones refuse other keys for it",
            "use another name for the new group",
            f"or restore the deleted one: git checkout {deleted.commit[:12]}~ -- {files}",
            f"then commit it, and see its readers: sealedfiles unlock --accept {group}",
        )


def accept_named(workspace: Workspace, groups: Iterable[str], dialog: Dialog) -> None:
    """Accept *groups*, which the command names, and report those that are new in this clone."""
    ring = workspace.ring
    known = workspace.group_names()
    groups = [group for group in groups if group in known]
    if workspace.clone:
        for group in groups:
            refuse_put_back(workspace.clone, group)
    named = [group for group in groups if ring.is_new(group)]
    for group in named:
        dialog.say(
            f"the group {group} is new in this clone and was accepted, because you named it",
            *created_by(workspace.clone, group),
        )
    ring.accept(*named)


def _recovery_reader(workspace: Workspace, group: str, dialog: Dialog) -> VerifiedReader | None:
    """Return the recovery reader of the policy in force, if a grant proves their public keys, and the user
    knows them.

    Anyone with push access can write a name into the policy.
    """
    data = workspace.folder.read(POLICY)
    name = parse_policy(data, f"{NAME}/{POLICY}").recovery if data else None
    if workspace.clone:
        accepted = workspace.clone.policy_in_force.accepted()
        in_force = accepted.recovery if accepted else None
        if name and name != in_force:
            dialog.warn(
                f"{name}, the recovery reader in {NAME}/{POLICY}, gets no key of {group}: "
                "that change of the policy is not confirmed in this clone",
                "review and confirm it: sealedfiles trust policy",
            )
        name = in_force
    if name is None:
        return None
    reader = None
    if read_recipients(workspace.folder, name):
        reader = find_granted(workspace.folder, name, workspace.ring)
        if reader and not is_confirmed(workspace, name, reader.recipients):
            reader = confirm(workspace, name, reader.recipients, dialog)
    if reader is None:
        dialog.warn(
            f"{name}, the recovery reader of the policy, gets no key of {group}: "
            "their public key was not verified",
            f"if this reader is correct, run: sealedfiles grant {shell_word(name)} KEY --to {group}",
        )
    return reader
