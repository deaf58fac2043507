"""Read ``.sealedfiles/`` from the file system or (in ``sealedfiles.git``) from a git tree."""

from __future__ import annotations

import os
import stat
from functools import cached_property

from sealedfiles.errors import NoGroupError, TamperedError
from sealedfiles.light_typing import TYPE_CHECKING, Protocol
from sealedfiles.util.messages import shell_word

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".sealedfiles"
POLICY = "policy.yaml"
"""The name of the policy in it."""


class MetadataSource(Protocol):
    """One version of a ``.sealedfiles`` folder.  Names are relative to the folder, with ``/``."""

    where: str
    """Its name in messages: ``the working tree``, ``HEAD``."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if it does not exist.

        Raises TamperedError for a symlink and, in the working tree, for a file in a submodule.
        """
        ...

    def list(self, name: str) -> list[str]:
        """Return the names in a folder, sorted; empty if the folder does not exist."""
        ...


def no_folder(branch: str = "BRANCH") -> NoGroupError:
    """Return the error for a branch from before `init`, on which creating a group would be useless."""
    return NoGroupError(
        f"this branch has no {NAME}/, so nothing can be sealed here",
        f"merge the branch that has it: git merge {shell_word(branch)}",
        f"or: git checkout {shell_word(branch)} -- {NAME} .gitattributes",
    )


def no_group(group: str) -> NoGroupError:
    """Return the error for a group that does not exist."""
    return NoGroupError(
        f"the group {group} does not exist",
        f"create it, with yourself as its first reader: sealedfiles grant NAME --to {group}",
    )


def symlink_refused(name: str) -> TamperedError:
    """Return the error for a symlink, with which a pull request could refer to files outside."""
    return TamperedError(
        f"{NAME}/{name} is a symbolic link, which is refused",
        "replace it with the file itself",
    )


def _repository_refused(name: str) -> TamperedError:
    """Return the error for a submodule, in which old keys can be restored: its history is not searched."""
    path = f"{NAME}/{name}".rstrip("/")
    return TamperedError(
        f"{NAME}/{name} is a submodule or another repository, which is refused",
        f"find who added it, and restore the files from before: git log -- {shell_word(path)}",
        f"if git has these files now, the submodule was left behind: rm -rf {shell_word(f'{path}/.git')}",
    )


class DirFolder:
    """A ``.sealedfiles`` folder in the file system."""

    def __init__(self, root: Path | str, where: str = "the working tree") -> None:
        self.name = os.fspath(root)
        """The folder as a string."""
        self.where = where

    @cached_property
    def root(self) -> Path:
        """The folder."""
        from pathlib import Path  # imported here because the filter does not need it

        return Path(self.name)

    def _find(self, name: str) -> str | None:
        """Return the path of *name*, or None if it does not exist.

        Raises TamperedError for a symlink and in a submodule.
        """
        path = self.name
        for step in ("", *name.split("/")):
            path = os.path.join(path, step) if step else path
            try:
                mode = os.lstat(path).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return None
            if stat.S_ISLNK(mode):
                raise symlink_refused(os.path.relpath(path, self.name) if step else "")
            if stat.S_ISDIR(mode) and os.path.lexists(os.path.join(path, ".git")):
                raise _repository_refused(os.path.relpath(path, self.name) if step else "")
        return path

    def read(self, name: str) -> bytes | None:
        """See Folder."""
        path = self._find(name)
        if path is None or os.path.isdir(path):
            return None
        with open(path, "rb") as file:
            return file.read()

    def list(self, name: str) -> list[str]:
        """See Folder."""
        path = self._find(name)
        return sorted(os.listdir(path)) if path and os.path.isdir(path) else []
