"""`sealedfiles adopt`."""

from __future__ import annotations

from sealedfiles.app.adopt.adopting import Adopted, AdoptRequest, adopt, prepare
from sealedfiles.app.dialog import require_agreement
from sealedfiles.app.scan.run import ENGINES
from sealedfiles.cli import declaration
from sealedfiles.cli.adopt_report import data_of, show_others, show_plan, summarize_plan
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.cli.rotation_report import explain_history, show_rotation, summarize
from sealedfiles.errors import UsageError
from sealedfiles.util.messages import counted, say, show_list


@declaration.command("adopt")
@declaration.argument("paths", metavar="[PATH]...", nargs=-1, is_path=True)
@declaration.option("--yes", is_flag=True, help="Do not ask before anything is changed.")
@declaration.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@declaration.option(
    "--exclude",
    "excluded",
    metavar="PATTERN",
    multiple=True,
    help="Leave files that match as they are, such as 'tests/**'.  May be repeated.",
)
@declaration.option(
    "--group",
    "-g",
    "groups",
    metavar="GROUP",
    multiple=True,
    shell_complete=complete_group,
    help="Seal files and keys that are named like GROUP to it, and create it.  May be repeated.",
)
@declaration.option(
    "--replace-text",
    "replacements",
    metavar="FILE",
    is_path=True,
    default="",
    help="Write the values that the history has in plaintext to FILE, for git filter-repo.",
)
@declaration.option("--name", help="Your name as a reader (default: from git's user.name).")
@declaration.option(
    "--engine",
    choices=ENGINES,
    default=ENGINES[0],
    help="What searches for tokens of providers; auto: kingfisher, if installed.",
)
@json_option
@identity_option
@no_hooks_option
@exclusive()
def command(
    paths: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    excluded: tuple[str, ...],
    groups: tuple[str, ...],
    replacements: str,
    name: str | None,
    engine: str,
    as_json: bool,
    identity: str | None,
    no_hooks: bool,
) -> int:
    """Seal the secrets that a repository has in plaintext.

    Scans the working tree and the index, and plans which files to track, and which of their values stay in
    plaintext; with PATH, only these files and folders.  After you agree, it sets up sealedfiles if needed,
    seals the files, and stages them; it does not commit.  Then it lists what sealing does not fix, and the
    values that must be changed because the history has them in plaintext.  History is not changed, and no
    value is shown.

    Files and keys that are named like an existing group are sealed to it, such as values-production.yaml.

    \b
    Examples:
      sealedfiles adopt --dry-run
      sealedfiles adopt --exclude 'tests/**'
      sealedfiles adopt --group production --group staging
    """
    if dry_run and (yes or replacements):
        raise UsageError("--dry-run excludes --yes and --replace-text")
    if as_json and not (yes or dry_run):
        raise UsageError("--json needs --yes or --dry-run")
    request = AdoptRequest(identity, groups, paths, excluded, engine, name)
    prepared = prepare(request)
    if not as_json:
        show_plan(prepared, groups)
    adopted = None
    if not prepared.plan.files:
        hints = [
            "to seal files that the policy names, as after an interruption: sealedfiles status --fix",
            "values to change: sealedfiles exposure --history",
        ]
        say("no file was found whose values can be sealed", *([] if prepared.is_new else hints))
    elif not dry_run:
        question = f"Seal {counted(len(prepared.plan.files), 'file')}?"
        require_agreement(TERMINAL, question, yes=yes)
        adopted = adopt(prepared, request, TERMINAL)
        if prepared.is_new or no_hooks:
            set_up_hooks(prepared.repository, unwanted=no_hooks)
        summarize_plan(prepared)
        _show_left(adopted, replacements, as_json=as_json)
    if as_json:
        show_list(data_of(prepared, adopted))
    return 0


def _show_left(adopted: Adopted, replacements: str, *, as_json: bool) -> None:
    if not as_json:
        show_others("still in plaintext", adopted.others)
        show_rotation(adopted.rotation)
    summarize(adopted.rotation)
    explain_history(adopted.rotation, replacements)
