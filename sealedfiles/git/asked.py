"""Options that git does not pass to a merge driver: which side wins, how conflicts are written.

git applies `git merge -X theirs` and `git checkout --conflict=diff3` to its own merge only.  A driver that
ignored them would report conflicts that the user had excluded, so it reads the command line of the git
process that started it.  If that cannot be read (Windows), the result is conflicts, and nothing worse.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.repository import Repository

_GENERATIONS = 4
"""There may be a shell between git and this process."""

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
    for arguments in _ancestors():
        if arguments and _GIT.fullmatch(os.path.basename(arguments[0])):
            return arguments
    return []


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


def _ancestors() -> Iterator[list[str]]:
    """Yield the command lines of the processes above this one, the nearest first."""
    process = os.getppid()
    look = _look_into_proc if Path("/proc/self/stat").exists() else _ask_ps
    for _ in range(_GENERATIONS):
        try:
            arguments, process = look(process)
        except (OSError, ValueError):
            return
        yield arguments


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
