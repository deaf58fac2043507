"""Installing and removing the hooks, for ``hook``, and for commands that set up or leave a clone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealedfiles.cli import declaration
from sealedfiles.git.hooks import install, uninstall
from sealedfiles.util.messages import say, warn

if TYPE_CHECKING:
    from sealedfiles.git.hooks import HookResult
    from sealedfiles.git.repository import Repository

WANTED = "sealedfiles.hooks"
"""The setting of git that turns the hooks off in a clone."""

no_hooks_option = declaration.option(
    "--no-hooks", is_flag=True, help="Install no git hooks, now or later in this clone."
)


def set_up_hooks(repository: Repository, *, unwanted: bool) -> None:
    """Install the hooks as a part of `init` and `unlock`, and remember where they are *unwanted*.

    Not where ``CI`` is set: nobody commits there, and what a robot commits is looked at where it arrives.
    """
    if unwanted:
        repository.run("config", "--local", WANTED, "false")
    elif not are_unwanted(repository) and not os.environ.get("CI"):
        outcome = install(repository, explicit=False)
        report_installed(outcome)
        if outcome.notes:
            warn(
                "some hooks are not installed",
                "to turn them off: sealedfiles unlock --no-hooks",
            )


def uninstall_hooks(repository: Repository, *, explicit: bool = True) -> int:
    """Take the hooks away and say what was done; return 1 where something was left."""
    outcome = uninstall(repository, explicit=explicit)
    for hook in outcome.changed:
        kept = "what was there before is back" if os.path.lexists(hook.path) else "removed"
        say(f"{hook.path}: {kept}")
    for note in outcome.notes:
        say(note.message, *note.hints)
    if explicit and not outcome.changed and not outcome.notes:
        say("no sealedfiles hooks are installed here")
    return 1 if outcome.notes else 0


def report_installed(outcome: HookResult) -> None:
    """Report which hooks were installed, and what is to be known of the others."""
    if outcome.changed:
        names = ", ".join(hook.name for hook in outcome.changed)
        folder = outcome.changed[0].path.parent
        before = [hook for hook in outcome.changed if hook.state == "foreign"]
        say(
            f"wrote the hooks {names} to {folder}: they refuse plaintext",
            *(
                f"the {h.name} that was there is now {h.before.name}, and runs first"
                for h in before
            ),
        )
    for note in outcome.notes:
        say(note.message, *note.hints)


def are_unwanted(repository: Repository) -> bool:
    """Return whether the user turned hooks off in this clone."""
    return repository.try_run("config", "--type=bool", "--get", WANTED)[1] == b"false\n"
