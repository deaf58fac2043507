"""Print findings, for ``check`` and the hooks."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.output import as_json, as_lines, as_sarif, explanation_hints, summary
from sealedfiles.app.check.run import CheckReport, check
from sealedfiles.app.check.versions import Store
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.util.messages import say, show, show_json, show_list


def run_check(
    clone: Clone,
    wanted: Wanted,
    more: Iterable[Finding] = (),
    store: Store | None = None,
    *,
    strict: bool = False,
    as_data: bool = False,
    sarif: bool = False,
) -> int:
    """Run the checks in *wanted*, print the findings, *more* first, and return the exit status.

    *more* was found with *store*.
    """
    try:
        report = check(clone, wanted, store)
    finally:
        clone.close()
    # Two findings at one place: that of the check says more.
    known = {(one.path, one.line) for one in report.findings}
    more = [one for one in more if (one.path, one.line) not in known]
    report = report._replace(findings=[*more, *report.findings])
    return print_report(report, strict=strict, as_data=as_data, sarif=sarif, is_short=wanted.staged)


def print_report(
    report: CheckReport,
    *,
    strict: bool = False,
    as_data: bool = False,
    sarif: bool = False,
    is_short: bool = False,
) -> int:
    """Print a report and return the exit status; with *is_short*, print no summary if nothing was found."""
    if sarif:
        show_json(as_sarif(report.findings), indent=2)
    elif as_data:
        show_list(as_json(report.findings))
    else:
        show(*as_lines(report.findings))
    if report.findings or not is_short:
        say(summary(report.findings, report.looked_at), *explanation_hints(report.findings))
    for note in report.notes:
        say(note.message, *note.hints)
    failing = any(not one.reason and (strict or one.is_error) for one in report.findings)
    return SealedFilesError.exit_code if failing or report.incomplete else 0
