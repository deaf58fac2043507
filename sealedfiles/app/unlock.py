"""Set up git in a clone and decrypt its sealed files: ``unlock``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sealedfiles.app.access.policy_trust import settle_policy
from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.rotation.put_back import accept_put_back
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.key_origin import created_by, removal_notes
from sealedfiles.app.tracking.policy_writing import STAGED, list_tracked
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError, SealedFilesError, TamperedError, UsageError
from sealedfiles.git.cached_groups import any_branch_with_folder, folder_missing
from sealedfiles.git.clone import Clone
from sealedfiles.git.earlier_checkouts import note_earlier_checkouts
from sealedfiles.git.filter.problems import describe_problem
from sealedfiles.git.install import configure, is_configured
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.plaintext import PlaintextFiles
from sealedfiles.git.repository import Repository, find_repository
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
from sealedfiles.keys.epochs import MissingKeyError, NewGroupError
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import who_can_help
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
    clone is closed.  Returns False if keys or tokens are invalid, which was reported.  If it raises an
    error, such as NoKeyError if no key can be decrypted, only git is set up.
    """
    clone.repository.require_unlocked_index()
    accept(clone.repository, clone.state)
    # `git clone` may have converted files (working-tree-encoding, ident), which is turned off below.
    converted = unchanged_for_git(clone)
    was_set_up = is_configured(clone.repository)
    # Set up the filter even without a key: otherwise the next edit of a sealed file is added in plaintext.
    configure(clone.repository)
    if not clone.state.newest():
        # Forget a policy that was accepted unverified, before a key to verify it was available.
        clone.state.forget_policy()
    try:
        restored = restore_folder(clone, converted)
        is_valid = _open_groups(workspace, accepted, dialog)
        update_folder_attributes(clone, dialog)
        ring = clone.ring
        clone.state.write_keys((group, key) for group in ring.groups() for key in ring.keys(group))
        clone.state.set_locked(locked=False)
        settle_policy(clone, dialog, may_ask=may_ask)
    except SealedFilesError:
        _finish_git(clone, was_set_up=was_set_up)
        raise
    if list_tracked(clone):
        stage(clone, *STAGED)
    clone.mirror_policy()
    exclude_leftovers(clone.repository)
    if not was_set_up:
        note_earlier_checkouts(clone, with_index=False)
    files = _decrypt(clone, restored, converted, identity)
    _complete_record(clone, files, dialog)
    clone.close()
    for path, problem in files.problems:
        if problem.reason != "no-key":
            dialog.warn(describe_problem(show_path(path), problem))
            is_valid = False
    for path in files.left:
        dialog.warn(f"{show_path(path)} has local changes and was left unchanged")
    if files.left:
        dialog.say(
            "some files were not decrypted",
            "to decrypt them with their changes: sealedfiles unseal FILE",
            "to discard the changes: git checkout -- FILE",
        )
    dialog.say(f"decrypted {counted(len(files.written), 'file')}")
    return is_valid


def set_up_git_only(start: Path) -> Repository | None:
    """Set up git in the clone at *start* whose ``.sealedfiles/`` is missing; return its repository.

    Anyone with push access can remove the folder, and another branch may have it.  Returns None, and changes
    nothing, outside of git and in a clone that never had it.
    """
    repository = find_repository(start)
    clone = Clone(repository, Identities()) if repository else None
    if clone is None or not (folder_missing(clone) or any_branch_with_folder(clone)):
        return None
    was_set_up = is_configured(clone.repository)
    configure(clone.repository)
    _finish_git(clone, was_set_up=was_set_up)
    return repository


def _finish_git(clone: Clone, *, was_set_up: bool) -> None:
    """Do what is to be done behind ``configure`` if nothing can be decrypted; close *clone*."""
    clone.mirror_policy()
    exclude_leftovers(clone.repository)
    if not was_set_up:
        note_earlier_checkouts(clone, with_index=True)
    clone.close()


def _decrypt(
    clone: Clone, restored: list[bytes], converted: Mapping[bytes, object], identity: str | None
) -> RewriteResult:
    """Decrypt the sealed files, and report values that a reader may not have written."""
    plaintext = PlaintextFiles(clone)
    files = open_work_tree(clone, plaintext, converted)
    # The filter that git starts must also find the identity that the user specified.
    env = {"SEALEDFILES_KEY_FILE": os.path.abspath(identity)} if identity else None
    refresh(clone, [*restored, *files.to_refresh()], env)
    retired = RetiredFiles(clone)
    for entry, blob in with_blobs(clone, tracked_sealed_files(clone)):
        retired.note(entry.path, blob, is_written=True)
    retired.report()
    plaintext.report()
    return files


def _complete_record(clone: Clone, files: RewriteResult, dialog: Dialog) -> None:
    """Complete the record of checked out plaintext if some of it could not be written.

    It is complete if every file that must be sealed is as in the index, whose plaintext was just recorded.
    """
    if not clone.plaintext_memory.is_incomplete:
        return
    out = clone.repository.run("ls-files", "--others", "--exclude-standard", "-z")
    unknown = [*files.left, *filter(clone.covers, out.split(b"\0")[:-1])]
    for path in unknown:
        dialog.warn(
            f"{show_path(path)}: a checkout may have written it in plaintext, without a record",
            "move it out of the repository, or discard its changes: git checkout -- FILE; then run: "
            "sealedfiles unlock",
        )
    if not unknown:
        clone.plaintext_memory.complete()


def _open_groups(workspace: Workspace, accepted: Sequence[str], dialog: Dialog) -> bool:
    """Decrypt the keys of every group that the user reads, and list these groups.

    Groups that are new in this clone are used only if they are *accepted*, or the user agrees.  Returns False
    if keys are invalid.  Raises UsageError, and NoKeyError if no key can be decrypted.
    """
    ring = workspace.ring
    groups = workspace.group_names()
    unknown = [group for group in accepted if group not in groups]
    if unknown:
        raise UsageError(
            f"the group {unknown[0]} does not exist", f"available: {', '.join(groups)}"
        )
    ring.accept(*accepted)
    if workspace.clone:
        accept_put_back(workspace.clone, accepted, dialog)
    ring.probe_new_groups = True
    is_first = not ring.has_memory
    opened: dict[str, str] = {}
    refused: dict[str, TamperedError] = {}
    left = []
    for group in groups:
        try:
            try:
                key = ring.current(group)
            except NewGroupError:
                if not _accept(workspace, group, dialog):
                    left.append(group)
                    continue
                key = ring.current(group)
            opened[group] = f"{group} (key {key.key_id})"
        except NoKeyError:
            continue
        except TamperedError as error:
            refused[group] = error
    if len(opened) < len(groups):
        _report_removals(workspace, refused, dialog)
    for refusal in refused.values():
        dialog.warn(refusal.message, *refusal.hints)
    is_valid = not refused
    if not opened and is_valid and not left:
        raise workspace.identities.no_key(
            "git is set up and refuses plaintext, but none of your keys can decrypt these files",
            *_how_to_ask(workspace, groups),
        )
    earlier = [f"{group} (with earlier keys)" for group in refused if ring.is_member(group)]
    dialog.say(f"you can read: {', '.join([*opened.values(), *earlier]) or 'no groups'}")
    if is_first and opened and not os.environ.get("CI"):  # where nothing is stored
        starts = [f"{group}={ring.epochs(group)[1][0].key_id}" for group in opened]
        dialog.say(
            f"first unlock of this clone: these keys are trusted from now on: {', '.join(starts)}",
            "compare them with a colleague, who runs: sealedfiles doctor",
        )
    return is_valid


def _report_removals(
    workspace: Workspace, refused: dict[str, TamperedError], dialog: Dialog
) -> None:
    """Report the groups from which the user was removed, and drop the errors that this explains."""
    for group, note in removal_notes(workspace.clone, workspace.identities).items():
        is_left = isinstance(refused.get(group), MissingKeyError)
        # lock also seals the values of the group here: the policy may now give them to other readers.
        forget = [f"to forget the keys of {group} here: sealedfiles lock; then sealedfiles unlock"]
        dialog.say(note.message, *note.hints, *(forget if is_left else ()))
        if is_left:
            del refused[group]


def _how_to_ask(workspace: Workspace, groups: list[str]) -> Iterator[str]:
    """Yield the steps to get access, for a user without it."""
    if any(identity.recipient for identity, _ in workspace.identities.own()):
        yield "send your public key to a reader: sealedfiles key list --public"
    else:
        yield "generate a key and send the public key that is printed to a reader: sealedfiles keygen"
    group = groups[0] if len(groups) == 1 else "GROUP"
    yield f"the reader grants you access, commits and pushes: sealedfiles grant NAME KEY --to {group}"
    for name in groups:
        yield who_can_help(workspace.folder, name)
    yield "then: git pull && sealedfiles unlock"


def _accept(workspace: Workspace, group: str, dialog: Dialog) -> bool:
    """Ask about a group that is new in this clone; accept it in the ring if the user agrees."""
    dialog.warn(
        f"the group {group} is new in this clone, and its key is encrypted to you",
        *created_by(workspace.clone, group),
    )
    if agree(dialog, f"Accept {group}?"):
        workspace.ring.accept(group)
        return True
    dialog.say(f"{group} was not accepted", f"to accept it: sealedfiles unlock --accept {group}")
    return False
