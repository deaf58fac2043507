"""Read access, and the values of files, from a workspace, for ``who``."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

from sealedfiles.app.who.matrix import Matrix, read_matrix
from sealedfiles.app.who.values import NEW, FileValues, select, values_of, with_new
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.sealing.file import show_path
from sealedfiles.util.progress import Progress


def access_matrix(workspace: Workspace) -> Matrix:
    """Return the access of a workspace."""
    return read_matrix(workspace.folder)


def values_of_file(workspace: Workspace, file: Path, wanted: str | None) -> FileValues:
    """Return the values of *file* in git, and those that are new on the disk."""
    path = workspace.path_of(file)
    clone = workspace.clone
    entry = clone.index.entry(path) if clone else None
    blob = clone.objects.blob(entry.oid.encode("ascii")) if clone and entry else None
    disk = file.read_bytes()
    if clone and b"sealed:v1:" not in (blob or b"") + disk and not clone.covers(path):
        raise UsageError(
            f"{show_path(path)} is not sealed: anyone with the repository can read it",
            f"to seal it: sealedfiles track {show_path(path)}",
        )
    described = workspace.describe(path)
    values = values_of(disk, *described, state=NEW)
    if blob is not None:
        values = with_new(values_of(blob, *described), values)
    found = FileValues(path, values)
    return found if wanted is None else select(found, wanted)


def values_of_all_files(clone: Clone) -> list[FileValues]:
    """Return the values of every tracked file in git."""
    entries = tracked_sealed_files(clone)
    with Progress("files", len(entries)) as progress:
        return [
            FileValues(entry.path, values_of(blob, *clone.describe(entry.path)))
            for entry, blob in progress.each(with_blobs(clone, entries))
        ]


def origin_of_page(workspace: Workspace) -> str:
    """Return the repository, the commit and the creation time of a page, as text."""
    name = show_path(os.fsencode(workspace.root.name))
    moment = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    made = f"{name}, created by sealedfiles who on {moment}"
    clone = workspace.clone
    if clone is None:
        return made
    code, out, _ = clone.repository.try_run("rev-parse", "--short=12", "--verify", "-q", "HEAD")
    changed = clone.repository.try_run("diff", "--quiet", "HEAD", "--", ".sealedfiles")[0]
    commit = out.decode("ascii", "replace").strip() if code == 0 else "(none yet)"
    note = "; readers have changed since that commit" if changed else ""
    return f"{made}, at commit {commit} with staged changes{note}"
