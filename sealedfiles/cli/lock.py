"""`sealedfiles lock`."""

from __future__ import annotations

import click

from sealedfiles.document.file import show_path
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.setup import configure
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.messages import counted, say
from sealedfiles.workspace import clone_here


@click.command("lock")
def command() -> int:
    """Put tokens back into the work tree and forget the keys of this clone.

    The filter stays on, so that no plaintext can be added by accident.  Files with local changes are
    left alone and named: commit them first.
    """
    _, clone = clone_here()
    configure(clone.repository)
    outcome = close_work_tree(clone)
    clone.state.forget_keys()
    clone.state.set_locked(locked=True)
    refresh(clone, outcome.written)
    clone.objects.close()
    for path in outcome.left:
        say(f"{show_path(path)} has local changes and is still plaintext")
    if outcome.left:
        say("not all is locked", "unlock, commit these files, and lock again")
    files = counted(len(outcome.written), "file")
    say(f"sealed {files}; the keys of this clone are forgotten")
    return SealedFilesError.exit_code if outcome.left else 0
