"""The policy in force in a clone: the one that it accepted last (docs/git.md).

Anyone with push access can change ``policy.yaml``.  A clone accepts a changed policy automatically only if
it is proved by the keys that the clone has, or if it only tracks more files.  Otherwise, until the user
confirms the change, the old policy stays in force, and values that the two policies treat differently are
not sealed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator

from sealedfiles.errors import PolicyError, SealedFilesError, TamperedError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import PolicyFiles, is_proved_by, proving_groups
from sealedfiles.light_typing import NamedTuple, TypeVar
from sealedfiles.model.policy import FileRules, Policy, parse_policy
from sealedfiles.model.wildmatch import FilePattern

T = TypeVar("T")


class InForce(NamedTuple):
    """The policy in force, and the state of the policy in the repository."""

    policy: Policy
    disputed: Policy | PolicyError | None = None
    """The policy in the repository if it is not accepted, or the error if it is invalid."""
    is_accepted: bool = True
    """Whether this clone has accepted ``policy``; False only before the first acceptance, and in a submodule
    that is used because its groups are expected."""


class DisputedRules(FileRules):
    """The rules in force for one file while the policy in the repository is not accepted.

    Raises *error* for a value that *old* and *new* treat differently, and for every value if *new* is None:
    such values are not sealed until the user decides.
    """

    def __init__(self, old: FileRules, new: FileRules | None, error: PolicyError) -> None:
        super().__init__(old.rules)
        self._new = new
        self._error = error

    @property
    def text(self) -> None:
        """See FileRules."""
        return None

    def sealing_group(self, path: bytes) -> str | None:
        """See FileRules."""
        return self._agreed(lambda rules: rules.group_of(path))

    def sealing_whole_groups(self) -> list[str]:
        """See FileRules."""
        return self._agreed(lambda rules: rules.whole_groups())

    @property
    def uniform(self) -> bool:
        """See FileRules."""
        return False

    def _agreed(self, ask: Callable[[FileRules], T]) -> T:
        mine = ask(self)
        if self._new is None or self._new.format != self.format or ask(self._new) != mine:
            raise self._error
        return mine


def _without_paths(in_force: InForce) -> InForce:
    """Return a policy that seals every value, for a submodule that is used because its groups are expected.

    Anyone with push access to the outer repository chooses the commit of a submodule and its path, and can
    put a copy of the right ``.sealedfiles/`` there: in `secrets/`, the pattern `secrets/*.yaml` matches
    nothing.
    """
    return InForce(in_force.policy.all_sealed(), in_force.policy, is_accepted=False)


class PolicyInForce:
    """Determines which policy is in force in a clone, again whenever its files change."""

    def __init__(self, clone: CloneKeys) -> None:
        self._clone = clone
        self._state: object = None
        self._in_force: InForce | PolicyError | None = None
        self._rules: dict[str, FileRules] = {}
        self._tracking: Policy | None = None
        self.knows_none = False
        """Whether ``tracking`` found neither an accepted policy nor a proved one: it tracks every file."""
        root = clone.work_tree.name
        self._policy_file, self._proof_file = os.path.join(root, POLICY), os.path.join(root, PROOF)
        self._accepted_file = clone.state.file("policy")

    def get(self) -> InForce:
        """Return the policy in force.  Raises PolicyError if there is no valid policy."""
        state = self._fingerprint()
        if self._in_force is None or state != self._state:
            try:
                self._in_force = self._decide()
                if not self._clone.is_accepted:
                    self._in_force = _without_paths(self._in_force)
            except PolicyError as error:
                self._in_force = error
            self.knows_none = False
            self._rules = {}
            self._tracking = None
            self._state = self._fingerprint()
        if isinstance(self._in_force, PolicyError):
            raise self._in_force
        return self._in_force

    def accepted(self) -> Policy | None:
        """Return the policy in force if this clone has accepted it, otherwise None."""
        try:
            in_force = self.get()
        except SealedFilesError:
            return None
        return in_force.policy if in_force.is_accepted else None

    def tracking(self) -> Policy:
        """Return a policy that tracks the files to seal: the accepted one, or one of known patterns.

        Otherwise anyone with push access could shorten it, and new clones would add secrets in plaintext.
        """
        accepted = self.accepted()
        # git calls the filter only for what .gitattributes or the mirror lists: more is of no use there.
        lists_none = accepted is not None and accepted.tracked is None and not self._clone.is_filter
        if (accepted is None or lists_none) and self._tracking is None:
            ignore_case = self._clone.repository.ignores_case
            patterns = dict.fromkeys(self._known_patterns())
            tracked = ((one, FilePattern(one, ignore_case=ignore_case)) for one in patterns)
            self._tracking = Policy([], tracked=tuple(tracked))
        return self._tracking or accepted or Policy([])

    def unverified_patterns(self) -> list[str]:
        """Return what policies in history tracked if no key of this clone could verify the accepted one.

        Anyone with push access could remove a reader's key file and the patterns.
        """
        is_unverified = self.accepted() is not None and self._held_groups() == []
        return [*dict.fromkeys(self._known_patterns())] if is_unverified else []

    def rules_for(self, file: str) -> FileRules:
        """Return the rules for *file*, a path relative to the working tree's root.  Raises PolicyError."""
        in_force = self.get()
        if in_force.disputed is None:
            return in_force.policy.for_file(file)
        if file not in self._rules:
            self._rules[file] = self._disputed_rules(in_force, file)
        return self._rules[file]

    def require_known_groups(self) -> None:
        """Raise TamperedError if the policy is not proved and this clone has or expects several groups.

        A reader of one group could have changed the rules so that values of another group are sealed to it.
        """
        in_force, clone = self.get(), self._clone
        if not in_force.is_accepted and len({*clone.ring.groups(), *clone.identities.expected}) > 1:
            refusal = self._refusal(in_force)
            raise TamperedError(refusal.message, *refusal.hints)

    def current(self) -> PolicyFiles | None:
        """Return the policy in the repository: from the working tree, the index or HEAD, in this order."""
        for folder in self._clone.policy_folders():
            data = folder.read(POLICY)
            if data is not None:
                return PolicyFiles(data, folder.read(PROOF) or b"")
        return None

    def is_proved(self, files: PolicyFiles, groups: Iterable[str]) -> bool:
        """Return True if the current key of each of *groups* proves the policy."""
        return is_proved_by(files.proofs, groups, self._clone.ring, files.data)

    def proving_groups(self, new: Policy, old: Policy | None = None) -> list[str] | None:
        """Return the groups of this clone that must prove *new*; None if keys cannot be trusted.

        These are the groups that *new* or *old* uses.  Without an old policy, these are all groups whose
        keys the clone has, and all that it expects (``keys.expected``).  Otherwise anyone could remove the
        rules of a group from the policy, then write its values in plaintext or seal them to another group.
        """
        clone = self._clone
        if old is None:
            return self._held_groups()
        named = sorted({*old.groups(), *new.groups()})
        try:
            held = [group for group in named if clone.ring.holds(group)]
            return held if not any(map(self._is_taken_away, {*named} - {*held})) else None
        except SealedFilesError:
            return None

    def _held_groups(self) -> list[str] | None:
        clone = self._clone
        return proving_groups(clone.group_names(), clone.ring, clone.identities)

    def _is_taken_away(self, group: str) -> bool:
        """Return True if the files of *group* were removed, or those of this user without a revocation.

        Anyone with push access can remove them.  Its keys must still prove a change of the policy, also
        after `lock` and `unlock`.
        """
        clone = self._clone
        if clone.ring.is_member(group):
            return True
        if group not in clone.state.opened():
            return False
        seen = clone.state.newest().get(group)
        epochs = clone.current_folder(group).read(f"keys/{group}/epochs")
        # A revocation makes a new key.
        return epochs is None or (
            seen is not None and parse_epochs(epochs, group)[-1].key_id == seen.key_id
        )

    def accept(self, data: bytes) -> None:
        """Record *data* as the last policy that this clone accepted."""
        # In CI, nothing is stored.  A read-only folder must not make a git command fail.
        if not os.environ.get("CI"):
            with contextlib.suppress(OSError):
                self._clone.state.write_policy(data)
        self._state = None

    def _fingerprint(self) -> object:
        # The state of the files on which the decision depends, and that can change while a filter process
        # runs.  If the policy is accepted, only its own file is checked, because this is called for every
        # file.
        state = self._clone.states.of
        states: list[object] = [state(self._policy_file)]
        if states[0] is None:
            states.append(self._clone.index.stat())
        if not isinstance(self._in_force, InForce) or self._in_force.disputed is not None:
            states.append(state(self._proof_file))
            with contextlib.suppress(PermissionError):  # another user's: see ``CloneFiles.policy``
                states.append(state(self._accepted_file))
        return states

    def _parse(self, data: bytes) -> Policy:
        where = f"{NAME}/{POLICY}"
        return parse_policy(data, where, ignore_case=self._clone.repository.ignores_case)

    def not_found(self) -> PolicyError:
        """Return the error for a clone that has no policy: neither have its index and HEAD."""
        # Few commits remove it.
        from sealedfiles.git.cached_groups import lacking, last_change, restoring

        names = lacking(self._clone, b"HEAD") or [POLICY]
        commit = last_change(self._clone.repository, POLICY)
        return PolicyError(
            f"{NAME}/{POLICY} was not found, so sealedfiles cannot determine what to seal",
            *([f"restore it: {restoring(commit, names)}"] if commit else []),
            "or set sealedfiles up again: sealedfiles init",
        )

    def _decide(self) -> InForce:
        accepted = self._clone.state.policy()
        files = self.current()
        if files is None:
            if accepted is not None:
                # HEAD is an old commit, or a branch without the folder.
                return InForce(self._parse(accepted))
            raise self.not_found()
        if files.data == accepted:
            return InForce(self._parse(files.data))
        old = self._parse(accepted) if accepted is not None else None
        try:
            new = self._parse(files.data)
        except PolicyError as error:
            if old is None:
                raise
            return InForce(old, error)
        if self._accepts(old, new, files):
            self.accept(files.data)
            return InForce(new)
        if old is None:
            # Seal all values, because no proof confirms which may stay in plaintext.
            return InForce(new.all_sealed(), new, is_accepted=False)
        return InForce(old, new)

    def _accepts(self, old: Policy | None, new: Policy, files: PolicyFiles) -> bool:
        from sealedfiles.model.policy_changes import only_tracks_more  # here: few policies change

        if old is not None and only_tracks_more(new, old, self._clone.pinned_patterns()):
            return True
        held = self.proving_groups(new, old)
        if not held:
            # Without a key, nothing can be proved: accept the first policy unverified.
            return held is not None and old is None and not self._clone.ring.locked
        return self.is_proved(files, held) or (old is None and self._extends_proved(new, held))

    def _extends_proved(self, new: Policy, groups: list[str]) -> bool:
        """Return True if *new* only tracks more files than the last policy in history that *groups* prove.

        A reader of some groups may track more files, but cannot prove the policy for the other groups.
        """
        from sealedfiles.git.earlier_policies import earlier_patterns  # in new clones only
        from sealedfiles.model.policy_changes import only_tracks_more

        proved = self._proved_before(groups)
        listed = earlier_patterns(self._clone)
        return proved is not None and only_tracks_more(new, proved, listed)

    def _known_patterns(self) -> Iterator[str]:
        """Yield the patterns of the last proved policy in history and of the one in the repository.

        Where all policies lack a proof, or the keys were replaced, a pattern of every file; without the keys
        to tell, those of all.
        """
        if not self._clone.is_accepted:
            return  # a submodule, whose history says nothing: ``_without_paths``
        from sealedfiles.git.earlier_policies import earlier_patterns, earlier_policies

        groups: list[str] | None = None
        with contextlib.suppress(SealedFilesError):
            groups = self._held_groups()
        proved = self._proved_before(groups) if groups else None
        are_unusable = groups is None or (bool(groups) and proved is None)
        self.knows_none = are_unusable and self.accepted() is None
        if self.knows_none:
            yield "*"
        policies = [] if proved is None else [proved]
        found = [] if groups else [*earlier_policies(self._clone)]
        with contextlib.suppress(SealedFilesError):
            found += filter(None, [self.current()])
        for one in found:
            with contextlib.suppress(PolicyError):
                policies.append(self._parse(one.data))
        for policy in policies:
            yield from policy.tracked or ()
        if any(policy.tracked is None for policy in policies):
            yield from earlier_patterns(self._clone)

    def _proved_before(self, groups: list[str]) -> Policy | None:
        """Return the last policy in HEAD's history that *groups* prove, or None."""
        from sealedfiles.git.earlier_policies import earlier_policies

        for files in earlier_policies(self._clone):
            if self.is_proved(files, groups):
                with contextlib.suppress(PolicyError):
                    return self._parse(files.data)
        return None

    def _disputed_rules(self, in_force: InForce, file: str) -> FileRules:
        old, disputed = in_force.policy.for_file(file), in_force.disputed
        if isinstance(disputed, PolicyError):
            return DisputedRules(old, None, disputed)
        new = disputed.for_file(file) if disputed and in_force.is_accepted else None
        return DisputedRules(old, new, self._refusal(in_force))

    def _refusal(self, in_force: InForce) -> PolicyError:
        if not self._clone.is_accepted:
            from sealedfiles.git.submodule import not_accepted

            refusal = not_accepted(self._clone.repository)
            return PolicyError(refusal.message, *refusal.hints)
        hints = [*self._last_commit(), "review the change and confirm it: sealedfiles trust policy"]
        if not in_force.is_accepted:
            groups = ", ".join(self._unproving()) or "your groups"
            what = f"the policy is not proved by {groups} and was never confirmed in this clone"
            hint = f"ask a reader of {groups} to confirm and commit it: sealedfiles trust policy"
            return PolicyError(f"{NAME}/{POLICY}: {what}", *hints[:-1], hint)
        assert isinstance(in_force.disputed, Policy)  # noqa: S101 - others have their own error
        from sealedfiles.model.policy_changes import differences

        changed = differences(in_force.disputed, in_force.policy)
        return PolicyError(
            f"{NAME}/{POLICY} was changed, the change is not confirmed, and it affects this value",
            *(f"changed: {one}" for one in changed),
            *hints,
        )

    def _unproving(self) -> list[str]:
        """Return the groups of this clone that do not prove the policy in the repository."""
        files = self.current()
        groups = self.proving_groups(self._parse(files.data)) if files else None
        return [g for g in groups or () if files and not self.is_proved(files, [g])]

    def _last_commit(self) -> list[str]:
        """Return hints with the last commit of the policy, and whether it was changed since."""
        from sealedfiles.git.cached_groups import last_change  # rarely needed
        from sealedfiles.git.commits import describe_commits

        repository = self._clone.repository
        commits = [*filter(None, [last_change(repository, POLICY)])]
        found = describe_commits(repository, commits).values()
        last = [f"last committed in {commit.words}" for commit in found]
        dirty = repository.run("status", "--porcelain", "--", f"{NAME}/{POLICY}")
        return ["the change is not committed", *last] if dirty else last
