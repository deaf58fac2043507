"""`sealedfiles doctor`."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from sealedfiles.app.doctor import Level, Point, examine
from sealedfiles.app.workspace import workspace_at
from sealedfiles.cli import declaration
from sealedfiles.cli.files import json_option
from sealedfiles.errors import GitError, SealedFilesError, UsageError
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import show, show_list


@declaration.command("doctor")
@json_option
@declaration.option(
    "--report", is_flag=True, help="Print a report for a bug, without names and secrets."
)
def command(as_json: bool, report: bool) -> int:
    """Check the installation and this clone.

    Prints a list of checks and, for each problem, the command that fixes it.  Changes nothing.  Exits with
    status 1 if there is an error.
    """
    unusable: list[Point] = []
    try:
        workspace = workspace_at(Path.cwd())
    except UsageError:
        workspace = None
    except GitError as error:
        workspace = None
        unusable = [Point(Level.ERROR, error.message, error.hints[-1], "repository")]
    points = [*unusable, *examine(workspace)]
    if workspace and workspace.clone:
        workspace.clone.close()
    if as_json:
        rows = [
            {"name": p.name, "severity": p.level.value, "message": p.text, "fix": p.fix}
            for p in points
        ]
        show_list({"checks": rows})
    elif report:
        show(*_report(points))
    else:
        for point in points:
            show(f"{point.level.value:<8} {point.name}: {point.text}")
            if point.fix:
                show(f"{'':<8} -> {point.fix}")
        if workspace is None and not unusable:
            show("         no .sealedfiles here: checked the installation only")
    failed = any(point.level is Level.ERROR for point in points)
    return SealedFilesError.exit_code if failed else 0


_PRIVATE = lazy_pattern(r"'[^']*'|\S*/\S*|age1\S*")


def _report(points: list[Point]) -> list[str]:
    """Return the lines of the report, without the names of files, groups, readers and keys."""
    lines = [f"system: {platform.platform()}", f"interpreter: {sys.implementation.name}", ""]
    for point in points:
        name = "group" if point.name.startswith("group ") else point.name
        text = _PRIVATE.sub("…", point.text)
        if name == "attributes":
            text = text.partition(":")[0]
        lines.append(f"{point.level.value:<8} {name}: {text}")
    return lines
