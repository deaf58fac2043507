"""`sealedfiles lock`."""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.app.lock import lock_worktrees
from sealedfiles.app.tracking.plaintext_left import Left
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.errors import SealedFilesError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say, warn


@declaration.command("lock")
@exclusive()
def command() -> int:
    """Encrypt the working tree and forget the cached keys.

    The filter stays active, so that you cannot accidentally add plaintext.  If files stay in plaintext (local
    changes, untracked copies, skip-worktree entries), they are listed, and the exit status is 1.
    """
    _, here = clone_here()
    locked = lock_worktrees(here)
    for top, one in locked.left:
        warn(f"{_shown(top, one, here.repository.top)} is still in plaintext: {one.reason}")
    if locked.left:
        warn(
            f"not everything is locked: {counted(len(locked.left), 'file')} in plaintext",
            "for local changes: sealedfiles unlock, commit these files, and lock again",
            "remove copies that you do not need",
        )
    say(f"sealed {counted(locked.files, 'file')}; removed the cached keys of this clone")
    return SealedFilesError.exit_code if locked.left else 0


def _shown(top: Path, one: Left, here: Path) -> str:
    """Return the name of a file for messages, with the folder if it is in another worktree than *here*."""
    return show_path(one.path if top == here else os.path.join(os.fsencode(top), one.path))
