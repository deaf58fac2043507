"""`sealedfiles rotate`."""

from __future__ import annotations

import click

from sealedfiles.cli.files import identity_option
from sealedfiles.errors import UsageError
from sealedfiles.git.renewal import new_keys
from sealedfiles.messages import counted, say
from sealedfiles.workspace import clone_here


@click.command("rotate")
@click.argument("groups", metavar="[GROUP]...", nargs=-1)
@identity_option
def command(groups: tuple[str, ...], identity: str | None) -> None:
    """Make a new key for GROUP (else for every group that you read), and seal all its values with it.

    In the index: the work tree stays as it is.  Values do not change by it: whoever could read them still
    knows them.  Run again after it was cut off, it goes on where it was.
    """
    workspace, clone = clone_here(identity)
    known = workspace.group_names()
    unknown = [group for group in groups if group not in known]
    if unknown:
        raise UsageError(f"there is no group {unknown[0]}", f"there are: {', '.join(known)}")
    wanted = list(groups) or [group for group in known if clone.ring.holds(group)]
    for group in wanted:
        clone.ring.current(group)  # refused with who could do it
    renewed = new_keys(clone, wanted, "rotated")
    clone.objects.close()
    for group, key_id in renewed.key_ids.items():
        say(f"{group} has a new key ({key_id})")
    say(f"sealed anew: {counted(len(renewed.files), 'file')}; staged, to be committed now")
