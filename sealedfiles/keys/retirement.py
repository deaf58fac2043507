"""Which keys of a group are for history only.

A removed reader has the group's earlier keys, and can create tokens with them.  So a pushed ``epochs`` file
decides nothing by itself: every line is verified with the group's keys, and the file must not
contain less than this clone remembers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.keys.epochs import keys_in_use, parse_epochs, verify_epochs

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealedfiles.keys.epochs import Epoch
    from sealedfiles.keys.folder import MetadataSource
    from sealedfiles.keys.group_keyring import GroupKeyring

_HINT = "find who changed the keys: git log -p -- .sealedfiles/keys"


class Judgement(NamedTuple):
    """Which keys of a group are retired, by one version of its epochs and by the clone's memory."""

    in_use: frozenset[str] | None
    """The keys from the last revocation on; None: nobody was removed."""
    retired: frozenset[str]
    """Keys that this clone has seen retired before."""
    trouble: TamperedError | None = None
    """Why no key of the group may be used with this version; None: everything is verified."""

    def is_retired(self, key_id: str) -> bool:
        """Return True if the key is for history only."""
        return key_id in self.retired or (self.in_use is not None and key_id not in self.in_use)


def judge(
    ring: GroupKeyring, group: str, folder: MetadataSource, retired: Collection[str] = ()
) -> Judgement:
    """Find the retired keys of *group* from its epochs in *folder*, and *retired*, which the clone remembers.

    Never raises for pushed content that is invalid: that is reported in ``trouble``.
    """
    known = frozenset(retired)
    try:
        epochs = read_verified(ring, group, folder)
    except TamperedError as error:
        return Judgement(None, known, error)
    in_use = keys_in_use(epochs)
    current = epochs[-1].key_id
    seen = ring.older_than_seen(group, folder)
    if seen:
        trouble = TamperedError(
            f"the keys of the group {group} here do not include the newest key seen in this clone, "
            f"{seen.key_id} ({seen.where})",
            _HINT,
            "if that key is on another branch: merge it, then run: sealedfiles sync",
            "if this is an old commit: --allow-retired reads it as it is",
            f"if that rotation was abandoned: sealedfiles sync --forget {group}",
        )
    elif current in known:
        trouble = TamperedError(
            f"the current key of the group {group} here, {current}, was retired by an earlier commit "
            "when a reader was removed: someone has restored old keys",
            _HINT,
            f"restore .sealedfiles/keys/{group} as it was, then run: sealedfiles sync",
        )
    else:
        trouble = None
    return Judgement(frozenset(in_use) if in_use is not None else None, known, trouble)


def read_verified(ring: GroupKeyring, group: str, folder: MetadataSource) -> list[Epoch]:
    """Return the epochs of *group* in *folder*, every line proved by the group's keys.

    Raises TamperedError, also if there are none.
    """
    data = folder.read(f"keys/{group}/epochs")
    if data is None:
        raise TamperedError(f".sealedfiles/keys/{group}/epochs is missing", _HINT)
    epochs = parse_epochs(data, group)
    secrets = {}
    for epoch in epochs:
        try:
            key = ring.key(group, epoch.key_id)
        except SealedFilesError:
            key = None  # an identity that cannot be used now: the line stays unverified
        if key:
            secrets[epoch.key_id] = key.secret
    verify_epochs(group, epochs, secrets)
    return epochs


def retired_by(epochs: list[Epoch]) -> set[str]:
    """Return the keys that verified *epochs* retire."""
    in_use = keys_in_use(epochs)
    return {epoch.key_id for epoch in epochs} - in_use if in_use is not None else set()
