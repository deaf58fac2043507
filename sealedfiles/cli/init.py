"""`sealedfiles init`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles.app.start import (
    create_workspace,
    is_set_up,
    refuse_incomplete,
    restore_folder,
    set_up_git,
)
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.git.attributes import set_strict
from sealedfiles.git.cached_groups import folder_missing
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure_user
from sealedfiles.git.repository import Repository, find_repository
from sealedfiles.git.rewrite import stage
from sealedfiles.git.version import refuse_old_git
from sealedfiles.keys.folder import NAME
from sealedfiles.util.messages import say


@declaration.command("init")
@declaration.option("--name", help="Your name as a reader (default: from git's user.name).")
@declaration.option(
    "--strict/--no-strict",
    default=None,
    help="Whether git refuses to add sealed files in clones without sealedfiles.",
)
@declaration.option(
    "--global",
    "for_user",
    is_flag=True,
    help="Set up the filter in your git configuration instead, for all your repositories.",
)
@declaration.option(
    "--restore",
    is_flag=True,
    help="Create .sealedfiles/ from the keys that this clone caches.",
)
@declaration.option(
    "--start-over",
    is_flag=True,
    help="Create new keys even though git has values whose keys are lost.",
)
@no_hooks_option
def command(
    name: str | None,
    strict: bool | None,
    for_user: bool,
    restore: bool,
    start_over: bool,
    no_hooks: bool,
) -> int:
    """Set up sealedfiles in this repository.

    Creates .sealedfiles/ with you as the first reader, and sets up git's filter and hooks.  If you have no
    identity, one is generated.  The new files are staged, not committed.  If the repository already has
    .sealedfiles/, only git's configuration is updated.

    If .sealedfiles/ was lost before it was committed, --restore creates it from the group keys in .git.
    """
    if for_user:
        if name is not None or strict is not None or restore or start_over or no_hooks:
            raise UsageError("--global changes your git configuration, and allows no other option")
        return _init_user()
    return _init(name, strict, restore, start_over, no_hooks)


@exclusive()
def _init(
    name: str | None, strict: bool | None, restore: bool, start_over: bool, no_hooks: bool
) -> int:
    repository = find_repository(Path.cwd())
    if repository:
        refuse_old_git()
    root = repository.top if repository else Path.cwd()
    is_new = not is_set_up(root, repository)
    if repository and not is_new and not restore:
        refuse_incomplete(repository)
    _refuse(repository, root, is_new=is_new, needs_git=strict is not None or restore)
    if restore and repository:
        restore_folder(repository, name, TERMINAL)
    elif is_new and repository:
        missing = folder_missing(Clone(repository), accepts_tokens=start_over)
        if missing:
            raise missing
    if is_new and not restore:
        create_workspace(root, repository, name, TERMINAL)
    if repository:
        set_up_git(repository)
        if strict is not None:
            _set_strict(repository, strict)
        set_up_hooks(repository, unwanted=no_hooks)
    if restore:
        return 0
    _report_next(root, is_new=is_new)
    return 0


def _report_next(root: Path, *, is_new: bool) -> None:
    if is_new:
        say(
            "next:",
            "choose the files to seal: sealedfiles track 'secrets/*.yaml' '*.env'",
            "then git add and git commit as usual",
            "back up your key: if it is lost and there is no other reader, the values are lost",
        )
    else:
        say(
            f"{root / NAME} already exists; git's configuration is set up",
            "to decrypt the files: sealedfiles unlock",
        )


def _refuse(repository: Repository | None, root: Path, *, is_new: bool, needs_git: bool) -> None:
    """Raise UsageError if the command needs a git repository with a working tree, but this is not one."""
    if repository is None and (needs_git or not is_new):
        raise UsageError(
            "this is for a git repository only" if is_new else f"{root / NAME} already exists"
        )
    if repository is None and find_repository(Path.cwd(), bare=True):
        raise UsageError(
            "this is a bare repository: it has no working tree",
            "run sealedfiles init in a clone of it",
        )


def _init_user() -> int:
    file = configure_user()
    say(
        f"wrote the filter to {file}: it runs in every repository whose .gitattributes use it",
        "new clones are decrypted with your keys; sealedfiles unlock also installs hooks and caches the keys",
        "to undo this: sealedfiles deinit --global",
    )
    return 0


def _set_strict(repository: Repository, strict: bool) -> None:
    word = "strict" if strict else "not strict"
    if not set_strict(repository.top, strict):
        say(f"the repository is already {word}")
        return
    stage(Clone(repository), ".gitattributes")
    hints = ["staged: .gitattributes"]
    if strict:
        hints.append("git now refuses to add sealed files in clones without sealedfiles")
        hints.append("in every clone, run: sealedfiles unlock")
    say(f"the repository is now {word}", *hints)
