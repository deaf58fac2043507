"""Letting readers in: new groups, and a group's keys wrapped to one more reader."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.errors import UsageError
from sealedfiles.keys.epochs import format_epochs, new_epoch
from sealedfiles.keys.folder import DirFolder
from sealedfiles.keys.grants import fingerprints, new_grant, verify_grant
from sealedfiles.keys.keyfile import GroupKey, wrap_keys
from sealedfiles.keys.recipients import (
    check_name,
    format_recipients,
    members,
    read_recipients,
)

if TYPE_CHECKING:
    from sealedfiles import age
    from sealedfiles.keys.ring import Ring

_PUBLIC = 0o644


def make_group(folder: DirFolder, group: str, name: str, recovery: str | None = None) -> GroupKey:
    """Make the group *group* with a new key and the reader *name* as its first; return the key.

    *recovery* is a second reader, the one whom the policy names for every new group; that his public keys
    are right is for the caller to see (`was_granted`).  Raises UsageError where the name cannot be one or
    a reader has no public key here.
    """
    if folder.read(f"keys/{check_name(group, 'group')}/epochs") is not None:
        raise UsageError(f"there already is a group {group}")
    readers = {one: _known_recipients(folder, one) for one in (name, recovery) if one}
    secret = secrets.token_bytes(32)
    epoch = new_epoch(group, secret, "created")
    key = GroupKey(epoch.key_id, epoch.date, secret)
    write_file(folder, f"keys/{group}/epochs", format_epochs([epoch]))
    for one, recipients in readers.items():
        write_reader(folder, group, one, recipients, [key])
    return key


def add_recipients(folder: DirFolder, name: str, recipients: list[age.Recipient]) -> None:
    """Write the public keys of the reader *name*.

    Raises UsageError where the reader has others already: they may be in use in other groups.
    """
    check_name(name)
    there = read_recipients(folder, name)
    if there and fingerprints(there) != fingerprints(recipients):
        raise UsageError(
            f"there already is a reader {name}, with other public keys",
            f"the keys are in .sealedfiles/recipients/{name}.pub; another person or machine needs "
            "another name",
        )
    if not there:
        write_file(folder, f"recipients/{name}.pub", format_recipients(recipients))


def add_reader(folder: DirFolder, group: str, name: str, ring: Ring) -> bool:
    """Wrap all keys of *group* to the reader *name*; return False where he was a reader already.

    Raises NoKeyError without the group's keys, and TamperedError where the reader's public keys are
    not those that were granted another group before.
    """
    current = ring.current(group)
    recipients = _known_recipients(folder, name)
    if name in members(folder, group):
        grant = folder.read(f"keys/{group}/{name}.grant")
        verify_grant(grant, group, name, recipients, current)
        return False
    was_granted(folder, name, recipients, ring)
    wrap_anew(folder, group, name, ring)
    return True


def wrap_anew(folder: DirFolder, group: str, name: str, ring: Ring) -> None:
    """Wrap all keys of *group* to the public keys that *name* has now, with a grant.

    Nothing is asked and nothing compared: that is the caller's part.  Raises NoKeyError without the
    group's keys.
    """
    ring.current(group)
    _, epochs = ring.epochs(group)
    keys = [key for epoch in epochs if (key := ring.key(group, epoch.key_id))]
    write_reader(folder, group, name, _known_recipients(folder, name), keys)


def was_granted(folder: DirFolder, name: str, recipients: list[age.Recipient], ring: Ring) -> bool:
    """Tell whether the reader *name* was granted any group whose key is at hand.

    Raises TamperedError where his public keys are not those that were granted there.
    """
    groups = [
        group
        for group in folder.list("keys")
        if name in members(folder, group) and ring.holds(group)
    ]
    for group in groups:
        grant = folder.read(f"keys/{group}/{name}.grant")
        verify_grant(grant, group, name, recipients, ring.current(group))
    return bool(groups)


def _known_recipients(folder: DirFolder, name: str) -> list[age.Recipient]:
    check_name(name)
    recipients = read_recipients(folder, name)
    if not recipients:
        raise UsageError(
            f"no public key of {name} is known",
            f"give one: sealedfiles grant {name} KEY --to GROUP; sealedfiles keygen prints it",
        )
    return recipients


def write_reader(
    folder: DirFolder, group: str, name: str, recipients: list[age.Recipient], keys: list[GroupKey]
) -> None:
    """Wrap *keys*, all of *group*, the current one last, to a reader, with a grant under the last."""
    write_file(folder, f"keys/{group}/{name}.age", wrap_keys(keys, recipients))
    write_file(folder, f"keys/{group}/{name}.grant", new_grant(group, name, recipients, keys[-1]))


def write_file(folder: DirFolder, name: str, data: bytes) -> None:
    """Write a file of ``.sealedfiles/``.  Raises TamperedError where a symlink is in the way."""
    # Reading first refuses a symlink on the way.
    folder.read(name)
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, data, _PUBLIC)
