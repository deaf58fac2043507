"""Read what git does not pass to its children: the options of a merge, and where its output goes.

git applies `git merge -X theirs` and `git checkout --conflict=diff3` only to its own merge.  If the merge
driver ignored them, it would report conflicts that the user wanted git to resolve.  So it reads the command
line of the git process that started it.  If that cannot be read (Windows), the conflicts are reported.

git sets an environment variable for its children if it starts a pager.  A nested git inherits the variable
even if its output is redirected, so the outputs of the git processes are compared.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.lazy_pattern import lazy_pattern

_GENERATIONS = 8
"""Maximum number of ancestors to check: shells may run between git, its aliases and this process."""

_PAGER = "GIT_PAGER_IN_USE"
"""git sets this variable for its children if it has started a pager on a terminal."""

_ADDING = frozenset(("add", "stage", "commit"))
_WITH_VALUE = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env"))
"""Options before the subcommand that take a value."""

_GIT = frozenset(
    ("git", "git.exe", "git-blame", "git-annotate", "git-diff", "git-log", "git-show", "git-merge")
)
_SIDES = lazy_pattern(r"\b(ours|theirs)\b")
_OPTIONS_FILES = {
    "rebase": "rebase-merge/strategy_opts",
    "cherry-pick": "sequencer/opts",
    "revert": "sequencer/opts",
}
"""Files in which a command that can be continued stores its original options."""


class GitOptions(NamedTuple):
    """The options of the git command; None if not given."""

    favor: str | None = None
    """``ours`` or ``theirs``."""
    conflict_style: str | None = None


def git_options(repository: Repository) -> GitOptions:
    """Return the options of the git process that started this one."""
    return read_arguments(git_arguments()[1:], repository)


def git_arguments() -> list[str]:
    """Return the command line of the git process that started this one; empty if it cannot be read."""
    return next((arguments for _, arguments in _git_processes()), [])


def git_command() -> list[str]:
    """Return the subcommand of the calling git process and its arguments; empty if they cannot be read."""
    return split_command(git_arguments())


def split_command(arguments: list[str]) -> list[str]:
    """Return the subcommand and its arguments from git's command line *arguments*; empty if there is none."""
    if not arguments:
        return []
    name = os.path.basename(arguments[0])
    if name.startswith("git-"):
        return [name.removeprefix("git-"), *arguments[1:]]
    at = 1
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in _WITH_VALUE else 1
    return arguments[at:]


def is_adding() -> bool:
    """Return True if the git command that called this process adds files to the index."""
    return "".join(git_command()[:1]) in _ADDING


def is_storing() -> bool:
    """Return True if the calling git command stores files that git may later check out.

    In addition to ``is_adding``, this is `git stash`, which runs `git update-index --add`.
    """
    name, *arguments = git_command() or [""]
    return name in _ADDING or (name == "update-index" and "--add" in arguments)


def has_pager() -> bool:
    """Return True if the git process that started this one writes to a pager.

    If the output of a process cannot be determined (macOS, Windows), git's environment variable decides.
    """
    if _PAGER not in os.environ:
        return False
    output = None
    for process, _ in _git_processes():
        found = _output(process)
        if found is None or (output is not None and output[:2] != found[:2]):
            # The output is unknown, or it was redirected in an alias or hook of a git that has a pager.
            return found is None
        output = found
        if not _inherits_pager(process):
            return True
    return output is None or not stat.S_ISREG(output[2])


def read_arguments(arguments: list[str], repository: Repository) -> GitOptions:
    """Return the options in git's *arguments*, or those of the command that is being continued."""
    options = list(_options(arguments))
    sides = [value for name, value in options if name in ("-X", "--strategy-option")]
    styles = [value for name, value in options if name == "--conflict"]
    favor = next((side for side in reversed(sides) if side in ("ours", "theirs")), None)
    for command, name in () if favor else _OPTIONS_FILES.items():
        if command in arguments:
            favor = _stored_side(os.path.join(repository.git_folder, name))
    return GitOptions(favor, styles[-1] if styles else None)


def _options(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the options that affect the merge driver, each with its value."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            return
        name, sign, value = argument.partition("=")
        if name in ("--strategy-option", "--conflict"):
            yield name, value if sign else "".join(arguments[at + 1 : at + 2])
        elif argument.startswith("-X"):
            yield "-X", argument[2:] or "".join(arguments[at + 1 : at + 2])


def _stored_side(file: str) -> str | None:
    try:
        found = _SIDES.findall(_read_file(file).decode("utf-8", "replace"))
    except OSError:
        return None
    return found[-1] if found else None


def _git_processes() -> Iterator[tuple[int, list[str]]]:
    """Yield the git processes above this one, the nearest first, with their command lines."""
    for process, arguments in _ancestors():
        if arguments and os.path.basename(arguments[0]) in _GIT:
            yield process, arguments


def _output(process: int) -> tuple[int, int, int] | None:
    """Return device, inode and mode of the stdout of *process*; None if unknown."""
    try:
        found = os.stat(f"/proc/{process}/fd/1")
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mode


def _inherits_pager(process: int) -> bool:
    """Return True if a parent of *process* had already started the pager, or if that is unknown."""
    try:
        environment = _read_file(f"/proc/{process}/environ").split(b"\0")
    except OSError:
        return True
    return any(one.startswith(b"%b=" % _PAGER.encode("ascii")) for one in environment)


def _ancestors() -> Iterator[tuple[int, list[str]]]:
    """Yield the processes above this one, the nearest first, with their command lines."""
    process = os.getppid()
    read = _read_proc if os.path.exists("/proc/self/stat") else _read_ps
    for _ in range(_GENERATIONS):
        try:
            arguments, parent = read(process)
        except (OSError, ValueError):
            return
        yield process, arguments
        process = parent


def _read_proc(process: int) -> tuple[list[str], int]:
    arguments = os.fsdecode(_read_file(f"/proc/{process}/cmdline")).split("\0")[:-1]
    # The process name, in parentheses, may contain any character.
    parent = _read_file(f"/proc/{process}/stat").rpartition(b")")[2].split()[1]
    return arguments, int(parent)


def _read_file(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()


def _read_ps(process: int) -> tuple[list[str], int]:
    import subprocess

    run = subprocess.run(
        ["ps", "-o", "ppid=", "-o", "args=", "-p", str(process)],
        capture_output=True,
        check=False,
    )
    parent, *arguments = os.fsdecode(run.stdout).split()
    return arguments, int(parent)
