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
from sealedfiles.keys.identity import kms_file, os_keyring
from sealedfiles.keys.identity.kms_file import VARIABLE as KMS_VARIABLE
from sealedfiles.keys.identity.locations import identities_file
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.util.messages import counted, shell_path


def _identity() -> Iterator[Point]:
    identities = Identities()
    try:
        found = list(identities.own())
    except NoKeyError as reason:
        yield error(reason.message, reason.hints[0] if reason.hints else "")
        return
    if found:
        yield ok(f"{counted(len(found), 'key')}, {', '.join({p for _, p in found})}")
    elif not os.environ.get(KMS_VARIABLE):
        yield warning(
            "you have no sealedfiles key (an SSH key also works, if it was granted access)",
            "sealedfiles keygen",
        )


def _kms(workspace: Workspace) -> Iterator[Point]:
    """Report if the user's identity is in a key management service, and cannot be decrypted."""
    if not os.environ.get(KMS_VARIABLE):
        return
    try:
        identity = kms_file.setting()
        data = identity and kms_file.load(identity, workspace.identities.folders())
    except SealedFilesError as reason:
        yield error(reason.message, reason.hints[0] if reason.hints else "")
        return
    if identity and data:
        yield ok(f"{identity.reader}, decrypted with {identity.uri.text}")
    elif identity:
        what = f"{KMS_VARIABLE} is set, and .sealedfiles/{identity.file} is missing"
        yield error(what, f"git log -- {shell_path(f'.sealedfiles/{identity.file}')}")


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
        yield error(f"{file} can be read by other users", f"chmod 600 {shell_path(str(file))}")
    else:
        yield ok(f"only you can read {file}")


def _keyring() -> Iterator[Point]:
    try:
        held = os_keyring.read()
    except NoKeyError as reason:
        # Not an error: without a keyring, keys are stored in a file.
        yield ok(reason.message)
    else:
        yield ok(
            "available, and contains a key"
            if held
            else "available, but contains no sealedfiles key"
        )


def _policy(workspace: Workspace) -> Iterator[Point]:
    workspace.describe(b"a")
    in_force = workspace.clone.policy_in_force.get() if workspace.clone else None
    if in_force and isinstance(in_force.disputed, PolicyError):
        yield error(in_force.disputed.message, "git log -p -- .sealedfiles/policy.yaml")
    elif in_force and in_force.disputed:
        what = "policy.yaml was changed, and has no proof under your groups' keys"
        yield warning(what, "sealedfiles trust policy")
    else:
        yield ok("policy.yaml is valid and accepted in this clone")


def _groups(workspace: Workspace) -> Iterator[Point]:
    """Report for each group how many readers it has, and whether the cached key is the current one."""
    if workspace.clone and workspace.clone.state.locked:
        yield ok("this clone is locked; run: sealedfiles unlock")
        return
    cached: dict[str, set[str]] = {}
    for group, key in workspace.clone.state.cached_keys() if workspace.clone else ():
        cached.setdefault(group, set()).add(key.key_id)
    for group in group_names(workspace.folder):
        yield _group(workspace, group, cached.get(group, set()))._replace(name=f"group {group}")


def _group(workspace: Workspace, group: str, cached: set[str]) -> Point:
    try:
        epochs = read_epochs(workspace.folder, group)
    except SealedFilesError as reason:
        return error(reason.message, "sealedfiles sync")
    readers = counted(len(members(workspace.folder, group)), "reader")
    # Not ``workspace.judgement``, which records what it finds in history.
    trouble = workspace.clone.judge(group).trouble if workspace.clone and cached else None
    if trouble:
        return error(trouble.message, trouble.hints[0])
    if not cached:
        return ok(f"{readers}; no key in this clone")
    if epochs[-1].key_id in cached:
        return ok(f"{readers}; the current key is in this clone")
    return warning(f"{readers}; the key in this clone is not the current one", "sealedfiles unlock")


def _removals(workspace: Workspace) -> Iterator[Point]:
    """Report the groups from which the user was removed."""
    for note in removal_notes(workspace.clone, workspace.identities).values():
        yield warning(note.message, "sealedfiles who")


WITHOUT_WORKSPACE = {
    "identity": _identity,
    "identity file": _permissions,
    "keyring": _keyring,
}
IN_WORKSPACE = {"KMS": _kms, "policy": _policy, "keys": _groups, "removed": _removals}
