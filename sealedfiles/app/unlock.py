"""Set up git in a clone and decrypt its sealed files: ``unlock``."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from sealedfiles.app.access.opening import open_groups
from sealedfiles.app.access.policy_trust import settle_policy
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.policy_writing import STAGED, list_tracked
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.problems import describe_problem
from sealedfiles.git.install import configure
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.plaintext import PlaintextFiles
from sealedfiles.git.retired_files import RetiredFiles
from sealedfiles.git.rewrite import stage
from sealedfiles.git.submodule import accept
from sealedfiles.git.worktree import (
    RewriteResult,
    open_work_tree,
    refresh,
    restore_folder,
    tracked_sealed_files,
    unchanged_for_git,
    with_blobs,
)
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted


def unlock(
    workspace: Workspace,
    clone: Clone,
    accepted: Sequence[str],
    dialog: Dialog,
    *,
    identity: str | None,
    may_ask: bool,
) -> bool:
    """Set up git in *clone*, cache its keys, and write plaintext to the working tree.

    Groups that are new in this clone are used only if they are *accepted*, or the user agrees.  *identity* is
    the identity file that the user specified; *may_ask* tells whether to ask about a changed policy.  The
    clone is closed.  Returns False if keys or tokens are invalid, which was reported.  Raises NoKeyError if
    no key can be decrypted: then only git is set up.
    """
    accept(clone.repository, clone.state)
    # `git clone` may have converted files (working-tree-encoding, ident), which is turned off below.
    converted = unchanged_for_git(clone)
    restored = restore_folder(clone, converted)
    # Set up the filter even without a key: otherwise the next edit of a sealed file is added in plaintext.
    configure(clone.repository)
    if not clone.state.newest():
        # Forget a policy that was accepted unverified, before a key to verify it was available.
        clone.state.forget_policy()
    try:
        is_valid = open_groups(workspace, accepted, dialog)
    except NoKeyError:
        clone.mirror_policy()
        exclude_leftovers(clone.repository)
        clone.close()
        raise
    update_folder_attributes(clone, dialog)
    ring = clone.ring
    clone.state.write_keys((group, key) for group in ring.groups() for key in ring.keys(group))
    clone.state.set_locked(locked=False)
    settle_policy(clone, dialog, may_ask=may_ask)
    if list_tracked(clone):
        stage(clone, *STAGED)
    clone.mirror_policy()
    exclude_leftovers(clone.repository)
    files = _decrypt(clone, restored, converted, identity)
    clone.close()
    for path, problem in files.problems:
        if problem.reason != "no-key":
            dialog.warn(describe_problem(show_path(path), problem))
            is_valid = False
    for path in files.left:
        dialog.warn(f"{show_path(path)} has local changes and was left unchanged")
    if files.left:
        dialog.say(
            "some files were not decrypted", "to discard local changes: git checkout -- FILE"
        )
    dialog.say(f"decrypted {counted(len(files.written), 'file')}")
    return is_valid


def _decrypt(
    clone: Clone, restored: list[bytes], converted: Collection[bytes], identity: str | None
) -> RewriteResult:
    """Decrypt the sealed files, and report values that a reader may not have written."""
    plaintext = PlaintextFiles(clone)
    files = open_work_tree(clone, plaintext, converted)
    # The filter that git starts must also find the identity that the user specified.
    env = {"SEALEDFILES_KEY_FILE": os.path.abspath(identity)} if identity else None
    refresh(clone, [*restored, *files.written], env)
    retired = RetiredFiles(clone)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        retired.note(entry.path, blob, is_written=True)
    retired.report()
    plaintext.report()
    return files
