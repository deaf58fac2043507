"""`sealedfiles lock`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sealedfiles.app.tracking.plaintext_left import (
    Left,
    plaintext_in_git,
    plaintext_left,
    worktrees,
)
from sealedfiles.app.workspace import clone_here
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say, warn

if TYPE_CHECKING:
    from pathlib import Path


@click.command("lock")
def command() -> int:
    """Encrypt the working tree and forget the cached keys.

    The filter stays on, so that you cannot add plaintext by accident.  Files that stay in plaintext
    (local changes, untracked copies, skip-worktree entries) are listed, and the exit status is 1.
    """
    _, here = clone_here()
    repository = here.repository
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
        clone.objects.close()
    for top, one in left:
        warn(f"{_shown(top, one, repository.top)} is still in plaintext: {one.reason}")
    if left:
        warn(
            f"not everything is locked: {counted(len(left), 'file')} in plaintext",
            "for local changes: sealedfiles unlock, commit these files, and lock again",
            "remove copies that you do not need",
        )
    files = counted(sum(len(outcome.written) for outcome in outcomes), "file")
    say(f"sealed {files}; the keys of this clone are forgotten")
    return SealedFilesError.exit_code if left else 0


def _shown(top: Path, one: Left, here: Path) -> str:
    """Return the name of a file for a message; of another worktree than *here* with its folder."""
    return show_path(one.path if top == here else os.path.join(os.fsencode(top), one.path))
