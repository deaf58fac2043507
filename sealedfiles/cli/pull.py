"""`sealedfiles pull`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.push.pulling import PreparedPull, prepare_pull, pull
from sealedfiles.app.workspace import ReadOptions
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file
from sealedfiles.cli.files import json_option, reading_options
from sealedfiles.cli.targets import complete_target, confirm, here
from sealedfiles.errors import UsageError
from sealedfiles.util.messages import counted, say, show, show_list


@declaration.command("pull")
@declaration.argument("target", shell_complete=complete_target)
@declaration.argument("file", metavar="FILE", shell_complete=complete_file)
@declaration.option("--yes", is_flag=True, help="Do not ask.")
@declaration.option("--dry-run", is_flag=True, help="Print the plan only.")
@json_option
@reading_options
def command(
    target: str, file: str, yes: bool, dry_run: bool, as_json: bool, options: ReadOptions
) -> None:
    """Import the values of a store into a sealed file.

    FILE is a file of TARGET, and may be new if a pattern tracks it.  Only values that differ are replaced;
    nothing else in the file changes.  A name that no value of the file has is added as a key at the top.
    Values that the policy would leave in plaintext are refused.  The plan is printed by names, and applied
    after confirmation.  Then review with git diff, and commit.

    GitHub and Gitea do not return values.

    \b
    Examples:
      sealedfiles pull production config/production.yaml
    """
    if dry_run and yes:
        raise UsageError("--dry-run excludes --yes")
    if as_json and not (yes or dry_run):
        raise UsageError("--json needs --yes or --dry-run")
    workspace, clone = here(options)
    prepared = prepare_pull(workspace, clone, target, Path(file), options)
    count = len(prepared.writes)
    if not as_json:
        _show_plan(prepared)
    if count and not dry_run:
        confirm(f"Write {counted(count, 'value')} to {prepared.place.name}?", yes=yes)
        pull(prepared)
        say(f"{prepared.place.name}: wrote {counted(count, 'value')}")
    elif not count:
        say(f"{prepared.place.name} is up to date")
    if as_json:
        _show_json(prepared, is_done=not dry_run)
    clone.close()


def _show_plan(prepared: PreparedPull) -> None:
    width = max((len(change.name) for change in prepared.changes), default=0)
    for change in prepared.changes:
        show(f"{change.kind:7}  {change.name:{width}}  {change.key}".rstrip())


def _show_json(prepared: PreparedPull, *, is_done: bool) -> None:
    writes = prepared.writes
    show_list(
        {
            "target": prepared.target.name,
            "from": prepared.target.url,
            "path": prepared.place.name,
            "changes": [
                {
                    "change": change.kind,
                    "name": change.name,
                    "key": change.key,
                    "done": is_done and change in writes,
                }
                for change in prepared.changes
            ],
        }
    )
