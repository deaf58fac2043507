"""`sealedfiles exposure`."""

from __future__ import annotations

from sealedfiles.app.history.exposure import exposed_to
from sealedfiles.app.workspace import clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.exposure_report import show_data, show_report, warn_of_missing
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.keys.recipients import check_name, reader_names


@declaration.command("exposure")
@declaration.argument("name")
@json_option
@identity_option
def command(name: str, as_json: bool, identity: str | None) -> int:
    """List the values that a reader could have read.

    Prints each value in the history in one of these lists:

    \b
    must change     NAME could have read the current value: exit status 1
    cannot compare  your keys cannot decrypt values that must be compared: exit status 1
    changed since   with the date and commit of the last change
    never readable  NAME had no key for it

    Values are compared, not tokens: a new key does not change a value.  The index and all commits that are
    reachable from a ref of this clone are read.  No value is shown.
    """
    _, clone = clone_here(identity)
    check_name(name)
    report = exposed_to(clone, name)
    clone.close()
    if not report.access:
        warn_of_missing(report)
        readers = ", ".join(reader_names(clone.work_tree)) or "nobody"
        raise UsageError(
            f"no commit in this clone has a reader {name}", f"current readers: {readers}"
        )
    if as_json:
        show_data(name, report, clone)
    else:
        show_report(name, report, clone)
    return SealedFilesError.exit_code if report.is_open else 0
