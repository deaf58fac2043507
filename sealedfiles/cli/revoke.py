"""`sealedfiles revoke`."""

from __future__ import annotations

import time

import click

from sealedfiles.app.history.exposure import exposure
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli.exposure import show_report
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import check_name, members, reader_names
from sealedfiles.util.messages import counted, say


@click.command("revoke")
@click.argument("name")
@click.option(
    "--from", "groups", metavar="GROUP", multiple=True, help="Only this group; else all of them."
)
@click.option("--yes", is_flag=True, help="Also reseal values under a retired key without asking.")
@identity_option
def command(name: str, groups: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Revoke a reader's access and reseal the group's values.

    Each group gets a new key, wrapped to the readers who stay, and its values are resealed in the index.  The
    working tree stays as it is; everything is staged.

    What NAME could read NAME still knows.  The values are listed on stdout, as `sealedfiles exposure NAME`
    lists them, and must be changed at their source.
    """
    workspace, clone = clone_here(identity)
    folder = clone.work_tree
    check_name(name)
    known = workspace.group_names()
    member_of = [group for group in known if name in members(folder, group)]
    begun = [group for group in clone.state.begun() if group in known]
    wanted = list(groups) or sorted({*member_of, *begun})
    if not wanted:
        readers = ", ".join(reader_names(folder)) or "nobody"
        raise UsageError(f"{name} reads no group here", f"readers are: {readers}")
    for group in wanted:
        if group not in member_of and group not in begun:
            raise UsageError(f"{name} is no reader of {group}", "see sealedfiles who")
        clone.ring.current(group)
    kept = tokens_to_keep(clone, wanted, TERMINAL, yes=yes, command="sealedfiles sync --yes")
    renewed = new_keys(clone, wanted, "revoked", [name], kept=kept)
    if not any(name in members(folder, group) for group in known):
        public = f"{NAME}/recipients/{name}.pub"
        (folder.root / "recipients" / f"{name}.pub").unlink(missing_ok=True)
        if clone.index.entry(public.encode()):
            stage(clone, public)
    say(f"{name} can read no new value of {', '.join(wanted)}")
    say(f"resealed {counted(len(renewed.files), 'file')}; staged: commit and push now")
    report = exposure(name, clone, int(time.time()))
    clone.objects.close()
    if report.access:
        show_report(name, report, clone)
        say(f"to list these values again: sealedfiles exposure {name}")
    else:
        say(f"no commit ever granted {name} access: nobody else has these keys from here")
    return SealedFilesError.exit_code if kept else 0
