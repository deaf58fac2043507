"""One clone: its keys, the policy in force, and the files that are sealed in it."""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from hashlib import sha256

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.keys.folder import NAME, POLICY, no_folder
from sealedfiles.keys.retirement import old_keys
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing import File, describe_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sealedfiles.git.gitattributes import Attributes, Parsed
    from sealedfiles.git.index import Entry
    from sealedfiles.git.plaintext_memory import PlaintextMemory
    from sealedfiles.git.policy_in_force import PolicyInForce
    from sealedfiles.git.repository import Repository
    from sealedfiles.git.written_versions import WrittenVersions
    from sealedfiles.keys.epochs import Epoch
    from sealedfiles.keys.identity.sources import Identities
    from sealedfiles.model.policy import FileRules, Policy

_OWN = f"{NAME}/".encode()
_GITS_OWN = (b".gitattributes", b".gitignore", b".gitmodules")


class Clone(CloneKeys):
    """A repository with its group keys and the policy in force."""

    def __init__(
        self,
        repository: Repository,
        identities: Identities | None = None,
        is_filter: bool = False,
    ) -> None:
        super().__init__(repository, identities, is_filter)
        self._policy_file = os.path.join(self.work_tree.name, POLICY)
        self._format_seen: tuple[str, object] = ("", None)
        self._formats: Policy | None = None
        self._attributes_read: Attributes | None = None
        self._attributes_file = os.path.join(repository.root, ".gitattributes")
        self._attributes_seen: object = None
        self._attributes_parsed: dict[str, list[Parsed]] = {}

    @cached_property
    def plaintext_memory(self) -> PlaintextMemory:
        """The record of the plaintext that this clone wrote to a working tree."""
        from sealedfiles.git.plaintext_memory import PlaintextMemory

        return PlaintextMemory(self.state.name)

    @cached_property
    def written_versions(self) -> WrittenVersions:
        """The versions with comments in plaintext that this clone wrote to a working tree."""
        from sealedfiles.git.written_versions import WrittenVersions  # few files have comments

        return WrittenVersions(self.state.name)

    @property
    def has_written_versions(self) -> bool:
        """Whether there may be any: to import what reads them takes longer."""
        has_new = "written_versions" in self.__dict__
        return has_new or os.path.exists(os.path.join(self.state.name, "written"))

    @cached_property
    def policy_in_force(self) -> PolicyInForce:
        """Determines which policy is in force in this clone."""
        # Imported here because smudge does not need the policy of a file without plaintext.
        from sealedfiles.git.policy_in_force import PolicyInForce

        return PolicyInForce(self)

    def policy(self) -> Policy:
        """Return the policy in force.  Raises PolicyError if there is no valid policy."""
        return self.policy_in_force.get().policy

    def describe(self, path: bytes) -> tuple[File, FileRules]:
        """Return the format, and the rules, with which the file at *path* is sealed.  Raises PolicyError."""
        rules = self.rules(path)
        return describe_file(path, rules.format), rules

    def rules(self, path: bytes) -> FileRules:
        """Return the rules with which the file at *path* is sealed.  Raises PolicyError."""
        return self.policy_in_force.rules_for(os.fsdecode(path))

    def covers(self, path: bytes) -> bool:
        """Return True if the file at *path* must be sealed.  No other function decides this.

        A file is sealed if a tracked pattern of the policy in force matches it, or if a manually written line
        in ``.gitattributes`` sends it to the filter.
        """
        if self.is_passed_through(path):
            return False
        with contextlib.suppress(SealedFilesError):
            if self.policy_in_force.tracking().covers(os.fsdecode(path)):
                return True
        return self._attributes().covers(path)

    def sealed_entries(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the *entries* that must be sealed, regular files only.

        If no policy says which, only changes of the other files are refused: they are committed as they are.
        """
        for entry in entries:
            is_covered = entry.mode.startswith("100") and self.covers(entry.path)
            if is_covered and (not self.policy_in_force.knows_none or self._looks_sealed(entry)):
                yield entry

    def _looks_sealed(self, entry: Entry) -> bool:
        blob = self.objects.blob(entry.oid.encode("ascii"))
        return self._attributes().covers(entry.path) or b"sealed:v" in (blob or b"")

    def is_passed_through(self, path: bytes) -> bool:
        """Return True if the file at *path* is never sealed, even if a pattern matches it."""
        return is_passed_through(path.lower() if self.repository.ignores_case else path)

    def mirror_policy(self, removed: Collection[str] = (), *, unless_fresh: bool = False) -> None:
        """Write the patterns of the policy in force to ``.git/info/attributes``, which has precedence.

        *removed* contains patterns that the user just removed; others may be kept.
        With *unless_fresh*, nothing happens if the accepted policy is unchanged and was already mirrored;
        then a filter process that only smudged need not parse the policy.
        """
        with contextlib.suppress(SealedFilesError, OSError):
            if unless_fresh and self._is_mirrored():
                return
            from sealedfiles.git import attributes_mirror

            policy = self.policy_in_force.accepted()
            tracked = policy.tracked if policy else None
            # With other worktrees, the mirror is theirs, too, and their policy may track more.
            is_shared = self.repository.has_other_worktrees
            left = {*(tracked or ()), *(() if is_shared else removed)}
            extra = [one for one in attributes_mirror.pinned(self.repository) if one not in left]
            unverified = self.policy_in_force.unverified_patterns()
            if tracked is None or not extra or is_shared:
                known = self.policy_in_force.tracking().tracked or ()
                patterns = [*extra, *known, *unverified]
                attributes_mirror.mirror(self.repository, policy, patterns)
                return
            kept = self._still_tracked(extra)
            patterns = [*(extra if kept is None else kept), *unverified]
            attributes_mirror.mirror(self.repository, policy, patterns)
            if kept is None:
                attributes_mirror.expire(self.repository)

    def is_only_of_other_worktrees(self, path: bytes) -> bool:
        """Return True if git passes the file at *path* to the filter only for patterns of other worktrees.

        The branch here has tracked these patterns once, and does not now.
        """
        if not self.repository.has_other_worktrees:
            return False
        in_force = self.policy_in_force.get()
        tracked = in_force.policy.tracked
        if tracked is None or not in_force.is_accepted:
            return False
        from sealedfiles.git import attributes_mirror
        from sealedfiles.model.wildmatch import FilePattern

        name, ignore_case = os.fsdecode(path), self.repository.ignores_case
        extra = [
            one
            for one in attributes_mirror.pinned(self.repository)
            if one not in tracked and FilePattern(one, ignore_case=ignore_case).matches(name)
        ]
        return bool(extra) and self._still_tracked(extra) == []

    def _still_tracked(self, extra: list[str]) -> list[str] | None:
        """Return which of *extra* the mirror keeps; None if HEAD does not have the policy yet."""
        from sealedfiles.git import attributes_mirror

        files, objects = self.policy_in_force.current(), self.objects
        return files and attributes_mirror.still_tracked(
            self.repository, objects, files.data, extra
        )

    def _verify_current(self, group: str, epochs: list[Epoch]) -> None:
        """Raise TamperedError if history retires the last key of *epochs*, the current key of *group*.

        Without a record of newer keys, as in a new clone, only history shows that old ones were restored.
        """
        key_id = epochs[-1].key_id
        self.identities.verify_expected(group, epochs)
        if self.has_unread_history(group):
            from sealedfiles.git.retired_keys import learn_history

            learn_history(self, group, epochs)
        if key_id in self.state.retired().get(group, ()):
            raise old_keys(group, key_id)

    def _no_folder(self) -> SealedFilesError:
        from sealedfiles.git.cached_groups import folder_missing

        return folder_missing(self) or no_folder()

    def _is_mirrored(self) -> bool:
        accepted = self.state.file("policy")
        mirror = os.path.join(self.repository.common_folder, "info", "attributes")
        if os.stat(accepted).st_mtime_ns > os.stat(mirror).st_mtime_ns:
            return False
        with open(self._policy_file, "rb") as file:
            return file.read() == self.state.policy()

    def _attributes(self) -> Attributes:
        """Return the attributes in the working tree, or in the index if a file is not checked out."""
        state = (self.index.stat(), self.states.of(self._attributes_file))
        if self._attributes_read is None or self._attributes_seen != state:
            from sealedfiles.git.gitattributes import Attributes

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

    def staged(self, path: bytes) -> bytes | None:
        """Return the content of the file at *path* in the index; None if it has none, or a conflict."""
        entry = self.index.entry(path)
        return self.objects.blob(entry.oid.encode("ascii")) if entry else None

    def describe_for_smudge(self, path: bytes) -> File:
        """Return the format of the file at *path*.  Never raises: the fallback is the file name.

        A ``format`` rule is read from the commit that is being checked out.
        """
        seen = (self.treeish, self.states.of(self._policy_file) or self.index.stat())
        if seen != self._format_seen:
            self._formats = self._policy_with_formats()
            self._format_seen = seen
        rules = self._formats.for_file(os.fsdecode(path)) if self._formats else None
        return describe_file(path, rules.format if rules else None)

    def _policy_with_formats(self) -> Policy | None:
        folders = [self._tree(self.treeish)] if self.treeish else self.policy_folders()
        for folder in folders:
            try:
                data = folder.read(POLICY)
                if data is None:
                    continue
                # Few policies set formats, and parsing a policy takes as long as filtering a file.
                if not _may_name_formats(data):
                    return None
                from sealedfiles.model.policy import parse_policy

                return parse_policy(data)
            except (SealedFilesError, OSError):
                return None
        return None


def _may_name_formats(policy: bytes) -> bool:
    """Return True if *policy* may have the key ``format``, in quotes or not."""
    return any(rest.lstrip(b"\"' \t\r\n").startswith(b":") for rest in policy.split(b"format")[1:])


def is_passed_through(path: bytes) -> bool:
    """Return True if the file at *path* is never sealed, even if a pattern matches it.

    These are the files of sealedfiles, which must be readable before anything is decrypted, and the files
    that git itself reads.  Other names that begin with ``.git`` (``.gitlab.env``, ``.git-credentials``) are
    sealed like any file.
    """
    return path.startswith(_OWN) or path.rpartition(b"/")[2] in _GITS_OWN
