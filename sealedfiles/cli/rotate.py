"""`sealedfiles rotate`."""

from __future__ import annotations

from sealedfiles.app.rotation.renewal import rotate_groups
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.util.messages import counted, say


@declaration.command("rotate")
@declaration.argument("groups", metavar="[GROUP]...", nargs=-1, shell_complete=complete_group)
@declaration.option(
    "--yes", is_flag=True, help="Also reseal values under a retired key without asking."
)
@identity_option
@exclusive()
def command(groups: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Generate a new key for a group and reseal its values.

    By default, this applies to every group that you read.  The values are resealed in the index; the working
    tree does not change.  The values stay the same: everyone who could read them still knows them.  After an
    interruption, run the command again to resume.  Values that were added under a retired key are listed, and
    you are asked about them.
    """
    workspace, clone = clone_here(identity)
    rotation = rotate_groups(workspace, clone, groups, TERMINAL, yes=yes)
    clone.close()
    for group, key_id in rotation.key_ids.items():
        say(f"{group} has a new key ({key_id})")
    say(f"resealed {counted(rotation.files, 'file')}; staged: commit and push now")
    return 0 if rotation.is_complete else SealedFilesError.exit_code
