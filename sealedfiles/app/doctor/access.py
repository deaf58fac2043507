"""Checks of the user's access: identities, the system keyring, the policy, and group keys."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from sealedfiles.app.doctor.point import Point, error, ok, warning
from sealedfiles.app.tracking.key_origin import removal_notes
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError, PolicyError, SealedFilesError
from sealedfiles.keys.epochs import read_epochs
from sealedfiles.keys.identity import os_keyring
from sealedfiles.keys.identity.locations import identities_file
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.util.messages import counted


def _identity() -> Iterator[Point]:
    identities = Identities()
    try:
        found = list(identities.own())
    except NoKeyError as reason:
        yield error("identity", reason.message, reason.hints[0] if reason.hints else "")
        return
    if found:
        yield ok("identity", f"{counted(len(found), 'key')}, {', '.join({p for _, p in found})}")
    else:
        yield warning(
            "identity",
            "you have no sealedfiles key (an SSH key also works, if it was granted access)",
            "sealedfiles keygen",
        )


def _permissions() -> Iterator[Point]:
    if os.name == "nt":
        return
    try:
        file = identities_file()
    except RuntimeError:
        return
    if not file.exists():
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield error("identity file", f"{file} can be read by other users", f"chmod 600 {file}")
    else:
        yield ok("identity file", f"only you can read {file}")


def _keyring() -> Iterator[Point]:
    try:
        held = os_keyring.read()
    except NoKeyError as reason:
        # Not an error: without a keyring, keys are stored in a file.
        yield ok("keyring", reason.message)
    else:
        yield ok(
            "keyring",
            "available, and contains a key"
            if held
            else "available, but contains no sealedfiles key",
        )


def _policy(workspace: Workspace) -> Iterator[Point]:
    workspace.describe(b"a")
    in_force = workspace.clone.policy_in_force.get() if workspace.clone else None
    if in_force and isinstance(in_force.disputed, PolicyError):
        yield error("policy", in_force.disputed.message, "git log -p -- .sealedfiles/policy.yaml")
    elif in_force and in_force.disputed:
        what = "policy.yaml was changed, and has no proof under your groups' keys"
        yield warning("policy", what, "sealedfiles trust policy")
    else:
        yield ok("policy", "policy.yaml is valid and accepted in this clone")


def _groups(workspace: Workspace) -> Iterator[Point]:
    """Report for each group how many readers it has, and whether the cached key is the current one."""
    if workspace.clone and workspace.clone.state.locked:
        yield ok("keys", "this clone is locked; run: sealedfiles unlock")
        return
    cached: dict[str, set[str]] = {}
    for group, key in workspace.clone.state.cached_keys() if workspace.clone else ():
        cached.setdefault(group, set()).add(key.key_id)
    for group in group_names(workspace.folder):
        name = f"group {group}"
        try:
            epochs = read_epochs(workspace.folder, group)
        except SealedFilesError as reason:
            yield error(name, reason.message, "sealedfiles sync")
            continue
        readers = counted(len(members(workspace.folder, group)), "reader")
        # Not ``workspace.judgement``, which records what it finds in history.
        clone = workspace.clone if group in cached else None
        trouble = clone.judge(group).trouble if clone else None
        if trouble:
            yield error(name, trouble.message, trouble.hints[0])
        elif group not in cached:
            yield ok(name, f"{readers}; no key in this clone")
        elif epochs[-1].key_id in cached[group]:
            yield ok(name, f"{readers}; the current key is in this clone")
        else:
            yield warning(
                name,
                f"{readers}; the key in this clone is not the current one",
                "sealedfiles unlock",
            )


def _removals(workspace: Workspace) -> Iterator[Point]:
    """Report the groups from which the user was removed."""
    for note in removal_notes(workspace.clone, workspace.identities).values():
        yield warning("removed", note.message, "sealedfiles who")


WITHOUT_WORKSPACE = {
    "identity": _identity,
    "identity file": _permissions,
    "keyring": _keyring,
}
IN_WORKSPACE = {"policy": _policy, "keys": _groups, "removed": _removals}
