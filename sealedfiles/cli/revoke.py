"""`sealedfiles revoke`."""

from __future__ import annotations

from sealedfiles.app.access.revoking import revoke_access
from sealedfiles.app.history.exposure import exposure
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group, complete_reader
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.exposure_report import show_report
from sealedfiles.cli.files import identity_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import SealedFilesError
from sealedfiles.util.messages import counted, say, shell_word


@declaration.command("revoke")
@declaration.argument("name", shell_complete=complete_reader)
@declaration.option(
    "--from",
    "groups",
    metavar="GROUP",
    multiple=True,
    shell_complete=complete_group,
    help="Only this group; by default all groups.",
)
@declaration.option(
    "--yes", is_flag=True, help="Also reseal values under a retired key without asking."
)
@identity_option
@exclusive()
def command(name: str, groups: tuple[str, ...], yes: bool, identity: str | None) -> int:
    """Revoke a reader's access and reseal the group's values.

    Each group gets a new key, encrypted to the remaining readers, and its values are resealed in the index.
    The working tree does not change; everything is staged.

    NAME still knows the values that NAME could read.  They are listed on stdout, as by `sealedfiles exposure
    NAME`, and must be changed at their source.
    """
    workspace, clone = clone_here(identity)
    renewed = revoke_access(workspace, clone, name, groups, TERMINAL, yes=yes)
    say(f"{name} can no longer read new values of {', '.join(renewed.key_ids)}")
    say(f"resealed {counted(renewed.files, 'file')}; staged: commit and push now")
    report = exposure(name, clone)
    clone.close()
    if report.access:
        show_report(name, report, clone)
        say(
            f"to list these values again: sealedfiles exposure {shell_word(name)}",
            f"to change those that the policy can generate: "
            f"sealedfiles rotate-value --exposed {shell_word(name)}",
        )
    else:
        say(
            f"no commit ever granted {name} access, so these keys were never shared from this clone"
        )
    return 0 if renewed.is_complete else SealedFilesError.exit_code
