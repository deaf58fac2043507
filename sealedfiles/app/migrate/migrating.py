"""Carry out the plan of a migration.

The order makes an interruption harmless: values are sealed in the index first, then git's filter is set for
the files, and only then the other tool's attributes are removed and plaintext is written.  The tree of the
index before that is recorded, so that another attempt reads the other tool's files from it, and whether
sealedfiles is new here, so that it continues to set it up.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from sealedfiles.app.access.granting import (
    accept_named,
    create_group,
    finish_group,
    grant_access,
    is_missing,
)
from sealedfiles.app.adopt.likely import is_likely_secret
from sealedfiles.app.dialog import Dialog
from sealedfiles.app.history.values import WHOLE
from sealedfiles.app.migrate.attempt import Attempt, forget_attempt, write_attempt
from sealedfiles.app.migrate.governed import refusal, rules_of
from sealedfiles.app.migrate.grants import confirm_grants
from sealedfiles.app.migrate.planning import MigrationPlan, Prepared, refuse_other_kinds
from sealedfiles.app.migrate.policy_rules import PlannedFile, in_group
from sealedfiles.app.migrate.removing import remove_from_git
from sealedfiles.app.start import create_workspace, set_up_git
from sealedfiles.app.track import TrackRequest, new_policy, track
from sealedfiles.app.tracking.patterns import pattern_for
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.app.workspace import Workspace, clone_here
from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.git.rewrite import write_index
from sealedfiles.git.used_ids import UsedIds
from sealedfiles.git.worktree import refresh, replace_file
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.model.policy import FileRules, Policy, parse_policy
from sealedfiles.sealing import File, describe_file, open_file
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.sealed_text import SealedText, inspect_file
from sealedfiles.util.messages import Note, shell_path


class MigratedFile(NamedTuple):
    """A file that was migrated, and verified."""

    path: bytes
    sealed: int
    """The number of sealed values; 1 for a file that is sealed whole."""
    secrets: list[bytes]
    """The key paths of values that look like secrets, or ``WHOLE``: whoever had the old keys can read them
    from the history."""


class Migrated(NamedTuple):
    """The result of a migration."""

    files: list[MigratedFile]
    notes: list[Note]


def migrate(
    prepared: Prepared,
    plan: MigrationPlan,
    identity: str | None,
    name: str | None,
    dialog: Dialog,
    set_up_hooks: Callable[[], None],
) -> Migrated:
    """Seal the files of *plan* in the index, stage everything, and verify the result.

    *set_up_hooks* is called where sealedfiles is set up.  Raises the errors of `init`, `grant` and `track`,
    and TamperedError if the result differs from what the tool's files contain.
    """
    repository = prepared.repository
    repository.require_writable()
    confirm_grants(plan.grants, dialog)
    if prepared.is_new:
        attempt = Attempt(plan.tool, prepared.tree.oid, is_new=True)
        write_attempt(repository, attempt)
        try:
            create_workspace(repository.top, repository, name, dialog)
        except UsageError:  # the user is to do something else first, for example to set a name
            if not prepared.is_resumed:  # otherwise, a part of it exists
                forget_attempt(repository)
            raise
        set_up_git(repository)
        set_up_hooks()
        write_attempt(repository, attempt._replace(is_new=False))
    workspace, clone = clone_here(identity)
    try:
        _refuse_locked(clone)
        accept_named(workspace, [plan.named_group] if plan.named_group else [], dialog)
        _create_groups(workspace, clone, prepared, plan, dialog)
        request = TrackRequest(
            plan.rules,
            repository.top,
            force=True,
            yes=True,
            is_planned=True,
            removed=plan.removal.files,
        )
        _seal_in_index(clone, prepared, plan, _future_policy(clone, request))
        track(workspace, clone, request, dialog)
    finally:
        clone.close()
    workspace, clone = clone_here(identity)  # with the new policy
    try:
        notes = remove_from_git(clone, prepared.tree, plan)
        _write_files(clone, plan.files)
        files = [_verified(clone, one) for one in plan.files]
        _grant(workspace, plan, dialog)
    finally:
        clone.close()
    forget_attempt(repository)
    return Migrated(files, notes)


def _create_groups(
    workspace: Workspace, clone: Clone, prepared: Prepared, plan: MigrationPlan, dialog: Dialog
) -> None:
    """Create the groups that do not exist, and finish those of an attempt that was interrupted."""
    new = {**prepared.unfinished_groups}  # also of an earlier attempt, until all are finished
    for group in sorted({one.group for one in plan.files}):
        if group in prepared.unfinished_groups:
            finish_group(workspace, clone, group)
        elif is_missing(clone, group):

            def announce(key_id: str, group: str = group) -> None:
                new[group] = key_id
                attempt = Attempt(plan.tool, prepared.tree.oid, groups=new)
                write_attempt(clone.repository, attempt)

            create_group(workspace, group, dialog, announce)


def _refuse_locked(clone: Clone) -> None:
    if clone.state.locked:
        raise UsageError("this clone is locked", "run: sealedfiles unlock")


def _future_policy(clone: Clone, request: TrackRequest) -> Policy:
    """Return the policy that `track` is going to write for *request*."""
    patterns = [pattern_for(one, clone.repository, request.folder) for one in request.rules]
    data = new_policy(clone, request, confirmed_policy(clone), patterns, [[] for _ in patterns])
    return parse_policy(data, ignore_case=clone.repository.ignores_case)


def _seal_in_index(clone: Clone, prepared: Prepared, plan: MigrationPlan, policy: Policy) -> None:
    """Store the sealed files in the index.  Nothing is stored if one cannot be sealed."""
    blobs: list[tuple[Entry, bytes]] = []
    for one in plan.files:
        rules = policy.for_file(os.fsdecode(one.path))
        file = describe_file(one.path, rules.format)._replace(ids=UsedIds(clone))
        if not one.is_governed:
            _refuse_other_rules(one, file, rules)
        entry = clone.index.entry(one.path)
        blob = clone.staged(one.path)
        # Tokens of an attempt that was interrupted stay as they are.
        before = [blob] if blob and b"sealed:v1:" in blob else []
        sealed = seal_file(one.plain.data, before, file, rules, clone.ring)
        mode = prepared.tree.files[one.file.stored].mode
        blobs.append(((entry or Entry(one.path, mode, "", 0, False)), sealed))
    write_attempt(clone.repository, Attempt(plan.tool, prepared.tree.oid))
    write_index(clone, blobs)


def _refuse_other_rules(one: PlannedFile, file: File, rules: FileRules) -> None:
    """Raise UsageError if earlier rules of the policy leave a value in plaintext, or in another group."""
    own = rules_of(in_group(one.rules, one.group))
    version = SealedText(one.plain.data, file)
    if version.scan is None:
        wrong = "the file" if rules.whole_groups() != [one.group] else ""
    else:
        paths_of = (span.path for span in version.values)
        wrong = next((show(p) for p in paths_of if rules.group_of(p) != own.group_of(p)), "")
    if wrong:
        raise refusal(one.path, wrong)


def _write_files(clone: Clone, files: list[PlannedFile]) -> None:
    """Write the plaintext of the files to the working tree, where git takes them for unchanged."""
    written = []
    for one in files:
        entry = clone.index.entry(one.path)
        if entry is None or entry.skip_worktree:
            continue
        file = clone.repository.file(one.path)
        refuse_other_kinds(clone.repository, one.path)  # again: a link may have appeared since
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_bytes() != one.plain.data:
            replace_file(clone.repository, file, one.plain.data, umasked=True)
        written.append(one.path)
    refresh(clone, written)


def _verified(clone: Clone, one: PlannedFile) -> MigratedFile:
    """Decrypt a file from the index and compare it.  Raises TamperedError."""
    name = show_path(one.path)
    blob = clone.staged(one.path)
    file, rules = clone.describe(one.path)
    opened = open_file(blob or b"", file, clone.ring)
    if blob is None or opened.data != one.plain.data:
        raise TamperedError(
            f"{name} in the index differs from what the other tool's file contains",
            f"undo the migration: git restore --source=HEAD --staged --worktree -- {shell_path(one.path)}",
        )
    if inspect_file(blob, file, rules).has_plaintext:
        raise TamperedError(f"{name} was not sealed completely", "run: sealedfiles status --fix")
    plain = SealedText(one.plain.data, file)
    if is_whole(blob) or not plain.scan:
        return MigratedFile(one.path, 1, [WHOLE])
    sealed = [span for span in plain.values if rules.group_of(span.path)]
    secrets = [span.path for span in sealed if is_likely_secret(span.path, plain.decoded(span))]
    return MigratedFile(one.path, len(sealed), [*dict.fromkeys(secrets)])


def _grant(workspace: Workspace, plan: MigrationPlan, dialog: Dialog) -> None:
    for grant in plan.grants:
        grant_access(workspace, grant.name, [grant.recipient], tuple(grant.groups), dialog)
