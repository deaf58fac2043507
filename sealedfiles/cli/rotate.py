"""`sealedfiles rotate`."""

from __future__ import annotations

import click

from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.util.messages import counted, say


@click.command("rotate")
@click.argument("groups", metavar="[GROUP]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Also reseal values under a retired key without asking.")
@identity_option
def command(groups: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Generate a new key for a group and reseal its values.

    By default for every group that you read.  The values are resealed in the index; the working tree does
    not change.  The values stay the same: everyone who could read them still knows them.  After an
    interruption, run it again to resume.  Values that were added under a retired key are listed, and you
    are asked about them.
    """
    workspace, clone = clone_here(identity)
    known = workspace.group_names()
    unknown = [group for group in groups if group not in known]
    if unknown:
        raise UsageError(f"there is no group {unknown[0]}", f"there are: {', '.join(known)}")
    wanted = list(groups) or [group for group in known if clone.ring.holds(group)]
    for group in wanted:
        clone.ring.current(group)  # refused with who could do it
    kept = tokens_to_keep(clone, wanted, TERMINAL, yes=yes, command="sealedfiles sync --yes")
    renewed = new_keys(clone, wanted, "rotated", kept=kept)
    clone.objects.close()
    for group, key_id in renewed.key_ids.items():
        say(f"{group} has a new key ({key_id})")
    say(f"resealed {counted(len(renewed.files), 'file')}; staged: commit and push now")
    return SealedFilesError.exit_code if kept else 0
