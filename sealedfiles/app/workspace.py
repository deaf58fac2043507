"""The workspace: the folder that holds ``.sealedfiles/``, in git or outside of it."""

from __future__ import annotations

import os
import unicodedata
from functools import cached_property
from itertools import chain
from pathlib import Path

from sealedfiles.app.links import refuse_pushed_links
from sealedfiles.errors import NoKeyError, PolicyError, TamperedError, UsageError
from sealedfiles.git.cached_groups import not_set_up
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.versions import Versions, written_from
from sealedfiles.git.folders import WorkTreeFolder
from sealedfiles.git.repository import find_repository, warn_of_unreadable
from sealedfiles.git.used_ids import UsedIds
from sealedfiles.keys.expected import verify_expected
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import is_proved_by, proving_groups
from sealedfiles.keys.recipients import group_names, who_can_help
from sealedfiles.keys.retirement import Judgement, judge
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.policy import FileRules, Policy, parse_policy
from sealedfiles.model.token import split
from sealedfiles.sealing import File, Opened, Problem, describe_file, open_file
from sealedfiles.sealing.file import Keys, SomeKeys
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from sealedfiles.sealing.stored import Noted


class ReadOptions(NamedTuple):
    """What the user allows for reading files: the options that several commands share."""

    identity: str | None = None
    """The file with the private key to use first."""
    allow_retired: bool = False
    """Whether tokens under retired keys are opened."""
    allow_plaintext: bool = False
    """Whether values are used that git has in plaintext although the policy seals them."""


_DEFAULT = ReadOptions()


class Workspace:
    """One folder that holds ``.sealedfiles/``; ``clone`` is None outside of git."""

    def __init__(
        self,
        root: Path,
        clone: Clone | None,
        identities: Identities,
        options: ReadOptions = _DEFAULT,
    ) -> None:
        self.root = root
        self.allow_retired = options.allow_retired
        self.allow_plaintext = options.allow_plaintext
        self.clone = clone
        self.identities = identities
        folder = root / NAME
        self.folder = (
            WorkTreeFolder(folder, clone.objects, clone.index, str(folder))
            if clone
            else DirFolder(folder, str(folder))
        )
        if clone is None:
            identities.folders = lambda: [self.folder]
        self._ring: GroupKeyring | None = None
        self._judged: dict[str, Judgement] = {}
        self._stored: tuple[object, list[bytes]] = (None, [])
        """The last result of ``stored_versions``, which several checks compare with one file, and what it is
        for: the path, the content of the file and the state of the index."""

    @property
    def ring(self) -> GroupKeyring:
        """The available group keys."""
        if self.clone:
            return self.clone.ring
        if self._ring is None:
            self._ring = GroupKeyring(
                self.identities,
                lambda: [self.folder],
                verify_start=lambda group, epochs: verify_expected(
                    self.identities.expected, group, epochs
                ),
            )
        return self._ring

    def group_names(self) -> list[str]:
        """Return the groups that have keys; in a sparse checkout the index knows of them."""
        names = set(group_names(self.folder))
        return sorted(names | set(self.clone.group_names() if self.clone else ()))

    def path_of(self, file: Path) -> bytes:
        """Return a file's path as sealing knows it: relative to the root, with ``/``.

        Raises UsageError for one outside of the root, and if git has two files of this name.
        """
        if self.clone:
            path = self.clone.repository.relative(file)
            if not self.clone.repository.ignores_case:
                return path
            from sealedfiles.git.same_file import name_in_index

            return name_in_index(self.clone.index, path)
        absolute = Path(os.path.abspath(file))
        try:
            relative = (absolute.parent.resolve() / absolute.name).relative_to(self.root.resolve())
        except ValueError:
            raise UsageError(f"{file} is not in {self.root}") from None
        return unicodedata.normalize("NFC", relative.as_posix()).encode("utf-8", "surrogateescape")

    def path_to_read(self, file: Path) -> bytes:
        """Return what ``path_of`` does.  Raises UsageError for a symbolic link in a clone, too."""
        if self.clone and file.is_symlink():
            # git stores the link and not its target, which may be outside the repository.
            raise UsageError(f"{file} is a symbolic link", "name the file itself")
        return self.path_of(file)

    def describe(self, path: bytes) -> tuple[File, FileRules]:
        """Return how a file is sealed, and by which rules.  Raises PolicyError."""
        if self.clone:
            file, rules = self.clone.describe(path)
            return file._replace(ids=UsedIds(self.clone)), rules
        policy = self._written_policy[0]
        # Seal all values, because no proof confirms which may stay in plaintext.
        rules = (policy if self._is_proved else policy.all_sealed()).for_file(os.fsdecode(path))
        return describe_file(path, rules.format), rules

    @cached_property
    def _written_policy(self) -> tuple[Policy, bytes]:
        """The policy outside of git and its content, which anyone may have written."""
        where = f"{self.folder.root}/policy.yaml"
        data = self.folder.read("policy.yaml")
        if data is None:
            raise PolicyError(f"{where} is missing")
        return parse_policy(data, where), data

    @cached_property
    def _is_proved(self) -> bool:
        """Whether the policy outside of git is proved, or there is no key that could."""
        groups = proving_groups(self.group_names(), self.ring, self.identities)
        lines = self.folder.read(PROOF) or b""
        return groups is not None and is_proved_by(
            lines, groups, self.ring, self._written_policy[1]
        )

    def leaves_plain(self, path: bytes) -> bool:
        """Return True if an accepted policy says which files are sealed, and the one at *path* is not."""
        if self.clone is None:
            policy, is_accepted = self._written_policy[0], self._is_proved
            is_covered = policy.covers(os.fsdecode(path))
        else:
            in_force = self.clone.policy_in_force.get()
            policy, is_accepted = in_force.policy, in_force.is_accepted
            is_covered = self.clone.covers(path)
        return is_accepted and policy.tracked is not None and not is_covered

    @property
    def allowed_schemes(self) -> tuple[str, ...]:
        """The schemes of secret references that the policy in force allows; none without a valid policy."""
        try:
            if self.clone:
                return self.clone.policy_in_force.get().policy.resolve
            return self._written_policy[0].resolve if self._is_proved else ()
        except PolicyError:
            return ()

    def require_accepted(self) -> None:
        """Raise TamperedError in a submodule that is not accepted, unless its user expects certain keys."""
        if self.clone and not self.clone.is_accepted:
            from sealedfiles.git.submodule import not_accepted

            self.identities.read_named()
            if not self.identities.expected:
                raise not_accepted(self.clone.repository)

    def require_known_groups(self) -> None:
        """Raise TamperedError if nobody proves which group each value belongs to, and there are several."""
        if self.clone:
            self.clone.policy_in_force.require_known_groups()
        elif not self._is_proved and len({*self.ring.groups(), *self.identities.expected}) > 1:
            raise TamperedError(
                f"{self.folder.root}/policy.yaml: the policy is not proved by your groups",
                "ask a reader to confirm it in git: sealedfiles trust policy",
            )

    def describe_to_open(self, path: bytes) -> File:
        """Return the format of a file that is only to be opened; the policy need not be there."""
        if self.clone:
            return self.clone.describe_for_smudge(path)
        return describe_file(path, self._written_policy[0].for_file(os.fsdecode(path)).format)

    def open(self, data: bytes, file: File, keys: Keys | None = None) -> Opened:
        """Open a file to use its values, with *keys* (by default all available ones).

        Tokens of retired keys stay sealed, unless they are allowed here: a removed reader
        could create them.
        """
        current = SomeKeys(keys or self.ring, lambda *key: not self.is_retired(*key))
        opened = open_file(data, file, current)
        problems = [self._explained(one) for one in opened.problems]
        if b"sealed:v2:" in opened.data:
            from sealedfiles.app.unread import unread_tokens  # few files have any

            problems += unread_tokens(opened.data, file, current)
        return opened._replace(problems=problems)

    def is_retired(self, group: str, key_id: str) -> bool:
        """Return True if a key is for history only, and not allowed here.

        Raises TamperedError if the group's epochs here are not verified, or older than what was seen: then
        nobody can tell which keys are retired.
        """
        if self.allow_retired:
            return False
        judgement = self.judgement(group)
        if judgement.trouble:
            raise judgement.trouble
        return judgement.is_retired(key_id)

    def is_history(self, group: str, key_id: str) -> bool:
        """Return True if a key is for history only, whether it is allowed here or not."""
        return self.judgement(group).is_retired(key_id)

    def judgement(self, group: str) -> Judgement:
        """Return what is known of the keys of *group* here; see ``keys.retirement``."""
        if group not in self._judged:
            if self.clone is None:
                self._judged[group] = judge(self.ring, group, self.folder)
            else:
                if self.clone.has_unread_history(group):
                    from sealedfiles.git.retired_keys import learn_history

                    learn_history(self.clone, group)
                self._judged[group] = self.clone.judge(group)
        return self._judged[group]

    def stored_versions(self, path: bytes, data: bytes) -> list[bytes]:
        """Return git's versions of one file; outside git, *data*, the one on disk."""
        if self.clone is None:
            return [data]
        seen = path, data, self.clone.index.stat()
        if self._stored[0] != seen:
            self._stored = seen, written_from(self.clone, path, data)
        return self._stored[1]

    def _explained(self, problem: Problem) -> Problem:
        if problem.reason == "no-key" and problem.token:
            token = split(problem.token)
            if self.ring.for_prefix(token.prefix) and self.is_retired(token.group, token.key_id):
                return problem._replace(reason="retired")
        return problem

    def no_key(self, message: str, group: str, *hints: str) -> NoKeyError:
        """Return the error that *message* was not possible without a key of *group*."""
        help_with_group = who_can_help(self.folder, group)
        return self.ring.identities.no_key(message, *hints, help_with_group)

    def seal(
        self,
        path: bytes,
        data: bytes,
        before: bytes = b"",
        *,
        with_stored: bool = False,
        noted: Noted | None = None,
    ) -> bytes:
        """Seal *data* as git's filter would, by the policy and the version in git.

        *before*, where given, is a nearer previous version: the file as it was sealed on the disk.
        *with_stored* seals also what git has in plaintext, or a checkout wrote: only for commands whose user
        has confirmed it.  *noted* tells what a checkout wrote, by default what the clone remembers.
        Outside git, *before* takes the place of git's version.

        Raises PolicyError, NoKeyError, TamperedError.
        """
        # Imported here because the commands that print values seal nothing, and start faster.
        from sealedfiles.sealing.seal import seal_file
        from sealedfiles.sealing.stored import StoredPlaintext
        from sealedfiles.sealing.unproved import UnprovedCheck

        file, rules = self.describe(path)
        nearest = [before] if before else []
        origin = UnprovedCheck(file, rules, self.ring, self.is_history, tokens_only=with_stored)
        if self.clone is None:
            stored = StoredPlaintext([] if with_stored else nearest, file, None, origin)
            return seal_file(data, nearest, file, rules, self.ring, stored=stored)
        versions = Versions(self.clone)
        candidates = chain(nearest, versions.candidates(path, data, file))
        noted = self.clone.plaintext_memory if noted is None else noted
        in_git = [] if with_stored else versions.stored(path, data)
        stored = StoredPlaintext(in_git, file, None if with_stored else noted, origin)
        others = versions.others(path)
        return seal_file(data, candidates, file, rules, self.ring, others, stored)

    def replace(self, file: Path, data: bytes, *, umasked: bool = False) -> None:
        """Make *data* the content of *file* in one step; see ``atomic.replace``.  Raises OSError."""
        if self.clone:
            from sealedfiles.git.worktree import replace_file

            replace_file(self.clone.repository, file, data, umasked=umasked)
        else:
            atomic.sweep(file.parent)
            atomic.replace(file, data, umasked=umasked)

    def is_filtered(self, path: bytes) -> bool:
        """Return True if git's filter seals the file at *path*, so that it is decrypted in the work tree."""
        clone = self.clone
        if clone is None or clone.state.locked or not self._has_filter:
            return False
        return clone.covers(path)

    @cached_property
    def _has_filter(self) -> bool:
        from sealedfiles.git.install import is_configured

        return self.clone is not None and is_configured(self.clone.repository)


def workspace_at(start: Path, options: ReadOptions = _DEFAULT) -> Workspace:
    """Return the workspace that *start* (a folder) lies in.

    In git only the folder at the top of the work tree counts: one further down would let a pull
    request bring its own rules.  Outside git there must be only one.  Raises UsageError if there is none,
    NoKeyError if another branch has it, TamperedError if there are several outside git.
    """
    identities = Identities(options.identity)
    repository = find_repository(start)
    if repository:
        clone = Clone(repository, identities)
        if (repository.top / NAME).is_dir() or _is_tracked(clone):
            return Workspace(repository.top, clone, identities, options)
        raise not_set_up(clone)
    warn_of_unreadable(start)
    above = (start.resolve(), *start.resolve().parents)
    found = [folder for folder in above if (folder / NAME).is_dir()]
    if not found:
        raise UsageError(
            f"no {NAME} folder was found at or above {start}", "set it up: sealedfiles init"
        )
    if len(found) > 1:  # a pull request could bring the lower one, with keys and rules of its own
        raise TamperedError(
            f"there is a {NAME} folder in {found[0]} and another one in {found[-1]}: "
            "outside a git repository it is unknown which one applies",
            f"if the upper one belongs to something else, move it away, or {found[0]} out of that folder",
            "otherwise the lower one was added to the project: remove it",
        )
    return Workspace(found[0], None, identities, options)


def clone_here(identity: str | None = None) -> tuple[Workspace, Clone]:
    """Return the workspace of the current folder, which must be in git.  Raises UsageError."""
    workspace = workspace_at(Path.cwd(), ReadOptions(identity))
    if workspace.clone is None:
        raise UsageError("this command needs a git repository")
    return workspace, workspace.clone


def workspace_of(
    file: Path, options: ReadOptions = _DEFAULT, *, may_be_new: bool = False
) -> Workspace:
    """Return the workspace of *file*.

    Raises UsageError if the file does not exist (with *may_be_new*, its folder), is not a regular file, or is
    beyond a link that git has, and TamperedError as ``require_accepted`` does.
    """
    if not file.exists():
        if not may_be_new:
            raise UsageError(f"{file} does not exist")
        if not file.absolute().parent.is_dir():
            raise _no_folder(file.parent)
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is not a file")
    refuse_pushed_links(file)
    workspace = workspace_at(file.absolute().parent, options)
    workspace.require_accepted()
    return workspace


def _no_folder(folder: Path) -> UsageError:
    if os.path.lexists(folder):
        return UsageError(f"{folder} is not a folder")
    hint = f"create it: mkdir -p {shell_path(str(folder))}"
    return UsageError(f"the folder {folder} does not exist", hint)


def _is_tracked(clone: Clone) -> bool:
    """Return True if the folder is in the index, but not in the work tree (a sparse checkout)."""
    return bool(clone.index.stages(f"{NAME}/policy.yaml".encode()))
