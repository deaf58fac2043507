"""Which policy decides what is allowed: anyone with push access can write one, with any allowance."""

from __future__ import annotations

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.model.policy import Policy


def policy_in_force(clone: Clone) -> Policy | None:
    """Return the policy that *clone* has accepted, without which no allowance counts.

    None without keys: they tell whether readers wrote a policy, and without them nothing is read or held.
    """
    ring = cached_ring(clone)
    has_keys = ring is not None and bool(ring.groups())
    return clone.policy_in_force.accepted() if has_keys else None


def cached_ring(clone: Clone) -> GroupKeyring | None:
    """Return the keys of the clone; None if its cache cannot be read, since a check needs no key."""
    try:
        return clone.ring
    except (SealedFilesError, OSError):
        return None
