"""`sealedfiles who`."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.app.who import matrix as readers
from sealedfiles.app.who import values as of_values
from sealedfiles.app.who.tables import as_lines, as_markdown, file_tables, matrix_tables
from sealedfiles.app.who.values import NEW, FileValues, values_of, with_new
from sealedfiles.app.workspace import Workspace, clone_here, workspace_at, workspace_of
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.errors import UsageError
from sealedfiles.git.folders import IndexFolder
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.sealing.file import show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import say, show, show_list, warn
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from sealedfiles.app.who.matrix import Matrix
    from sealedfiles.git.clone import Clone

_PUBLIC = 0o644


@click.command("who")
@click.argument("file", required=False, type=click.Path(), shell_complete=complete_file)
@click.argument("path", required=False, shell_complete=complete_path)
@click.option(
    "--log",
    is_flag=True,
    help="Show the history: grants and revocations, with dates and authors.",
)
@click.option("--all", "every", is_flag=True, help="With --log: of all branches.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--markdown", is_flag=True, help="Print tables for a pull request or a wiki.")
@click.option(
    "--html", metavar="FILE", type=click.Path(), help="Write a page with readers, files and values."
)
def command(
    file: str | None,
    path: str | None,
    log: bool,
    every: bool,
    as_json: bool,
    markdown: bool,
    html: str | None,
) -> None:
    """Show who can read which groups, files and values.

    Without FILE, shows readers by group.  With FILE, shows its values; with PATH, only the values at that
    key path.  No key is needed.  A ! marks a reader to check: stderr says why.

    \b
    Examples:
      sealedfiles who
      sealedfiles who config/app.yaml production
      sealedfiles who --html access.html
      sealedfiles who --log
    """
    if as_json + markdown + (html is not None) > 1:
        raise UsageError("--json, --markdown and --html exclude one another")
    if every and not log:
        raise UsageError("--all belongs to --log")
    if log:
        if file or markdown or html is not None:
            raise UsageError("--log takes no FILE, and no other form than --json")
        _log(as_json, every)
        return
    workspace = workspace_of(Path(file)) if file else workspace_at(Path.cwd())
    matrix = _matrix(workspace)
    found = _of_file(workspace, Path(file), path) if file else None
    if html is not None:
        _write_page(workspace, matrix, [found] if found else None, Path(html))
    elif as_json:
        show_list(of_values.as_json(found, matrix) if found else readers.as_json(matrix))
    else:
        tables = file_tables(found, matrix) if found else matrix_tables(matrix)
        text = as_markdown(tables) if markdown else as_lines(tables, ascii_only=_ascii_only())
        show(*text.removesuffix("\n").split("\n"))
    if not found:
        for what, fix in matrix.troubles():
            warn(what, fix)


def _matrix(workspace: Workspace) -> Matrix:
    """Read who reads what; where the folder is not checked out, from the index."""
    clone = workspace.clone
    if clone and not workspace.folder.root.is_dir():
        return readers.read_matrix(IndexFolder(clone.objects, clone.index))
    return readers.read_matrix(workspace.folder)


def _of_file(workspace: Workspace, file: Path, wanted: str | None) -> FileValues:
    """Return the values of *file*: as git has them, and those that are new on the disk."""
    path = workspace.path_of(file)
    clone = workspace.clone
    entry = clone.index.stages().get(path, {}).get(0) if clone else None
    blob = clone.objects.blob(entry.oid.encode("ascii")) if clone and entry else None
    disk = file.read_bytes()
    if clone and b"sealed:v1:" not in (blob or b"") + disk and not clone.covers(path):
        raise UsageError(
            f"{show_path(path)} is no file that is sealed: everybody can read it",
            f"to seal it: sealedfiles track {show_path(path)}",
        )
    described = workspace.describe(path)
    values = values_of(disk, *described, state=NEW)
    if blob is not None:
        values = with_new(values_of(blob, *described), values)
    found = FileValues(path, values)
    return found if wanted is None else of_values.select(found, wanted)


def _of_all_files(clone: Clone) -> list[FileValues]:
    entries = tracked_sealed_files(clone)
    with Progress("files", len(entries)) as progress:
        return [
            FileValues(entry.path, values_of(blob, *clone.describe(entry.path)))
            for entry, blob in progress.each(with_blobs(clone, entries))
        ]


def _write_page(
    workspace: Workspace, matrix: Matrix, files: list[FileValues] | None, target: Path
) -> None:
    from sealedfiles.app.who.page import render

    if files is None:
        files = _of_all_files(workspace.clone) if workspace.clone else []
    atomic.replace(target, render(matrix, files, _made(workspace)), _PUBLIC)
    say(f"written: {target}")


def _made(workspace: Workspace) -> str:
    """Say of which repository a page is, of which commit, and when it was made."""
    name = show_path(os.fsencode(workspace.root.name))
    moment = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    made = f"{name}, made by sealedfiles who on {moment}"
    clone = workspace.clone
    if clone is None:
        return made
    code, out, _ = clone.repository.try_run("rev-parse", "--short=12", "--verify", "-q", "HEAD")
    changed = clone.repository.try_run("diff", "--quiet", "HEAD", "--", ".sealedfiles")[0]
    commit = out.decode("ascii", "replace").strip() if code == 0 else "(none yet)"
    note = "; readers have changed since that commit" if changed else ""
    return f"{made}, at commit {commit} and what is staged on it{note}"


def _log(as_json: bool, every: bool) -> None:
    from sealedfiles.app.who import log

    _, clone = clone_here()
    commits = log.read_log(clone, every_branch=every)
    if as_json:
        show_list(log.as_json(commits))
    else:
        show(*log.as_lines(commits))
    if (clone.repository.common_dir / "shallow").exists():
        warn("this clone is shallow: what was before is not here", "git fetch --unshallow")
    if not every:
        for group, reader in log.left_over(commits, log.members_at_head(clone)):
            warn(
                f"the newest commit about {reader} and {group} says another thing than HEAD has",
                "a merge did that: git log -m -p --full-history -- .sealedfiles/keys/"
                f"{group}/{reader}.age",
            )
    clone.objects.close()


def _ascii_only() -> bool:
    try:
        "●".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
