"""`sealedfiles deinit`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from sealedfiles.app.tracking.plaintext_left import worktrees
from sealedfiles.app.tracking.unsaved import unsaved_files
from sealedfiles.cli.hook_setup import uninstall_hooks
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import deconfigure, deconfigure_user, is_configured
from sealedfiles.git.leftovers import remove_excludes
from sealedfiles.git.pins import unpin_all
from sealedfiles.git.repository import find_repository
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.util.messages import counted, fail, say, warn


@click.command("deinit")
@click.option("--global", "for_user", is_flag=True, help="Undo `init --global` instead.")
@click.option(
    "--force",
    is_flag=True,
    help="Continue even if the working tree has plaintext that is not in git.",
)
def command(for_user: bool, force: bool) -> int:
    """Remove sealedfiles from this clone.

    The working tree is encrypted, and the filter, the hooks and the keys are removed from .git, for all
    worktrees of this clone.  Committed files stay: the sealed files, .sealedfiles/ and .gitattributes are
    shared with others.
    """
    if for_user:
        return _deinit_user()
    repository = find_repository(Path.cwd())
    if repository is None:
        raise UsageError("this command works in a git repository only")
    repository.require_writable()
    clones = [Clone(one) for one in worktrees(repository)]
    unsaved = [name for clone in clones for name in unsaved_files(clone, repository.top)]
    for name in unsaved:
        warn(f"{name} holds what git does not have")
    if unsaved and not force:
        fail(
            "nothing was changed: without the filter git would store plaintext as it is",
            "commit these files, or throw the changes away (git checkout -- FILE)",
            "to leave them as they are: sealedfiles deinit --force",
        )
        return SealedFilesError.exit_code
    written = 0
    for clone in clones:
        outcome = close_work_tree(clone)
        # While the filter is still there: a strict repository refuses everything else.
        refresh(clone, outcome.written)
        clone.objects.close()
        written += len(outcome.written)
    status = uninstall_hooks(repository, asked=False)
    unpin_all(repository)
    remove_excludes(repository)
    deconfigure(repository)
    shutil.rmtree(repository.state_folder, ignore_errors=True)
    if unsaved:
        say(
            f"left unchanged, and git would store them as they are: {counted(len(unsaved), 'file')}"
        )
    say(
        f"this clone is as it was before: {counted(written, 'file')} sealed in the work tree, keys removed",
        "what is committed stays, .sealedfiles/ and .gitattributes too: they are for everybody",
        "to seal nothing any more, for everybody: sealedfiles untrack PATTERN before this",
        "to come back: sealedfiles unlock",
    )
    if is_configured(repository):
        warn(
            "your own git configuration still has the filter",
            "remove it: sealedfiles deinit --global",
        )
    return status


def _deinit_user() -> int:
    if not deconfigure_user():
        say("your git configuration has no sealedfiles settings")
        return 0
    say(
        "took the filter out of your git configuration",
        "clones that were set up with it cannot add sealed files until: sealedfiles unlock, or deinit",
    )
    return 0
