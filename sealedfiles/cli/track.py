"""`sealedfiles track`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.track import TrackRequest, track
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.app.tracking.presets import PRESET_NAMES, preset_named
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
@declaration.option(
    "--preset",
    choices=PRESET_NAMES,
    help="Leave in plaintext what is not secret in such files: kinds, versions, images, ports.",
)
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
    preset: str | None,
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
      sealedfiles track 'k8s/*.yaml' --preset kubernetes
      sealedfiles track 'config/*.yaml' --values 'service.**' --plain
    """
    if plain and group:
        raise UsageError("--group and --plain exclude each other")
    if preset and (values or plain or file_format):
        raise UsageError("--preset excludes --values, --plain and --format")
    rule = NewRule(values, group, plain, file_format)
    rules = [] if preset or rule == NewRule() else [rule]
    workspace, clone = clone_here(identity)
    request = TrackRequest(
        dict.fromkeys(patterns, rules),
        Path.cwd(),
        force=force,
        yes=yes,
        preset=preset_named(preset) if preset else None,
        group=group,
    )
    track(workspace, clone, request, TERMINAL)
    clone.close()
    return 0
