"""What git does not pass to its children: options of a merge, and where its output goes.

git applies `git merge -X theirs` and `git checkout --conflict=diff3` to its own merge only.  A driver that
ignored them would report conflicts that the user had excluded, so it reads the command line of the git
process that started it.  If that cannot be read (Windows), the result is conflicts, and nothing worse.

git tells its children that it started a pager.  It does not tell them if the output of one of its commands
goes elsewhere, because a child inherits this from an outer git.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.repository import Repository

_GENERATIONS = 8
"""There may be shells between git and this process, and between an alias and the git that runs it."""

_PAGER = "GIT_PAGER_IN_USE"
"""git sets this variable for its children if it has started a pager on a terminal."""

_WITH_VALUE = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env"))
"""Options before the subcommand that take a value."""

_GIT = re.compile(r"git(?:\.exe)?|git-(?:blame|annotate|diff|log|show|merge)")
_SIDES = re.compile(r"\b(ours|theirs)\b")
_KEPT = {
    "rebase": "rebase-merge/strategy_opts",
    "cherry-pick": "sequencer/opts",
    "revert": "sequencer/opts",
}
"""Files in which a command that can be continued stores its original options."""


class Asked(NamedTuple):
    """Options of the git command; None if not given."""

    favor: str | None = None
    """``ours`` or ``theirs``."""
    conflict_style: str | None = None


def asked_of_git(repository: Repository) -> Asked:
    """Return the options of the git process that started this one."""
    arguments = git_arguments()
    return read_arguments(arguments[1:], repository) if arguments else Asked()


def git_arguments() -> list[str]:
    """Return the command line of the git process that started this one; empty if it cannot be read."""
    for _, arguments in _gits():
        return arguments
    return []


def git_command() -> list[str]:
    """Return the subcommand of that git process and its arguments; empty if they cannot be read."""
    return split_command(git_arguments())


def split_command(arguments: list[str]) -> list[str]:
    """Return git's subcommand and its arguments, from the whole command line; empty if there is none."""
    if not arguments:
        return []
    name = os.path.basename(arguments[0])
    if name.startswith("git-"):
        return [name.removeprefix("git-"), *arguments[1:]]
    at = 1
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in _WITH_VALUE else 1
    return arguments[at:]


def has_pager() -> bool:
    """Return True if the git process that started this one writes to a pager.

    If the output of a process cannot be read (macOS, Windows), git's own word counts.
    """
    if _PAGER not in os.environ:
        return False
    output = None
    for process, _ in _gits():
        found = _output(process)
        if found is None or (output is not None and output[:2] != found[:2]):
            # Unknown, or redirected within an alias or a hook of a git that has a pager.
            return found is None
        output = found
        if not _inherits_pager(process):
            return True
    return output is None or not stat.S_ISREG(output[2])


def read_arguments(arguments: list[str], repository: Repository) -> Asked:
    """Return the options in git's *arguments*, or those of the command that is being continued."""
    options = list(_options(arguments))
    sides = [value for name, value in options if name in ("-X", "--strategy-option")]
    styles = [value for name, value in options if name == "--conflict"]
    favor = next((side for side in reversed(sides) if side in ("ours", "theirs")), None)
    for command, name in () if favor else _KEPT.items():
        if command in arguments:
            favor = _kept(repository.git_dir / name)
    return Asked(favor, styles[-1] if styles else None)


def _options(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the options that may matter to the merge driver, each with its value."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            return
        name, sign, value = argument.partition("=")
        if name in ("--strategy-option", "--conflict"):
            yield name, value if sign else "".join(arguments[at + 1 : at + 2])
        elif argument.startswith("-X"):
            yield "-X", argument[2:] or "".join(arguments[at + 1 : at + 2])


def _kept(file: Path) -> str | None:
    try:
        found = _SIDES.findall(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return found[-1] if found else None


def _gits() -> Iterator[tuple[int, list[str]]]:
    """Yield the git processes above this one, the nearest first, with their command lines."""
    for process, arguments in _ancestors():
        if arguments and _GIT.fullmatch(os.path.basename(arguments[0])):
            yield process, arguments


def _output(process: int) -> tuple[int, int, int] | None:
    """Return the device, the number and the mode of the file that *process* writes to, None if unknown."""
    try:
        found = os.stat(f"/proc/{process}/fd/1")
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mode


def _inherits_pager(process: int) -> bool:
    """Return True if *process* was started with a pager in use, and did not start it."""
    try:
        environment = Path("/proc", str(process), "environ").read_bytes().split(b"\0")
    except OSError:
        return True
    return any(one.startswith(b"%b=" % _PAGER.encode("ascii")) for one in environment)


def _ancestors() -> Iterator[tuple[int, list[str]]]:
    """Yield the processes above this one, the nearest first, with their command lines."""
    process = os.getppid()
    look = _look_into_proc if Path("/proc/self/stat").exists() else _ask_ps
    for _ in range(_GENERATIONS):
        try:
            arguments, parent = look(process)
        except (OSError, ValueError):
            return
        yield process, arguments
        process = parent


def _look_into_proc(process: int) -> tuple[list[str], int]:
    folder = Path("/proc", str(process))
    arguments = os.fsdecode((folder / "cmdline").read_bytes()).split("\0")[:-1]
    # The name, in parentheses, may contain anything.
    parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[1]
    return arguments, int(parent)


def _ask_ps(process: int) -> tuple[list[str], int]:
    import subprocess

    run = subprocess.run(
        ["ps", "-o", "ppid=", "-o", "args=", "-p", str(process)],
        capture_output=True,
        check=False,
    )
    parent, *arguments = os.fsdecode(run.stdout).split()
    return arguments, int(parent)
