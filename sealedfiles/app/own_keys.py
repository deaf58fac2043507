"""The identities that the user stores: choose one, and read those of a file, for ``key``."""

from __future__ import annotations

from sealedfiles import age
from sealedfiles.app.dialog import Dialog
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.keys.identity.generate import StoredIdentity, kept_identities
from sealedfiles.keys.identity.passphrase import describe, open_identities
from sealedfiles.keys.identity.text import repair


def stored_keys(dialog: Dialog) -> list[StoredIdentity]:
    """Return the stored identities, and report the places that cannot be read."""
    entries, troubles = kept_identities()
    for trouble in troubles:
        dialog.warn(trouble)
    return entries


def choose_key(key: str | None, dialog: Dialog) -> StoredIdentity:
    """Return the identity *key*: a number, or the beginning of a fingerprint; None is for the only one.

    Raises UsageError, and NoKeyError if none is stored.
    """
    entries = stored_keys(dialog)
    chosen = [
        entry
        for number, entry in enumerate(entries, 1)
        if key is None or key == str(number) or (len(key) > 3 and entry.fingerprint.startswith(key))
    ]
    if len(chosen) == 1 or (chosen and key and len({one.fingerprint for one in chosen}) == 1):
        return chosen[0]
    if not entries:
        raise NoKeyError("you have no keys", "generate one: sealedfiles keygen")
    if chosen:
        raise UsageError("which key?", *(f"{one.fingerprint}  {one.place}" for one in chosen))
    raise UsageError(f"the key {key} was not found", "list your keys: sealedfiles key list")


def read_keys(data: bytes, where: str) -> list[age.Identity]:
    """Return the identities in *data*, a file or stdin.  Raises NoKeyError, and UsageError for SSH keys."""
    try:
        found = open_identities(repair(data), where)
    except age.AgeError as error:
        raise NoKeyError(f"{where}: {describe(error)}") from None
    if any("\n" in (identity.text or "") for identity in found):
        raise UsageError(
            "SSH keys are not stored: sealedfiles uses them in place",
            "~/.ssh/id_ed25519 and id_rsa are found automatically; for another, set SEALEDFILES_KEY_FILE",
        )
    return found
