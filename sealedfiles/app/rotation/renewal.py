"""Generate a new key for a group in a clone, and reseal each token of the group in git's index.

The plaintext in the working tree does not change.  Each step is recorded before it starts
(``State.begun``), so that the next run finishes a run that was killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.new_epoch import record_new_keys
from sealedfiles.app.rotation.put_back import accept_put_back, was_put_back
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.git.rewrite import rewrite_entries, stage
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import members
from sealedfiles.keys.rotation import remaining_readers, rotate_group
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.model.token import UNAUTHENTICATED_TOKEN
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.reseal import renew_file
from sealedfiles.util.messages import counted, shell_word
from sealedfiles.util.progress import Progress


class Renewed(NamedTuple):
    """New keys and resealed values, which are staged."""

    key_ids: dict[str, str]
    """The new key of each group."""
    files: int
    """The number of files that were resealed."""
    is_complete: bool
    """False if values that were added under a retired key were not resealed."""


def rotate_groups(
    workspace: Workspace, clone: Clone, groups: Sequence[str], dialog: Dialog, *, yes: bool
) -> Renewed:
    """Give *groups*, by default all that the user reads, new keys, as ``new_keys`` does."""
    clone.require_writable()
    known = workspace.group_names()
    unknown = [group for group in groups if group not in known]
    if unknown:
        raise UsageError(f"the group {unknown[0]} does not exist", f"available: {', '.join(known)}")
    held = [group for group in known if clone.ring.holds(group)]
    left_out = [] if groups else [group for group in held if was_put_back(clone, group)]
    for group in left_out:
        held.remove(group)
        dialog.warn(
            f"{group} was deleted and put back, and is left out",
            f"see its readers: sealedfiles unlock --accept {shell_word(group)}",
        )
    # Without any key, every group is wanted: nothing rotated must not look like success.
    wanted = list(groups) or held or known or [DEFAULT_GROUP]
    for group in wanted:
        clone.ring.current(group)  # its error lists the readers who can do it
    renewed = new_keys(clone, wanted, "rotated", dialog, yes=yes)
    accept_put_back(clone, groups, dialog)
    return renewed


def new_keys(
    clone: Clone,
    groups: list[str],
    why: str,
    dialog: Dialog,
    *,
    yes: bool,
    leaving: Collection[str] = (),
    changed: Mapping[str, VerifiedReader] | None = None,
) -> Renewed:
    """Generate a new key for each of *groups*, and reseal the values under older keys in the index.

    *why* is ``rotated`` or ``revoked``.  *yes* reseals values that were added under a retired key without
    asking.  The files of the readers *leaving* are removed; for the readers *changed*, the keys are
    encrypted to new public keys.  Raises UsageError if staged changes would be mixed with it, NoKeyError and
    TamperedError, before anything is written.
    """
    kept = tokens_to_keep(clone, groups, dialog, yes=yes, command="sealedfiles sync --yes")
    begun = clone.state.begun()
    if not set(groups) <= set(begun):
        _refuse_staged_changes(clone, changed or ())
    for group in groups:  # so that nothing is written if one of them is refused
        remaining_readers(clone.work_tree, group, clone.ring, leaving, begun.get(group), changed)
    for group in groups:
        key = begun.get(group)
        still_in = set(leaving) & set(members(clone.work_tree, group))
        if key is None or changed or still_in or clone.ring.current(group).key_id != key.key_id:
            note = partial(clone.state.note_begun, group)
            rotate_group(
                clone.work_tree, group, clone.ring, why, leaving, key, note, changed=changed
            )
    # The index determines the current key, so the clone may remember the new key only after this.
    readers = {name for group in groups for name in members(clone.work_tree, group)}
    public_keys = (f"{NAME}/recipients/{name}.pub" for name in sorted(readers))
    stage(clone, *(f"{NAME}/keys/{group}" for group in groups), *public_keys)
    record_new_keys(clone, {group: clone.ring.current(group) for group in groups})
    written: Counter[bytes] = Counter()
    files = renew_index(clone, groups, kept, written)
    if why == "revoked":
        _warn_of_written(written, dialog)
    key_ids = {group: clone.ring.current(group).key_id for group in groups}
    return Renewed(key_ids, files, not kept)


def _warn_of_written(written: Counter[bytes], dialog: Dialog) -> None:
    """Report the unauthenticated tokens, by file, whose key is retired now: a removed reader has it."""
    for path, count in (+written).items():
        dialog.warn(
            f"{show_path(path)}: {counted(count, 'value')} written by a non-reader for a key that is retired "
            "now, so it cannot be accepted",
            "have it written again: sealedfiles set --group",
        )


def renew_index(
    clone: Clone,
    groups: Collection[str],
    kept: Collection[str] = (),
    written: Counter[bytes] | None = None,
) -> int:
    """Reseal every token of *groups* in the index that is not under its current key, except *kept*.

    A rotation that was interrupted after the new key was staged is complete then.  Returns the number of
    files that changed.  Unauthenticated tokens under earlier keys, which stay as they are, are counted in
    *written* by file.
    """
    count = sum(1 for _ in tracked_sealed_files(clone))
    with Progress("sealing again", count) as progress:
        files = rewrite_entries(clone, _renewed(clone, groups, kept, progress, written))
    for group, key in clone.state.begun().items():
        if group in groups and key.key_id == clone.ring.current(group).key_id:
            clone.state.note_begun(group, None)
    return files


def _renewed(
    clone: Clone,
    groups: Collection[str],
    kept: Collection[str],
    progress: Progress,
    written: Counter[bytes] | None,
) -> Iterator[tuple[Entry, bytes]]:
    current = {group: clone.ring.current(group).key_id for group in groups}

    def is_stale(prefix: str) -> bool:
        _, _, group, key_id, _ = prefix.split(":", 4)
        return group in current and key_id != current[group]

    for entry, blob in progress.each(with_blobs(clone, tracked_sealed_files(clone))):
        if written is not None and b"sealed:v2:" in blob:
            tokens = UNAUTHENTICATED_TOKEN.findall(blob.decode("utf-8", "replace"))
            written[entry.path] += sum(map(is_stale, tokens))
        file = clone.describe_for_smudge(entry.path)
        new = renew_file(blob, file, clone.ring, is_stale, kept)
        if new != blob:
            yield entry, new


def _refuse_staged_changes(clone: Clone, names: Collection[str]) -> None:
    """Raise UsageError if sealed files or ``.sealedfiles`` have staged changes.

    The public keys of the readers *names* may have staged changes: the new keys are encrypted to them.
    """
    expected = {f"{NAME}/recipients/{name}.pub".encode() for name in names}
    staged = clone.repository.run("diff", "--cached", "--name-only", "-z").split(b"\x00")[:-1]
    entries = filter(None, map(clone.index.entry, staged))
    sealed = {entry.path for entry in clone.sealed_entries(entries)}
    mixed = [
        path
        for path in staged
        if path not in expected and (path in sealed or path.startswith(f"{NAME}/".encode()))
    ]
    if mixed:
        raise UsageError(
            "there are staged changes of sealed files or of .sealedfiles, which would be mixed with new keys",
            "commit them first, or unstage them: git restore --staged FILE",
        )
