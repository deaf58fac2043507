"""Record in the clone which keys the history of HEAD retires, and which ones it requires."""

from __future__ import annotations

import contextlib
import os

from sealedfiles.errors import GitError, SealedFilesError, TamperedError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.folders import TreeFolder, unreadable
from sealedfiles.keys.epochs import Epoch, epoch_ids, parse_epochs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.retirement import read_verified, retired_by
from sealedfiles.keys.state import LookedAt, Seen
from sealedfiles.light_typing import NamedTuple

_MOST = 100
"""Maximum number of versions of the epochs to compare with a commit."""


class KeyHistory(NamedTuple):
    """What the history of HEAD shows of a group's keys."""

    retired: set[str]
    """The keys that a commit retires."""
    revocations: dict[str, str]
    """The keys that were generated when a reader was removed, each with its commit, for messages.  The
    current epochs must list them."""
    is_known: bool
    """False if no commit has the group, or if git cannot read the history: a partial clone may lack trees."""


def learn_history(clone: CloneKeys, group: str) -> None:
    """Record in this clone what HEAD's history shows of the keys of *group*.

    Only commits since the last call are read; none if HEAD has not moved.  After older history was fetched
    into a shallow clone, all are, and the group's first key is verified again.  If the current epochs lack a
    revocation, its key is recorded as the newest one, so that they are refused.  Raises StartError.
    """
    now, depth = _head_state(clone), clone.repository.depth
    before = clone.state.looked_at(group)
    if before and before.depth != depth:
        try:
            epochs = read_verified(clone.ring, group, clone.current_folder(group))
        except SealedFilesError:
            return  # they are refused, and the start of others would be verified
        clone.verify_start(group, epochs)
        before = None
    if before and now and now == before.head:
        return
    head = before.commit if before else ""
    new_head = clone.repository.head_commit()
    if not new_head or new_head != head:
        history = read_history(clone, group, head)
        clone.retire(group, history.retired)
        current = set(epoch_ids(clone.current_folder(group), group))
        lost = [key_id for key_id in history.revocations if key_id not in current]
        if lost:
            seen = Seen(lost[-1], f"commit {history.revocations[lost[-1]]}")
            clone.note_newest(group, seen)
            clone.ring.note_newest(group, seen)
            return
        if not new_head or not (head or history.is_known):
            return
    clone.state.note_looked_at(group, LookedAt(now, new_head, depth))


def read_history(clone: CloneKeys, group: str, since: str = "") -> KeyHistory:
    """Return what the commits in HEAD's history after the commit *since* show of the keys of *group*.

    A version counts only if it lists every revocation of the versions before it.  Otherwise a removed reader
    may have written it, as a chain of their own that continues a key from before their removal.
    """
    retired: set[str] = set()
    revocations: dict[str, str] = {}
    first = epoch_ids(clone.current_folder(group), group)[:1]
    seen = clone.state.newest().get(group)
    known = {seen.key_id} if since and seen else set()
    below: dict[str, set[str]] = {}
    verified: dict[bytes, list[Epoch]] = {}
    found = [*versions(clone.repository, group, since)]
    for version in reversed(found):
        needed = known.union(*(below.get(parent, ()) for parent in version.parents))
        epochs = _verified(clone, group, version.commit, verified)
        retired |= retired_by(epochs)
        ids = [epoch.key_id for epoch in epochs]
        if ids[:1] == first and needed <= set(ids):
            new = [epoch.key_id for epoch in epochs if epoch.why == "revoked"]
            needed.update(new)
            for key_id in new:
                revocations.setdefault(key_id, version.words)
        below[version.commit] = needed
    return KeyHistory(retired, revocations, bool(found))


def _verified(
    clone: CloneKeys, group: str, commit: str, known: dict[bytes, list[Epoch]]
) -> list[Epoch]:
    """Return the epochs of *group* in *commit*, also added to *known* by their source; empty if no reader of
    the group wrote them, or if their keys are not encrypted to this user."""
    folder = TreeFolder(clone.history_objects, commit, is_evidence=True)
    try:
        data = folder.read(f"keys/{group}/epochs") or b""
        if data not in known:
            known[data] = []
            known[data] = read_verified(clone.ring, group, folder)
        return known[data]
    except GitError:
        raise  # what cannot be read may be a revocation
    except SealedFilesError:
        if clone.lacks_key_history:
            raise unreadable(f"the commits that changed the keys of {group}") from None
    return []


def precedes_retirement(clone: CloneKeys, commit: str, group: str, key_id: str) -> bool:
    """Return True if every commit that retires *key_id* of *group* builds on *commit*.

    Then its tokens are of those who were readers.  A removed reader can repeat the lines of a revocation on a
    branch with their own tokens: so the commits of all refs and reflogs count, and those that cannot be read.
    """
    repository = clone.repository
    file = f"{NAME}/keys/{group}/epochs"
    options = ("--all", "--reflog", "--full-history", f"--max-count={_MOST + 1}", "--format=%H")
    code, out, _ = repository.try_run("log", *options, "--", file)
    found = out.decode("ascii", "replace").split()
    if code or len(found) > _MOST:
        return False
    is_verified = False
    for one in found:
        data = TreeFolder(clone.objects, one).read(f"keys/{group}/epochs")
        with contextlib.suppress(TamperedError):
            if data is not None and key_id not in retired_by(parse_epochs(data, group)):
                continue
        if repository.try_run("merge-base", "--is-ancestor", commit, one)[0]:
            return False
        is_verified = is_verified or key_id in retired_by(_verified(clone, group, one, {}))
    return is_verified


def forget_retired(clone: CloneKeys, group: str) -> None:
    """Remove the record of the keys of *group* that commits up to HEAD retired."""
    clone.state.write_retired(group, ())
    repository = clone.repository
    now = LookedAt(_head_state(clone), repository.head_commit(), repository.depth)
    clone.state.note_looked_at(group, now)


def _head_state(clone: CloneKeys) -> str:
    """Return a value that changes when HEAD moves; empty if it cannot be determined without running git.

    It is the commit that HEAD names, or the state of the file of packed refs.  The log of HEAD would not do:
    some programs do not write it.
    """
    repository = clone.repository
    head = repository.git_dir / "HEAD"
    try:
        text = head.read_bytes().strip()
        if not text.startswith(b"ref: "):
            return text.decode("ascii", "replace")
        ref = os.fsdecode(text[5:])
        with contextlib.suppress(OSError):
            return (repository.common_dir / ref).read_text("ascii", "replace").strip()
        packed = os.stat(repository.common_dir / "packed-refs")
        return f"{packed.st_mtime_ns}-{packed.st_size}-{os.stat(head).st_mtime_ns}"
    except OSError:
        return ""
