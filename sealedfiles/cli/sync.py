"""`sealedfiles sync`."""

from __future__ import annotations

from sealedfiles.app.rotation.sync import give_up_newer_key, synchronize
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.keys.recipients import check_name
from sealedfiles.util.messages import counted, say


@declaration.command("sync")
@declaration.option(
    "--forget", "forgotten", metavar="GROUP", help="Forget a newer key that this clone has seen."
)
@declaration.option("--yes", is_flag=True, help="Answer every question with yes.")
@identity_option
def command(forgotten: str | None, yes: bool, identity: str | None) -> int:
    """Repair keys and tokens after a merge.

    Combines what two branches did to a group (two rotations, or a grant here and a rotation there), and
    reseals, in the index, the values under older keys.  Readers who were granted access under an older key,
    and values that were added under one after a reader was removed, are listed, and you are asked about them.

    Use --forget GROUP after you abandoned a rotation: it accepts the keys in this version as the newest.
    """
    workspace, clone = clone_here(identity)
    if forgotten:
        group = check_name(forgotten, "group")
        give_up_newer_key(clone, group, TERMINAL, yes=yes)
        say(f"forgotten; values of {group} are sealed with the keys of this version again")
        return 0
    synced = synchronize(workspace, clone, TERMINAL, yes=yes)
    clone.objects.close()
    if synced.files:
        say(f"resealed {counted(synced.files, 'file')}; staged: commit and push now")
    if not synced.repairs and not synced.files and synced.is_complete:
        say("nothing to do: all values use the current keys")
    return 0 if synced.is_complete else SealedFilesError.exit_code
