"""The public keys of groups: which of them a user who does not read the group may encrypt to.

Nobody without a key of the group can verify the line of ``epochs`` that contains its public key: anyone with
push access can exchange it.  So it is used only if its user has confirmed its fingerprint in this clone, or
gives it in the command.
"""

from __future__ import annotations

import os

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.head_log import visited
from sealedfiles.keys.epochs import Epoch, read_epochs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.unauthenticated import (
    GroupPublicKey,
    derive_public_key,
    parse_public_key,
)


class CurrentPublicKey(NamedTuple):
    """The public key of a group's newest key."""

    group: str
    key_id: str
    public_key: GroupPublicKey


class ListedKey(NamedTuple):
    """A group and the fingerprint of its public key, for ``group keys``."""

    group: str
    key_id: str
    fingerprint: str
    """Empty if the group has no public key yet."""
    is_verified: bool
    """Whether it was computed from the group's key; otherwise anyone with push access may have written it."""


def current_public_key(workspace: Workspace, group: str) -> CurrentPublicKey:
    """Return the public key of the newest key of *group*, which nobody has verified.

    Raises UsageError if the group does not exist or has no public key, and TamperedError.
    """
    known = workspace.group_names()
    if group not in known:
        raise UsageError(f"the group {group} does not exist", f"available: {', '.join(known)}")
    epochs = read_epochs(workspace.folder, group)
    if workspace.clone:
        _refuse_restored(workspace.clone, group, epochs)
    epoch = epochs[-1]
    if epoch.public_key == "-":
        raise UsageError(
            f"the group {group} has no public key yet",
            f"a reader of the group adds one: sealedfiles rotate {group}",
        )
    return CurrentPublicKey(group, epoch.key_id, _parsed(group, epoch))


def _parsed(group: str, epoch: Epoch) -> GroupPublicKey:
    """Return the public key of *epoch*, which has one.  Raises TamperedError if it is not valid."""
    public_key = parse_public_key(epoch.public_key)
    if public_key is None:
        raise TamperedError(
            f".sealedfiles/keys/{group}/epochs: the public key is not valid",
            f"find who changed it: git log -p -- .sealedfiles/keys/{group}/epochs",
        )
    return public_key


def _refuse_restored(clone: Clone, group: str, epochs: list[Epoch]) -> None:
    """Raise TamperedError if HEAD's history has a revocation that *epochs*, the current ones, lack.

    A removed reader can restore the list from before their removal, and would decrypt what is written.  What
    HEAD was at before a force push counts, too, but not in CI, which may use the working tree for other
    branches.
    """
    listed = {epoch.key_id for epoch in epochs}
    is_accepted = clone.state.accepted_keys().get(group) == epochs[-1].key_id
    heads = [] if is_accepted or os.environ.get("CI") else visited(clone.repository)
    for version in versions(clone.repository, group, heads=heads):
        folder = TreeFolder(clone.objects, version.commit, is_evidence=True)
        try:
            old = read_epochs(folder, group)
        except TamperedError:
            continue
        revoked = {epoch.key_id for epoch in old if epoch.why == "revoked"}
        # After `init --start-over`, the group is another one.
        if old[0].key_id == epochs[0].key_id and not revoked <= listed:
            raise TamperedError(
                f"the keys of the group {group} lack a revocation that commit {version.words} has",
                f"find who restored old keys: git log -p -- .sealedfiles/keys/{group}/epochs",
                f"if that commit was given up on purpose: sealedfiles sync --forget {group}",
            )


def confirmed_public_key(
    workspace: Workspace, group: str, expected: str | None, dialog: Dialog
) -> CurrentPublicKey:
    """Return the public key of *group* if the user has confirmed it, confirms it now, or *expected* is its
    fingerprint.

    *dialog* asks at the terminal: stdin may contain a value.  Raises TamperedError if *expected* is another
    fingerprint, SealedFilesError if the user does not confirm it, and as ``current_public_key``.
    """
    found = current_public_key(workspace, group)
    fingerprint = found.public_key.fingerprint
    if expected is not None:
        if expected != fingerprint:
            raise TamperedError(
                f"the public key of the group {group} is {fingerprint}, and not the expected {expected}",
                "after a rotation, a reader of the group prints the new one: sealedfiles group keys",
                f"otherwise find who changed it: git log -p -- .sealedfiles/keys/{group}/epochs",
            )
        return found
    state = workspace.clone.state if workspace.clone else None
    before = state.confirmed_public_keys().get(group) if state else None
    if before == fingerprint:
        return found
    if before:
        dialog.warn(
            f"the public key of the group {group} has changed; you have confirmed {before}",
            "the group's key was rotated, or somebody replaced the public key: "
            f"git log -p -- .sealedfiles/keys/{group}/epochs",
        )
    dialog.warn(
        f"the public key of the group {group} is {fingerprint}",
        "compare it with a reader of the group, who runs: sealedfiles group keys",
    )
    agreed = dialog.ask("Is it the same?")
    if not agreed:
        told = "no terminal to ask on" if agreed is None else "it was not confirmed"
        raise SealedFilesError(
            f"the public key of the group {group} is not used: {told}",
            f"if a reader of the group sees the same ({fingerprint}): --expect-key {group}=FINGERPRINT",
        )
    if state:
        state.confirm_public_key(group, fingerprint)
    return found


def parse_expected(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the fingerprints in *texts*, written as ``GROUP=FINGERPRINT``, by group.  Raises UsageError."""
    found = {}
    for text in texts:
        group, _, fingerprint = text.partition("=")
        if not group or not fingerprint:
            raise UsageError(
                "--expect-key is not valid", "write it like this: --expect-key GROUP=FINGERPRINT"
            )
        found[group] = fingerprint
    return found


def list_public_keys(workspace: Workspace) -> list[ListedKey]:
    """Return the public keys of all groups.

    Raises TamperedError if one is not valid, or does not belong to the group's key.
    """
    found = []
    for group in workspace.group_names():
        epoch = read_epochs(workspace.folder, group)[-1]
        public_key = None if epoch.public_key == "-" else _parsed(group, epoch)
        is_held = workspace.ring.holds(group)
        if is_held and public_key:
            current = workspace.ring.current(group)
            if current.key_id != epoch.key_id or derive_public_key(current.secret) != public_key:
                raise TamperedError(
                    f".sealedfiles/keys/{group}/epochs: the public key does not belong to the group's key",
                    f"find who changed it: git log -p -- .sealedfiles/keys/{group}/epochs",
                )
        fingerprint = public_key.fingerprint if public_key else ""
        found.append(
            ListedKey(group, epoch.key_id, fingerprint, is_held and public_key is not None)
        )
    return found
