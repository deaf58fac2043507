"""`sealedfiles deinit`."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from sealedfiles.app.tracking.plaintext_left import unsaved_files, worktrees
from sealedfiles.app.values.pending import unfinished_rotations
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.hook_setup import uninstall_hooks
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.attributes_mirror import unpin_all
from sealedfiles.git.cached_groups import require_folder_of_cached_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import deconfigure, deconfigure_user, is_configured
from sealedfiles.git.leftovers import remove_excludes
from sealedfiles.git.plaintext_memory import NAME as PLAINTEXT
from sealedfiles.git.plaintext_memory import PlaintextMemory
from sealedfiles.git.repository import find_repository
from sealedfiles.git.worktree import close_work_tree, refresh
from sealedfiles.git.written_versions import NAME as WRITTEN
from sealedfiles.util.messages import counted, fail, say, warn


@declaration.command("deinit")
@declaration.option("--global", "for_user", is_flag=True, help="Undo `init --global` instead.")
@declaration.option(
    "--force",
    is_flag=True,
    help="Continue even if uncommitted plaintext stays, or the only copy of keys or values is removed.",
)
def command(for_user: bool, force: bool) -> int:
    """Remove sealedfiles from this clone.

    Encrypts the working tree, and removes the filter, the hooks and the keys from .git, for all worktrees
    of this clone.  Committed files stay: the sealed files, .sealedfiles/ and .gitattributes are shared with
    others.
    """
    if for_user:
        return _deinit_user()
    return _deinit(force=force)


@exclusive()
def _deinit(*, force: bool) -> int:
    repository = find_repository(Path.cwd())
    if repository is None:
        raise UsageError("this command needs a git repository")
    repository.require_writable()
    clones = [Clone(one) for one in worktrees(repository)]
    if not force:
        require_folder_of_cached_keys(
            Clone(repository), "to remove them permanently: sealedfiles deinit --force"
        )
    unfinished = unfinished_rotations(repository)
    if unfinished and not force:
        fail(
            f"nothing was changed: the new values of {counted(len(unfinished), 'rotation')} are only here",
            "list them: sealedfiles rotate-value",
            "to remove them permanently: sealedfiles deinit --force",
        )
        return SealedFilesError.exit_code
    unsaved = [name for clone in clones for name in unsaved_files(clone, repository.top)]
    for name in unsaved:
        warn(f"{name} has changes that are not in git")
    if unsaved and not force:
        fail(
            "nothing was changed: without the filter, git would store the plaintext",
            "commit these files, or discard the changes: git checkout -- FILE",
            "to leave them unchanged: sealedfiles deinit --force",
        )
        return SealedFilesError.exit_code
    written = 0
    for clone in clones:
        outcome = close_work_tree(clone)
        # Do this while the filter is still configured: without it, a strict repository refuses git add.
        refresh(clone, outcome.to_refresh())
        clone.state.set_locked(locked=False)
        clone.close()
        written += len(outcome.written)
    status = uninstall_hooks(repository, explicit=False)
    unpin_all(repository)
    remove_excludes(repository)
    deconfigure(repository)
    _remove_state(repository.state_folder, kept=(PLAINTEXT, WRITTEN) if unsaved else ())
    if not unsaved:
        PlaintextMemory(repository.state_folder).complete()
    if unsaved:
        say(f"left unchanged; git would store them in plaintext: {counted(len(unsaved), 'file')}")
    say(
        f"sealedfiles was removed from this clone: {counted(written, 'file')} sealed, keys removed",
        "committed files stay, including .sealedfiles/ and .gitattributes, which are shared",
        "to stop sealing for everyone, run first: sealedfiles untrack PATTERN",
        "to set it up again: sealedfiles unlock",
    )
    if is_configured(repository):
        warn(
            "your own git configuration still has the filter",
            "remove it: sealedfiles deinit --global",
        )
    return status


def _remove_state(folder: Path, kept: tuple[str, ...]) -> None:
    """Remove the clone's own files, except for those named *kept*.

    Local changes may have plaintext that a checkout wrote.  If sealedfiles is set up again, it must not be
    sealed, so the record of it is kept then.
    """
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.name in kept:
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                one.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _deinit_user() -> int:
    if not deconfigure_user():
        say("your git configuration has no sealedfiles settings")
        return 0
    say(
        "removed the filter from your git configuration",
        "clones that use it cannot add sealed files; in each, run: sealedfiles unlock (or deinit)",
    )
    return 0
