"""List the groups, and delete one that no value is sealed to."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence

from sealedfiles.app.dialog import Dialog, confirmed
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.app.who.matrix import Group, read_matrix
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git.cached_groups import keys_without_folder
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import TreeFolder
from sealedfiles.git.grep import files_containing
from sealedfiles.git.rewrite import stage
from sealedfiles.git.worktree import with_blobs
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.identity.kms_file import file_of
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import without_group
from sealedfiles.keys.recipients import members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import DEFAULT_GROUP, parse_policy
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.sealing.opened_tokens import layers_of_token
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util import atomic
from sealedfiles.util.messages import counted, shell_word

_SHOWN = 10
_ANY_TOKEN = "sealed:v1:"
_STARTS = (_ANY_TOKEN, "sealed:v2:")
"""The starts of tokens that name a group."""


class ListedGroup(NamedTuple):
    """A group, and its use."""

    group: Group
    files: int
    """The number of files in the index that have a token whose outermost layer is of this group."""
    rules: int
    """The number of rules of the policy in force that name it."""


def list_groups(workspace: Workspace, clone: Clone) -> list[ListedGroup]:
    """Return the groups, by name.  No key is needed.  Raises PolicyError and GitError."""
    files: Counter[str] = Counter()
    paths = files_containing(clone.repository, _STARTS, "--cached")
    entries = [entry for path in paths if (entry := clone.index.entry(path))]
    for _, blob in with_blobs(clone, entries):
        text = blob.decode("utf-8", "replace")
        tokens = TOKEN.findall(text) + UNAUTHENTICATED_TOKEN.findall(text)
        files.update({token.split(":", 3)[2] for token in tokens})
    rules = Counter(rule.group for rule in clone.policy().rules)
    found = read_matrix(workspace.folder).groups
    return [ListedGroup(group, files[group.name], rules[group.name]) for group in found]


def delete_group(
    workspace: Workspace, clone: Clone, group: str, dialog: Dialog, *, yes: bool
) -> bool:
    """Remove the keys, grants and epochs of *group*, and stage that; return False if the user declines.

    The keys stay in git's history, so that earlier commits can be decrypted.  Raises UsageError if the group
    is in use, and the errors of ``confirmed_policy``.
    """
    clone.require_writable()
    clone.allow_fetching()
    names = workspace.group_names()
    if group not in names:
        raise UsageError(f"the group {group} does not exist", f"available: {', '.join(names)}")
    others = {one for other in names if other != group for one in members(clone.work_tree, other)}
    leaving = [one for one in members(clone.work_tree, group) if one not in others]
    _refuse_needed(clone, group, leaving)
    _refuse_sealed(clone, group)
    _report_plan(clone, group, leaving, dialog)
    if not yes and not confirmed(dialog, f"Delete the group {group}?"):
        return False
    _remove(clone, f"keys/{group}")
    for name in leaving:
        _remove(clone, f"recipients/{name}.pub")
        _remove(clone, file_of(name))
    proofs = clone.work_tree.read(PROOF) or b""
    if without_group(proofs, group) != proofs:
        atomic.replace(clone.work_tree.root / PROOF, without_group(proofs, group))
        stage(clone, f"{NAME}/{PROOF}")
    if group in keys_without_folder(clone):
        # The group was never committed: the cache has the only copy of keys that no value needs.
        cached = clone.state.cached_keys()
        clone.state.write_keys((name, key) for name, key in cached if name != group)
    return True


def _refuse_needed(clone: Clone, group: str, leaving: Sequence[str]) -> None:
    """Raise UsageError if the policy, or an unfinished rotation, needs *group*."""
    if group == DEFAULT_GROUP:
        raise UsageError(f"{group} cannot be deleted: values that no rule matches are sealed to it")
    policy = parse_policy(confirmed_policy(clone))
    rules = [rule for rule in policy.rules if rule.group == group]
    if rules:
        raise UsageError(
            f"{counted(len(rules), 'rule')} of the policy name{'s' * (len(rules) == 1)} the group {group}",
            *(f"{NAME}/{POLICY}:{rule.line}" for rule in rules[:_SHOWN]),
            "assign the values to another group: sealedfiles track PATTERN --values PATH --group OTHER",
            "or remove the rules, and run: sealedfiles trust policy",
        )
    recovery = policy.recovery
    if recovery and recovery in leaving:
        raise UsageError(
            f"{recovery}, the recovery reader of the policy, reads no other group than {group}",
            f"grant access to another group first: sealedfiles grant {shell_word(recovery)} --to GROUP",
        )
    if group in clone.state.begun():
        raise UsageError(
            f"a rotation of {group} was interrupted", f"finish it: sealedfiles rotate {group}"
        )


def _refuse_sealed(clone: Clone, group: str) -> None:
    """Raise UsageError if a file here may have a value that is sealed to *group*, in any layer."""
    trees = ["HEAD", *clone.in_progress()] if clone.repository.head_commit() else []
    tokens = [f"{start}{group}:" for start in _STARTS]
    found = {
        path
        for where in ("--cached", None, *trees)
        for path in files_containing(clone.repository, tokens, where)
    }
    unknown: list[bytes] = []
    paths = files_containing(clone.repository, [_ANY_TOKEN], "--cached")
    entries = [entry for path in paths if (entry := clone.index.entry(path))]
    for entry, blob in with_blobs(clone, entries):
        groups = set(_groups_of_layers(clone, entry.path, blob))
        if group in groups:
            found.add(entry.path)
        elif None in groups:
            unknown.append(entry.path)
    if found:
        raise UsageError(
            f"values of {counted(len(found), 'file')} are sealed to {group}",
            *_shown(sorted(found)),
            "seal them to another group: sealedfiles track PATTERN --group OTHER, then commit",
        )
    if unknown:
        raise UsageError(
            f"{counted(len(unknown), 'file')} may have values of {group} in tokens that you cannot decrypt",
            *_shown(sorted(unknown)),
            "ask a reader of these files to delete the group: sealedfiles who FILE",
        )


def _groups_of_layers(clone: Clone, path: bytes, blob: bytes) -> Iterator[str | None]:
    """Yield the groups of all layers of the tokens in *blob*; None for layers that cannot be decrypted."""
    text = blob.decode("utf-8", "replace")
    nested = text if is_whole(blob) else ""
    version = SealedText(blob, clone.describe_for_smudge(path))
    nested += "".join(version.text[start:end] for start, end in version.comments)
    for token in dict.fromkeys(TOKEN.findall(text)):
        for layer, kind in layers_of_token(token, clone.ring):
            yield layer.group
            if kind is None and token in nested:
                yield None


def _report_plan(clone: Clone, group: str, leaving: Sequence[str], dialog: Dialog) -> None:
    names = members(clone.work_tree, group)
    dialog.say(
        f"deletes the group {group} with its keys; its readers: {', '.join(names) or 'none'}"
    )
    if leaving:
        dialog.say(f"removes the public keys of {', '.join(leaving)}, who read no other group")
    out = clone.repository.run(
        "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes", "refs/stash"
    )
    refs = out.decode("utf-8", "surrogateescape").split()
    tokens = [f"{start}{group}:" for start in _STARTS]
    using = [ref for ref in refs if files_containing(clone.repository, tokens, ref)]
    for ref in using[:_SHOWN]:
        short = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/").removeprefix("refs/")
        dialog.warn(f"{short} has values that are sealed to {group}")
    if using:
        dialog.warn(
            "after a merge, these values cannot be decrypted, and check reports them",
            "first seal them to another group there, or delete these branches",
        )
    head = TreeFolder(clone.objects, "HEAD").read(POLICY)
    try:
        is_named = head is not None and group in parse_policy(head).groups()
    except PolicyError:
        is_named = False
    if is_named:
        dialog.warn(
            f"the policy of HEAD still names {group}: clones that pull both changes at once do not accept "
            "the new policy by themselves",
            "first commit and push the policy without its rules; or their users run: "
            "sealedfiles trust policy",
        )


def _remove(clone: Clone, name: str) -> None:
    """Remove a file or folder of ``.sealedfiles/``, which need not exist, first from the index."""
    options = ("rm", "-r", "-q", "-f", "--cached", "--ignore-unmatch", "--")
    clone.repository.run(*options, f":(literal){NAME}/{name}")
    path = clone.work_tree.root / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _shown(paths: Sequence[bytes]) -> list[str]:
    more = [f"and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else []
    return [*(show_path(path) for path in paths[:_SHOWN]), *more]
