"""Record in the clone which keys the history of HEAD retires, and which ones it requires.

Both are recorded before, or together with, the commit up to which history was read: what is not read again
must have left everything that later commands rely on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Sequence

from sealedfiles.errors import GitError, SealedFilesError, TamperedError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.git.epoch_history import EpochCommit, versions
from sealedfiles.git.folders import TreeFolder, unreadable
from sealedfiles.git.head_log import heads_since
from sealedfiles.keys.epochs import Epoch, MissingKeyError, parse_epochs, read_epochs
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.retirement import read_verified, retired_by
from sealedfiles.keys.state import LookedAt, Seen
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import warn

_MOST = 100
"""Maximum number of versions of the epochs to compare with a commit."""


class KeyHistory(NamedTuple):
    """What the history of HEAD shows of a group's keys."""

    retired: set[str]
    """The keys that a commit retires."""
    revocations: dict[str, EpochCommit]
    """The keys that were generated when a reader was removed, each with its commit.  The current epochs must
    list them."""
    is_known: bool
    """False if no commit has the group, or if git cannot read the history: a partial clone may lack trees."""
    is_complete: bool
    """False if a version has keys that are not available: it may be a revocation, or not be a reader's."""
    unproved: dict[str, EpochCommit]
    """As ``revocations``, of keys that are not available: anyone with push access could have written them."""


def learn_history(clone: CloneKeys, group: str, current: list[Epoch] | None = None) -> None:
    """Record in this clone what HEAD's history shows of the keys of *group*, and require the revocations.

    *current* are the epochs that apply, if they are verified already.  Nothing is read if HEAD has not moved,
    and little if no commit since the last call changed the epochs.  After older history was fetched into a
    shallow clone, the group's first key is verified again.  Raises StartError.
    """
    if not clone.has_unread_history(group):
        return
    now, depth = clone.head_state(), clone.repository.depth
    before = clone.state.looked_at(group)
    folder = clone.current_folder(group)
    try:
        current = current or read_verified(clone.ring, group, folder)
    except SealedFilesError:
        return  # they are refused, and without their keys, history cannot be verified
    since = before.commit if before else ""
    head = clone.repository.head_commit()
    heads = _earlier_heads(clone, group, before, head)
    if before and before.depth != depth:
        clone.verify_start(group, current)
        since = ""
    required = dict(before.revocations) if before else {}
    if not head or _may_have_changed(clone, group, since, head, heads):
        cached = (key.key_id for name, key in clone.state.cached_keys() if name == group)
        ids = {*cached, *(epoch.key_id for epoch in current)}
        history = read_history(clone, group, ids, heads)
        clone.retire(group, history.retired)
        found = history.revocations
        is_complete = history.is_complete or _opens(clone, group, folder)
        if is_complete and before is None and group not in clone.state.opened():
            found = found | _removals_of_others(clone, group, history)
        words = {key_id: commit[:12] for key_id, commit in required.items()}
        words |= {key_id: version.words for key_id, version in found.items()}
        required |= {key_id: version.commit for key_id, version in found.items()}
        clone.ring.require(group, [Seen(key_id, f"commit {words[key_id]}") for key_id in required])
        if not head or not history.is_known or not is_complete:
            return
    clone.state.note_looked_at(group, LookedAt(now, head, depth, required))


def _earlier_heads(clone: CloneKeys, group: str, before: LookedAt | None, head: str) -> list[str]:
    """Return the commits at which HEAD was since this clone looked, *before*, other than *head*.

    A force push may have replaced one that was pulled while the clone was locked or not unlocked yet, or its
    user did not read *group*.  None if ``CI`` is set: the working tree may be reused for other branches.
    """
    if os.environ.get("CI"):
        return []
    commit, size = (before.commit, before.log_size) if before else ("", 0)
    heads = [one for one in heads_since(clone.repository, commit, size) if one != head]
    if heads and group not in clone.state.newest():
        # Who checks out an old release in a new clone goes back on purpose.
        given = "".join(f"{one}\n" for one in [f"^{head}", *heads]).encode("ascii")
        options = ("--ancestry-path", "--ignore-missing", "--stdin")
        _, out, _ = clone.repository.try_run("rev-list", *options, stdin=given)
        later = {*out.decode("ascii").split()}
        return [one for one in heads if one not in later]
    return heads


def _removals_of_others(
    clone: CloneKeys, group: str, history: KeyHistory
) -> dict[str, EpochCommit]:
    """Return the revocations that cannot be proved here, in a clone that had *group*, but none of its keys.

    A removed reader can give *group* to those who never read it: their keys prove only what was before the
    removal.  In a new clone it is a warning, because somebody without a key can write such a line, too.
    """
    if clone.ring.has_memory:
        return history.unproved
    for key_id, version in history.unproved.items():
        warn(
            f"commit {version.words} removed a reader from {group}, but its key {key_id} is not encrypted "
            "to you",
            "whoever gave you access may be that reader: compare the id of the group's key with another "
            "reader, who runs: sealedfiles doctor",
        )
    return {}


def _may_have_changed(
    clone: CloneKeys, group: str, since: str, head: str, heads: list[str]
) -> bool:
    """Return True if a commit from *since* up to *head* or *heads* may have changed the epochs of *group*.

    Then the whole history is read: a version can only be judged together with those before it.
    """
    if since == head and not heads:
        return False
    # In a partial clone, git may be unable to list them.
    is_unknown = not since or clone.repository.is_partial
    return is_unknown or any(versions(clone.repository, group, since, heads))


def _opens(clone: CloneKeys, group: str, folder: MetadataSource) -> bool:
    """Return True if the user's identity is available, so that other keys are not encrypted to it."""
    with contextlib.suppress(SealedFilesError):
        return clone.ring.opens(group, folder)
    return False


def read_history(
    clone: CloneKeys, group: str, known: Collection[str], heads: Sequence[str] = ()
) -> KeyHistory:
    """Return what the history of HEAD and of *heads* shows of the keys of *group*, to which *known* belong.

    A version counts only if it lists every revocation of the versions before it.  Otherwise a removed reader
    may have written it, as a chain of their own that continues a key from before their removal.  A version
    that no chain connects with the *known* keys is that of another group, which had the name before.
    """
    retired: set[str] = set()
    revocations: dict[str, EpochCommit] = {}
    below: dict[str, set[str]] = {}
    verified: dict[bytes, list[Epoch]] = {}
    unread: dict[str, list[Epoch]] = {}
    found = [*versions(clone.repository, group, heads=heads)]
    chains = [_verified(clone, group, version.commit, verified, unread) for version in found]
    connected = _connect(known, [{epoch.key_id for epoch in one} for one in verified.values()])
    for version, epochs in reversed([*zip(found, chains, strict=True)]):
        needed = set().union(*(below.get(parent, ()) for parent in version.parents))
        retired |= retired_by(epochs)
        ids = {epoch.key_id for epoch in epochs}
        if needed <= ids and not ids.isdisjoint(connected):
            new = [epoch.key_id for epoch in epochs if epoch.why == "revoked"]
            needed.update(new)
            for key_id in new:
                revocations.setdefault(key_id, version)
        below[version.commit] = needed
    unproved: dict[str, EpochCommit] = {}
    for version in found:
        lines = unread.get(version.commit, [])
        if not connected.isdisjoint(epoch.key_id for epoch in lines):
            new = [epoch.key_id for epoch in lines if epoch.why == "revoked"]
            unproved |= dict.fromkeys(new, version)
    for epochs in verified.values():
        for epoch in epochs:
            unproved.pop(epoch.key_id, None)
    return KeyHistory(retired, revocations, bool(found), not unread, unproved)


def _connect(key_ids: Collection[str], chains: Collection[set[str]]) -> set[str]:
    """Return *key_ids* and the keys of all *chains* that they lead to, each by a key of the one before."""
    found = set(key_ids)
    while new := set().union(*(one for one in chains if not found.isdisjoint(one))) - found:
        found |= new
    return found


def _verified(
    clone: CloneKeys,
    group: str,
    commit: str,
    known: dict[bytes, list[Epoch]],
    unread: dict[str, list[Epoch]],
) -> list[Epoch]:
    """Return the epochs of *group* in *commit*, also added to *known* by their source; empty if no reader of
    the group wrote them, or if a key is not available: then *unread* gets them with *commit*."""
    folder = TreeFolder(clone.objects, commit, is_evidence=True)
    data = b""
    try:
        data = folder.read(f"keys/{group}/epochs") or b""
        if data not in known:
            known[data] = []
            known[data] = read_verified(clone.ring, group, folder)
        return known[data]
    except GitError:
        raise  # what cannot be read may be a revocation
    except SealedFilesError as error:
        if isinstance(error, MissingKeyError):
            unread[commit] = parse_epochs(data, group)
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
        is_verified = is_verified or key_id in retired_by(_verified(clone, group, one, {}, {}))
    return is_verified


def forget_history(clone: CloneKeys, group: str) -> None:
    """Remove what this clone has recorded of the keys of *group*, because a new group has that name now."""
    clone.state.write_retired(group, ())
    clone.state.note_looked_at(group, None)
    clone.ring.require(group, ())


def forget_retired(clone: CloneKeys, group: str) -> None:
    """Remove the record of what commits up to HEAD show of the keys of *group*: their revocations are not
    required, except those that the current epochs list."""
    clone.state.write_retired(group, ())
    repository = clone.repository
    head = repository.head_commit()
    listed = read_epochs(clone.current_folder(group), group)
    revoked = {epoch.key_id: head for epoch in listed if epoch.why == "revoked"}
    now = LookedAt(clone.head_state(), head, repository.depth, revoked)
    clone.state.note_looked_at(group, now)
