"""Generate new keys for a group: after a reader was removed, and for regular rotation.

A new key is a new epoch, encrypted to every remaining reader, each with a grant under it.  Several files
are written, so the clone notes the new key first: the next rotation finishes one that was interrupted,
with the same key.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.epochs import format_epochs, new_epoch
from sealedfiles.keys.grants import grant_key_id
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.recipients import members
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sealedfiles.keys.folder import DirFolder
    from sealedfiles.keys.group_keyring import GroupKeyring


def staying(
    folder: DirFolder,
    group: str,
    ring: GroupKeyring,
    leaving: Collection[str] = (),
    begun: GroupKey | None = None,
    changed: Mapping[str, VerifiedReader] | None = None,
) -> list[VerifiedReader]:
    """Return the remaining readers of *group*, with the public keys that were granted.

    *changed* are readers whose new public keys the user has confirmed.  Raises TamperedError that
    names every other reader whose public keys changed after access was granted.
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
        grant = folder.read(f"keys/{group}/{name}.grant")
        under = begun if begun and grant_key_id(grant) == begun.key_id else current
        try:
            found.append(VerifiedReader.granted(folder, group, name, under))
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

    *why* is ``rotated`` or ``revoked``.  The files of those *leaving* are removed; *changed* readers get
    the keys under new public keys.  *note* is called with the new key before anything is written; a call
    that resumes an interrupted rotation gets that key as *begun*.  Raises NoKeyError,
    TamperedError and UsageError, before anything is written.
    """
    current = ring.current(group)
    stay = staying(folder, group, ring, leaving, begun, changed)
    if not stay:
        raise UsageError(
            f"no reader would be left for {group}",
            "grant access to another reader first: sealedfiles grant NAME --to " + group,
        )
    _, epochs = ring.epochs(group)
    # A pending key may already be encrypted to the reader, or the public key, that is being removed.
    again = None if changed or set(leaving) & set(members(folder, group)) else begun
    secret = again.secret if again else secrets.token_bytes(32)
    epoch = new_epoch(group, secret, why, epochs[-1], current.secret)
    key = GroupKey(epoch.key_id, epoch.date, secret)
    keys = [held for old in epochs if (held := ring.key(group, old.key_id))] + [key]
    note(key)
    # A key file may be longer than the chain, and readers then continue with the old key; the line in
    # `epochs` is what makes the key the current one, and comes last.
    for reader in stay:
        wrap_to(folder, group, reader, keys)
    write_file(folder, f"keys/{group}/epochs", format_epochs([*epochs, epoch]))
    remove_reader(folder, group, leaving)
    ring.add(group, key)
    return key


def remove_reader(folder: DirFolder, group: str, names: Collection[str]) -> None:
    """Remove the files of readers from a group."""
    for name in names:
        for suffix in ("age", "grant"):
            (folder.root / "keys" / group / f"{name}.{suffix}").unlink(missing_ok=True)
