"""Print what `rotate-value` did, and commit it."""

from __future__ import annotations

import os
from types import TracebackType

from sealedfiles.app.push.targets import targets_using
from sealedfiles.app.values import trail
from sealedfiles.app.values.pending import Unfinished
from sealedfiles.app.values.rotating import Rotated
from sealedfiles.app.values.tasks import Outcome, Task
from sealedfiles.app.workspace import Workspace
from sealedfiles.cli.push import push_target
from sealedfiles.errors import GitError, SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.sealing.file import path_text, show_path
from sealedfiles.util.messages import (
    counted,
    fail,
    say,
    shell_path,
    shell_word,
    show,
    show_list,
    warn,
)


class Report:
    """Prints each outcome when it is known, and the rest in the end."""

    def __init__(self, workspace: Workspace, clone: Clone, as_json: bool) -> None:
        self.status = 0
        """The exit status."""
        self._workspace = workspace
        self._clone = clone
        self._as_json = as_json
        self._outcomes: list[Outcome] = []

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clone.close()

    def add(self, outcome: Outcome) -> None:
        """Print one outcome."""
        self._outcomes.append(outcome)
        name, result = _name(outcome.task), outcome.result
        if isinstance(result, Rotated):
            words = "finished the rotation" if result.is_continued else "rotated"
            say(f"{name}: {words}{'; staged' if result.is_staged else ''}")
            if result.public and not self._as_json:
                show(*result.public.split("\n"))
            if not result.is_staged:
                file = shell_path(outcome.task.file)
                warn(f"{name}: not staged, because the file has other changes", f"git add {file}")
        elif result is None:
            self.status = self.status or SealedFilesError.exit_code
            obstacle = outcome.task.obstacle or "interrupted before it"
            warn(
                f"{name}: {outcome.task.why}, and not rotated: {obstacle}",
                f"change it where it is used, and here: {outcome.task.command}",
            )
        else:
            self.status = max(self.status, result.exit_code)
            fail(result.message, *result.hints)

    def conclude(self, commit: bool, reason: str, *, push: bool) -> None:
        """Commit if *commit* is set, or say how; then push, and print the list, if that is wanted."""
        staged = [
            (outcome.task, trail.Place(os.fsdecode(outcome.task.file), outcome.task.key))
            for outcome in self._outcomes
            if isinstance(outcome.result, Rotated) and outcome.result.is_staged
        ]
        values = [place for _, place in staged]
        is_committed = False
        if commit and values:
            is_committed = self._commit(values, reason)
        elif values:
            trailers = trail.trailers_of(values, reason)
            words = " ".join(f"--trailer {shell_word(one)}" for one in trailers)
            say(
                "commit it with a record of the rotation:", f"git commit -m 'Rotate values' {words}"
            )
        rotated = [one.task for one in self._outcomes if isinstance(one.result, Rotated)]
        for name in targets_using(self._clone, [(one.file, one.path) for one in rotated]):
            if push and is_committed:
                self._push(name)
            else:
                say(
                    f"the target {name} uses a rotated value",
                    f"after the commit: sealedfiles push {shell_word(name)}",
                )
        if self._as_json:
            show_list({"values": [_for_programs(one) for one in self._outcomes]})

    def _commit(self, values: list[trail.Place], reason: str) -> bool:
        """Commit *values*, and return True if that was possible."""
        try:
            oid = trail.commit(self._clone, values, reason)
        except GitError as error:
            self.status = max(self.status, error.exit_code)
            fail(error.message, *error.hints)
            return False
        say(f"committed {counted(len(values), 'rotated value')}: {oid[:12]}")
        return True

    def _push(self, name: str) -> None:
        """Push the target *name*, as `push NAME --yes` does."""
        try:
            push_target(self._workspace, self._clone, name)
        except SealedFilesError as error:
            self.status = max(self.status, error.exit_code)
            fail(f"the target {name} was not pushed: {error.message}", *error.hints)
            say(
                "the new values are committed", f"to push them: sealedfiles push {shell_word(name)}"
            )


def show_tasks(tasks: list[Task]) -> None:
    """Print the values that will be rotated."""
    places = [_name(task) for task in tasks]
    width = max(map(len, places))
    for place, task in zip(places, tasks, strict=True):
        show(f"{place:<{width}}  {task.generate}  {task.why}")


def show_plan(tasks: list[Task]) -> None:
    """Print the values that would be rotated, and those to change by hand, as JSON."""
    rows = [_for_programs(Outcome(task, None)) for task in tasks]
    planned = [
        {**one, "state": "planned"} if one["state"] == "interrupted" else one for one in rows
    ]
    show_list({"values": planned})


def show_unfinished(found: list[Unfinished], *, as_json: bool) -> None:
    """Print the rotations that have begun and not ended."""
    if as_json:
        rows = [
            {"path": one.path, "key": one.key, "date": one.date, "handed_over": one.is_handed_over}
            for one in found
        ]
        show_list({"unfinished": rows})
    else:
        for one in found:
            state = (
                "the provider has the new value"
                if one.is_handed_over
                else "unknown whether the provider has the new value"
            )
            show(f"{one.path}: {one.key}  {one.date[:10]}  {state}")
    if not found:
        say("no unfinished rotations")


def _name(task: Task) -> str:
    return f"{show_path(task.file)}: {task.key}"


def _for_programs(outcome: Outcome) -> dict[str, object]:
    task, result = outcome.task, outcome.result
    if isinstance(result, Rotated):
        state, message = "rotated", ""
    elif result is None:
        state, message = "by-hand" if task.obstacle else "interrupted", task.obstacle
    else:
        state, message = "failed", result.message
    done = result if isinstance(result, Rotated) else None
    return {
        "path": path_text(task.file),
        "key": task.key,
        "why": task.why,
        "generate": task.generate,
        "state": state,
        "message": message,
        "staged": bool(done and done.is_staged),
        "public_key": done.public if done else "",
    }
