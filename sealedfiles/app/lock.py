"""Encrypting all working trees of a clone, and forgetting its keys: ``lock``."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.tracking.plaintext_left import (
    Left,
    plaintext_in_git,
    plaintext_left,
    worktrees,
)
from sealedfiles.git.cached_groups import require_folder_of_cached_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.light_typing import NamedTuple


class Locked(NamedTuple):
    """What was encrypted, and what was not."""

    files: int
    """How many files were encrypted."""
    left: list[tuple[Path, Left]]
    """The files that are still in plaintext, each with the top folder of its working tree."""


def lock_worktrees(here: Clone) -> Locked:
    """Encrypt the files of all worktrees of *here*, and forget the cached keys.

    Raises GitError, and NoKeyError if the cached keys are the only copy of a group's keys.
    """
    repository = here.repository
    require_folder_of_cached_keys(here)
    configure(repository)
    # The keys are those of all worktrees, and so is the lock.
    clones = [here if one is repository else Clone(one) for one in worktrees(repository)]
    outcomes = [close_work_tree(clone) for clone in clones]
    left = [
        (clone.repository.top, one)
        for clone, outcome in zip(clones, outcomes, strict=True)
        for one in plaintext_left(clone, outcome.left)
    ]
    left += [(repository.top, one) for one in plaintext_in_git(repository)]
    here.state.forget_keys()
    here.state.set_locked(locked=True)
    for clone, outcome in zip(clones, outcomes, strict=True):
        refresh(clone, outcome.written)
        clone.close()
    return Locked(sum(len(outcome.written) for outcome in outcomes), left)
