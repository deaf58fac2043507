"""Decide whether git shows a sealed file to a person, as plaintext, or to a program, as stored.

`git diff` and `git log -p` are read by people, and by secret scanners, `git apply` and the logs of CI.  For
programs, and in a file, the plaintext of a sealed value is a leak, or a patch that does not apply.  git tells
its children that it has started a pager on a terminal.  It does not tell a filter which command reads a file,
so the command line of that git is read; if it cannot be read (Windows), everything is shown in plaintext.

The setting `sealedfiles.diff`: `auto` (the default), `always` (plaintext), `never`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository

_SHOWING = frozenset(
    (
        *("diff", "log", "show", "whatchanged", "reflog", "diff-tree", "diff-index", "diff-files"),
        *("commit", "status"),
    )
)
"""The commands that read files only to show them."""

_BLAME_WITH_VALUE = frozenset(("-L", "-S", "--contents", "--date", "--ignore-rev"))


def shows_plaintext(repository: Repository) -> bool:
    """Return True if the git command above this process should get plaintext.

    This is so for every command that writes the working tree.
    """
    from sealedfiles.git.invocation import git_command, has_pager

    command, *arguments = git_command() or [""]
    if command in ("blame", "annotate"):
        # For a working tree file, git compares the output of textconv with the stored form.
        return "--textconv" in arguments or _names_revision(arguments)
    is_stash = command == "stash" and "show" in arguments[:1]
    if command not in _SHOWING and not is_stash:
        return True
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--textconv" in options:
        return True
    setting = repository.config("sealedfiles.diff") or "auto"
    if setting in ("always", "never"):
        return setting == "always"
    if _writes_file(command, options):
        return False
    if os.environ.get("GIT_EXTERNAL_DIFF") and "--no-ext-diff" not in options:
        return True  # `git difftool`, and tools of the user's choice
    return has_pager()


def is_switching() -> bool:
    """Return True if the git command above this process is `git switch` or `git checkout`."""
    from sealedfiles.git.invocation import git_command

    return git_command()[:1] in (["switch"], ["checkout"])


def only_shows() -> bool:
    """Return True if the git command above this process reads files to show them, and writes none."""
    from sealedfiles.git.invocation import git_command

    command, *arguments = git_command() or [""]
    is_stash = command == "stash" and "show" in arguments[:1]
    return command in (*_SHOWING, "blame", "annotate") or is_stash


def _writes_file(command: str, options: list[str]) -> bool:
    """Return True if a command writes the difference to a file, whether git has started a pager or not.

    `git commit --verbose` writes it to ``.git/COMMIT_EDITMSG``.
    """
    outputs = (one for one in options if one == "--output" or one.startswith("--output="))
    return command == "commit" or any(outputs)


def _names_revision(arguments: list[str]) -> bool:
    """Return True if the arguments of `git blame` have a revision in addition to the file."""
    names = 0
    is_value = False
    for argument in arguments:
        if argument == "--":
            return names > 0
        if is_value:
            is_value = False
        elif argument in _BLAME_WITH_VALUE:
            is_value = True
        elif not argument.startswith("-"):
            names += 1
    return names > 1
