"""`sealedfiles hook`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.hooks import HOOKS, REFRESHING, install, uninstall
from sealedfiles.git.repository import find_repository
from sealedfiles.messages import say

if TYPE_CHECKING:
    from sealedfiles.git.hooks import Outcome
    from sealedfiles.git.repository import Repository

_WANTED = "sealedfiles.hooks"

_REFUSED = {
    "pre-commit": (
        "nothing was committed",
        "mended and added, commit it again; as it is: git commit --no-verify",
    ),
    "pre-merge-commit": (
        "merged, but not committed",
        "mended and added, finish it: git commit; as it is: git commit --no-verify",
    ),
    "pre-push": (
        "nothing was pushed",
        "a later commit takes nothing out: change this one (git commit --amend, git rebase -i)",
        "as it is: git push --no-verify",
    ),
    "pre-receive": (
        "nothing was taken",
        "change the commits themselves (git commit --amend, git rebase -i) and push again",
        "these values have left your computer: if they are real, change them at their source",
    ),
}

no_hooks_option = click.option(
    "--no-hooks", is_flag=True, help="Install no git hooks, now or later in this clone."
)


@click.group("hook")
def command() -> None:
    """Git hooks that refuse plaintext: before a commit, a merge and a push.

    They run `sealedfiles check`, which needs no key.  A hook that is there already goes on working.
    """


@command.command("install")
def install_command() -> int:
    """Put the hooks where git looks for them (core.hooksPath)."""
    repository = _repository()
    if _are_unwanted(repository):
        repository.run("config", "--local", _WANTED, "true")
    outcome = install(repository)
    _say_installed(outcome)
    if not outcome.changed and not outcome.notes:
        say("the hooks are in place")
    return 1 if outcome.notes else 0


@command.command("uninstall")
def uninstall_command() -> int:
    """Take the hooks away, and put back what was there before; unlock will not bring them again."""
    repository = _repository()
    repository.run("config", "--local", _WANTED, "false")
    return uninstall_hooks(repository)


@command.command(
    "run",
    hidden=True,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("name", type=click.Choice([*HOOKS, *REFRESHING, "pre-receive"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_command(name: str, arguments: tuple[str, ...]) -> int:
    """Do what the hook NAME does: the hook files call this, with what git gives them."""
    from sealedfiles.cli import run_command_line

    # What check finds is no data here: `git push --porcelain` has data on stdout.
    os.dup2(2, 1)
    if name in REFRESHING:
        Clone(_repository()).mirror_policy()
        return 0
    if name == "pre-push":
        wanted = _pushed(_repository(), arguments[0] if arguments else "")
    elif name == "pre-receive":
        wanted = _received(_repository(bare=True))
    else:
        wanted = ["--staged"]
    status = run_command_line(["check", *wanted]) if wanted else 0
    if status:
        say(*_REFUSED[name])
    return status


def set_up_hooks(repository: Repository, *, unwanted: bool) -> None:
    """Install the hooks as a part of `init` and `unlock`, and remember where they are *unwanted*.

    Not where ``CI`` is set: nobody commits there, and what a robot commits is looked at where it arrives.
    """
    if unwanted:
        repository.run("config", "--local", _WANTED, "false")
    elif not _are_unwanted(repository) and not os.environ.get("CI"):
        outcome = install(repository, asked=False)
        _say_installed(outcome)
        if outcome.notes:
            say(
                "not all hooks are in place",
                "to hear no more of them: sealedfiles unlock --no-hooks",
            )


def uninstall_hooks(repository: Repository, *, asked: bool = True) -> int:
    """Take the hooks away and say what was done; return 1 where something was left."""
    outcome = uninstall(repository, asked=asked)
    for hook in outcome.changed:
        kept = "what was there before is back" if os.path.lexists(hook.path) else "removed"
        say(f"{hook.path}: {kept}")
    for note in outcome.notes:
        say(note.message, *note.hints)
    if asked and not outcome.changed and not outcome.notes:
        say("there are no hooks of ours here")
    return 1 if outcome.notes else 0


def _say_installed(outcome: Outcome) -> None:
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


def _are_unwanted(repository: Repository) -> bool:
    return repository.try_run("config", "--type=bool", "--get", _WANTED)[1] == b"false\n"


def _repository(*, bare: bool = False) -> Repository:
    repository = find_repository(Path.cwd(), bare=bare)
    if repository is None:
        raise UsageError("hooks are for a git repository, and this is none")
    return repository


def _pushed(repository: Repository, remote: str) -> list[str]:
    """Return what `check` is to look at before a push to *remote*: the commits that are not there."""
    updates = [(new, old) for _, new, _, old in _references(4)]
    # The pre-commit framework has read stdin itself.
    new = os.environ.get("PRE_COMMIT_TO_REF") or os.environ.get("PRE_COMMIT_LOCAL_BRANCH")
    if new and not updates:
        remote = os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
        updates = [(new, "")]
    tips = _commits(repository, [new for new, _ in updates])
    # What is there can be unknown here: a push can be forced over somebody else's work.
    there = _commits(repository, [old for _, old in updates])
    revisions = [*tips, *(f"^{commit}" for commit in there)]
    known = [f"--new-on={remote}"] if remote else []
    return [f"--rev={revision}" for revision in revisions] + known if tips else []


def _received(repository: Repository) -> list[str]:
    """Return what `check` is to look at when something was pushed here."""
    tips = _commits(repository, [new for _, new, _ in _references(3)])
    return [f"--rev={tip}" for tip in tips] + ["--new"] if tips else []


def _references(fields: int) -> list[list[str]]:
    """Return what git says on stdin, a line for each reference."""
    data = sys.stdin.buffer.read() if sys.stdin else b""
    text = data.decode("utf-8", "surrogateescape")
    lines = [line.split(" ") for line in text.split("\n")]
    return [line for line in lines if len(line) == fields]


def _commits(repository: Repository, names: list[str]) -> list[str]:
    """Return the commits that *names* stand for: zeros stand for nothing, a tag maybe for something else."""
    lines = "".join(f"{name}^{{commit}}\n" for name in names).encode("utf-8", "surrogateescape")
    out = repository.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=lines)
    found = out.decode("utf-8", "replace").split("\n")[:-1]
    return [line.split(" ")[0] for line in found if line.endswith(" commit")]
