"""`sealedfiles scan`."""

from __future__ import annotations

from sealedfiles.app.check.output import explanation_hints
from sealedfiles.app.scan.output import (
    as_gitlab,
    as_lines,
    as_sarif,
    for_programs,
    summary,
    weak_text,
)
from sealedfiles.app.scan.run import ENGINES, Request, scan
from sealedfiles.app.start import clone_to_scan
from sealedfiles.cli import declaration
from sealedfiles.cli.files import identity_option, json_option, sarif_option
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import say, show, show_json, show_list

if TYPE_CHECKING:
    from sealedfiles.app.scan.run import ScanReport


@declaration.command("scan")
@declaration.argument("paths", metavar="[PATH]...", nargs=-1, is_path=True)
@declaration.option("--ignored", is_flag=True, help="Also scan the files that git ignores.")
@declaration.option("--staged", is_flag=True, help="Scan only the staged changes.")
@declaration.option(
    "--history",
    is_flag=True,
    help="Scan every object: all commits, stashes, tags, and what no branch reaches.",
)
@declaration.option(
    "--push", is_flag=True, help="Scan what a push of this branch would send to its remote."
)
@declaration.option("--stdin", is_flag=True, help="Scan the standard input.")
@json_option
@sarif_option
@declaration.option("--gitlab", is_flag=True, help="Print GitLab's secret detection report.")
@declaration.option(
    "--engine",
    choices=ENGINES,
    default=ENGINES[0],
    help="What searches for secrets that are not sealed values; auto: kingfisher, if installed; "
    "ggshield sends the texts to GitGuardian.",
)
@declaration.option(
    "--baseline",
    metavar="FILE",
    is_path=True,
    default="",
    help="Do not report the findings in FILE, to start in an old repository.",
)
@declaration.option(
    "--update-baseline", is_flag=True, help="Write the findings to the file of --baseline."
)
@identity_option
def command(
    paths: tuple[str, ...],
    ignored: bool,
    staged: bool,
    history: bool,
    push: bool,
    stdin: bool,
    as_json: bool,
    sarif: bool,
    gitlab: bool,
    engine: str,
    baseline: str,
    update_baseline: bool,
    identity: str | None,
) -> int:
    """Find secrets that are in plaintext anywhere.

    Searches for every value that your keys can decrypt, also earlier ones from the history: as it is, in
    JSON, URLs, hex, base64 and UTF-16.  By default, the working tree and the index are scanned; with PATH,
    files and folders anywhere, also in archives and container layers (tar, zip, gzip).  Values at keys named
    like secrets, in YAML, JSON, TOML and .env files that no pattern tracks, are reported, too.  No value is
    shown.  Exits with status 1 if something is found.

    \b
    Examples:
      sealedfiles scan                    the working tree and the index
      sealedfiles scan --history          everything that git stores
      sealedfiles scan --push             before a push
      sealedfiles scan dist/ build.log    what a build has written
      docker logs app | sealedfiles scan --stdin
    """
    if as_json + sarif + gitlab > 1:
        raise UsageError("--json, --sarif and --gitlab exclude each other")
    if sum((staged, history, push, stdin, bool(paths))) > 1:
        raise UsageError("--staged, --history, --push, --stdin and PATH exclude each other")
    if ignored and (staged or history or push or stdin or paths):
        raise UsageError("--ignored applies to the working tree only")
    if update_baseline and not baseline:
        raise UsageError("--update-baseline needs --baseline FILE")
    clone, _ = clone_to_scan(identity)
    request = Request(
        paths,
        ignored,
        staged,
        history,
        push,
        stdin,
        baseline,
        engine,
        update_baseline=update_baseline,
    )
    try:
        report = scan(clone, request)
    finally:
        clone.close()
    if sarif:
        show_json(as_sarif(report.leaks), indent=2)
    elif gitlab:
        show_json(as_gitlab(report), indent=2)
    elif as_json:
        show_list(for_programs(report))
    else:
        show(*as_lines(report.leaks))
    _say_summary(report)
    return SealedFilesError.exit_code if any(leak.is_open for leak in report.leaks) else 0


def _say_summary(report: ScanReport) -> None:
    say(summary(report), *explanation_hints(leak.finding for leak in report.leaks))
    if report.weak:
        say(weak_text(report.weak))
    for note in report.notes:
        say(note.message, *note.hints)
