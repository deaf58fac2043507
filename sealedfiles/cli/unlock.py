"""`sealedfiles unlock`."""

from __future__ import annotations

import sys
from pathlib import Path

from sealedfiles.app.unlock import set_up_git_only, unlock
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import NoKeyError, SealedFilesError, TamperedError
from sealedfiles.git.install import is_configured
from sealedfiles.git.version import warn_of_old_git
from sealedfiles.util.messages import warn


@declaration.command("unlock")
@declaration.option(
    "--accept",
    "accepted",
    metavar="GROUP",
    shell_complete=complete_group,
    multiple=True,
    help="Accept a group that is new in this clone.  May be repeated.",
)
@no_hooks_option
@identity_option
@exclusive()
def command(accepted: tuple[str, ...], no_hooks: bool, identity: str | None) -> int:
    """Decrypt the sealed files of this clone.

    Run it after git clone, or after lock.  It sets up git's filter and hooks, caches the keys in
    .git/sealedfiles (no hooks or keys if CI is set), and writes plaintext to the working tree.  Files with
    local changes are listed and left unchanged.

    If none of your keys decrypts anything, only the filter and the hooks are set up, so that git refuses
    plaintext of sealed files.  Then the exit status is 3.

    Groups that were created after this clone was first unlocked are listed with their authors, and are used
    only after you accept them: anyone with push access can create a group and encrypt its key to you.
    """
    try:
        workspace, clone = clone_here(identity)
    except SealedFilesError:
        if repository := set_up_git_only(Path.cwd()):
            set_up_hooks(repository, unwanted=no_hooks)
        raise
    warn_of_old_git()
    may_ask = sys.stdin.isatty()
    try:
        is_valid = unlock(workspace, clone, accepted, TERMINAL, identity=identity, may_ask=may_ask)
    except SealedFilesError as error:
        if is_configured(clone.repository):
            set_up_hooks(clone.repository, unwanted=no_hooks)
        if not isinstance(error, NoKeyError):
            raise
        warn(error.message, *error.hints)
        return error.exit_code
    set_up_hooks(clone.repository, unwanted=no_hooks)
    return 0 if is_valid else TamperedError.exit_code
