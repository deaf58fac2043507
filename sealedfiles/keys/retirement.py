"""Determine which keys of a group are retired.

A removed reader has the group's earlier keys, and can create tokens with them.  So a pushed ``epochs`` file
is not trusted by itself: every line is verified with the group's keys, and the file must include the newest
key on record in this clone.
"""

from __future__ import annotations

from collections.abc import Collection

from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.keys.epochs import Epoch, keys_in_use, parse_epochs, verify_epochs
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.light_typing import NamedTuple

_HINT = "find who changed the keys: git log -p -- .sealedfiles/keys"


class Judgement(NamedTuple):
    """The retired keys of a group, according to one version of its epochs and to the clone's record."""

    in_use: frozenset[str] | None
    """The keys from the last revocation on; None if no reader was removed."""
    retired: frozenset[str]
    """Keys that this clone has recorded as retired."""
    trouble: TamperedError | None = None
    """The reason why no key of the group may be used with this version; None if everything is verified."""

    def is_retired(self, key_id: str) -> bool:
        """Return True if the key is retired."""
        return key_id in self.retired or (self.in_use is not None and key_id not in self.in_use)


def judge(
    ring: GroupKeyring, group: str, folder: MetadataSource, retired: Collection[str] = ()
) -> Judgement:
    """Find the retired keys of *group* from its epochs in *folder* and from *retired*, the clone's record.

    Invalid pushed content does not raise an error: it is reported in ``trouble``.
    """
    known = frozenset(retired)
    try:
        epochs = read_verified(ring, group, folder)
        ring.identities.verify_expected(group, epochs)
    except TamperedError as error:
        return Judgement(None, known, error)
    in_use = keys_in_use(epochs)
    current = epochs[-1].key_id
    seen = ring.older_than_seen(group, {epoch.key_id for epoch in epochs})
    if seen:
        trouble = TamperedError(
            f"the keys of the group {group} do not include the newest key seen in this clone, "
            f"{seen.key_id} ({seen.where})",
            _HINT,
            "if that key is on another branch or commit: merge it, then run: sealedfiles sync",
            "if this is an old commit: --allow-retired reads it as it is",
            f"if that rotation was abandoned: sealedfiles sync --forget {group}",
        )
    elif current in known:
        trouble = old_keys(group, current)
    else:
        trouble = None
    return Judgement(frozenset(in_use) if in_use is not None else None, known, trouble)


def old_keys(group: str, key_id: str) -> TamperedError:
    """Return the error for a current key of *group* that an earlier commit retired."""
    return TamperedError(
        f"the current key of the group {group}, {key_id}, was retired when a reader was removed",
        "if that is on another branch, merge it, then run: sealedfiles sync",
        f"if a commit restored old keys, git revert it; to find it: git log -p -- .sealedfiles/keys/{group}",
    )


def read_verified(ring: GroupKeyring, group: str, folder: MetadataSource) -> list[Epoch]:
    """Return the epochs of *group* in *folder* after verifying each line with the group's keys.

    Raises TamperedError if a line is not proved, or if there are no epochs.
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
            key = None  # an identity is unusable at present: the line stays unverified
        if key:
            secrets[epoch.key_id] = key.secret
    verify_epochs(group, epochs, secrets)
    return epochs


def retired_by(epochs: list[Epoch]) -> set[str]:
    """Return the keys that verified *epochs* retire."""
    in_use = keys_in_use(epochs)
    return {epoch.key_id for epoch in epochs} - in_use if in_use is not None else set()
