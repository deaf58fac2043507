"""`sealedfiles exposure`."""

from __future__ import annotations

from sealedfiles.app.adopt.rotation import rotation_list
from sealedfiles.app.history.exposure import exposure
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_reader
from sealedfiles.cli.exposure_report import show_report, warn_of_missing
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.rotation_report import (
    explain_history,
    rotation_rows,
    show_rotation,
    summarize,
)
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.keys.recipients import check_name, reader_names
from sealedfiles.util.messages import show_list


@declaration.command("exposure")
@declaration.argument("name", required=False, shell_complete=complete_reader)
@declaration.option(
    "--history",
    is_flag=True,
    help="List the values that git's history has in plaintext instead.",
)
@declaration.option(
    "--replace-text",
    "replacements",
    metavar="FILE",
    is_path=True,
    default="",
    help="With --history, write the values to FILE, for git filter-repo.",
)
@json_option
@identity_option
def command(
    name: str | None, history: bool, replacements: str, as_json: bool, identity: str | None
) -> int:
    """List the values that a reader could have read.

    Prints each value in the history in one of these lists:

    \b
    must change     NAME could have read the current value: exit status 1
    cannot compare  your keys cannot decrypt values that must be compared: exit status 1
    changed since   with the date and commit of the last change
    never readable  NAME had no key for it

    Values are compared, not tokens: a new key does not change a value.  The index and all commits that are
    reachable from a ref of this clone are read.  No value is shown.

    With --history, lists the values that are sealed now and that any commit or message has in plaintext, in
    any file and encoding, with the first such commit.  A value leaves the list when it is changed.
    """
    if history == bool(name):
        raise UsageError("give either NAME or --history")
    if replacements and not history:
        raise UsageError("--replace-text needs --history")
    _, clone = clone_here(identity)
    if name is None:
        return _of_history(clone, replacements, as_json)
    check_name(name)
    report = exposure(name, clone)
    clone.close()
    if not report.access:
        warn_of_missing(report.shallow, report.missing)
        readers = ", ".join(reader_names(clone.work_tree)) or "nobody"
        raise UsageError(
            f"no commit in this clone has a reader {name}", f"current readers: {readers}"
        )
    show_report(name, report, clone, as_json=as_json)
    return SealedFilesError.exit_code if report.is_open else 0


def _of_history(clone: Clone, replacements: str, as_json: bool) -> int:
    report = rotation_list(clone)
    clone.close()
    if as_json:
        show_list({"values": rotation_rows(report), "complete": not report.shallow})
    else:
        show_rotation(report)
    summarize(report)
    explain_history(report, replacements)
    return SealedFilesError.exit_code if report.is_open else 0
