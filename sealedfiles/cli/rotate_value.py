"""`sealedfiles rotate-value`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sealedfiles.app.dialog import agree
from sealedfiles.app.history.due import lifetime_of
from sealedfiles.app.values import trail
from sealedfiles.app.values.generate import spec_given
from sealedfiles.app.values.handover import postponing_signals
from sealedfiles.app.values.pending import PendingRotations, unfinished_rotations
from sealedfiles.app.values.rotating import Request, finish, new_value, require_pending, rotate
from sealedfiles.app.values.target import Target, drop_previous, find_target
from sealedfiles.app.values.tasks import (
    Outcome,
    Task,
    due_tasks,
    exposed_tasks,
    policy_that_counts,
    run_tasks,
)
from sealedfiles.app.workspace import Workspace, clone_here
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_file, complete_path, complete_reader
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import identity_option, json_option
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.cli.rotate_value_report import Report, show_plan, show_tasks, show_unfinished
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.keys.recipients import check_name
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import parse_address
from sealedfiles.model.value_spec import ValueSpec, parse_spec
from sealedfiles.util.messages import counted, say, shell_path

_ACTIONS = ("drop_previous", "finish", "discard", "show")


class _Options(NamedTuple):
    generate: str | None
    command: str | None
    previous: bool
    drop_previous: bool
    due: bool
    exposed: str | None
    finish: bool
    discard: bool
    show: bool
    commit: bool
    push: bool
    reason: str
    yes: bool
    as_json: bool
    identity: str | None


_options = declaration.collected(
    "options",
    _Options,
    declaration.option(
        "--generate",
        metavar="SPEC",
        help="Generate the new value: hex:32, base64:32, password:24, uuid, rsa:3072, ed25519 or age.  By "
        "default as the policy says.",
    ),
    declaration.option(
        "--with",
        "command",
        metavar="COMMAND",
        help="Hand the new value to its provider: a shell runs COMMAND with JSON on stdin.  If neither "
        "--generate nor the policy says how to generate it, COMMAND prints the new value.",
    ),
    declaration.option(
        "--previous", is_flag=True, help="Keep the old value, sealed, as KEY_PREVIOUS next to KEY."
    ),
    declaration.option("--drop-previous", is_flag=True, help="Remove KEY_PREVIOUS."),
    declaration.option(
        "--due",
        is_flag=True,
        help="Rotate all values that are due, and that the policy can generate.",
    ),
    declaration.option(
        "--exposed",
        metavar="NAME",
        shell_complete=complete_reader,
        help="Rotate the values that NAME could have read, and that the policy can generate.",
    ),
    declaration.option(
        "--finish",
        is_flag=True,
        help="Write the new value of an unfinished rotation: the provider has it.",
    ),
    declaration.option(
        "--discard",
        is_flag=True,
        help="Forget the new value of an unfinished rotation: the provider does not have it.",
    ),
    declaration.option(
        "--print", "show", is_flag=True, help="Print the new value of an unfinished rotation."
    ),
    declaration.option(
        "--commit", is_flag=True, help="Commit the rotated values, with a record of them."
    ),
    declaration.option(
        "--push", is_flag=True, help="With --commit: push the targets that use the rotated values."
    ),
    declaration.option(
        "--reason", metavar="TEXT", default="", help="The reason, for the commit message."
    ),
    declaration.option("--yes", is_flag=True, help="With --due and --exposed: do not ask."),
    json_option,
    identity_option,
)


@declaration.command("rotate-value")
@declaration.argument("file", required=False, metavar="[FILE]", shell_complete=complete_file)
@declaration.argument("key", required=False, metavar="[KEY]", shell_complete=complete_path)
@_options
def command(file: str | None, key: str | None, options: _Options) -> int:
    """Replace a value by a new one, here and at its provider.

    With --with, COMMAND gets one line of JSON on stdin (file, key, old, new) and gives the new value to the
    system that checks it.  The file is written and staged only if COMMAND exits with status 0.  The new
    value is kept, sealed, until it is in the file: after an interruption, the same command continues with
    the same value.

    Without arguments, unfinished rotations are listed.

    \b
    Examples:
      sealedfiles rotate-value secrets/app.yaml session.key --generate hex:32
      sealedfiles rotate-value .env DB_PASSWORD --generate password:32 --with ./set-password.sh
      sealedfiles rotate-value .env API_TOKEN --with 'curl -s … | jq -r .token' --previous
      sealedfiles rotate-value --due --commit --yes
      sealedfiles rotate-value --exposed bob --commit --reason 'bob left'
    """
    _check_options(file, key, options)
    if file and key:
        target = find_target(Path(file), parse_address(key), options.identity)
        action = next((name for name in _ACTIONS if getattr(options, name)), "")
        return _act(target, action) if action else _rotate_one(target, options)
    workspace, clone = clone_here(options.identity)
    if options.due or options.exposed:
        return _rotate_many(workspace, clone, options)
    show_unfinished(unfinished_rotations(clone.repository), as_json=options.as_json)
    return 0


def _check_options(file: str | None, key: str | None, options: _Options) -> None:
    """Raise UsageError for options that exclude each other."""
    if file and not key:
        raise UsageError("give FILE and KEY, or --due, or --exposed NAME")
    if options.exposed is not None:
        check_name(options.exposed)
    many = options.due or options.exposed is not None
    actions = [name for name in _ACTIONS if getattr(options, name)]
    if sum((bool(file), options.due, options.exposed is not None)) > 1 or len(actions) > 1:
        raise UsageError("FILE KEY, --due and --exposed exclude each other")
    rotating = [options.generate, options.command, options.previous, options.commit, options.reason]
    if actions and (not file or any(rotating)):
        raise UsageError("--drop-previous, --finish, --discard and --print allow only FILE and KEY")
    if many and options.generate:
        raise UsageError("with --due and --exposed, only the policy says how values are generated")
    if options.push and not options.commit:
        raise UsageError("--push needs --commit, because only committed values are pushed")
    if not file and not many and any(rotating):
        raise UsageError("give FILE and KEY, or --due, or --exposed NAME")


def _rotate_one(target: Target, options: _Options) -> int:
    request = Request(_spec(target, options), options.command, options.previous)
    if options.commit:
        trail.require_commit(target.clone)
    path = target.place.editor().locate(target.place.text()[1], target.address).path
    task = Task(target.place.path, path, "", target.address)
    with (
        postponing_signals() as signals,
        Report(target.place.workspace, target.clone, options.as_json) as report,
    ):
        try:
            report.add(Outcome(task, rotate(target, request, exclusive, signals)))
        except SealedFilesError as error:
            report.add(Outcome(task, error))
        report.conclude(options.commit, options.reason, push=options.push)
    return report.status


def _spec(target: Target, options: _Options) -> ValueSpec | None:
    """Return how to generate the value; None if the user's command makes it.  Raises UsageError."""
    if options.generate is not None:
        return spec_given(options.generate)
    place = target.place
    path = place.editor().locate(place.text()[1], target.address).path
    lifetime = lifetime_of(policy_that_counts(target.clone), place.path, path)
    if lifetime and lifetime.generate:
        return parse_spec(lifetime.generate)
    if options.command is None:
        raise UsageError(
            f"{target.name}: the policy does not say how to generate it",
            "give --generate SPEC, or --with COMMAND that prints the new value",
        )
    return None


def _act(target: Target, action: str) -> int:
    """Do something else than to rotate a value."""
    kept = PendingRotations(target.place.workspace, target.clone)
    if action == "show":
        text = new_value(require_pending(kept, target), target)
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
        sys.stdout.buffer.flush()
    elif action == "discard":
        with kept.alone():
            require_pending(kept, target)
            kept.remove(target.file, target.key)
        say(f"{target.name}: the new value was discarded; the file was not changed")
    else:
        if action == "finish":
            is_staged = finish(target, exclusive).is_staged
            say(f"{target.name}: wrote the new value{'; staged' if is_staged else ''}")
        else:
            is_staged = drop_previous(target, exclusive)
            say(f"{target.name}: removed the previous value{'; staged' if is_staged else ''}")
        if not is_staged:
            say(f"not staged, because of other changes: git add {shell_path(target.place.path)}")
    target.clone.close()
    return 0


def _rotate_many(workspace: Workspace, clone: Clone, options: _Options) -> int:
    if options.commit:
        trail.require_commit(clone)
    if options.exposed is not None:
        tasks = exposed_tasks(workspace, clone, options.exposed)
    else:
        tasks = due_tasks(workspace, clone, int(time.time()))
    todo = [task for task in tasks if task.generate]
    if todo and not options.yes:
        if not options.as_json:
            show_tasks(todo)
        question = f"Rotate {counted(len(todo), 'value')}?"
        if not agree(TERMINAL, question):
            say("nothing was changed; to rotate them without a question: --yes")
            if options.as_json:
                show_plan(tasks)
            return SealedFilesError.exit_code
    request = Request(None, options.command, options.previous)
    with postponing_signals() as signals, Report(workspace, clone, options.as_json) as report:
        for outcome in run_tasks(workspace, tasks, request, exclusive, signals):
            report.add(outcome)
        report.conclude(options.commit, options.reason, push=options.push)
    return report.status
