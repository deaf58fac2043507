"""`sealedfiles hook`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sealedfiles.cli import declaration
from sealedfiles.cli.hook_setup import WANTED, are_disabled, report_installed, uninstall_hooks
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.hooks import HOOKS, REFRESHING, install
from sealedfiles.git.pushed import Update, pushed, read_updates, received
from sealedfiles.git.repository import find_repository
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import fail, say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealedfiles.app.check.findings import Finding
    from sealedfiles.app.check.versions import Store
    from sealedfiles.git.pushed import Pushed
    from sealedfiles.git.repository import Repository

_REFUSED = {
    "pre-commit": (
        "nothing was committed",
        "fix it, git add the files, and commit again",
        "to commit without this check: git commit --no-verify",
    ),
    "pre-merge-commit": (
        "merged, but not committed",
        "fix it, git add the files, and finish the merge: git commit",
        "to commit without this check: git commit --no-verify",
    ),
    "pre-push": (
        "nothing was pushed",
        "rewrite the commits (a later commit does not help): git commit --amend, git rebase -i",
        "or make them one commit: git reset --soft $(git merge-base HEAD @{upstream}), fix it, git commit",
        "to push without this check: git push --no-verify",
    ),
    "pre-receive": (
        "the push was rejected",
        "rewrite the commits (git commit --amend, git rebase -i) and push again",
        "these values have left your computer: if they are real, change them at their source",
    ),
}


@declaration.group("hook")
def command() -> None:
    """Install or remove the git hooks that refuse plaintext.

    They run `sealedfiles check`, which needs no key, before a commit, a merge and a push.  Existing hooks
    continue to work.
    """


@command.command("install")
def install_command() -> int:
    """Install the hooks in git's hooks folder (core.hooksPath)."""
    repository = _repository()
    if are_disabled(repository):
        repository.run("config", "--local", WANTED, "true")
    outcome = install(repository)
    report_installed(outcome)
    if not outcome.changed and not outcome.notes:
        say("installed the hooks")
    return 1 if outcome.notes else 0


@command.command("uninstall")
def uninstall_command() -> int:
    """Remove the hooks and restore the previous hooks.

    After that, unlock does not install them again.
    """
    repository = _repository()
    repository.run("config", "--local", WANTED, "false")
    return uninstall_hooks(repository)


@command.command(
    "run",
    hidden=True,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@declaration.argument("name", choices=([*HOOKS, *REFRESHING, "pre-receive"]))
@declaration.argument("arguments", nargs=-1, is_raw=True)
def run_command(name: str, arguments: tuple[str, ...]) -> int:
    """Run a hook.

    The hook files call this with the arguments from git.
    """
    # Print findings to stderr, because `git push --porcelain` prints data to stdout.
    os.dup2(2, 1)
    if name in REFRESHING:
        clone = Clone(_repository())
        clone.mirror_policy()
        _learn_from_history(clone, is_reported=name == "post-merge")
        clone.close()
        return 0
    from sealedfiles.app.check.run import look_at_what_is_stored

    look_at_what_is_stored()
    try:
        status = _run(name, arguments)
    except SealedFilesError as error:
        fail(error.message, *error.hints)
        status = error.exit_code
    if status:
        fail(*_REFUSED[name])
    return status


def _learn_from_history(clone: Clone, *, is_reported: bool) -> None:
    """Record what the commits that git checked out or merged show of the keys.

    With *is_reported*, warn of keys that commands refuse: what was merged is in the working tree already,
    decrypted.
    """
    for group in clone.ring.groups():
        with contextlib.suppress(SealedFilesError):
            if clone.has_unread_history(group):
                from sealedfiles.git.retired_keys import learn_history

                learn_history(clone, group)
            trouble = clone.judge(group).trouble if is_reported else None
            if trouble:
                warn(trouble.message, *trouble.hints)


def _run(name: str, arguments: tuple[str, ...]) -> int:
    from sealedfiles.app.check.run import CheckReport, store_of, without_commit
    from sealedfiles.app.check.wanted import Wanted
    from sealedfiles.cli.check_report import print_report, run_check

    repository = _repository(bare=name == "pre-receive")
    if name == "pre-push":
        changes = _pushed(repository, arguments)
    elif name == "pre-receive":
        changes = _received(repository)
    else:
        clone = _clone(repository)
        store = store_of(clone)
        # What a merge brings in was committed before.
        tokens = _added_tokens(clone, store, None) if name == "pre-commit" else []
        return run_check(clone, Wanted(staged=True, hook=True), tokens, store)
    for note in changes.notes:
        say(note.message, *note.hints)
    clone = _clone(repository)
    store = store_of(clone)
    found = without_commit(clone, store, [one.name for one in changes.without_commit])
    if not changes.revisions:
        clone.close()
        return print_report(CheckReport(found, 0, []), is_short=True)
    if name == "pre-push":
        found += _added_tokens(clone, store, changes.revisions)
    wanted = Wanted(
        revisions=tuple(changes.revisions),
        known_here=name == "pre-receive",
        hook=name == "pre-push",
        tags=tuple(changes.tags),
    )
    return run_check(clone, wanted, found, store)


def _added_tokens(clone: Clone, store: Store, revisions: Sequence[str] | None) -> list[Finding]:
    """Return the provider tokens that are staged, or that commits add, if the extra for it is installed."""
    from sealedfiles.app.scan.provider_tokens import is_installed

    if not is_installed():
        return []
    from sealedfiles.app.check.allowing import policy_in_force
    from sealedfiles.app.scan.added_tokens import added_tokens

    return added_tokens(store, revisions, policy_in_force(clone))


def _repository(*, bare: bool = False) -> Repository:
    repository = find_repository(Path.cwd(), bare=bare)
    if repository is None:
        raise UsageError("hooks need a git repository, but this folder is not in one")
    return repository


def _pushed(repository: Repository, arguments: tuple[str, ...]) -> Pushed:
    """Return what to check before a push; *arguments* from git are the remote's name and URL."""
    updates = [Update(name, new, old) for _, new, name, old in read_updates(4)]
    url = arguments[1] if len(arguments) > 1 else "".join(arguments[:1])
    # The pre-commit framework reads stdin itself.
    new = os.environ.get("PRE_COMMIT_TO_REF") or os.environ.get("PRE_COMMIT_LOCAL_BRANCH")
    if new and not updates:
        url = os.environ.get("PRE_COMMIT_REMOTE_URL") or url
        updates = [Update(os.environ.get("PRE_COMMIT_REMOTE_BRANCH", new), new, "")]
    return pushed(repository, updates, url)


def _received(repository: Repository) -> Pushed:
    """Return what to check on the server when commits are pushed to it."""
    return received(repository, [Update(name, new, old) for old, new, name in read_updates(3)])


def _clone(repository: Repository) -> Clone:
    """Return the clone with the keys that are available without a prompt; none if it is locked."""
    from sealedfiles.keys.identity.sources import QuietIdentities

    return Clone(repository, QuietIdentities(), is_filter=True)
