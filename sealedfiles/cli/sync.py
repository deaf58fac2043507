"""`sealedfiles sync`."""

from __future__ import annotations

from sealedfiles.app.rotation.sync import give_up_newer_key, synchronize
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.keys.recipients import check_name
from sealedfiles.util.messages import say


@declaration.command("sync")
@declaration.option(
    "--forget",
    "forgotten",
    metavar="GROUP",
    shell_complete=complete_group,
    help="Forget the newer key of GROUP that this clone has seen.",
)
@declaration.option("--yes", is_flag=True, help="Answer yes to all questions.")
@identity_option
@exclusive()
def command(forgotten: str | None, yes: bool, identity: str | None) -> int:
    """Repair keys and tokens after a merge.

    Combines the changes that two branches made to a group (two rotations, or a grant on one and a rotation
    on the other), and reseals values under older keys in the index.  Readers who were granted access under
    an older key, and values that were added under an older key after a reader was removed, are listed, and
    you are asked about them.

    Use --forget GROUP after you abandon a rotation: it accepts the keys in this version as the newest.
    """
    workspace, clone = clone_here(identity)
    if forgotten:
        group = check_name(forgotten, "group")
        give_up_newer_key(clone, group, TERMINAL, yes=yes)
        say(f"forgotten; values of {group} are again sealed with the keys in this version")
        return 0
    is_complete = synchronize(workspace, clone, TERMINAL, yes=yes)
    clone.close()
    return 0 if is_complete else SealedFilesError.exit_code
