"""`sealedfiles track`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.track import TrackRequest, track
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.model.policy import FORMATS


@declaration.command("track")
@declaration.argument("patterns", metavar="PATTERN...", nargs=-1, required=True, is_path=True)
@declaration.option("--group", "-g", help="Seal the values to this group (default: default).")
@declaration.option(
    "--values",
    metavar="PATH",
    multiple=True,
    help="Only values whose key path matches, such as 'production.**'.  May be repeated.",
)
@declaration.option("--plain", is_flag=True, help="Leave these values in plaintext.")
@declaration.option("--format", "file_format", choices=(FORMATS), help="Override the format.")
@declaration.option("--force", is_flag=True, help="Also track files that belong to another filter.")
@declaration.option(
    "--yes",
    is_flag=True,
    help="Do not ask before values get other readers, or pushed plaintext is sealed.",
)
@identity_option
@exclusive()
def command(
    patterns: tuple[str, ...],
    group: str | None,
    values: tuple[str, ...],
    plain: bool,
    file_format: str | None,
    force: bool,
    yes: bool,
    identity: str | None,
) -> int:
    """Seal the files that match a pattern.

    PATTERN is written as in .gitattributes.  Files that are already in git are sealed in the index
    immediately; their history does not change.  A folder stands for all files in it.  Paths are relative to
    the current folder.

    \b
    Examples:
      sealedfiles track 'secrets/*.yaml' '*.env' config/app.json
      sealedfiles track 'config/*.yaml' --values 'production.**' --group production
      sealedfiles track 'k8s/*.yaml' --values kind --values 'metadata.**' --plain
    """
    if plain and group:
        raise UsageError("--group and --plain exclude each other")
    workspace, clone = clone_here(identity)
    request = TrackRequest(
        patterns, Path.cwd(), group, values, plain, file_format, force=force, yes=yes
    )
    track(workspace, clone, request, TERMINAL)
    clone.close()
    return 0
