"""The values that a reader may not have sealed in any version of a file, for ``diff``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sealedfiles.app.files.provenance import find_all
from sealedfiles.app.files.suspects import UNAUTHENTICATED, describe_reason
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.epochs import parse_epochs


class _StoredFile(WorkingFile):
    """A version that git stores: the versions of now do not show who wrote its plaintext."""

    def stored_versions(self) -> list[bytes]:
        return [self.data or b""]


def suspects_of(place: WorkingFile, *, is_stored: bool) -> dict[int | None, str]:
    """Return why values of *place*, a version of a file, may not come from a reader.

    By the offset in the decrypted text, or None for the file as a whole.  With *is_stored*, git stores this
    version; otherwise, it is the one in the working tree.  Unauthenticated tokens are left out.
    """
    found = find_all(_StoredFile(*place) if is_stored else place)
    return {
        None if one.path is None else one.start: describe_reason(one)
        for one in found
        if one.reason != UNAUTHENTICATED
    }


class _Before(Workspace):
    """The workspace before a revocation: of the groups ``exempt``, no key counts as retired."""

    exempt: frozenset[str] = frozenset()

    def is_retired(self, group: str, key_id: str) -> bool:
        return group not in self.exempt and super().is_retired(group, key_id)


def workspace_for(workspace: Workspace, clone: Clone, tree: str) -> Workspace:
    """Return the workspace that judges the versions of the commit *tree*.

    In a commit of this branch from before a revocation, values under the keys of that group are right.
    """
    is_older = not clone.repository.try_run("merge-base", "--is-ancestor", tree, "HEAD")[0]
    exempt = frozenset(_revoked_later(workspace, clone, tree) if is_older else ())
    if not exempt:
        return workspace
    before = _Before(workspace.root, clone, workspace.identities)
    before.exempt = exempt
    return before


def _revoked_later(workspace: Workspace, clone: Clone, tree: str) -> Iterator[str]:
    """Yield the groups of which a reader was removed after the commit *tree*."""
    before = TreeFolder(clone.objects, tree)
    for group in workspace.group_names():
        name = f"keys/{group}/epochs"
        text = before.read(name) or b""
        with contextlib.suppress(TamperedError):
            epochs = parse_epochs(workspace.folder.read(name) or b"", group)
            if any(one.why == "revoked" and one.key_id.encode() not in text for one in epochs):
                yield group
