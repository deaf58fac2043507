"""Generate a new key for a group, after a reader is removed or for a regular rotation.

A new key starts a new epoch.  It is encrypted to every remaining reader, with a new grant for each.  Because
several files are written, the clone first records the new key, so that the next rotation can complete an
interrupted one with the same key.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.epochs import format_epochs, new_epoch
from sealedfiles.keys.folder import DirFolder, MetadataSource
from sealedfiles.keys.grants import grant_key_id
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.recipients import members
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file


def key_of_grant(
    folder: MetadataSource, group: str, name: str, current: GroupKey, begun: GroupKey | None
) -> GroupKey:
    """Return the key that the grant of *name* must be under.

    That is *current*, or *begun* if an interrupted rotation has already written the grant.
    """
    grant = folder.read(f"keys/{group}/{name}.grant")
    return begun if begun and grant_key_id(grant) == begun.key_id else current


def remaining_readers(
    folder: DirFolder,
    group: str,
    ring: GroupKeyring,
    leaving: Collection[str] = (),
    begun: GroupKey | None = None,
    changed: Mapping[str, VerifiedReader] | None = None,
) -> list[VerifiedReader]:
    """Return the remaining readers of *group*, with the public keys that were granted.

    *changed* contains the readers whose new public keys the user has confirmed.  Raises TamperedError that
    lists every other reader whose public keys changed after access was granted.
    """
    current = ring.current(group)
    found: list[VerifiedReader] = []
    refused: list[TamperedError] = []
    for name in members(folder, group):
        if name in leaving:
            continue
        if changed and name in changed:
            found.append(changed[name])
            continue
        try:
            key = key_of_grant(folder, group, name, current, begun)
            found.append(VerifiedReader.granted(folder, group, name, key))
        except TamperedError as error:
            refused.append(error)
    if refused:
        raise TamperedError(
            "; ".join(error.message for error in refused),
            *(hint for error in refused for hint in error.hints),
        )
    return found


def rotate_group(
    folder: DirFolder,
    group: str,
    ring: GroupKeyring,
    why: str,
    leaving: Collection[str] = (),
    begun: GroupKey | None = None,
    note: Callable[[GroupKey], None] = lambda _key: None,
    changed: Mapping[str, VerifiedReader] | None = None,
) -> GroupKey:
    """Generate a new key for *group*, encrypt all its keys to the remaining readers, and return it.

    *why* is ``rotated`` or ``revoked``.  The files of the readers *leaving* are removed; for *changed*
    readers, the keys are encrypted to their new public keys.  *note* is called with the new key before
    anything is written; to resume an interrupted rotation, pass that key as *begun*.  Raises NoKeyError,
    TamperedError and UsageError before anything is written.
    """
    current = ring.current(group)
    stay = remaining_readers(folder, group, ring, leaving, begun, changed)
    if not stay:
        raise UsageError(
            f"the group {group} would have no readers left",
            "grant access to another reader first: sealedfiles grant NAME --to " + group,
        )
    _, epochs = ring.epochs(group)
    # Do not resume with a pending key that may already be encrypted to the removed reader or public key.
    again = None if changed or set(leaving) & set(members(folder, group)) else begun
    secret = again.secret if again else os.urandom(32)
    epoch = new_epoch(group, secret, why, epochs[-1], current.secret)
    key = GroupKey(epoch.key_id, epoch.date, secret)
    keys = [held for old in epochs if (held := ring.key(group, old.key_id))] + [key]
    note(key)
    # Write `epochs` last, because its line makes the new key the current one.  Until then, key files are
    # longer than the chain, and readers continue with the old key.
    for reader in stay:
        wrap_to(folder, group, reader, keys)
    write_file(folder, f"keys/{group}/epochs", format_epochs([*epochs, epoch]))
    remove_reader(folder, group, leaving)
    ring.add(group, key)
    return key


def remove_reader(folder: DirFolder, group: str, names: Collection[str]) -> None:
    """Remove the key files and grants of readers from a group."""
    for name in names:
        for suffix in ("age", "grant"):
            (folder.root / "keys" / group / f"{name}.{suffix}").unlink(missing_ok=True)
