"""`sealedfiles unlock`."""

from __future__ import annotations

import os

import click

from sealedfiles.cli.files import identity_option
from sealedfiles.cli.hook import no_hooks_option, set_up_hooks
from sealedfiles.document.file import show_path
from sealedfiles.errors import NoKeyError, TamperedError
from sealedfiles.git.filter import RetiredFiles, describe_problem
from sealedfiles.git.folder_attributes import update_folder_attributes
from sealedfiles.git.pins import pin
from sealedfiles.git.setup import configure
from sealedfiles.git.worktree import (
    open_work_tree,
    refresh,
    tracked_sealed_files,
    with_blobs,
)
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.messages import counted, say
from sealedfiles.workspace import Workspace, clone_here


@click.command("unlock")
@no_hooks_option
@identity_option
def command(no_hooks: bool, identity: str | None) -> int:
    """Open the sealed files of this clone, and keep them open: after a clone, or after lock.

    Sets up git's filter and hooks, keeps the keys in .git/sealedfiles (hooks and keys not when CI is set)
    and writes plaintext into the work tree.  Files with local changes are left alone and named.
    """
    workspace, clone = clone_here(identity)
    ring = clone.ring
    ring.accept_new_groups = True
    status = _open_groups(workspace)
    configure(clone.repository)
    pin(clone.repository)
    update_folder_attributes(clone)
    clone.state.write_keys((group, key) for group in ring.groups() for key in ring.keys(group))
    clone.state.set_locked(locked=False)
    outcome = open_work_tree(clone)
    # The filter that git starts must find the identity that was named to us.
    env = {"SEALEDFILES_KEY_FILE": os.path.abspath(identity)} if identity else None
    refresh(clone, outcome.written, env)
    for path, problem in outcome.problems:
        if problem.reason != "no-key":
            say(describe_problem(show_path(path), problem))
            status = TamperedError.exit_code
    retired = RetiredFiles(clone)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        retired.note(entry.path, blob)
    retired.say()
    for path in outcome.left:
        say(f"{show_path(path)} has local changes and was left as it is")
    if outcome.left:
        say("left alone", "to throw such changes away: git checkout -- FILE")
    say(f"opened {counted(len(outcome.written), 'file')}")
    clone.objects.close()
    set_up_hooks(clone.repository, unwanted=no_hooks)
    return status


def _open_groups(workspace: Workspace) -> int:
    """Open the keys of every group that can be; say which.  Raises NoKeyError for none."""
    status = 0
    opened = []
    groups = workspace.group_names()
    for group in groups:
        try:
            opened.append(f"{group} (key {workspace.ring.current(group).key_id})")
        except NoKeyError:
            continue
        except TamperedError as error:
            say(error.message, *error.hints)
            status = TamperedError.exit_code
    if not opened and not status:
        raise NoKeyError(
            "no key at hand opens anything here",
            *(who_can_help(workspace.folder, group) for group in groups),
            *workspace.identities.report(),
        )
    say(f"you read: {', '.join(opened) or 'nothing'}")
    return status
