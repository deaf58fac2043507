"""`sealedfiles check`."""

from __future__ import annotations

import os
from pathlib import Path

from sealedfiles.app.check.kinds import KINDS, explanation
from sealedfiles.app.check.run import look_at_what_is_stored
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.cli import declaration
from sealedfiles.cli.check_report import run_check
from sealedfiles.cli.completers import complete_code
from sealedfiles.cli.files import identity_option, json_option, sarif_option
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import Repository, find_repository
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.util.messages import show, show_list


@declaration.command("check")
@declaration.argument("paths", metavar="[PATH]...", nargs=-1)
@declaration.option(
    "--staged", is_flag=True, help="Check only the staged changes (for pre-commit)."
)
@declaration.option(
    "--rev",
    "revisions",
    metavar="REV",
    multiple=True,
    help="Check these commits, given as for git rev-list: A..B, HEAD^!, BRANCH, ^BRANCH.  May be repeated.",
)
@declaration.option(
    "--all",
    "history",
    is_flag=True,
    help="Check every commit that is reachable from a branch or tag.",
)
@declaration.option(
    "--new-on",
    "known_on",
    metavar="REMOTE",
    default="",
    help="Check only commits that are on no branch of REMOTE (for pre-push).",
)
@declaration.option(
    "--new",
    "known_here",
    is_flag=True,
    help="Check only commits that are on no branch or tag of this clone (for pre-receive).",
)
@declaration.option(
    "--keyed", is_flag=True, help="Also decrypt every token with the available keys."
)
@declaration.option("--strict", is_flag=True, help="Also exit with status 1 for warnings.")
@json_option
@sarif_option
@declaration.option(
    "--explain",
    metavar="CODE",
    shell_complete=complete_code,
    help="Explain a finding; with `list`, list all codes.",
)
@identity_option
def command(
    paths: tuple[str, ...],
    staged: bool,
    revisions: tuple[str, ...],
    history: bool,
    known_on: str,
    known_here: bool,
    keyed: bool,
    strict: bool,
    as_json: bool,
    sarif: bool,
    explain: str | None,
    identity: str | None,
) -> int:
    """Check for secrets in plaintext and other problems.

    No key is needed.  By default, the whole index is checked; with PATH, only these files and folders.  Exits
    with status 1 if an error is found; with --strict, also if a warning is found.

    \b
    Examples:
      sealedfiles check                      the whole index
      sealedfiles check --staged             the staged changes
      sealedfiles check --rev main..HEAD     each commit of a branch, compared with its parents
      sealedfiles check --all                the whole history
      sealedfiles check --explain plain-value
    """
    if explain is not None:
        return _explain(explain, as_json=as_json)
    if (staged + history + bool(revisions)) > 1:
        raise UsageError("--staged, --rev and --all exclude each other")
    if (known_on or known_here) and not (revisions or history):
        raise UsageError("--new and --new-on need --rev or --all")
    if as_json and sarif:
        raise UsageError("--json and --sarif exclude each other")
    look_at_what_is_stored()
    repository = find_repository(Path.cwd(), bare=True)
    if repository is None:
        raise UsageError(f"no git repository was found at or above {Path.cwd()}")
    clone = Clone(repository, Identities(identity))
    selected = tuple(_stored(repository, path) for path in paths)
    wanted = Wanted(
        staged,
        revisions,
        history,
        known_on,
        known_here,
        keyed,
        paths=() if b"." in selected else selected,
    )
    return run_check(clone, wanted, strict=strict, as_data=as_json, sarif=sarif)


def _stored(repository: Repository, path: str) -> bytes:
    """Return *path* as git stores it; in a bare repository, *path* itself."""
    if repository.has_work_tree:
        return repository.relative(Path(path))
    return os.fsencode(path).rstrip(b"/")


def _explain(code: str, *, as_json: bool) -> int:
    if code != "list" and code not in KINDS:
        raise UsageError(
            f"there is no finding with the code {code!r}", f"available: {', '.join(KINDS)}"
        )
    if as_json:
        kinds = KINDS.values() if code == "list" else [KINDS[code]]
        show_list({"codes": [kind._asdict() for kind in kinds]})
    elif code == "list":
        width = max(map(len, KINDS))
        for kind in KINDS.values():
            show(f"{kind.code:<{width}}  {kind.severity:<7}  {kind.what}")
    else:
        show(*explanation(KINDS[code]).rstrip("\n").split("\n"))
    return 0
