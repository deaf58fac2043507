"""`sealedfiles lock`."""

from __future__ import annotations

from sealedfiles.app.lock import lock_worktrees
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError


@declaration.command("lock")
@declaration.option(
    "--all", "everywhere", is_flag=True, help="Lock all worktrees of this clone (git worktree)."
)
@exclusive()
def command(everywhere: bool) -> int:
    """Encrypt the working tree and forget the cached keys.

    The filter stays active, so that you cannot accidentally add plaintext.  If files stay in plaintext (local
    changes, untracked copies, skip-worktree entries), they are listed, and the exit status is 1.

    If another worktree of this clone is unlocked, it needs the keys: then only this worktree is locked, and a
    warning names the others.
    """
    _, here = clone_here()
    return (
        0 if lock_worktrees(here, TERMINAL, everywhere=everywhere) else SealedFilesError.exit_code
    )
