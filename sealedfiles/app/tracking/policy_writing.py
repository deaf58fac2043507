"""Write the policy, its proofs, and this clone's acceptance of both."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.policy_tracked import add_tracked
from sealedfiles.errors import PolicyError, SealedFilesError
from sealedfiles.git.attributes import add_pattern, sealed_patterns
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import IndexFolder
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME, POLICY, DirFolder
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import proof_line, updated
from sealedfiles.keys.recipients import members
from sealedfiles.model.policy import parse_policy
from sealedfiles.util import atomic

STAGED = (f"{NAME}/{POLICY}", f"{NAME}/{PROOF}")
"""The files that a changed policy stages."""


def confirmed_policy(clone: Clone) -> bytes:
    """Return the policy in the repository, for a command to change.

    Raises PolicyError unless this clone accepts it.  Otherwise the command's proof would cover a change
    that somebody else pushed.
    """
    in_force = clone.policy_in_force.get()
    files = clone.policy_in_force.current()
    if isinstance(in_force.disputed, PolicyError):
        raise in_force.disputed
    if in_force.disputed is not None or files is None:
        raise PolicyError(
            f"{NAME}/{POLICY} has a change that is not confirmed in this clone",
            "review it first: sealedfiles trust policy",
        )
    return files.data


def write_policy(clone: Clone, data: bytes) -> None:
    """Write *data* as the policy, with the proofs of every group that this clone reads, and accept it.

    The proofs of other groups are removed, because they are for other bytes.  The new ones are written first:
    a policy without them would have to be confirmed if this process were killed in between.
    """
    files = clone.policy_in_force.current()
    is_same = files is not None and files.data == data
    write_proofs(clone.work_tree, clone.ring, data, keep_others=is_same)
    if not is_same:
        atomic.replace(clone.work_tree.root / POLICY, data)
    before = clone.state.policy()
    clone.policy_in_force.accept(data)
    clone.mirror_policy(_removed(before, data))


def warn_of_unproved(clone: Clone, dialog: Dialog) -> None:
    """Warn if a group that this clone does not read proves the policy no more.

    A fresh clone of its readers, such as a CI job, does not obey it.
    """
    folder = clone.work_tree
    proofs = (folder.read(PROOF) or b"").decode("ascii", "replace").split()
    others = [g for g in folder.list("keys") if not _holds(clone.ring, g) and g not in proofs]
    if others:
        groups = ", ".join(others)
        dialog.warn(
            f"the policy is not proved by {groups}: fresh clones of their readers may refuse it",
            *(f"readers of {group}: {', '.join(members(folder, group))}" for group in others),
            "one of them confirms it, and commits: sealedfiles trust policy",
        )


def _removed(before: bytes | None, after: bytes) -> set[str]:
    """Return the patterns that *before*, the accepted policy, tracks and *after* does not."""
    if before is None:
        return set()
    with contextlib.suppress(SealedFilesError):
        return set(parse_policy(before).tracked or ()) - set(parse_policy(after).tracked or ())
    return set()


def renew_proofs(clone: Clone) -> bool:
    """Prove the policy again after a group got a new key, and stage the proof.

    Return True if that was needed.

    A policy that this clone does not accept is not proved.
    """
    try:
        data = confirmed_policy(clone)
    except SealedFilesError:
        return False
    write_proofs(clone.work_tree, clone.ring, data, keep_others=True)
    # The file may be correct but not staged, if a run was killed between the two steps.
    proofs = clone.work_tree.read(PROOF)
    if proofs in (None, IndexFolder(clone.objects, clone.index).read(PROOF)):
        return False
    stage(clone, f"{NAME}/{PROOF}")
    return True


def write_proofs(folder: DirFolder, ring: GroupKeyring, data: bytes, *, keep_others: bool) -> None:
    """Write the proofs of the policy *data* for every group that *ring* holds."""
    groups = [group for group in folder.list("keys") if _holds(ring, group)]
    before = folder.read(PROOF) or b""
    lines = (proof_line(group, ring.current(group), data) for group in groups)
    new = updated(before, lines, keep_others=keep_others)
    if new != before:
        atomic.replace(folder.root / PROOF, new)


def list_tracked(clone: Clone) -> bool:
    """Write the policy with the patterns that ``with_tracked`` adds; return True if there are any."""
    try:
        data = confirmed_policy(clone)
        new = with_tracked(clone, data)
        if new == data:
            return False
        write_policy(clone, new)
    except SealedFilesError:
        return False
    return True


def with_tracked(clone: Clone, data: bytes, created: Collection[str] = ()) -> bytes:
    """Return the policy *data* with the tracked patterns of an older repository.

    Such a repository has them only in ``.gitattributes``, from which anyone with push access can remove
    lines: those in its history count.  *data* is returned unless this clone can prove the
    policy for every group that it names; otherwise other readers would have to confirm it by hand.  Groups
    that are going to be *created* count as those that it can prove.
    """
    with contextlib.suppress(SealedFilesError):
        policy = parse_policy(data)
        if policy.tracked is None and all(
            group in created or clone.ring.holds(group) for group in policy.groups()
        ):
            listed = sealed_patterns(clone.repository.top / ".gitattributes")
            known = clone.policy_in_force.tracking().tracked or ()
            return add_tracked(data, [*dict.fromkeys([*listed, *known])])
    return data


def derive_attributes(clone: Clone) -> None:
    """Add the missing lines for the tracked patterns to ``.gitattributes``."""
    top = clone.repository.top
    listed = sealed_patterns(top / ".gitattributes")
    for pattern in clone.policy().tracked or ():
        if pattern not in listed:
            add_pattern(top, pattern)


def _holds(ring: GroupKeyring, group: str) -> bool:
    try:
        return ring.holds(group)
    except SealedFilesError:
        return False
