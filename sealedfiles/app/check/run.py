"""One run of `sealedfiles check`: from the request to the report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from sealedfiles.app.check.allowing import cached_ring, policy_in_force
from sealedfiles.app.check.checker import Checker
from sealedfiles.app.check.earlier import earlier_plaintext
from sealedfiles.app.check.findings import Finding, in_order
from sealedfiles.app.check.held import HeldCopies
from sealedfiles.app.check.keyed import Keyed
from sealedfiles.app.check.renames import Task
from sealedfiles.app.check.scope import Commits, index_task
from sealedfiles.app.check.versions import Store, Version
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.errors import GitError, UsageError
from sealedfiles.git.cached_groups import not_set_up
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import is_shallow
from sealedfiles.git.folders import IndexFolder
from sealedfiles.keys.epochs import epoch_ids
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.recipients import who_can_help
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import Policy
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import Note, counted
from sealedfiles.util.progress import Progress

_CLONE_ALL = "to check all files, clone without --filter"


class CheckReport(NamedTuple):
    """The result of a run."""

    findings: list[Finding]
    looked_at: int
    """The number of file versions that were checked."""
    notes: list[Note]
    incomplete: bool = False
    """Whether objects that had to be checked are missing."""


def look_at_what_is_stored() -> None:
    """Make git ignore refs/replace and grafts, so that it reads objects and parents as they are stored and
    pushed."""
    os.environ["GIT_NO_REPLACE_OBJECTS"] = "1"
    # A path that cannot exist: for an empty value, git warns that grafts are deprecated.
    os.environ["GIT_GRAFT_FILE"] = os.path.join(os.devnull, "none")


def store_of(clone: Clone) -> Store:
    """Return the objects of *clone*, for one or several runs that read the same versions."""
    return Store(clone.repository, clone.objects, clone.index)


@without_collector
def check(clone: Clone, wanted: Wanted, store: Store | None = None) -> CheckReport:
    """Check what is *wanted* in a repository; *store* may have a part of its objects, parsed.

    Raises UsageError for a revision or path that does not exist, or if sealedfiles is not set up;
    GitError; and NoKeyError if tokens should be decrypted and no key is available.
    """
    clone.allow_fetching()
    try:
        return _check(clone, wanted, store or store_of(clone))
    except GitError as error:
        code, _, _ = clone.repository.try_run("config", "--get-regexp", r"^remote\..*\.promisor$")
        if code:
            raise
        raise GitError(
            f"this is a partial clone, and objects are missing: {error.message}", _CLONE_ALL
        ) from None


def _check(clone: Clone, wanted: Wanted, store: Store) -> CheckReport:
    ring = cached_ring(clone)
    has_keys = wanted.hook and ring is not None and bool(ring.groups())
    keyed = Keyed(clone.ring) if wanted.keyed or has_keys else None
    held = HeldCopies(store, clone) if has_keys else None
    in_force = policy_in_force(clone)
    notes: list[Note] = []
    if wanted.commits:
        commits = Commits(
            store, wanted.revisions, known_on=wanted.known_on, known_here=wanted.known_here
        )
        if commits.at_the_edge():
            count = counted(commits.at_the_edge(), "commit")
            what = f"this clone is shallow: {count} could not be compared with their parents"
            notes.append(Note(what, ("run: git fetch --unshallow",)))
        with Progress("commits", len(commits)) as progress:
            checker = Checker(
                store, wanted.selects, keyed=keyed, held=held, ring=ring, in_force=in_force
            )
            findings = [one for task in progress.each(commits) for one in checker.look(task)]
        findings = [one for one in findings if not checker.has_key_of(one)]
        if wanted.history:
            findings += earlier_plaintext(clone, wanted.selects)
    else:
        task = _index_task(store, wanted)
        with Progress("files") as progress:
            checker = Checker(
                store,
                wanted.selects,
                restricted=bool(wanted.paths),
                keyed=keyed,
                held=held,
                ring=ring,
                in_force=in_force,
                progress=progress,
            )
            findings = checker.look(task)
        if not findings and not wanted.staged and not task.is_set_up:
            raise not_set_up(clone)
        findings += in_order(
            one.judged(task.version.policy, in_force)
            for one in _due(clone, task.version.policy, wanted, notes)
        )
        if ring is not None and not wanted.staged:
            lost = _lost_revocations(clone, ring, notes)
            findings += in_order(one.judged(task.version.policy, in_force) for one in lost)
        if not wanted.staged and not wanted.paths:
            kept = _kept_access(clone)
            findings += in_order(one.judged(task.version.policy, in_force) for one in kept)
        if task.version.unmerged:
            count = counted(len(task.version.unmerged), "file")
            notes.append(Note(f"not checked because the merge is unresolved: {count}"))
    if held:
        findings += held.look_at_tags(wanted.tags)
        if held.skipped:
            count = counted(held.skipped, "file")
            notes.append(Note(f"too large to compare with sealed values: {count}"))
    if keyed and wanted.keyed:
        findings += in_order({one.identity: one for one in keyed.troubles()}.values())
        notes += _closed(clone, keyed)
    if store.missing:
        count = counted(len(store.missing), "object")
        notes.append(Note(f"missing in this clone: {count}", (_CLONE_ALL,)))
    return CheckReport(findings, checker.looked_at, notes, incomplete=bool(store.missing))


def without_commit(clone: Clone, store: Store, names: Sequence[str]) -> list[Finding]:
    """Return a finding for each of *names*, references that point to files without a commit.

    Returns none if sealedfiles is not set up in HEAD; the policy of HEAD can allow them.
    """
    head = store.resolve("HEAD^{commit}") if names else None
    version = Version(store, head) if head else None
    if version is None or not version.is_set_up:
        return []
    what = "points to files without a commit, so it is unknown whether they must be sealed"
    found = [Finding("no-commit", os.fsencode(name), what) for name in names]
    in_force = policy_in_force(clone)
    return [one.judged(version.policy, in_force) for one in found]


def _index_task(store: Store, wanted: Wanted) -> Task:
    repository = store.repository
    if not repository.has_work_tree:
        raise UsageError(
            "a bare repository has no index to check",
            "give commits: --rev A..B, or --all",
        )
    task = index_task(store, everything=not wanted.staged)
    for path in wanted.paths:
        if not task.version.has(path) and not os.path.lexists(repository.file(path)):
            raise UsageError(f"no such file: {show_path(path)}")
    return task


def _closed(clone: Clone, keyed: Keyed) -> list[Note]:
    """Return notes about tokens that were not decrypted.  Raises NoKeyError if none was decrypted."""
    if keyed.closed and not keyed.opened:
        raise clone.identities.no_key(
            f"none of your keys can decrypt values of {', '.join(sorted(keyed.closed))}",
            *(who_can_help(clone.work_tree, group) for group in sorted(keyed.closed)),
        )
    return [
        Note(f"not decrypted because no key is available: {counted(count, 'token')} of {group}")
        for group, count in sorted(keyed.closed.items())
    ]


def _lost_revocations(clone: Clone, ring: GroupKeyring, notes: list[Note]) -> Iterator[Finding]:
    """Yield a finding for each revocation in the history of HEAD that the epochs in the index lack.

    Only of groups whose keys are in the cache: without keys, anyone could have written a revocation.  A
    revocation that these keys do not prove is added to *notes*.
    """
    from sealedfiles.git.retired_keys import read_history  # here: the hooks need none of it

    folder = IndexFolder(clone.objects, clone.index)
    for group in ring.groups():
        ids = epoch_ids(folder, group)
        _, revocations, _, _, unproved = read_history(clone, group, ids)
        for key_id in unproved.keys() - {*ids}:
            what = f"commit {unproved[key_id].words} removed a reader from {group}"
            hint = "compare the id of the group's key with another reader, who runs: sealedfiles doctor"
            notes.append(Note(f"{what}, but its key {key_id} is not encrypted to you", (hint,)))
        for key_id in revocations.keys() - {*ids}:
            words = revocations[key_id].words
            what = f"the key {key_id} of {group}, from the removal of a reader in commit {words}, was removed"
            path = f"{NAME}/keys/{group}/epochs"
            # What removed it is to be reverted: `sync` does not do it.
            fix = f"git log -p -- {path}"
            yield Finding("lost-epoch", os.fsencode(path), what, 1, own_fix=fix)


def _kept_access(clone: Clone) -> Iterator[Finding]:
    """Yield a finding for each reader that an earlier commit removed without a new key."""
    # Imported here because the hooks need none of it.
    from sealedfiles.app.check.readers import kept_access
    from sealedfiles.git.former_readers import former_readers

    for one in former_readers(clone):
        if one.commit:  # else the comparison with HEAD finds it
            yield kept_access(one.group, one.name, f" since commit {one.commit[:12]}")


def _due(
    clone: Clone, policy: Policy | None, wanted: Wanted, notes: list[Note]
) -> Iterable[Finding]:
    """Return the values of the index that are due by their rules in *policy*; add limitations to *notes*.

    History is read only if a rule limits the use of values, and not for the changes of the index, which
    are new.
    """
    if policy is None or wanted.staged or not any(rule.lifetime for rule in policy.rules):
        return []
    from sealedfiles.app.check.lifetimes import due_values  # here: the hooks need none of it
    from sealedfiles.app.history.due import has_lifetimes

    if not has_lifetimes(policy):
        return []
    if is_shallow(clone.repository):
        what = "this clone is shallow: the age of values is unknown"
        notes.append(Note(what, ("run: git fetch --unshallow",)))
    return due_values(clone, policy, wanted.selects, keyed=wanted.keyed)
