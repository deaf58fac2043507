"""``sync``: repair all groups, values and proofs after a merge, and ask the user if needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import renew_index
from sealedfiles.app.rotation.unite import (
    forget,
    groups_to_unite,
    groups_with_lost_keys,
    late_grants,
    operation_under_way,
    unite_group,
)
from sealedfiles.app.tracking.folder_attributes import update_folder_attributes
from sealedfiles.app.tracking.policy_writing import (
    STAGED,
    derive_attributes,
    list_tracked,
    renew_proofs,
)
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import describe_commits
from sealedfiles.git.former_readers import removed_keys, under_another_name
from sealedfiles.git.retired_keys import learn_history, read_history
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.grants import granted_keys
from sealedfiles.keys.readers import wrap_again
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.keys.retirement import old_keys
from sealedfiles.keys.union import keys_of_removed, newcomers, revoking_sides
from sealedfiles.util.messages import counted, shell_path, shell_word

_ABORT = {
    "MERGE_HEAD": "git merge --abort",
    "CHERRY_PICK_HEAD": "git cherry-pick --abort",
    "REBASE_HEAD": "git rebase --abort",
    "REVERT_HEAD": "git revert --abort",
}


def synchronize(workspace: Workspace, clone: Clone, dialog: Dialog, *, yes: bool) -> bool:
    """Repair every group that the user reads, and reseal values under earlier keys in the index.

    *yes* is the answer to every question.  Returns False if the user left something unrepaired.  Raises
    NoKeyError, TamperedError, UsageError and GitError.
    """
    clone.require_writable()
    update_folder_attributes(clone, dialog)
    done, left = _unite(clone, dialog, yes=yes)
    groups = [group for group in workspace.group_names() if group not in left]
    names = [group for group in groups if _is_held(clone, group)]
    if not names and not left:
        clone.ring.current(next(iter(workspace.group_names()), "default"))
    for group in names:
        done += _renew_grants(clone, group, dialog, yes=yes)
    lost = [(group, c) for group, c in groups_with_lost_keys(clone).items() if group not in left]
    for group, commit in lost:
        dialog.warn(
            f"{group}: keys that {commit} lists are missing, so the hooks refuse a commit",
            f"restore them: git checkout {commit} -- {NAME}/keys/{group}; then run: sealedfiles sync",
            "if they were removed on purpose: git commit --no-verify",
        )
    refused = tokens_to_keep(clone, names, dialog, yes=yes, command="sealedfiles sync --yes")
    renewed = renew_index(clone, names, refused)
    is_listed = list_tracked(clone)
    if is_listed:
        stage(clone, *STAGED)
    if renew_proofs(clone) or is_listed:
        derive_attributes(clone)
        done += 1
        dialog.say("renewed the proofs of the policy; staged")
    is_complete = not refused and not left and not lost
    if renewed:
        dialog.say(f"resealed {counted(renewed, 'file')}; staged: commit and push now")
    elif not done and is_complete:
        dialog.say("nothing to do: no value uses an older key of its group")
    return is_complete


def give_up_newer_key(clone: Clone, group: str, dialog: Dialog, *, yes: bool) -> None:
    """Accept the keys of *group* in this version as the newest, after asking.

    Raises UsageError, and TamperedError if a commit of this branch retired them: a removed reader has them.
    """
    learn_history(clone, group)
    ids = [epoch.key_id for epoch in clone.ring.epochs(group)[1]]
    seen = clone.ring.older_than_seen(group, ids) or clone.state.newest().get(group)
    if seen is None:
        raise UsageError(f"this clone has never seen a key of {group}")
    history = read_history(clone, group, ids)
    if ids[-1] in history.retired or not history.revocations.keys() <= set(ids):
        raise old_keys(group, ids[-1])
    dialog.say(
        f"the newest key of {group} that this clone has seen is {seen.key_id} ({seen.where})"
    )
    question = "Abandon it, and use the keys in this version as the newest?"
    if not yes and not agree(dialog, question):
        raise UsageError("nothing was changed")
    forget(clone, group)


def _unite(clone: Clone, dialog: Dialog, *, yes: bool) -> tuple[int, list[str]]:
    """Unite the keys of two sides; return the number of united groups, and the groups left unchanged."""
    found = groups_to_unite(clone)
    refused = []
    for group, sides in found.items():
        revoking = revoking_sides(group, sides)
        if revoking:
            dialog.warn(
                f"{group}: one side generated keys before the other side removed a reader",
                "verify that the removed reader did not generate them: "
                f"git log --all -- .sealedfiles/keys/{group}",
            )
            if not yes and not agree(dialog, f"Use the keys of {group} of both sides?"):
                dialog.say(
                    f"{group}: not changed",
                    "to use both, without the removed reader: sealedfiles sync --yes",
                    _undo_merge(clone, revoking),
                )
                refused.append(group)
                continue
        out = []
        removed = removed_keys(clone, group) | keys_of_removed(group, sides)
        for name in newcomers(group, sides):
            keys = {key for side in sides[:2] for key in granted_keys(side, group, name)}
            if _was_removed(dialog, group, name, keys, removed):
                out.append(name)
                continue
            dialog.warn(
                f"{name} was granted {group} on one side, while the other side removed a reader"
            )
            question = f"Give {name} access to {group}?"
            if not yes and not agree(dialog, question):
                out.append(name)
        united = unite_group(clone, group, sides, out)
        dialog.say(f"{group}: merged the keys of both sides under a new one ({united.key.key_id})")
        dialog.say(f"{group}: readers are {', '.join(united.readers)}")
        if united.left:
            dialog.say(f"{group}: removed on one side, so removed: {', '.join(united.left)}")
    return len(found) - len(refused), refused


def _undo_merge(clone: Clone, revoking: list[MetadataSource]) -> str:
    """Return the hint for a user who does not trust the keys of the side that removed no reader.

    A merge commit cannot leave out keys of a parent, so there is no merge with the keys of one side.
    """
    command = _ABORT.get(operation_under_way(clone) or "")
    hint = f"otherwise undo the merge{f': {command}' if command else ''}"
    commits = describe_commits(clone.repository, [side.where for side in revoking])
    if len(revoking) == 1 and commits:
        (commit,) = commits.values()
        hint += f"; the side that removed a reader is {commit.words}"
    return hint


def _is_held(clone: Clone, group: str) -> bool:
    try:
        return clone.ring.holds(group)
    except NoKeyError:
        return False


def _was_removed(
    dialog: Dialog, group: str, name: str, keys: Iterable[str], removed: Mapping[str, str]
) -> bool:
    """Return True, and report it, if ``under_another_name`` finds an error."""
    error = under_another_name(group, name, keys, removed)
    if error:
        # Not even with --yes: the owner of the private key could read new values.
        dialog.warn(f"{error.message}: {name} gets no key", *error.hints)
    return error is not None


def _renew_grants(clone: Clone, group: str, dialog: Dialog, *, yes: bool) -> int:
    count = 0
    for grant in list(late_grants(clone, group)):
        dialog.warn(
            f"{grant.name} was granted {group} with a key of {grant.date} that was replaced later"
        )
        if grant.put_back:
            # Not even with --yes: the owner of the old private key could read new values.
            dialog.warn(
                f"the grant of {grant.name} was replaced or removed by a later commit, and was restored: "
                f"{grant.name} gets no key",
                f"find who restored it: git log -p -- "
                f"{shell_path(f'.sealedfiles/keys/{group}/{grant.name}.grant')}",
                f"if this is correct, run: sealedfiles trust {shell_word(grant.name)}",
                f"otherwise, run: sealedfiles revoke {shell_word(grant.name)} --from {group}",
            )
            continue
        keys = map(fingerprint, grant.reader.recipients)
        if _was_removed(dialog, group, grant.name, keys, removed_keys(clone, group)):
            continue
        if grant.after_revocation:
            dialog.warn(
                f"a reader was removed from {group} after that: verify that it was not {grant.name}",
                f"git log -- {shell_path(f'.sealedfiles/keys/{group}/{grant.name}.age')}",
            )
        if yes or agree(dialog, f"Give {grant.name} access to {group}?"):
            wrap_again(clone.work_tree, group, grant.reader, clone.ring)
            count += 1
        else:
            dialog.say(
                f"{grant.name} was not given access",
                f"to revoke the old access as well: "
                f"sealedfiles revoke {shell_word(grant.name)} --from {group}",
            )
    if count:
        stage(clone, f".sealedfiles/keys/{group}")
        dialog.say(f"{group}: {counted(count, 'reader')} under the current key")
    return count
