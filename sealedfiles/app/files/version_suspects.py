"""The values that a reader may not have sealed in any version of a file, for ``diff``."""

from __future__ import annotations

from sealedfiles.app.files.confirm_suspects import staged_file
from sealedfiles.app.files.provenance import find_all
from sealedfiles.app.files.suspects import UNAUTHENTICATED, describe_reason
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.errors import TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.epochs import parse_epochs


class _StoredFile(WorkingFile):
    """A version that git stores: the versions of now do not show who wrote its plaintext."""

    def stored_versions(self) -> list[bytes]:
        return [self.data or b""]


def suspects_of(
    workspace: Workspace, path: bytes, data: bytes, *, is_stored: bool
) -> dict[int | None, str]:
    """Return why values of *data*, a version of the file at *path*, may not come from a reader.

    By the offset in the decrypted text, or None for the file as a whole.  With *is_stored*, git stores this
    version; otherwise, it is the one in the working tree.  Unauthenticated tokens are left out.
    """
    place = staged_file(workspace, path, data)
    found = find_all(_StoredFile(*place) if is_stored else place)
    return {
        None if one.path is None else one.start: describe_reason(one)
        for one in found
        if one.reason != UNAUTHENTICATED
    }


def workspace_for(workspace: Workspace, clone: Clone, tree: str) -> Workspace:
    """Return the workspace that judges the versions of the commit *tree*.

    In a commit of this branch from before a revocation, values under the key that it retired are right.
    """
    is_older = not clone.repository.try_run("merge-base", "--is-ancestor", tree, "HEAD")[0]
    if not is_older or not _lacks_a_revocation(workspace, clone, tree):
        return workspace
    options = ReadOptions(allow_retired=True)
    return Workspace(workspace.root, clone, workspace.identities, options)


def _lacks_a_revocation(workspace: Workspace, clone: Clone, tree: str) -> bool:
    before = TreeFolder(clone.objects, tree)
    for group in workspace.group_names():
        name = f"keys/{group}/epochs"
        text = before.read(name) or b""
        try:
            epochs = parse_epochs(workspace.folder.read(name) or b"", group)
        except TamperedError:
            continue
        if any(one.why == "revoked" and one.key_id.encode() not in text for one in epochs):
            return True
    return False
