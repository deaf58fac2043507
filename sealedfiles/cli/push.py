"""`sealedfiles push`."""

from __future__ import annotations

from sealedfiles.app.push.plan import Change
from sealedfiles.app.push.pushing import Prepared, apply, prepare, rehearse
from sealedfiles.app.push.targets import targets_in_force
from sealedfiles.app.workspace import ReadOptions, Workspace
from sealedfiles.cli import declaration
from sealedfiles.cli.files import json_option, reading_options
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.cli.targets import complete_target, confirm, here
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import counted, say, show, show_list

if TYPE_CHECKING:
    from sealedfiles.model.targets import Target


class How(NamedTuple):
    """How to push."""

    yes: bool = False
    dry_run: bool = False
    exit_code: bool = False
    prune: bool = False
    force: bool = False
    allow_dirty: bool = False
    as_json: bool = False


@declaration.command("push")
@declaration.argument("target", metavar="[TARGET]", required=False, shell_complete=complete_target)
@declaration.collected(
    "how",
    How,
    declaration.option("--yes", is_flag=True, help="Do not ask."),
    declaration.option("--dry-run", is_flag=True, help="Print the plan only."),
    declaration.option(
        "--exit-code",
        is_flag=True,
        help="With --dry-run: exit with status 1 if the store differs.",
    ),
    declaration.option(
        "--prune",
        is_flag=True,
        help="Also delete names that push created and that the target no longer has.",
    ),
    declaration.option(
        "--force", is_flag=True, help="Kubernetes: take over values that another manager applied."
    ),
    declaration.option("--allow-dirty", is_flag=True, help="Also push what is not committed."),
    json_option,
)
@reading_options
def command(target: str | None, how: How, options: ReadOptions) -> int:
    """Write values to a store, such as Vault, AWS or Kubernetes.

    Targets are in .sealedfiles/policy.yaml: which values of which files go to which store.  Without TARGET,
    they are listed.  With it, the values are compared with the store, the plan is printed by names, and
    applied after confirmation.  No value is ever printed.

    Like `run`, push refuses values that may not come from a reader (exit status 4), and values for which
    you have no key (exit status 3).  The files, and the policy, must be committed: the store records the
    commit.  Addresses and credentials come from your environment, as for the store's own tools.

    \b
    Examples:
      sealedfiles push
      sealedfiles push production
      sealedfiles push production --dry-run --exit-code     # in CI: has somebody changed the store?
    """
    if target is None:
        if how != How(as_json=how.as_json):
            raise UsageError("the options need a TARGET")
        return _list_targets(options, as_json=how.as_json)
    if how.exit_code and not how.dry_run:
        raise UsageError("--exit-code needs --dry-run")
    if how.dry_run and how.yes:
        raise UsageError("--dry-run excludes --yes")
    if how.as_json and not (how.yes or how.dry_run):
        raise UsageError("--json needs --yes or --dry-run")
    workspace, clone = here(options)
    prepared = prepare(workspace, clone, target, allow_dirty=how.allow_dirty)
    work = prepared.plan.work(prepared.commit, prune=how.prune, force=how.force)
    count = len(work.write) + len(work.delete)
    if count:
        rehearse(prepared, prune=how.prune, force=how.force)
    if not how.as_json:
        _show_plan(prepared, prune=how.prune)
    done: list[str] = []
    try:
        if count and not how.dry_run:
            what = f"Write {counted(len(work.write), 'value')} to {prepared.target.url}"
            gone = f", and delete {counted(len(work.delete), 'name')}" if work.delete else ""
            confirm(f"{what}{gone}?", yes=how.yes)
            apply(prepared, TERMINAL, done, prune=how.prune, force=how.force)
            say(
                f"{prepared.target.url}: wrote {counted(len(work.write), 'value')}{_deleted(work.delete)}"
            )
    finally:
        if how.as_json:
            _show_json(prepared, done)
    if not count:
        if not how.dry_run:
            # The store's record may name values that somebody has deleted there.
            apply(prepared, TERMINAL, done, prune=how.prune, force=how.force)
        say(f"{prepared.target.url} is up to date")
    clone.close()
    return SealedFilesError.exit_code if count and how.exit_code else 0


def push_target(workspace: Workspace, clone: Clone, name: str) -> None:
    """Push the target *name* without a question, as `push NAME --yes`, and say how much was written.

    Raises as ``prepare`` and ``apply``.
    """
    prepared = prepare(workspace, clone, name, allow_dirty=False)
    work = prepared.plan.work(prepared.commit, prune=False, force=False)
    rehearse(prepared, prune=False, force=False)
    apply(prepared, TERMINAL, [], prune=False, force=False)
    say(f"{prepared.target.url}: wrote {counted(len(work.write), 'value')}")


def _deleted(names: tuple[str, ...]) -> str:
    return f", deleted {counted(len(names), 'name')}" if names else ""


def _list_targets(options: ReadOptions, *, as_json: bool) -> int:
    _, clone = here(options)
    targets = targets_in_force(clone)
    if as_json:
        show_list({"targets": [_target_row(target) for target in targets.values()]})
    else:
        width = max(map(len, targets), default=0)
        for target in targets.values():
            show(f"{target.name:{width}}  {target.url}  {' '.join(target.files)}")
        if not targets:
            say(
                "the policy has no targets",
                "add them to .sealedfiles/policy.yaml: man sealedfiles-push",
            )
    clone.close()
    return 0


def _target_row(target: Target) -> dict[str, object]:
    return {"target": target.name, "to": target.url, "paths": target.files, "keys": target.keys}


def _show_plan(prepared: Prepared, *, prune: bool) -> None:
    names = max((len(change.name) for change in prepared.plan.changes), default=0)
    for change in prepared.plan.changes:
        show(f"{change.kind:11}  {change.name:{names}}  {_origin(change, prune=prune)}".rstrip())


def _origin(change: Change, *, prune: bool) -> str:
    if change.item:
        return change.item.place
    if not change.is_created:
        return "not created by push: kept"
    return "deleted" if prune else "created by push: kept without --prune"


def _show_json(prepared: Prepared, done: list[str]) -> None:
    show_list(
        {
            "target": prepared.target.name,
            "to": prepared.target.url,
            "commit": prepared.commit,
            "changes": [
                {
                    "change": change.kind,
                    "name": change.name,
                    "path": change.item.file if change.item else "",
                    "key": change.item.key if change.item else "",
                    "created_by_push": change.is_created,
                    "done": change.name in done,
                }
                for change in prepared.plan.changes
            ],
        }
    )
