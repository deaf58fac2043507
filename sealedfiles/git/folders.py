"""Read ``.sealedfiles/`` from a commit's tree, from the index, or from the working tree."""

from __future__ import annotations

import os

from sealedfiles.errors import ConflictError, GitError
from sealedfiles.git.index import LINK_MODE, Index
from sealedfiles.git.objects import Objects, parse_tree
from sealedfiles.keys.folder import NAME, DirFolder, symlink_refused
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TREE, _SUBMODULE = "40000", "160000"


def unreadable(what: str) -> GitError:
    """Return the error for a part of the history that may show a revocation."""
    return GitError(
        f"git cannot read {what}: it may show a revocation",
        "fetch all objects: git fetch --refetch --no-filter",
        "otherwise look for damage: git fsck",
    )


class TreeFolder:
    """``.sealedfiles/`` in a commit or tree.

    With *is_evidence*, a file that the tree has and that cannot be read is an error: what is not read shows
    no revocation.
    """

    def __init__(
        self, objects: Objects, treeish: str, where: str = "", *, is_evidence: bool = False
    ) -> None:
        self.where = where or treeish
        self._objects = objects
        self._treeish = treeish
        self._is_evidence = is_evidence
        self._trees: dict[str, dict[str, tuple[str, str]]] = {}

    def _tree(self, name: str) -> dict[str, tuple[str, str]]:
        if name not in self._trees:
            full = f"{NAME}/{name}".removesuffix("/")
            found = self._objects.read(f"{self._treeish}:{full}".encode())
            is_tree = found is not None and found.type == "tree"
            if found is None and self._is_evidence and self._is_listed(name):
                raise unreadable(f"{full} of commit {self._treeish}")
            self._trees[name] = (
                parse_tree(found.data, len(found.oid) // 2) if found and is_tree else {}
            )
        return self._trees[name]

    def _is_listed(self, name: str) -> bool:
        """Return True if the folder above has *name* as a folder."""
        folder, _, base = name.rpartition("/")
        return bool(name) and self._tree(folder).get(base, ("", ""))[0] == _TREE

    def read(self, name: str) -> bytes | None:
        """See sealedfiles.keys.folder.MetadataSource."""
        folder, _, base = name.rpartition("/")
        mode, oid = self._tree(folder).get(base, ("", ""))
        if mode == LINK_MODE:
            raise symlink_refused(name)
        if not oid or mode in (_TREE, _SUBMODULE):
            return None
        data = self._objects.blob(oid.encode("ascii"))
        if data is None and self._is_evidence:
            raise unreadable(f"{NAME}/{name} of commit {self._treeish}")
        return data

    def list(self, name: str) -> list[str]:
        """See sealedfiles.keys.folder.MetadataSource."""
        return sorted(self._tree(name))


class IndexFolder:
    """``.sealedfiles/`` in the index, at stage 0."""

    where = "the index"

    def __init__(self, objects: Objects, index: Index) -> None:
        self._objects = objects
        self._index = index

    def read(self, name: str) -> bytes | None:
        """See sealedfiles.keys.folder.MetadataSource."""
        stages = self._index.stages(f"{NAME}/{name}".encode())
        if stages and 0 not in stages:
            raise ConflictError(
                f"{NAME}/{name} has a merge conflict",
                "do not merge these files in an editor; run: sealedfiles sync",
            )
        if not stages:
            return None
        if stages[0].mode == LINK_MODE:
            raise symlink_refused(name)
        return self._objects.blob(stages[0].oid.encode("ascii"))

    def list(self, name: str) -> list[str]:
        """See sealedfiles.keys.folder.MetadataSource."""
        prefix = f"{NAME}/{name}/".encode()
        below = (entry.path[len(prefix) :] for entry in self._index.entries(folder=prefix))
        return sorted({path.partition(b"/")[0].decode("utf-8", "replace") for path in below})


class WorkTreeFolder(DirFolder):
    """``.sealedfiles/`` in the working tree, or in the index if it is not checked out."""

    def __init__(
        self, root: Path | str, objects: Objects, index: Index, where: str = "the working tree"
    ) -> None:
        super().__init__(root, where)
        self._in_index = IndexFolder(objects, index)

    def read(self, name: str) -> bytes | None:
        """See sealedfiles.keys.folder.MetadataSource."""
        return super().read(name) if os.path.lexists(self.name) else self._in_index.read(name)

    def list(self, name: str) -> list[str]:
        """See sealedfiles.keys.folder.MetadataSource."""
        return super().list(name) if os.path.lexists(self.name) else self._in_index.list(name)
