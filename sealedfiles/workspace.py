"""Where one works: the folder that holds ``.sealedfiles/``, in git or outside of it."""

from __future__ import annotations

import os
import unicodedata
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sealedfiles import atomic
from sealedfiles.document import File, describe_file, seal_file
from sealedfiles.errors import PolicyError, UsageError
from sealedfiles.git.attributes import is_sealed_path
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.git.setup import is_configured
from sealedfiles.git.versions import Versions
from sealedfiles.git.worktree import replace_file
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.keys.identities import Identities
from sealedfiles.keys.recipients import group_names, who_can_help
from sealedfiles.keys.ring import Ring
from sealedfiles.policy import Policy, parse_policy

if TYPE_CHECKING:
    from sealedfiles.policy import FileRules


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
        """Return a file's path as sealing knows it: relative to the root, with ``/``.

        Raises UsageError for one outside of the root.
        """
        if self.clone:
            return self.clone.repository.relative(file)
        absolute = Path(os.path.abspath(file))
        try:
            relative = (absolute.parent.resolve() / absolute.name).relative_to(self.root.resolve())
        except ValueError:
            raise UsageError(f"{file} is not in {self.root}") from None
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

    def who_can_open(self, group: str) -> list[str]:
        """Return hints for somebody who has no key of *group*: who reads it, where keys were looked for."""
        return [who_can_help(self.folder, group), *self.ring.identities.report()]

    def seal(self, path: bytes, data: bytes, before: bytes = b"") -> bytes:
        """Seal *data* as git's filter would, by the policy and the version in git.

        *before*, where given, is a nearer previous version: the file as it was sealed on the disk.
        Raises PolicyError, NoKeyError, TamperedError.
        """
        file, rules = self.describe(path)
        nearest = [before] if before else []
        if self.clone is None:
            return seal_file(data, nearest, file, rules, self.ring)
        versions = Versions(self.clone)
        candidates = chain(nearest, versions.candidates(path, data, file))
        return seal_file(data, candidates, file, rules, self.ring, versions.others(path, data))

    def replace(self, file: Path, data: bytes) -> None:
        """Make *data* the content of *file* in one step.  Raises OSError."""
        if self.clone:
            replace_file(self.clone.repository, file, data)
        else:
            atomic.sweep(file.parent)
            atomic.replace(file, data)

    def is_filtered(self, path: bytes) -> bool:
        """Tell whether git's filter seals the file at *path*, so that it lies open in the work tree."""
        clone = self.clone
        if clone is None or clone.state.locked or not is_configured(clone.repository):
            return False
        return is_sealed_path(clone.repository, path)


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
