"""Encrypting the working trees of a clone, and forgetting its keys: ``lock``."""

from __future__ import annotations

import os

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.plaintext_left import (
    lost_worktrees,
    plaintext_in_git,
    plaintext_left,
    worktrees,
)
from sealedfiles.git.cached_groups import require_folder_of_cached_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, printable


def lock_worktrees(here: Clone, dialog: Dialog, *, everywhere: bool) -> bool:
    """Encrypt the files of the worktree *here*, or *everywhere* those of all worktrees of the clone.

    Forgets the cached keys, unless an unlocked worktree is left, which needs them.
    Reports the files that are still in plaintext; returns False if there are any.
    Raises GitError, and NoKeyError if the cached keys are the only copy of a group's keys.
    """
    repository = here.repository
    others = [Clone(one) for one in worktrees(repository) if one is not repository]
    unlocked = [] if everywhere else [one for one in others if not one.state.locked]
    clones = [here] if unlocked else [here, *others]
    for clone in clones:
        clone.repository.require_unlocked_index()
    if not unlocked:
        require_folder_of_cached_keys(here)
    configure(repository)
    outcomes = [close_work_tree(clone) for clone in clones]
    left = [
        (clone.repository.top, one)
        for clone, outcome in zip(clones, outcomes, strict=True)
        for one in plaintext_left(clone, outcome.left)
    ]
    left += [(repository.top, one) for one in plaintext_in_git(repository)]
    if unlocked:
        here.state.lock_worktree()
    else:
        here.state.forget_keys()
        here.state.set_locked(locked=True)
    for clone, outcome in zip(clones, outcomes, strict=True):
        refresh(clone, outcome.to_refresh())
        clone.close()
    for top, one in left:
        # With the folder if it is in another worktree.
        path = one.path if top == repository.top else os.path.join(os.fsencode(top), one.path)
        dialog.warn(f"{show_path(path)} is still in plaintext: {one.reason}")
    if left:
        dialog.warn(
            f"not everything is locked: {counted(len(left), 'file')} in plaintext",
            "for local changes: sealedfiles unlock, commit these files, and lock again",
            "remove copies that you do not need",
        )
    lost = [] if unlocked else lost_worktrees(repository)
    for name in lost:
        dialog.warn(
            f"the worktree {printable(name)} was not found, so its files may still be in plaintext",
            "if it was moved: git worktree repair PATH, then lock again",
            "if it was removed: git worktree prune",
        )
    files = sum(len(outcome.written) for outcome in outcomes)
    if unlocked:
        dialog.say(f"sealed {counted(files, 'file')} of this worktree")
        names = ", ".join(str(one.repository.top) for one in unlocked)
        dialog.warn(
            f"the keys stay in this clone, for its other worktrees: {names}",
            "to lock all worktrees and remove the keys: sealedfiles lock --all",
        )
    else:
        dialog.say(f"sealed {counted(files, 'file')}; removed the cached keys of this clone")
    return not left and not lost
