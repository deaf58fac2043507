"""Decide whether git shows a sealed file in plaintext, to a person, or as stored, to a program.

The output of `git diff` and `git log -p` is read by people, but also by secret scanners, `git apply` and CI
logs.  In those, and in a file, the plaintext of a sealed value would be a leak, or a patch that does not
apply. git sets an environment variable for its children if it has started a pager on a terminal.  It does
not pass the command to a filter, so the command line of the git process is read; if that is impossible
(Windows), everything is shown in plaintext.

The setting `sealedfiles.diff` overrides this: `auto` (the default), `always` (plaintext), `never`.
"""

from __future__ import annotations

import os

from sealedfiles.git.repository import Repository

_SHOWING = frozenset(
    (
        *("diff", "log", "show", "whatchanged", "reflog", "diff-tree", "diff-index", "diff-files"),
        *("commit", "status"),
    )
)
"""The git commands that read files only to show them."""

_BLAME_WITH_VALUE = frozenset(("-L", "-S", "--contents", "--date", "--ignore-rev"))


def shows_plaintext(repository: Repository) -> bool:
    """Return True if the calling git command should get plaintext.

    Every command that writes to the working tree gets plaintext.
    """
    from sealedfiles.git.invocation import git_command, has_pager

    command, *arguments = git_command() or [""]
    if command in ("blame", "annotate"):
        # For a working tree file, git compares textconv's output with the stored form.
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
        return True  # `git difftool`, and other tools that the user has configured
    return has_pager()


def is_switching() -> bool:
    """Return True if the calling git command is `git switch` or `git checkout`."""
    from sealedfiles.git.invocation import git_command

    return git_command()[:1] in (["switch"], ["checkout"])


def only_shows() -> bool:
    """Return True if the calling git command reads files only to show them."""
    from sealedfiles.git.invocation import git_command

    command, *arguments = git_command() or [""]
    is_stash = command == "stash" and "show" in arguments[:1]
    return command in (*_SHOWING, "blame", "annotate") or is_stash


def _writes_file(command: str, options: list[str]) -> bool:
    """Return True if a command writes a diff to a file, even if git has started a pager.

    `git commit --verbose` writes it to ``.git/COMMIT_EDITMSG``.
    """
    outputs = (one for one in options if one == "--output" or one.startswith("--output="))
    return command == "commit" or any(outputs)


def _names_revision(arguments: list[str]) -> bool:
    """Return True if the *arguments* of `git blame` contain a revision in addition to the file."""
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
