"""Several values to rotate: those that are due, or those that a former reader knows.

Only the policy in force says how a value is generated.  What it does not say is left to the user.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sealedfiles.app.files.working_file import WorkingFile, read_file
from sealedfiles.app.history import exposure as history
from sealedfiles.app.history.due import dated_values, day, lifetime_of
from sealedfiles.app.history.values import ELSEWHERE, WHOLE, TokenOpener, shown_place
from sealedfiles.app.links import refuse_pushed_links
from sealedfiles.app.tracking.policy_writing import confirmed_policy
from sealedfiles.app.values.handover import Postponed
from sealedfiles.app.values.rotating import Request, Rotated, rotate
from sealedfiles.app.values.target import Alone, addresses_at, is_staged, target_at
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.policy import Policy
from sealedfiles.model.value_spec import parse_spec
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import shell_key, shell_path


class Task(NamedTuple):
    """A value that must change."""

    file: bytes
    path: bytes
    """Its place (``history.values``)."""
    why: str
    address: Address = ()
    generate: str = ""
    """How the policy generates it; empty if it must be changed by hand."""
    obstacle: str = ""
    """The reason why it must be changed by hand."""

    @property
    def key(self) -> str:
        """The address if it is known, otherwise the place, for display."""
        return show_address(self.address) if self.address else shown_place(self.path)

    @property
    def command(self) -> str:
        """The command with which the user changes the value."""
        file = shell_path(self.file)
        if self.address:
            return f"sealedfiles rotate-value {file} {shell_key(self.key)} --with COMMAND"
        return f"sealedfiles edit {file}"


class Outcome(NamedTuple):
    """What became of a task."""

    task: Task
    result: Rotated | SealedFilesError | None
    """None: it must be changed by hand, or the command was interrupted before it."""


def policy_that_counts(clone: Clone) -> Policy:
    """Return the policy in force.  Raises PolicyError if that in the repository is not accepted here."""
    confirmed_policy(clone)
    return clone.policy()


def due_tasks(workspace: Workspace, clone: Clone, now: int) -> list[Task]:
    """Return the values that are overdue, or due soon, at *now*."""
    policy = policy_that_counts(clone)
    found = dated_values(clone, policy, TokenOpener(clone), now, lambda _, lifetime: bool(lifetime))
    places = {
        (one.age.file, one.age.path): f"due since {day(one.deadline.time)}"
        if one.state(now) == "over"
        else f"due {day(one.deadline.time)}"
        for one in reversed(found)
        if one.deadline and one.state(now)
    }
    return list(_tasks(workspace, policy, [(*place, why) for place, why in places.items()][::-1]))


def exposed_tasks(workspace: Workspace, clone: Clone, name: str) -> list[Task]:
    """Return the values that the reader *name* knows, or may know.  Raises UsageError for an unknown name."""
    policy = policy_that_counts(clone)
    report = history.exposure(name, clone)
    if not report.access:
        raise UsageError(f"no commit in this clone has a reader {name}")
    why = {history.MUST_CHANGE: f"known to {name}", history.UNKNOWN: f"may be known to {name}"}
    places = [(row.file, row.path, why[row.kind]) for row in report.rows if row.kind in why]
    return list(_tasks(workspace, policy, places))


def _tasks(
    workspace: Workspace, policy: Policy, places: Iterable[tuple[bytes, bytes, str]]
) -> Iterator[Task]:
    files: dict[bytes, WorkingFile] = {}
    for file, path, why in places:
        task = Task(file, path, why)
        if path in (WHOLE, ELSEWHERE):
            yield task._replace(obstacle="it has no key")
            continue
        lifetime = lifetime_of(policy, file, path)
        generate = lifetime.generate if lifetime else ""
        try:
            if file not in files:
                files[file] = _read(workspace, file)
            addresses = addresses_at(files[file], path)
            is_new = len(addresses) == 1 and not is_staged(files[file], addresses[0])
        except SealedFilesError as error:
            yield task._replace(obstacle=error.message)
            continue
        if len(addresses) != 1:
            yield task._replace(
                obstacle="it is in a list" if addresses else "it is not checked out"
            )
        elif is_new:
            task = task._replace(address=addresses[0])
            yield task._replace(obstacle="it was changed, and the change is not staged")
        elif not generate:
            yield task._replace(
                address=addresses[0], obstacle="the policy has no `generate` for it"
            )
        else:
            yield task._replace(address=addresses[0], generate=generate)


def _read(workspace: Workspace, path: bytes) -> WorkingFile:
    """Read a file as commands read one that the user names.  Raises UsageError, TamperedError."""
    workspace.require_accepted()
    file = workspace.root / os.fsdecode(path)
    refuse_pushed_links(file)
    return read_file(workspace, file, workspace.path_to_read(file))


def run_tasks(
    workspace: Workspace,
    tasks: Iterable[Task],
    request: Request,
    alone: Alone,
    signals: Postponed,
) -> Iterator[Outcome]:
    """Rotate the values of *tasks* one after another; yield each outcome.  *request* has no spec.

    After a signal, the remaining ones are not rotated.
    """
    for task in tasks:
        if not task.generate or signals.received:
            yield Outcome(task, None)
            continue
        try:
            # Read again: the task before may have changed the same file.
            target = target_at(_read(workspace, task.file), task.address)
            wanted = request._replace(spec=parse_spec(task.generate))
            yield Outcome(task, rotate(target, wanted, alone, signals))
        except SealedFilesError as error:
            yield Outcome(task, error)
        except OSError as error:
            what = f"{show_path(task.file)}: {(error.strerror or str(error)).lower()}"
            yield Outcome(task, SealedFilesError(what))
