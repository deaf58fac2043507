"""Create groups, and add readers to them by encrypting the group's keys to the reader."""

from __future__ import annotations

import os
from collections.abc import Callable

from sealedfiles import age
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.keys.epochs import format_epochs, new_epoch
from sealedfiles.keys.folder import DirFolder, MetadataSource
from sealedfiles.keys.grants import fingerprints, listed_fingerprints, verify_grant
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.recipients import (
    check_name,
    format_recipients,
    group_names,
    members,
    read_recipients,
    reader_names,
)
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file, write_reader
from sealedfiles.util.messages import shell_path, shell_word

__all__ = [
    "add_reader",
    "add_recipients",
    "find_granted",
    "find_own",
    "make_group",
    "refuse_other_keys",
    "wrap_again",
    "write_file",
    "write_reader",
]


def make_group(
    folder: DirFolder,
    group: str,
    *readers: VerifiedReader,
    announce: Callable[[str], None] = lambda _key_id: None,
) -> GroupKey:
    """Create the group *group* with a new key and its first *readers*; return the key.

    *announce* is called with the key's id before anything is written.  Raises UsageError if the name is
    invalid or the group exists.  It exists as soon as it has epochs, which are written last: a group without
    a reader would have a key that nobody has.
    """
    if folder.read(f"keys/{check_name(group, 'group')}/epochs") is not None:
        raise UsageError(f"the group {group} already exists")
    secret = os.urandom(32)
    epoch = new_epoch(group, secret, "created")
    key = GroupKey(epoch.key_id, epoch.date, secret)
    announce(key.key_id)
    for reader in readers:
        wrap_to(folder, group, reader, [key])
    write_file(folder, f"keys/{group}/epochs", format_epochs([epoch]))
    return key


def add_recipients(folder: DirFolder, name: str, recipients: list[age.Recipient]) -> None:
    """Write the public keys of the reader *name*.

    Raises UsageError if the reader already has other keys, because other groups may use them, and for the
    name that ``sealedfiles trust policy`` uses.
    """
    if check_name(name) == "policy":
        raise UsageError("a reader cannot be called policy", "use another name")
    there = read_recipients(folder, name)
    if there and fingerprints(there) != fingerprints(recipients):
        raise UsageError(
            f"the reader {name} already exists, with other public keys",
            f"the keys are in .sealedfiles/recipients/{name}.pub; for another person or machine, use "
            "another name",
        )
    if not there:
        write_file(folder, f"recipients/{name}.pub", format_recipients(recipients))


def add_reader(folder: DirFolder, group: str, reader: VerifiedReader, ring: GroupKeyring) -> bool:
    """Encrypt all keys of *group* to *reader*; return False if the reader already has them.

    Raises NoKeyError without the group's keys, and TamperedError if the reader's public keys
    changed after access to this group was granted.
    """
    current = ring.current(group)
    if reader.name in members(folder, group):
        grant = folder.read(f"keys/{group}/{reader.name}.grant")
        verify_grant(grant, group, reader.name, reader.recipients, current)
        return False
    wrap_again(folder, group, reader, ring)
    return True


def wrap_again(folder: DirFolder, group: str, reader: VerifiedReader, ring: GroupKeyring) -> None:
    """Encrypt all keys of *group* to *reader*, with a grant.  Raises NoKeyError without the keys."""
    ring.current(group)
    _, epochs = ring.epochs(group)
    keys = [key for epoch in epochs if (key := ring.key(group, epoch.key_id))]
    wrap_to(folder, group, reader, keys)


def find_granted(folder: DirFolder, name: str, ring: GroupKeyring) -> VerifiedReader | None:
    """Return the reader *name* if a held group has a verified grant for their public keys.

    Return None if no held group has this reader.  Groups that this same command accepted are not used: their
    keys, and so their grants, may be an attacker's.  Raises TamperedError if the public keys changed after
    access to a held group was granted.
    """
    found = None
    for group in folder.list("keys"):
        if name in members(folder, group) and not ring.is_new(group) and ring.holds(group):
            found = VerifiedReader.granted(folder, group, name, ring.current(group))
    return found


def refuse_other_keys(folder: DirFolder, name: str) -> None:
    """Raise TamperedError if a grant to *name*, for any group, lists other public keys than their file.

    A grant for a group that is not held cannot be verified, but a difference is a reason to stop.
    """
    now = fingerprints(read_recipients(folder, name))
    for group in group_names(folder):
        listed = listed_fingerprints(folder.read(f"keys/{group}/{name}.grant"))
        if listed and listed != now:
            raise TamperedError(
                f"the public keys of {name} changed after access to {group} was granted",
                f"find who changed them: git log -p -- {shell_path(f'.sealedfiles/recipients/{name}.pub')}",
                f"ask {name} for the fingerprint (sealedfiles key list), and a reader of {group} to run: "
                f"sealedfiles trust {shell_word(name)}",
            )


def find_own(folder: DirFolder, ring: GroupKeyring) -> VerifiedReader:
    """Return the reader to whom an identity in use belongs.

    The result has all public keys of that reader if a grant proves them; otherwise only the identity's key.
    A file in ``recipients/`` proves nothing: anyone can write one with this user's key and another key.
    Raises UsageError if no reader has the public key of an identity in use.
    """
    for identity in ring.identities:
        if identity.recipient is None:
            continue
        readers = {name: _recipients_or_none(folder, name) for name in reader_names(folder)}
        names = [name for name, keys in readers.items() if identity.recipient in keys]
        granted = {name for group in group_names(folder) for name in members(folder, group)}
        members_first = [name for name in names if name in granted]
        for name in members_first:
            try:
                reader = find_granted(folder, name, ring)
            except TamperedError:
                continue
            if reader:
                return reader
        for name in [name for name in names if readers[name] == [identity.recipient]]:
            return VerifiedReader.own(name, identity)
        for name in members_first or names:
            return VerifiedReader.own(name, identity)
    raise UsageError(
        "none of your public keys belongs to a reader, so you cannot be the first reader of a group",
        *ring.identities.report(),
    )


def _recipients_or_none(folder: MetadataSource, name: str) -> list[age.Recipient]:
    try:
        return read_recipients(folder, name)
    except SealedFilesError:
        return []  # another reader's file is malformed or a symlink
