"""Record new group keys, for every command that generates one."""

from __future__ import annotations

from collections.abc import Mapping

from sealedfiles.app.tracking.policy_writing import renew_proofs
from sealedfiles.git.clone import Clone
from sealedfiles.git.retired_keys import forget_history
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.retirement import retired_by
from sealedfiles.keys.state import Seen


def record_new_keys(clone: Clone, keys: Mapping[str, GroupKey], *, is_first: bool = False) -> None:
    """Record *keys* as the current keys of their groups in this clone.  Their files are already staged.

    Called by ``init``, by commands that create a group (*is_first*), and by ``rotate``, ``revoke``,
    ``trust`` and ``sync``.
    """
    for group, key in keys.items():
        clone.ring.add(group, key)
        if is_first:
            forget_history(clone, group)
            if not clone.state.locked:
                # Without those of a command that was killed.
                clone.state.write_keys(dict.fromkeys([*clone.state.cached_keys(), (group, key)]))
        else:
            # Also earlier ones that others have made since `unlock`: the hooks verify the chain with cached
            # keys.
            clone.keep_keys(group, [*clone.ring.keys(group), key])
        clone.state.remember(group, Seen(key.key_id, "made here" if is_first else clone.where()))
        clone.retire(group, retired_by(clone.ring.epochs(group)[1]))
    # The proofs of the policy must be under current keys.  They are written for all groups at once.
    renew_proofs(clone)
