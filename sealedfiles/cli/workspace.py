"""Where a command works: the folder that holds ``.sealedfiles/``, in git or outside of it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.document import File, describe_file, seal_file
from sealedfiles.document.file import show_path
from sealedfiles.errors import NoKeyError, PolicyError, TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter import UNKNOWN_KEY_HINTS, describe_problem, unknown_key
from sealedfiles.git.repository import find_repository
from sealedfiles.git.versions import Versions
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.identities import Identities
from sealedfiles.keys.recipients import group_names, who_can_help
from sealedfiles.keys.ring import Ring
from sealedfiles.messages import say
from sealedfiles.policy import Policy, parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealedfiles.document import Opened
    from sealedfiles.policy import FileRules

identity_option = click.option(
    "--identity",
    "-i",
    metavar="FILE",
    help="A file with your private key; else it is looked for in the usual places.",
)


class Workspace:
    """One folder that holds ``.sealedfiles/``; ``clone`` is None outside of git."""

    def __init__(self, root: Path, clone: Clone | None, identities: Identities) -> None:
        self.root = root
        self.clone = clone
        self.identities = identities
        self.folder = DirFolder(root / NAME, str(root / NAME))
        self._ring: Ring | None = None
        self._policy: Policy | None = None

    @property
    def ring(self) -> Ring:
        """The group keys at hand."""
        if self.clone:
            return self.clone.ring
        if self._ring is None:
            self._ring = Ring(self.identities, lambda: [self.folder])
        return self._ring

    def group_names(self) -> list[str]:
        """Return the groups that have keys; in a sparse checkout the index knows of them."""
        names = set(group_names(self.folder))
        return sorted(names | set(self.clone.group_names() if self.clone else ()))

    def path_of(self, file: Path) -> bytes:
        """Return a file's path as sealing knows it: relative to the root, with ``/``."""
        if self.clone:
            return self.clone.repository.relative(file)
        absolute = Path(os.path.abspath(file))
        relative = (absolute.parent.resolve() / absolute.name).relative_to(self.root.resolve())
        return unicodedata.normalize("NFC", relative.as_posix()).encode("utf-8", "surrogateescape")

    def describe(self, path: bytes) -> tuple[File, FileRules]:
        """Return how a file is sealed, and by which rules.  Raises PolicyError."""
        if self.clone:
            return self.clone.describe(path)
        if self._policy is None:
            data = self.folder.read("policy.yaml")
            if data is None:
                raise PolicyError(f"{self.folder.root}/policy.yaml is missing")
            self._policy = parse_policy(data, f"{self.folder.root}/policy.yaml")
        rules = self._policy.for_file(os.fsdecode(path))
        return describe_file(path, rules.format), rules

    def describe_to_open(self, path: bytes) -> File:
        """Return the format of a file that is only to be opened; the policy need not be there."""
        return self.clone.describe_for_smudge(path) if self.clone else self.describe(path)[0]

    def seal(self, path: bytes, data: bytes) -> bytes:
        """Seal *data* as git's filter would, by the policy and the version in git.

        Raises PolicyError, NoKeyError, TamperedError.
        """
        file, rules = self.describe(path)
        if self.clone is None:
            return seal_file(data, (), file, rules, self.ring)
        versions = Versions(self.clone)
        candidates = versions.candidates(path, data, file)
        return seal_file(data, candidates, file, rules, self.ring, versions.others(path, data))


def workspace_at(start: Path, identity: str | None = None) -> Workspace:
    """Return the workspace that *start* (a folder) lies in.

    In git only the folder at the top of the work tree counts: one further down would let a pull
    request bring its own rules.  Raises UsageError where there is none.
    """
    identities = Identities(identity)
    repository = find_repository(start)
    if repository:
        clone = Clone(repository, identities)
        if (repository.top / NAME).is_dir() or _is_tracked(clone):
            return Workspace(repository.top, clone, identities)
        raise UsageError(
            f"sealedfiles is not set up in {repository.top}", "set it up: sealedfiles init"
        )
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / NAME).is_dir():
            return Workspace(folder, None, identities)
    raise UsageError(
        f"there is no {NAME} folder at or above {start}", "set it up: sealedfiles init"
    )


def clone_here(identity: str | None = None) -> tuple[Workspace, Clone]:
    """Return the workspace of the current folder, which must be in git.  Raises UsageError."""
    workspace = workspace_at(Path.cwd(), identity)
    if workspace.clone is None:
        raise UsageError("this command works in a git repository only")
    return workspace, workspace.clone


def workspace_of(file: Path, identity: str | None = None) -> Workspace:
    """Return the workspace that *file* lies in.  Raises UsageError."""
    if not file.exists():
        raise UsageError(f"there is no file {file}")
    if not file.is_file():
        raise UsageError(f"{file} is no file")
    return workspace_at(file.absolute().parent, identity)


def _is_tracked(clone: Clone) -> bool:
    """Tell whether the folder is in the index though not in the work tree (a sparse checkout)."""
    return f"{NAME}/policy.yaml".encode() in clone.index.stages()


def report(workspace: Workspace, path: bytes, opened: Opened) -> int:
    """Say which tokens of a file stay sealed; return the exit status that this gives a command.

    Nothing is said of groups whose keys one lacks, as long as one holds some key that the file needs.
    """
    status = 0
    ring = workspace.ring
    without = sorted({p.group for p in opened.problems if p.reason == "no-key"})
    for problem in opened.problems:
        if problem.reason != "no-key":
            say(describe_problem(show_path(path), problem))
            status = TamperedError.exit_code
    if status:
        say(
            "these tokens stay sealed",
            "see how each came there: git log -p -- FILE",
            "put the value itself in the token's place, or the line as it was before",
        )
    for group in [group for group in without if ring.is_member(group)]:
        count = sum(p.reason == "no-key" and p.group == group for p in opened.problems)
        say(f"{show_path(path)}: {unknown_key(group, count)}", *UNKNOWN_KEY_HINTS)
        status = status or NoKeyError.exit_code
    if without and not opened.opened and not status:
        say(
            f"{show_path(path)} stays sealed: no key of {', '.join(without)} is at hand",
            *_who_has(workspace, without),
            *ring.identities.report(),
        )
        status = status or NoKeyError.exit_code
    for trouble in {error.message: error for error in ring.troubles}.values():
        say(trouble.message, *trouble.hints)
        status = status or trouble.exit_code
    return status


def _who_has(workspace: Workspace, groups: list[str]) -> list[str]:
    return [who_can_help(workspace.folder, group) for group in groups]


def each_file(
    files: tuple[str, ...], identity: str | None, act: Callable[[Workspace, Path, bytes], int]
) -> int:
    """Run *act* for every file, with its workspace and path; return the gravest exit status."""
    status = 0
    spaces: dict[Path, Workspace] = {}
    for name in files:
        file = Path(name)
        folder = file.absolute().parent
        if folder not in spaces or not file.is_file():
            spaces[folder] = workspace_of(file, identity)
        space = spaces[folder]
        if space.clone and file.is_symlink():
            # git stores the link and not what it points at, which may lie anywhere.
            raise UsageError(f"{file} is a symbolic link", "name the file itself")
        status = max(status, act(space, file, space.path_of(file)))
    return status
