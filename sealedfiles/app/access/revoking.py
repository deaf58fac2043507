"""Revoke a reader's access."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.put_back import accept_put_back
from sealedfiles.app.rotation.renewal import Renewed, new_keys
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.former_readers import former_readers
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import granted_keys
from sealedfiles.keys.identity.kms_file import file_of
from sealedfiles.keys.recipients import (
    check_name,
    fingerprint,
    members,
    read_recipients,
    reader_names,
)
from sealedfiles.util.messages import shell_word


def revoke_access(
    workspace: Workspace,
    clone: Clone,
    name: str,
    groups: Sequence[str],
    dialog: Dialog,
    *,
    yes: bool,
) -> Renewed:
    """Give *groups* new keys that *name* does not get, as ``new_keys`` does.

    Without *groups*, all groups that *name* reads, or can still read because only the files were removed, and
    those whose revocation was interrupted.
    """
    clone.require_writable()
    known = workspace.group_names()
    wanted = _groups_to_renew(clone, known, check_name(name), groups)
    leaving = [name, *_other_names(clone, name, groups or known)]
    if not groups:  # another name may read more
        readers = ((group, members(clone.work_tree, group)) for group in known)
        more = {group for group, names in readers if not {*leaving}.isdisjoint(names)}
        wanted = sorted({*wanted, *more})
    for other in leaving[1:]:
        dialog.warn(f"{other} has the same public key as {name}, and is removed, too")
    renewed = new_keys(clone, wanted, "revoked", dialog, yes=yes, leaving=leaving)
    for one in leaving:
        if not any(one in members(clone.work_tree, group) for group in known):
            _remove_public_keys(clone, one)
    accept_put_back(clone, groups, dialog)
    return renewed


def _other_names(clone: Clone, name: str, groups: Sequence[str]) -> list[str]:
    """Return the other readers of *groups* who have only public keys of *name*: it is the same person.

    Raises UsageError if one of them has other public keys as well, or is the user.
    """
    folder = clone.work_tree
    removed = {fingerprint(one) for one in read_recipients(folder, name)}
    removed.update(*(granted_keys(folder, group, name) for group in groups))
    own = {fingerprint(one.recipient) for one in clone.ring.identities if one.recipient}
    found = []
    for group in groups:
        for other in members(folder, group):
            keys = granted_keys(folder, group, other)
            if other == name or other in found or not keys & removed:
                continue
            if keys & removed & own:
                raise UsageError(
                    f"{name} has your own public key, so that you would lose access to {group}",
                    "generate another one first: sealedfiles keygen; then grant yourself access with it",
                )
            if not keys <= removed:
                raise UsageError(
                    f"{other} also has a public key of {name}, and would still read {group} with it",
                    f"remove it from {NAME}/recipients/{other}.pub; then: "
                    f"sealedfiles trust {shell_word(other)}",
                )
            found.append(other)
    return found


def _groups_to_renew(
    clone: Clone, known: Sequence[str], name: str, groups: Sequence[str]
) -> list[str]:
    folder = clone.work_tree
    member_of = [group for group in known if name in members(folder, group)]
    member_of += [one.group for one in former_readers(clone) if one.name == name]
    begun = [group for group in clone.state.begun() if group in known]
    wanted = list(groups) or sorted({*member_of, *begun})
    if not wanted:
        head = TreeFolder(clone.objects, "HEAD")
        if any(name in members(head, group) for group in known):
            _remove_public_keys(clone, name)  # the command may have been killed before
            raise UsageError(
                f"{name} is removed already, but that is not committed",
                "commit and push it; to list the values that must be changed at their source: "
                f"sealedfiles exposure {shell_word(name)}",
            )
        readers = ", ".join(reader_names(folder)) or "nobody"
        raise UsageError(f"{name} does not read any group here", f"readers are: {readers}")
    for group in wanted:
        if group not in member_of and group not in begun:
            raise UsageError(f"{name} does not read {group}", "list readers: sealedfiles who")
        clone.ring.current(group)
    return wanted


def _remove_public_keys(clone: Clone, name: str) -> None:
    """Remove the public keys of *name*, a reader of no group, also from the index."""
    for file in (f"recipients/{name}.pub", file_of(name)):
        (clone.work_tree.root / file).unlink(missing_ok=True)
        if clone.index.entry(f"{NAME}/{file}".encode()):
            stage(clone, f"{NAME}/{file}")
