"""The keys of one clone, and the versions of ``.sealedfiles/`` that they are read from."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property

from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.folders import IndexFolder, TreeFolder, WorkTreeFolder
from sealedfiles.git.index import FileStates, Index
from sealedfiles.git.objects import Objects
from sealedfiles.git.repository import Repository
from sealedfiles.keys.epochs import Epoch, read_epochs
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.retirement import Judgement, judge, retired_by
from sealedfiles.keys.state import CloneFiles, Seen
from sealedfiles.util.lazy_pattern import lazy_pattern

IN_PROGRESS = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
"""The refs to the commits whose changes a merge, cherry-pick or rebase in progress applies."""

_OBJECT_ID = lazy_pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GITHEAD = lazy_pattern(r"GITHEAD_[0-9A-Fa-f]{40,64}")


def merged_commits() -> list[str]:
    """Return the commits that `git merge` is merging, which it passes on before MERGE_HEAD exists."""
    names = [name for name in os.environ if name.startswith("GITHEAD_")]
    return sorted(name[8:].lower() for name in names if _GITHEAD.fullmatch(name))


def _read_line(name: str) -> str:
    """Return the only line of one of git's files.  Raises OSError."""
    with open(name, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().strip()


class CloneKeys(ABC):
    """A repository with its group keys and this clone's record of them.

    During a checkout, ``treeish`` is the commit that git is checking out.  Until the checkout ends, the
    working tree contains the old ``.sealedfiles/`` together with new files.
    """

    def __init__(
        self, repository: Repository, identities: Identities | None, is_filter: bool
    ) -> None:
        self.repository = repository
        self.is_filter = is_filter
        """Whether git calls this process, for files or for a hook, and not the user."""
        self.identities = identities or Identities()
        self.objects = Objects(repository)
        self.states = FileStates()
        self.index = Index(repository, self.states)
        self.state = CloneFiles(repository.state_name, repository.git_folder)
        self.work_tree = WorkTreeFolder(
            os.path.join(repository.root, NAME), self.objects, self.index
        )
        self.treeish = ""
        self._located: dict[Seen, str] = {}
        self.identities.folders = self._key_folders

    def allow_fetching(self) -> None:
        """Let all git commands fetch what a partial clone lacks, for a command that reads many objects."""
        if self.repository.is_partial:
            self.repository.may_fetch = True

    @cached_property
    def ring(self) -> GroupKeyring:
        """The group keys available in this clone."""
        # The lock applies to the filter only: commands use the caller's identity, and not the keys that
        # are cached for other worktrees.
        is_locked = self.state.locked
        locked = self.is_filter and is_locked
        is_accepted = self.is_accepted  # otherwise, each group passes ``verify_start``
        return GroupKeyring(
            self.identities,
            self._key_folders,
            self._epoch_folders,
            self._history,
            cached=self.state.cached_keys() if is_accepted and not is_locked else (),
            newest=self.state.newest() if is_accepted else {},
            required=self.state.required() if is_accepted else {},
            remember=self._remember,
            locked=locked,
            verify_start=self.verify_start,
            verify_current=self._verify_current,
            no_folder=self._no_folder,
            locate=self._locate,
        )

    @property
    def is_accepted(self) -> bool:
        """Whether this is not a submodule, or one in which its user has set up sealedfiles."""
        if "modules" not in self.repository.git_folder and not self.repository.outer:
            return True
        from sealedfiles.git.submodule import is_recorded

        return is_recorded(self.repository, self.state) or not self._is_submodule

    @cached_property
    def _is_submodule(self) -> bool:
        # Not recorded for later commands: the next pull may make a submodule of this place.
        from sealedfiles.git.submodule import is_submodule

        return is_submodule(self.repository)

    def require_writable(self) -> None:
        """Raise an error if ``.sealedfiles/`` or the index cannot be changed in this clone.

        Raises GitError if git's folder is not writable, UsageError if ``.sealedfiles/`` is in the index but
        not checked out.
        """
        self.repository.require_writable()
        tracked = self.repository.run("ls-files", "-t", "-z", "--", f":/{NAME}").split(b"\0")[:-1]
        is_missing = bool(tracked) and not self.work_tree.root.is_dir()
        skipped = [one[2:] for one in tracked if one.startswith(b"S ")]
        if is_missing or any(not os.path.lexists(self.repository.file(path)) for path in skipped):
            raise UsageError(
                f"{NAME}/ is not checked out, but this command changes it",
                f"check it out: git sparse-checkout add {NAME}; or: git restore {NAME}",
            )

    def group_names(self) -> list[str]:
        """Return the groups that have keys in the index, because the working tree may be sparse."""
        from sealedfiles.model.policy import NAME as NAME_RE

        return [
            n for n in IndexFolder(self.objects, self.index).list("keys") if NAME_RE.fullmatch(n)
        ]

    def _remember(self, group: str, key_id: str) -> None:
        """Record *key_id* as the newest key of *group*."""
        if not self.state.newest():
            # On first use, trust all groups that exist.  Otherwise, after the first group is recorded, all
            # others would look as if somebody had added them later.
            folder = IndexFolder(self.objects, self.index)
            for name in self.group_names():
                with contextlib.suppress(SealedFilesError):
                    epochs = read_epochs(folder, name)
                    self.state.remember(name, Seen(epochs[-1].key_id, self.where()))
        self.state.remember(group, Seen(key_id, self.where()))
        with contextlib.suppress(SealedFilesError):
            # The current key was just verified.
            self.retire(group, retired_by(self.ring.epochs(group)[1]))

    @abstractmethod
    def _verify_current(self, group: str, epochs: list[Epoch]) -> None:
        """Raise TamperedError if the last of the verified *epochs* may not be the current one of *group*."""

    @abstractmethod
    def _no_folder(self) -> SealedFilesError:
        """Return the error for a branch that has no ``.sealedfiles/``."""

    def has_unread_history(self, group: str) -> bool:
        """Return True if ``retired_keys.learn_history`` has not read all commits of HEAD for *group*."""
        before = self.state.looked_at(group)
        if before is None or before.head != self.head_state():
            return True
        return before.depth != self.repository.depth

    def head_state(self) -> str:
        """Return a value that changes when HEAD moves; empty if it cannot be determined without running git.

        It is the commit that HEAD names, or the state of the file of packed refs, then "-" and the size of
        HEAD's log. The log alone would not do: some programs do not write it.
        """
        now = self._head_now()
        try:
            size = os.stat(os.path.join(self.repository.git_folder, "logs", "HEAD")).st_size
        except OSError:
            size = 0
        return now and f"{now}-{size}"

    def _head_now(self) -> str:
        head = os.path.join(self.repository.git_folder, "HEAD")
        common = self.repository.common_folder
        try:
            text = _read_line(head)
            if not text.startswith("ref: "):
                return text
            with contextlib.suppress(OSError):
                return _read_line(os.path.join(common, text[5:]))
            packed = os.stat(os.path.join(common, "packed-refs"))
            return f"{packed.st_mtime_ns}-{packed.st_size}-{os.stat(head).st_mtime_ns}"
        except OSError:
            return ""

    def where(self) -> str:
        """Return the name of HEAD for messages: the branch, otherwise the commit."""
        try:
            head = _read_line(os.path.join(self.repository.git_folder, "HEAD"))
        except OSError:
            return "an unknown place"
        return head.removeprefix("ref: refs/heads/")

    def _locate(self, group: str, seen: Seen) -> Seen:
        """Return *seen* with the commit that has the key if it was seen on a detached HEAD.

        What was recorded then is HEAD, and the key may have been committed on top of it only later.
        """
        if not _OBJECT_ID.fullmatch(seen.where):
            return seen
        if seen not in self._located:
            file = f"{NAME}/keys/{group}/epochs"
            options = ("--all", "--reflog", "--full-history", "--max-count=1", "--format=%H")
            _, out, _ = self.repository.try_run("log", *options, f"-S{seen.key_id} ", "--", file)
            found = out.decode("ascii", "replace")[:12]
            self._located[seen] = (
                f"commit {found}" if found else f"not committed, on {seen.where[:12]}"
            )
        return seen._replace(where=self._located[seen])

    def in_progress(self) -> list[str]:
        """Return those refs of ``IN_PROGRESS`` that exist."""
        folder = self.repository.git_folder
        return [name for name in IN_PROGRESS if os.path.exists(f"{folder}/{name}")]

    def _tree(self, treeish: str) -> TreeFolder:
        return TreeFolder(self.objects, treeish)

    def _key_folders(self) -> Iterator[MetadataSource]:
        if self.treeish:
            yield self._tree(self.treeish)
        yield from map(self._tree, self.in_progress())
        yield IndexFolder(self.objects, self.index)
        yield self._tree("HEAD")
        yield self.work_tree

    def _epoch_folders(self) -> Iterator[MetadataSource]:
        yield IndexFolder(self.objects, self.index)
        yield self.work_tree
        yield self._tree("HEAD")

    def policy_folders(self) -> Iterator[MetadataSource]:
        """Yield the versions of ``.sealedfiles`` to search for the policy; the first that has it applies."""
        yield self.work_tree
        yield IndexFolder(self.objects, self.index)
        yield self._tree("HEAD")

    def _history(self, group: str) -> Iterator[MetadataSource]:
        for commit in (self._key_history or {}).get(group, ()):
            yield TreeFolder(self.objects, commit, is_evidence=True)

    def close(self) -> None:
        """End the git processes."""
        self.objects.close()

    @property
    def lacks_key_history(self) -> bool:
        """Whether git cannot list the commits that changed keys."""
        return self._key_history is None

    @cached_property
    def _key_history(self) -> dict[str, list[str]] | None:
        """The commits that changed each group's keys, newest first, from one `git log` for all groups; None
        if git cannot list them."""
        code, out, _ = self.repository.try_run(
            *("log", "--all", "--reflog", "--full-history", "--format=%x00%H"),
            # To find renames, git would read files, which a partial clone may lack.
            *("--name-only", "--no-renames", "--", f"{NAME}/keys"),
        )
        if code:
            return None
        found: dict[str, list[str]] = {}
        for record in out.decode("utf-8", "replace").split("\x00")[1:]:
            commit, *names = record.split()
            for group in {name.split("/")[2] for name in names if name.count("/") > 2}:
                found.setdefault(group, []).append(commit)
        return found

    def keep_keys(self, group: str, keys: Iterable[GroupKey]) -> None:
        """Add keys of *group* to the cache if it already has some; a locked clone has none."""
        cached = self.state.cached_keys()
        if any(name == group for name, _ in cached):
            fresh = {key.key_id: key for key in keys}
            kept = [(name, key) for name, key in cached if name != group or key.key_id not in fresh]
            self.state.write_keys([*kept, *((group, key) for key in fresh.values())])

    def judge(self, group: str, treeish: str = "") -> Judgement:
        """Find the retired keys of *group* from its verified epochs and this clone's record.

        The epochs are read from *treeish*, by default from the working tree.
        """
        return judge(
            self.ring,
            group,
            self.current_folder(group, treeish),
            self.state.retired().get(group, ()),
        )

    def current_folder(self, group: str, treeish: str = "") -> MetadataSource:
        """Return the folder with the epochs of *group* that apply, or those in *treeish*."""
        if treeish:
            return self._tree(treeish)
        # Read the index only if the file is not checked out: running git would double the time.
        if os.path.exists(os.path.join(self.work_tree.name, "keys", group, "epochs")):
            return self.work_tree
        return IndexFolder(self.objects, self.index)

    def retire(self, group: str, key_ids: Iterable[str]) -> None:
        """Record in this clone that keys of *group* are retired."""
        self.state.write_retired(group, {*self.state.retired().get(group, ()), *key_ids})

    def verify_start(self, group: str, epochs: list[Epoch]) -> None:
        """Verify the first key of *group* when the group is first used in this clone, or after older history
        was fetched.

        *epochs* must be verified already.  Raises as ``verify_expected`` and ``epoch_history.verify_start``,
        and TamperedError in a submodule that is not accepted.
        """
        from sealedfiles.git.epoch_history import verify_start
        from sealedfiles.keys.expected import verify_expected

        expected = self.identities.expected
        verify_expected(expected, group, epochs)
        if not expected and not self.is_accepted:
            from sealedfiles.git.submodule import not_accepted

            raise not_accepted(self.repository)
        # Of several keys, one may be that of another repository, whose folder somebody put here.
        if len(expected.get(group, ())) != 1:
            verify_start(self.repository, self.objects, group, epochs)

    def pinned_patterns(self) -> list[str]:
        """Return the patterns that are sealed in this clone, for a policy that does not list them."""
        from sealedfiles.git import attributes_mirror

        return attributes_mirror.pinned(self.repository)
