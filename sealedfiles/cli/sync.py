"""`sealedfiles sync`."""

from __future__ import annotations

import click

from sealedfiles.app.rotation.synchronizing import give_up_newer_key, synchronize
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.keys.recipients import check_name
from sealedfiles.util.messages import counted, say


@click.command("sync")
@click.option("--forget", "forgotten", metavar="GROUP", help="Give up a newer key that was seen.")
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
@identity_option
def command(forgotten: str | None, yes: bool, identity: str | None) -> int:
    """Repair keys and tokens after a merge.

    Unites what two branches did to a group (two rotations, a reader let in here and a rotation there), and
    seals anew, in the index, what is under older keys.  Readers who were let in under an older key, and
    values that appeared under one after somebody was taken out, are named, and you are asked.

    --forget GROUP is for a rotation that was given up: the keys that are here now are the newest again.
    """
    workspace, clone = clone_here(identity)
    if forgotten:
        group = check_name(forgotten, "group")
        give_up_newer_key(clone, group, TERMINAL, yes=yes)
        say(f"forgotten; values of {group} are sealed again with the keys that are here")
        return 0
    synced = synchronize(workspace, clone, TERMINAL, yes=yes)
    clone.objects.close()
    if synced.files:
        say(f"resealed {counted(synced.files, 'file')}; staged: commit and push now")
    if not synced.repairs and not synced.files and synced.is_complete:
        say("nothing to do: all values use the current keys")
    return 0 if synced.is_complete else SealedFilesError.exit_code
