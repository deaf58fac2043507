"""Install and remove the hooks, for ``hook`` and for the commands that set up or remove a clone."""

from __future__ import annotations

import os

from sealedfiles.cli import declaration
from sealedfiles.git.hooks import install, uninstall
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import say, warn

if TYPE_CHECKING:
    from sealedfiles.git.hooks import HookResult
    from sealedfiles.git.repository import Repository

WANTED = "sealedfiles.hooks"
"""The git setting that disables the hooks in a clone."""

no_hooks_option = declaration.option(
    "--no-hooks", is_flag=True, help="Do not install git hooks in this clone, now or later."
)


def set_up_hooks(repository: Repository, *, unwanted: bool) -> None:
    """Install the hooks, for `init` and `unlock`; if they are *unwanted*, disable them in this clone instead.

    Nothing is installed if ``CI`` is set: commits of a CI job are checked on the server.
    """
    if unwanted:
        repository.run("config", "--local", WANTED, "false")
    elif not are_disabled(repository) and not os.environ.get("CI"):
        outcome = install(repository, explicit=False)
        report_installed(outcome)
        if outcome.notes:
            warn(
                "some hooks are not installed",
                "to disable hooks in this clone: sealedfiles unlock --no-hooks",
            )


def uninstall_hooks(repository: Repository, *, explicit: bool = True) -> int:
    """Remove the hooks and report it; return 1 if a hook was left unchanged."""
    outcome = uninstall(repository, explicit=explicit)
    for hook in outcome.changed:
        kept = "restored the previous hook" if os.path.lexists(hook.path) else "removed"
        say(f"{hook.path}: {kept}")
    for note in outcome.notes:
        say(note.message, *note.hints)
    if explicit and not outcome.changed and not outcome.notes:
        say("no sealedfiles hooks are installed in this clone")
    return 1 if outcome.notes else 0


def report_installed(outcome: HookResult) -> None:
    """Report the hooks that were installed, and the notes about the others."""
    if outcome.changed:
        names = ", ".join(hook.name for hook in outcome.changed)
        folder = outcome.changed[0].path.parent
        before = [hook for hook in outcome.changed if hook.state == "foreign"]
        say(
            f"wrote the hooks {names} to {folder}: they refuse plaintext before a commit, merge or push",
            *(f"the previous {h.name} is now {h.before.name}, and runs first" for h in before),
        )
    for note in outcome.notes:
        say(note.message, *note.hints)


def are_disabled(repository: Repository) -> bool:
    """Return True if the user disabled the hooks in this clone."""
    return repository.try_run("config", "--type=bool", "--get", WANTED)[1] == b"false\n"
