"""One clone: which version of ``.sealedfiles/`` is read in it, its keys, and its policy."""

from __future__ import annotations

import contextlib
import os
import re
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from sealedfiles.errors import SealedFilesError
from sealedfiles.git import pins
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.git.gitattributes import Attributes
from sealedfiles.git.index import Index
from sealedfiles.git.objects import Objects
from sealedfiles.git.policy_in_force import PolicyInForce
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.expected import verify_expected
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.retirement import judge, retired_by
from sealedfiles.keys.ring import Ring
from sealedfiles.keys.state import Seen, State
from sealedfiles.model.policy import NAME as NAME_RE
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing import File, describe_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealedfiles.git.gitattributes import Parsed
    from sealedfiles.git.index import Entry
    from sealedfiles.git.plaintext_memory import PlaintextMemory
    from sealedfiles.git.repository import Repository
    from sealedfiles.keys.epochs import Epoch
    from sealedfiles.keys.folder import Folder
    from sealedfiles.keys.keyfile import GroupKey
    from sealedfiles.keys.retirement import Judgement
    from sealedfiles.model.policy import FileRules, Policy

IN_PROGRESS = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
"""The commits that a command in progress takes its changes from."""

_OWN = f"{NAME}/".encode()
_GITS_OWN = (b".gitattributes", b".gitignore", b".gitmodules")
_NAMES_FORMATS = re.compile(rb"format[\"']?\s*:")


class Clone:
    """A repository with its sealedfiles parts.

    While a checkout runs, ``treeish`` is the commit that git writes out: until it ends, the file system
    shows the old ``.sealedfiles/`` beside new files.
    """

    def __init__(
        self,
        repository: Repository,
        identities: Identities | None = None,
        is_filter: bool = False,
    ) -> None:
        self.repository = repository
        self._is_filter = is_filter
        self.identities = identities or Identities()
        self.objects = Objects(repository)
        self.index = Index(repository)
        self.state = State(repository.state_folder)
        self.work_tree = DirFolder(repository.top / NAME)
        self.treeish = ""
        self._policy = PolicyInForce(self)
        self._format_seen: tuple[str, object] = ("", None)
        self._formats: Policy | None = None
        self._attributes_read: Attributes | None = None
        self._attributes_seen: object = None
        self._attributes_parsed: dict[str, list[Parsed]] = {}

    @cached_property
    def plaintext_memory(self) -> PlaintextMemory:
        """The plaintext that this clone wrote to a working tree."""
        from sealedfiles.git.plaintext_memory import PlaintextMemory

        return PlaintextMemory(self.state.folder)

    # -- keys

    @cached_property
    def ring(self) -> Ring:
        """The group keys at hand in this clone."""
        # The lock is one for the filter: who asks a command for a value has an identity to show.
        locked = self._is_filter and self.state.locked
        return Ring(
            self.identities,
            self._key_folders,
            self._epoch_folders,
            self._history,
            cached=() if locked else self.state.cached_keys(),
            newest=self.state.newest(),
            remember=self._remember,
            locked=locked,
            verify_start=self._verify_start,
        )

    def group_names(self) -> list[str]:
        """Return the groups that have keys in the index; the work tree may be a sparse one."""
        return [
            n for n in IndexFolder(self.objects, self.index).list("keys") if NAME_RE.fullmatch(n)
        ]

    def _remember(self, group: str, key_id: str) -> None:
        if not self.state.newest():
            # Trust begins with what is there on the first day: else the first group that is used here
            # would make all the others look as if somebody had brought them later.
            folder = IndexFolder(self.objects, self.index)
            for name in self.group_names():
                with contextlib.suppress(SealedFilesError):
                    epochs = parse_epochs(folder.read(f"keys/{name}/epochs") or b"", name)
                    self.state.remember(name, Seen(epochs[-1].key_id, self.where()))
        self.state.remember(group, Seen(key_id, self.where()))
        with contextlib.suppress(SealedFilesError):
            # What is current was verified just now.
            self.retire(group, retired_by(self.ring.epochs(group)[1]))

    def where(self) -> str:
        """Return where HEAD is: the branch, else the commit."""
        try:
            text = (self.repository.git_dir / "HEAD").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "an unknown place"
        return text.strip().removeprefix("ref: refs/heads/")

    def _tree(self, treeish: str) -> TreeFolder:
        return TreeFolder(self.objects, treeish)

    def _key_folders(self) -> Iterator[Folder]:
        if self.treeish:
            yield self._tree(self.treeish)
        for name in IN_PROGRESS:
            if (self.repository.git_dir / name).exists():
                yield self._tree(name)
        yield IndexFolder(self.objects, self.index)
        yield self._tree("HEAD")
        yield self.work_tree

    def _epoch_folders(self) -> Iterator[Folder]:
        yield IndexFolder(self.objects, self.index)
        yield self.work_tree
        yield self._tree("HEAD")

    def policy_folders(self) -> Iterator[Folder]:
        """Yield the versions of ``.sealedfiles`` that may hold the policy, the first that does counts."""
        yield self.work_tree
        yield IndexFolder(self.objects, self.index)
        yield self._tree("HEAD")

    def _history(self, group: str) -> Iterator[Folder]:
        for commit in self._key_history.get(group, ()):
            yield self._tree(commit)

    @cached_property
    def _key_history(self) -> dict[str, list[str]]:
        """For each group the commits, newest first, that changed its keys: one `git log` for all."""
        code, out, _ = self.repository.try_run(
            "log", "--all", "--full-history", "--format=%x00%H", "--name-only", "--", f"{NAME}/keys"
        )
        found: dict[str, list[str]] = {}
        for record in out.decode("utf-8", "replace").split("\x00")[1:] if code == 0 else ():
            commit, *names = record.split()
            for group in {name.split("/")[2] for name in names if name.count("/") > 2}:
                found.setdefault(group, []).append(commit)
        return found

    def keep_keys(self, group: str, keys: Iterable[GroupKey]) -> None:
        """Add keys of *group* to those that are cached, where any of it are: a locked clone keeps none."""
        cached = self.state.cached_keys()
        if any(name == group for name, _ in cached):
            fresh = {key.key_id: key for key in keys}
            kept = [(name, key) for name, key in cached if name != group or key.key_id not in fresh]
            self.state.write_keys([*kept, *((group, key) for key in fresh.values())])

    def judge(self, group: str, treeish: str = "") -> Judgement:
        """Judge the keys of *group* by its verified epochs and by what this clone remembers.

        By the epochs of *treeish*, by default those of the working tree.
        """
        return judge(
            self.ring,
            group,
            self._judging_folder(group, treeish),
            self.state.retired().get(group, ()),
        )

    def _judging_folder(self, group: str, treeish: str) -> Folder:
        if treeish:
            return self._tree(treeish)
        # Not the index, unless the file is not checked out: asking git would cost as much as the value.
        if (self.work_tree.root / "keys" / group / "epochs").exists():
            return self.work_tree
        return IndexFolder(self.objects, self.index)

    def retire(self, group: str, key_ids: Iterable[str]) -> None:
        """Remember that keys of *group* are retired."""
        self.state.write_retired(group, {*self.state.retired().get(group, ()), *key_ids})

    def _verify_start(self, group: str, epochs: list[Epoch]) -> None:
        """See that the keys of *group*, used here for the first time, start where they should."""
        from sealedfiles.git.epoch_history import verify_start

        expected = self.identities.expected
        verify_expected(expected, group, epochs)
        if not expected:
            verify_start(self, group, epochs)

    # -- policy

    @property
    def policy_in_force(self) -> PolicyInForce:
        """What decides which policy this clone obeys."""
        return self._policy

    def policy(self) -> Policy:
        """Return the policy in force.  Raises PolicyError if there is none that can be read."""
        return self._policy.get().policy

    def describe(self, path: bytes) -> tuple[File, FileRules]:
        """Return how the file at *path* is sealed, and by which rules.  Raises PolicyError."""
        rules = self._policy.rules_for(os.fsdecode(path))
        return describe_file(path, rules.format), rules

    def covers(self, path: bytes) -> bool:
        """Return True if the file at *path* is to be sealed: the one answer to that question.

        The tracked patterns of the policy in force decide.  What a line of ``.gitattributes`` that somebody
        wrote by hand sends to the filter is sealed as well.
        """
        if self.is_passed_through(path):
            return False
        with contextlib.suppress(SealedFilesError):
            if self.policy().covers(os.fsdecode(path)):
                return True
        return self._attributes().covers(path)

    def sealed_entries(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return those of *entries* that are to be sealed, regular files only."""
        return [e for e in entries if e.mode.startswith("100") and self.covers(e.path)]

    def is_passed_through(self, path: bytes) -> bool:
        """Return True if the file at *path* is never sealed, whatever pattern matches it."""
        return is_passed_through(path.lower() if self.repository.ignores_case else path)

    def pinned_patterns(self) -> list[str]:
        """Return the patterns that are sealed here, for a policy that does not list them."""
        return pins.pinned(self.repository)

    def mirror_policy(self, *, unless_fresh: bool = False) -> None:
        """Write the patterns of the policy in force where git reads them first.

        *unless_fresh* returns at once if the policy is the accepted one and was mirrored since: a filter
        process that only smudged has not read a policy so far.
        """
        with contextlib.suppress(SealedFilesError, OSError):
            if unless_fresh and self._is_mirrored():
                return
            in_force = self._policy.get()
            pins.mirror(self.repository, in_force.policy if in_force.is_accepted else None)

    def _is_mirrored(self) -> bool:
        accepted = self.state.folder / "policy"
        mirror = self.repository.common_dir / "info" / "attributes"
        if os.stat(accepted).st_mtime_ns > os.stat(mirror).st_mtime_ns:
            return False
        return (self.work_tree.root / "policy.yaml").read_bytes() == self.state.policy()

    def _attributes(self) -> Attributes:
        """Return the attributes of the work tree; of files that are not checked out, those of the index."""
        state = (self.index.stat(), _mtime(self.repository.top / ".gitattributes"))
        if self._attributes_read is None or self._attributes_seen != state:
            ignore_case = self.repository.ignores_case
            self._attributes_read = Attributes(
                self._read_attributes, self._attributes_parsed, ignore_case=ignore_case
            )
            self._attributes_seen = state
        return self._attributes_read

    def _read_attributes(self, path: bytes) -> tuple[str, bytes] | None:
        file = self.repository.file(path)
        if file.is_symlink():
            return None
        try:
            data = file.read_bytes()
        except OSError:
            entry = self.index.entry(path)
            if entry is None or not entry.mode.startswith("100"):
                return None
            data = self.objects.blob(entry.oid.encode("ascii")) or b""
        return sha256(data).hexdigest(), data

    def describe_for_smudge(self, path: bytes) -> File:
        """Return the format of the file at *path*; never raises, the file's name tells at the last.

        What a rule says of the format is read from the commit that is being checked out.
        """
        seen = (self.treeish, self._policy_state())
        if seen != self._format_seen:
            self._formats = self._policy_with_formats()
            self._format_seen = seen
        rules = self._formats.for_file(os.fsdecode(path)) if self._formats else None
        return describe_file(path, rules.format if rules else None)

    def _policy_with_formats(self) -> Policy | None:
        folders = [self._tree(self.treeish)] if self.treeish else self.policy_folders()
        for folder in folders:
            try:
                data = folder.read("policy.yaml")
                if data is not None:
                    # Hardly any policy names formats, and parsing one costs as much as a file.
                    return parse_policy(data) if _NAMES_FORMATS.search(data) else None
            except (SealedFilesError, OSError):
                return None
        return None

    def _policy_state(self) -> object:
        try:
            stat = os.stat(self.work_tree.root / "policy.yaml")
        except OSError:
            return self.index.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _mtime(path: os.PathLike[str]) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0


def is_passed_through(path: bytes) -> bool:
    """Return True if a file is never sealed, whatever pattern matches it.

    The keys must be readable before anything is decrypted, and git reads its own files itself.  All
    other names that begin with ``.git`` (``.gitlab.env``, ``.git-credentials``) are sealed like any file.
    """
    return path.startswith(_OWN) or path.rpartition(b"/")[2] in _GITS_OWN
