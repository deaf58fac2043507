"""Repair a group after a merge: the steps of `sealedfiles sync`.

Both branches may have generated new keys.  One may have granted access, or sealed values, under a key that
the other replaced.  A textual merge resolves none of this.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.errors import SealedFilesError, TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import MOST
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.git.retired_keys import forget_retired
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import grant_key_id
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.keys.retirement import retired_by
from sealedfiles.keys.state import Seen
from sealedfiles.keys.union import Sides, United, chain_of, is_fork, unite
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.light_typing import NamedTuple

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD", "REVERT_HEAD")


class LateGrant(NamedTuple):
    """A reader who was added under a key that has since been replaced."""

    reader: VerifiedReader
    date: str
    """The date of the key that the grant is under."""
    after_revocation: bool
    """Whether a reader was removed from the group since then, who may be the same person."""
    put_back: bool
    """Whether history shows that this grant was replaced or removed, and somebody restored it."""

    @property
    def name(self) -> str:
        """The reader's name."""
        return self.reader.name


def groups_to_unite(clone: Clone) -> dict[str, Sides]:
    """Return the groups whose keys differ between two sides, with the sides.

    During a merge, these are HEAD and the merged commits; after one, the parents of HEAD.  A conflict that
    was resolved with the keys of one side counts as well: no commit may remove keys of its parents.
    """
    prefix = f"{NAME}/keys/".encode()
    torn = {
        path[len(prefix) :].partition(b"/")[0].decode("utf-8", "replace")
        for path in clone.index.unmerged()
        if path.startswith(prefix)
    }
    under_way = operation_under_way(clone)
    found = {}
    if under_way:
        # The stages of the index are not used: in them, all sides have the content that git merged itself.
        code, out, _ = clone.repository.try_run("merge-base", "HEAD", under_way)
        base = out.decode().strip() if under_way == "MERGE_HEAD" else f"{under_way}^"
        theirs = base if under_way == "REVERT_HEAD" else under_way
        base = under_way if under_way == "REVERT_HEAD" else base
        sides = Sides(*(TreeFolder(clone.objects, tree) for tree in ("HEAD", theirs, base)))
        found = dict.fromkeys(sorted(torn), sides)
        if under_way != "MERGE_HEAD":
            return found
    else:
        parents = clone.repository.run("rev-list", "--parents", "-1", "HEAD").decode().split()[1:]
        if torn:
            raise _unknown_side(sorted(torn))
        if len(parents) != 2:
            return {}
        code, out, _ = clone.repository.try_run("merge-base", *parents)
        base = out.decode("ascii", "replace").strip() if code == 0 else ""
        sides = Sides(*(TreeFolder(clone.objects, tree) for tree in (*parents, base)))
    here = IndexFolder(clone.objects, clone.index)
    for group in sorted({*group_names(sides.ours), *group_names(sides.theirs)} - {*found}):
        chains = chain_of(sides.ours, group), chain_of(sides.theirs, group)
        ids = {epoch.key_id for epoch in chain_of(here, group)}
        lost = {epoch.key_id for chain in chains for epoch in chain} - ids
        if lost and all(chains) and is_fork(*chains):
            found[group] = sides
    return found


def _unknown_side(groups: list[str]) -> UsageError:
    """Return the error for a conflict of the keys of *groups* outside of a merge, rebase or cherry-pick."""
    names = ", ".join(groups)
    return UsageError(
        f"the keys of {names} have a conflict, and git does not know with which commit",
        "after git merge --squash: git reset --merge; then git merge BRANCH without --squash; then: "
        "sealedfiles sync",
        "after git stash pop: git reset --merge, which leaves the stash; keys that are only in the stash are "
        f"given up with: sealedfiles sync --forget {groups[0]}; then rotate again",
    )


def operation_under_way(clone: Clone) -> str | None:
    """Return the ref of the merge, cherry-pick, rebase or revert in progress, or None."""
    return next((n for n in UNDER_WAY if (clone.repository.git_dir / n).exists()), None)


def groups_with_lost_keys(clone: Clone) -> dict[str, str]:
    """Return the groups whose epochs in the index lack keys of HEAD or of the commit that is being merged.

    The value is that commit.  The hooks refuse such an index.
    """
    here = IndexFolder(clone.objects, clone.index)
    is_merge = operation_under_way(clone) == "MERGE_HEAD"
    found = {}
    for parent in ("HEAD", *(["MERGE_HEAD"] if is_merge else [])):
        folder = TreeFolder(clone.objects, parent)
        for group in group_names(folder):
            with contextlib.suppress(SealedFilesError):  # check reports invalid epochs
                old, new = chain_of(folder, group), chain_of(here, group)
                lost = {epoch.key_id for epoch in old} - {epoch.key_id for epoch in new}
                if new and (lost or retired_by(old) - retired_by(new)):
                    found[group] = parent
    return found


def unite_group(clone: Clone, group: str, sides: Sides, out: Collection[str] = ()) -> United:
    """Write and stage the united group.  Raises TamperedError and UsageError before anything is written."""
    ring = GroupKeyring(
        clone.identities,
        lambda: [sides.ours, sides.theirs],
        cached=clone.state.cached_keys(),
        newest=clone.state.newest(),
    )
    ids = {epoch.key_id for side in sides[:2] for epoch in chain_of(side, group)}
    keys = {key_id: key for key_id in ids if (key := ring.key(group, key_id))}
    united = unite(clone.work_tree, group, sides, keys, out)
    clone.repository.run("add", "--all", "--force", "--", f"{NAME}/keys/{group}")
    clone.keep_keys(group, keys.values())
    for key in keys.values():
        clone.ring.add(group, key)
    record_new_keys(clone, {group: united.key})
    return united


def late_grants(clone: Clone, group: str) -> Iterator[LateGrant]:
    """Yield the readers of *group* whose grants are under a key that has since been replaced.

    Each grant is proved under that key, for the reader's current public keys.  Other grants are reported by
    the code that encrypts keys.
    """
    ring = clone.ring
    current = ring.current(group)
    _, epochs = ring.epochs(group)
    order = [epoch.key_id for epoch in epochs]
    for name in members(clone.work_tree, group):
        grant = clone.work_tree.read(f"keys/{group}/{name}.grant")
        key_id = grant_key_id(grant)
        key = ring.key(group, key_id) if key_id in order and key_id != current.key_id else None
        if key is None:
            continue
        try:
            reader = VerifiedReader.granted(clone.work_tree, group, name, key)
        except TamperedError:
            continue
        since = epochs[order.index(key_id) + 1 :]
        revoked = any(epoch.why == "revoked" for epoch in since)
        later = {epoch.key_id for epoch in since}
        yield LateGrant(reader, key.date, revoked, _was_replaced(clone, group, name, later))


def _was_replaced(clone: Clone, group: str, name: str, later: Collection[str]) -> bool:
    """Return True if a commit removed the grant of *name*, or had one under one of the keys *later*.

    A grant that another branch made while the key was replaced is new; an earlier grant is not.  All branches
    are searched: on one from before a revocation, only the others show it.
    """
    file = f"{NAME}/keys/{group}/{name}.grant"
    code, out, _ = clone.repository.try_run(
        "log",
        "--full-history",
        f"--max-count={MOST + 1}",
        "--format=%H",
        "HEAD",
        "--all",
        "--",
        file,
    )
    commits = out.decode("ascii", "replace").split() if code == 0 else []
    if len(commits) > MOST:
        return True
    for commit in commits:
        data = TreeFolder(clone.objects, commit).read(f"keys/{group}/{name}.grant")
        if data is None or grant_key_id(data) in later:
            return True
    return False


def forget(clone: Clone, group: str) -> None:
    """Accept the epochs of this version as the newest of *group*."""
    data = IndexFolder(clone.objects, clone.index).read(f"keys/{group}/epochs") or b""
    listed = [epoch.key_id for epoch in parse_epochs(data, group)]
    others = [(n, k) for n, k in clone.state.cached_keys() if n != group or k.key_id in listed]
    clone.state.write_keys(others)
    clone.state.accept_key(group, listed[-1])
    clone.state.remember(group, Seen(listed[-1], clone.where()))
    # The history so far is abandoned too: keys that only it retires, and not these epochs, are not retired.
    forget_retired(clone, group)
