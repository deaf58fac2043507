"""`sealedfiles migrate`."""

from __future__ import annotations

from functools import partial

from sealedfiles.app.dialog import require_agreement
from sealedfiles.app.migrate.migrating import Migrated, migrate
from sealedfiles.app.migrate.planning import MigrateRequest, MigrationPlan, Prepared, prepare
from sealedfiles.app.migrate.sources import TOOLS
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.cli.migrate_report import data_of, show_plan, summarize
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import counted, say, show_list


@declaration.command("migrate")
@declaration.argument("paths", metavar="[PATH]...", nargs=-1, is_path=True)
@declaration.option("--from", "tool", choices=TOOLS, help="The tool (default: the one found).")
@declaration.option("--yes", is_flag=True, help="Do not ask before anything is changed.")
@declaration.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@declaration.option(
    "--key",
    "key_files",
    metavar="FILE",
    multiple=True,
    is_path=True,
    help="Read a key or a password of the tool from FILE.  May be repeated.",
)
@declaration.option(
    "--grant",
    "grants",
    metavar="NAME[=KEY]",
    multiple=True,
    help="Grant a reader of the tool access; KEY: their public key or its fingerprint.  May be repeated.",
)
@declaration.option(
    "--group",
    "-g",
    metavar="GROUP",
    shell_complete=complete_group,
    help="Seal all values to GROUP, and create it if needed.",
)
@declaration.option(
    "--plain-comments",
    is_flag=True,
    help="Agree that comments become readable that the tool encrypts.",
)
@declaration.option(
    "--whole", is_flag=True, help="Seal files whole whose keys or comments the tool encrypts."
)
@declaration.option("--name", help="Your name as a reader (default: from git's user.name).")
@json_option
@identity_option
@no_hooks_option
@exclusive()
def command(
    paths: tuple[str, ...],
    tool: str | None,
    yes: bool,
    dry_run: bool,
    key_files: tuple[str, ...],
    grants: tuple[str, ...],
    group: str | None,
    plain_comments: bool,
    whole: bool,
    name: str | None,
    as_json: bool,
    identity: str | None,
    no_hooks: bool,
) -> int:
    """Migrate a repository from another encryption tool.

    Finds the files that the tool has encrypted, decrypts them in memory, and shows a plan.  After you agree,
    it sets up sealedfiles if needed, seals the files in the index, compares them with the originals byte for
    byte, removes what git tracks of the tool, and stages everything; it does not commit.  With PATH, only
    these files and folders are migrated.  If it is interrupted, the same command finishes it.

    A comment in prose stays in plaintext in a sealed file, and so do keys.  If the tool encrypts comments,
    you are asked, or choose: --plain-comments, or --whole.

    Nobody but you gets access by itself: the public keys in the repository may be anyone's.  The plan lists
    those that can be granted access, with fingerprints.  --grant NAME asks to confirm the fingerprint;
    --grant NAME=KEY confirms it.

    git's history keeps the files of the tool: whoever has the old keys can read the old values, so
    change those.

    \b
    Examples:
      sealedfiles migrate --dry-run
      sealedfiles migrate --from git-crypt --key ~/git-crypt.key
      sealedfiles migrate --grant bob=SHA256:uNiVztksCsDhcc0u9e8BrqXtKzOXgFHTA5YfOiOaSIo
    """
    if dry_run and yes:
        raise UsageError("--dry-run excludes --yes")
    if as_json and not (yes or dry_run):
        raise UsageError("--json needs --yes or --dry-run")
    request = MigrateRequest(identity, tool, paths, group, key_files, grants, whole, name)
    prepared = prepare(request)
    plan = prepared.plan
    migrated = None
    if plan is None:
        say(f"no files of {tool or 'another encryption tool'} were found")
    elif not as_json:
        show_plan(prepared, plan)
    if plan and not dry_run:
        _confirm(plan, yes=yes, plain_comments=plain_comments)
        migrated = _migrate(prepared, plan, request, no_hooks=no_hooks)
        summarize(plan, migrated)
    if as_json:
        show_list(data_of(plan, migrated))
    return 0


def _confirm(plan: MigrationPlan, *, yes: bool, plain_comments: bool) -> None:
    """Ask before anything is changed.  Raises UsageError unless the user agrees."""
    exposed = sum(one.exposed for one in plan.files)
    if yes and exposed and not plain_comments:
        names = [f"{show_path(one.path)}: {one.exposed}" for one in plan.files if one.exposed]
        raise UsageError(
            f"{counted(exposed, 'comment')} that {plan.tool} encrypts would become readable: "
            + ", ".join(names),
            "to agree: --plain-comments; to seal these files whole: --whole",
        )
    what = f"Migrate {counted(len(plan.files), 'file')}"
    what += f" ({counted(exposed, 'comment')} would become readable)" if exposed else ""
    require_agreement(TERMINAL, f"{what}?", yes=yes)


def _migrate(
    prepared: Prepared, plan: MigrationPlan, request: MigrateRequest, *, no_hooks: bool
) -> Migrated:
    hooks = partial(set_up_hooks, prepared.repository, unwanted=no_hooks)
    if no_hooks and not prepared.is_new:
        hooks()
    return migrate(prepared, plan, request.identity, request.name, TERMINAL, hooks)
