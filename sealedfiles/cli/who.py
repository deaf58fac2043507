"""`sealedfiles who`."""

from __future__ import annotations

import sys
from pathlib import Path

from sealedfiles.app.who import matrix as readers
from sealedfiles.app.who import values as of_values
from sealedfiles.app.who.matrix import Matrix
from sealedfiles.app.who.tables import as_lines, as_markdown, file_tables, matrix_tables
from sealedfiles.app.who.values import FileValues
from sealedfiles.app.workspace import Workspace, clone_here, workspace_at, workspace_of
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file, complete_path
from sealedfiles.cli.files import json_option
from sealedfiles.errors import UsageError
from sealedfiles.git.commits import is_shallow
from sealedfiles.util import atomic
from sealedfiles.util.messages import say, shell_path, show, show_list, warn

_PUBLIC = 0o644


@declaration.command("who")
@declaration.argument("file", required=False, is_path=True, shell_complete=complete_file)
@declaration.argument("path", required=False, shell_complete=complete_path)
@declaration.option(
    "--log",
    is_flag=True,
    help="Show the history: grants, revocations and rotated values, with dates and authors.",
)
@declaration.option("--all", "every", is_flag=True, help="With --log: include all branches.")
@json_option
@declaration.option("--markdown", is_flag=True, help="Print tables for a pull request or a wiki.")
@declaration.option(
    "--html",
    metavar="FILE",
    is_path=True,
    help="Write an HTML page with current and former readers, rules, findings, files and values.",
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

    Without FILE, lists readers by group.  With FILE, lists its values; with PATH, only the values at that
    key path.  No key is needed.  A ! marks a reader to check; the reason is on stderr.

    \b
    Examples:
      sealedfiles who
      sealedfiles who config/app.yaml production
      sealedfiles who --html access.html
      sealedfiles who --log
    """
    if as_json + markdown + (html is not None) > 1:
        raise UsageError("--json, --markdown and --html exclude each other")
    if every and not log:
        raise UsageError("--all needs --log")
    if log:
        if file or markdown or html is not None:
            raise UsageError("--log allows no FILE, and no format except --json")
        _log(as_json, every)
        return
    workspace = workspace_of(Path(file)) if file else workspace_at(Path.cwd())
    matrix = readers.read_matrix(workspace.folder)
    found = of_values.values_of_file(workspace, Path(file), path) if file else None
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


def _write_page(
    workspace: Workspace, matrix: Matrix, files: list[FileValues] | None, target: Path
) -> None:
    from sealedfiles.app.who.page import origin_of_page, render
    from sealedfiles.app.who.review import read_review

    review = None
    if files is None:
        files = []
        if workspace.clone:
            files = of_values.values_of_all_files(workspace.clone)
            review = read_review(workspace.clone)
    atomic.write(target, render(matrix, files, origin_of_page(workspace), review), _PUBLIC)
    say(f"wrote {target}")


def _log(as_json: bool, every: bool) -> None:
    from sealedfiles.app.who import log

    _, clone = clone_here()
    commits = log.read_log(clone, every_branch=every)
    everything = log.with_rotations(commits, clone, every_branch=every)
    if as_json:
        show_list(log.as_json(everything))
    else:
        show(*log.as_lines(everything))
    if is_shallow(clone.repository):
        warn("this clone is shallow: earlier changes are missing", "git fetch --unshallow")
    if not every:
        for group, reader in log.left_over(commits, log.members_at_head(clone)):
            warn(
                f"the newest commit about {reader} and {group} differs from HEAD",
                "find the merge that changed it: git log -m -p --full-history -- "
                f"{shell_path(f'.sealedfiles/keys/{group}/{reader}.age')}",
            )
    clone.close()


def _ascii_only() -> bool:
    try:
        "●".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
