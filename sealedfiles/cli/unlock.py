"""`sealedfiles unlock`."""

from __future__ import annotations

import os
import sys

from sealedfiles.app.access.opening import open_groups
from sealedfiles.app.access.policy_trust import settle_policy
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.policy_writing import STAGED, list_tracked
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import NoKeyError, TamperedError
from sealedfiles.git.filter.problems import describe_problem
from sealedfiles.git.install import configure
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.plaintext import PlaintextFiles
from sealedfiles.git.retired_files import RetiredFiles
from sealedfiles.git.rewrite import stage
from sealedfiles.git.version import warn_of_old_git
from sealedfiles.git.worktree import (
    open_work_tree,
    refresh,
    restore_folder,
    tracked_sealed_files,
    unchanged_for_git,
    with_blobs,
)
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say, warn


@declaration.command("unlock")
@declaration.option(
    "--accept",
    "accepted",
    metavar="GROUP",
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
    workspace, clone = clone_here(identity)
    ring = clone.ring
    # Set up the filter even without a key: otherwise the next edit of a sealed file is added in plaintext.
    warn_of_old_git()
    # `git clone` may have converted files (working-tree-encoding, ident), which is turned off below.
    converted = unchanged_for_git(clone)
    restored = restore_folder(clone, converted)
    configure(clone.repository)
    if not clone.state.newest():
        # Forget a policy that was accepted unverified, before a key to verify it was available.
        clone.state.forget_policy()
    try:
        is_valid = open_groups(workspace, accepted, TERMINAL)
    except NoKeyError as error:
        clone.mirror_policy()
        exclude_leftovers(clone.repository)
        clone.close()
        set_up_hooks(clone.repository, unwanted=no_hooks)
        warn(error.message, *error.hints)
        return error.exit_code
    status = 0 if is_valid else TamperedError.exit_code
    update_folder_attributes(clone, TERMINAL)
    clone.state.write_keys((group, key) for group in ring.groups() for key in ring.keys(group))
    clone.state.set_locked(locked=False)
    settle_policy(clone, TERMINAL, may_ask=sys.stdin.isatty())
    if list_tracked(clone):
        stage(clone, *STAGED)
    clone.mirror_policy()
    exclude_leftovers(clone.repository)
    plaintext = PlaintextFiles(clone)
    outcome = open_work_tree(clone, plaintext, converted)
    # The filter that git starts must also find the identity that the user specified.
    env = {"SEALEDFILES_KEY_FILE": os.path.abspath(identity)} if identity else None
    refresh(clone, [*restored, *outcome.written], env)
    for path, problem in outcome.problems:
        if problem.reason != "no-key":
            warn(describe_problem(show_path(path), problem))
            status = TamperedError.exit_code
    retired = RetiredFiles(clone)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        retired.note(entry.path, blob, is_written=True)
    retired.report()
    plaintext.report()
    for path in outcome.left:
        warn(f"{show_path(path)} has local changes and was left unchanged")
    if outcome.left:
        say("some files were not decrypted", "to discard local changes: git checkout -- FILE")
    say(f"decrypted {counted(len(outcome.written), 'file')}")
    clone.close()
    set_up_hooks(clone.repository, unwanted=no_hooks)
    return status
