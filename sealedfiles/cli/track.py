"""`sealedfiles track`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.track import TrackRequest, preview, track
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.app.tracking.presets import PRESET_NAMES, preset_named
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.model.policy import FORMATS
from sealedfiles.util.messages import counted, printable, say, show, show_list


@declaration.command("track")
@declaration.argument("patterns", metavar="[PATTERN...]", nargs=-1, is_path=True)
@declaration.option(
    "--group",
    "-g",
    shell_complete=complete_group,
    help="Seal the values to this group (default: default).",
)
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
@declaration.option(
    "--force", is_flag=True, help="Also track files of another filter or encryption tool."
)
@declaration.option(
    "--yes",
    is_flag=True,
    help="Do not ask before values get other readers, or pushed plaintext or a copied token is sealed.",
)
@declaration.option(
    "--dry-run", is_flag=True, help="Report what would be sealed, and change nothing."
)
@json_option
@identity_option
def command(
    patterns: tuple[str, ...],
    group: str | None,
    values: tuple[str, ...],
    plain: bool,
    preset: str | None,
    file_format: str | None,
    force: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    identity: str | None,
) -> int:
    """Seal the files that match a pattern, or list the patterns.

    Without PATTERN, lists the tracked patterns, each with its number of files in git and of new files.

    PATTERN is written as in .gitattributes.  Files that are already in git are sealed in the index
    immediately; their history does not change.  A folder stands for all files in it.  Paths are relative to
    the current folder.

    \b
    Examples:
      sealedfiles track 'secrets/*.yaml' '*.env' config/app.json
      sealedfiles track 'config/*.yaml' --values 'production.**' --group production
      sealedfiles track 'k8s/*.yaml' --preset kubernetes
      sealedfiles track 'config/*.yaml' --values 'service.**' --plain
      sealedfiles track '*.env' --dry-run
      sealedfiles track
    """
    rule = NewRule(values, group, plain, file_format)
    if not patterns:
        if rule != NewRule() or preset or force or yes or dry_run:
            raise UsageError("these options need a PATTERN")
        return _list(identity, as_json=as_json)
    if as_json:
        raise UsageError("--json lists the patterns: it takes no PATTERN")
    if plain and group:
        raise UsageError("--group and --plain exclude each other")
    if preset and (values or plain or file_format):
        raise UsageError("--preset excludes --values, --plain and --format")
    rules = [] if preset or rule == NewRule() else [rule]
    request = TrackRequest(
        dict.fromkeys(patterns, rules),
        Path.cwd(),
        force=force,
        yes=yes,
        preset=preset_named(preset) if preset else None,
        group=group,
    )
    if dry_run:
        workspace, clone = clone_here(identity)
        preview(workspace, clone, request, TERMINAL)
        clone.close()
    else:
        _track(identity, request)
    return 0


@exclusive()
def _track(identity: str | None, request: TrackRequest) -> None:
    workspace, clone = clone_here(identity)
    track(workspace, clone, request, TERMINAL)
    clone.close()


def _list(identity: str | None, *, as_json: bool) -> int:
    from sealedfiles.app.tracking.pattern_list import tracked_patterns

    _, clone = clone_here(identity)
    found = tracked_patterns(clone, TERMINAL)
    clone.close()
    if as_json:
        show_list({"patterns": [one._asdict() for one in found]})
        return 0
    width = max((len(printable(one.pattern)) for one in found), default=0)
    for one in found:
        new = f", {one.new} not in git" if one.new else ""
        show(f"{printable(one.pattern):<{width}}  {counted(one.files, 'file')}{new}")
    if not found:
        say("no patterns are tracked", "to seal files: sealedfiles track PATTERN")
    return 0
