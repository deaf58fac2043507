"""Configure the filter in git, for one clone or for a user."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from sealedfiles.errors import GitError
from sealedfiles.git.merge_driver import ARGUMENTS as MERGE_ARGUMENTS
from sealedfiles.git.merge_driver import FAILED as MERGE_FAILED
from sealedfiles.git.repository import Repository
from sealedfiles.util.messages import on_one_line

_PACKAGE = Path(__file__).parents[1] / "__init__.py"
_REQUIRED = "filter.sealedfiles.required"
_SECTIONS = ("filter.sealedfiles", "diff.sealedfiles", "merge.sealedfiles")
_RENORMALIZE = "merge.renormalize"
_SET = "sealedfiles.set"
"""The setting in which an older `configure` recorded that it had set ``_RENORMALIZE``."""


def shell_start(arguments: str, *hints: str) -> list[str]:
    """Return shell statements that replace the shell by sealedfiles with *arguments*.

    If a file of this installation is missing, the same command is still tried, because it may have been
    reinstalled with another Python.  Then sealedfiles on PATH is tried.  If neither starts, the shell
    prints an error with *hints* and exits with status 1.
    """
    start, name, needed = _program()
    there = " && ".join(f"test {option} {shlex.quote(path)}" for option, path in needed)
    starts = "--version </dev/null >/dev/null 2>&1"
    said = [f"sealedfiles: error: {name} is missing or does not start"]
    said += [f"hint: {hint}" for hint in hints]
    return [
        f"{there} && exec {start} {arguments}",
        f"{start} {starts} && exec {start} {arguments}",
        "other=$(command -v sealedfiles)",
        # With a relative or empty entry in PATH, or a folder in the working tree (the current folder), anyone
        # with push access could have added the program.
        'top=$(pwd -P); folder=$(cd "$(dirname "$other")" 2>/dev/null && pwd -P)',
        'case $other in /*) ;; *) folder=""; esac',
        'case $folder/ in /|"$top"/*) other=""; esac',
        f'test -n "$other" && "$other" {starts} && exec "$other" {arguments}',
        *(f"echo {shlex.quote(line)} >&2" for line in said),
        "exit 1",
    ]


def _program() -> tuple[str, str, list[tuple[str, str]]]:
    """Return the shell command for sealedfiles, its name for messages, and the files that it needs.

    Each file comes with the option of `test` that checks for it.  The path is absolute, because graphical
    programs have another PATH.  ``python -m`` needs ``-I``: git starts filters in the root of the working
    tree, where Python would otherwise import, for example, a file ``yaml.py`` instead of the library.
    """
    script = Path(sys.argv[0]).absolute()
    if script.stem != "sealedfiles" or not script.exists():
        name = "sealedfiles.exe" if sys.platform == "win32" else "sealedfiles"
        script = Path(sys.executable).with_name(name)
    # If its package is missing, the script fails with a traceback.
    package = [("-f", _PACKAGE.as_posix())]
    if not script.exists():
        python = Path(sys.executable).as_posix()
        return f"{shlex.quote(python)} -I -m sealedfiles", python, [("-x", python), *package]
    path = script.as_posix()
    found = [("-x", one) for one in (path, *_interpreter(script))]
    return shlex.quote(path), path, found + package


def _interpreter(script: Path) -> list[str]:
    """Return the interpreter of *script*, often a link to a Python that an update may remove."""
    with script.open("rb") as file:
        line = file.readline(4096)
    words = line[2:].split() if line.startswith(b"#!") else []
    return [os.fsdecode(words[0])] if words and words[0].startswith(b"/") else []


def _for_git(arguments: str, failed: int = 1) -> str:
    """Return the command for git's configuration.  If sealedfiles does not start, it exits with *failed*.

    If *arguments* contain a placeholder of git (`%f`), every other `%` is escaped.
    """
    statements = shell_start(
        "\0",
        "without it, git cannot seal or decrypt files",
        "install it again, then run: sealedfiles unlock",
    )
    command = "; ".join([*statements[:-1], f"exit {failed}"])
    if "%" in arguments:
        command = command.replace("%", "%%")
    return command.replace("\0", arguments)


def _textconv() -> str:
    """Return the command that git calls with each version that it shows (see ``git.filter.textconv``).

    Before calling it, git smudges stored versions into a file with an absolute path.  So Python is started
    only for files in the working tree, and not even for these if git's own pager shows plaintext.
    """
    if sys.platform == "win32":
        return "cat"
    start = _for_git('git textconv "$1"')
    stored = 'case "$1" in /*) exec cat "$1";; esac'
    git = '"/proc/$PPID/cmdline" "/proc/$PPID/environ"'
    person = (
        'test -n "$GIT_PAGER_IN_USE" && test -p "/proc/$PPID/fd/1"'
        f' && {{ grep -Eqz "^(commit$|--output|GIT_PAGER_IN_USE=)" {git} 2>/dev/null; test $? = 1; }}'
        ' && test "$(git config sealedfiles.diff)" != never'
    )
    return f"""shown() {{ {stored}; {person} && exec cat -- "$1"; {start}; }}; shown"""


def configuration() -> dict[str, str]:
    """Return the git settings of a clone in which sealedfiles is set up."""
    return {
        # First, because without it git silently stores the plaintext when the filter fails.
        _REQUIRED: "true",
        "filter.sealedfiles.process": _for_git("git filter-process"),
        "filter.sealedfiles.clean": _for_git("git clean %f"),
        "filter.sealedfiles.smudge": _for_git("git smudge %f"),
        "diff.sealedfiles.textconv": _textconv(),
        "merge.sealedfiles.name": "values of sealed files",
        # git interprets any lower status as a merged file with conflicts.
        "merge.sealedfiles.driver": _for_git(f"git merge {MERGE_ARGUMENTS}", MERGE_FAILED),
    }


def configure(repository: Repository) -> None:
    """Write the configuration of one clone, except settings that `configure_user` wrote for the user."""
    is_set = _settings(repository)
    _unset_renormalize(repository, is_set)
    for key, value in configuration().items():
        # Write _REQUIRED even if the user's configuration has it: if that is removed, git add must fail.
        if key == _REQUIRED or is_set.get(key) != value:
            repository.run("config", "--local", "--replace-all", key, value)


def deconfigure(repository: Repository) -> None:
    """Remove the settings that `configure` wrote from the configuration of one clone."""
    _unset_renormalize(repository, _settings(repository))
    for section in (*_SECTIONS, "sealedfiles"):
        repository.try_run("config", "--local", "--remove-section", section)


def _unset_renormalize(repository: Repository, is_set: dict[str, str]) -> None:
    """Unset the setting that `configure` wrote before the merge driver existed.

    With that setting, git cleans every version of a file for a merge, which replaces the new token of a
    rotated value with the old one.
    """
    _, noted, _ = repository.try_run("config", "--local", "--get-all", _SET)
    _, value, _ = repository.try_run("config", "--local", "--get", _RENORMALIZE)
    before = "filter.sealedfiles.process" in is_set and "merge.sealedfiles.driver" not in is_set
    if _RENORMALIZE in noted.decode("utf-8", "replace").split() or (before and value == b"true\n"):
        repository.try_run("config", "--local", "--unset-all", _RENORMALIZE)
        repository.try_run("config", "--local", "--unset-all", _SET)


def is_configured(repository: Repository) -> bool:
    """Return True if the filter is configured in this clone."""
    return bool(repository.config("filter.sealedfiles.process"))


def configure_user() -> str:
    """Write the configuration for all repositories of this user; return the file that contains it.

    Writes only the sections of sealedfiles; settings that affect other repositories are left to each clone.
    """
    for key, value in configuration().items():
        _user_config("--replace-all", key, value)
    origin = _user_config("--show-origin", "--get", _REQUIRED) or ""
    return origin.partition("\t")[0].removeprefix("file:")


def deconfigure_user() -> bool:
    """Remove the sealedfiles sections from the user's configuration; return True if there were any."""
    found = [one for one in _SECTIONS if _user_config("--get-regexp", f"^{re.escape(one)}\\.")]
    for section in found:
        _user_config("--remove-section", section)
    return bool(found)


def _settings(repository: Repository) -> dict[str, str]:
    """Return every setting that applies in a clone, from any configuration file."""
    out = repository.run("config", "--list", "-z").decode("utf-8", "replace")
    pairs = (entry.partition("\n") for entry in out.split("\0"))
    return {key: value for key, _, value in pairs}


def _user_config(*args: str) -> str | None:
    """Run `git config --global`; return its output, or None if nothing was found.  Raises GitError."""
    import subprocess

    try:
        run = subprocess.run(["git", "config", "--global", *args], capture_output=True, check=False)
    except FileNotFoundError:
        raise GitError("git was not found on PATH", "install git") from None
    if run.returncode > 1:
        words = on_one_line(run.stderr)
        raise GitError(f"git config --global failed with exit status {run.returncode}: {words}")
    return None if run.returncode else run.stdout.decode("utf-8", "replace")
