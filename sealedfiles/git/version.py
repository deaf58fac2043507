"""The version of git, and the oldest supported version."""

from __future__ import annotations

import re
import subprocess

from sealedfiles.errors import GitError
from sealedfiles.util.messages import warn

OLDEST = (2, 34)
"""The oldest supported version: merges of sealed files abort with 2.30; tests run with 2.34 and newer."""


def git_version() -> str | None:
    """Return the version of git as text (`2.39.5`); None if git was not found."""
    try:
        run = subprocess.run(["git", "--version"], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return run.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")


def is_too_old(version: str) -> bool:
    """Return True if *version* is older than the oldest supported one; False if it cannot be parsed."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) < OLDEST


def too_old(version: str) -> str:
    """Return the message for a git that is too old."""
    return (
        f"git {version} is older than {OLDEST[0]}.{OLDEST[1]}, the oldest supported version: "
        "merges of sealed files can fail"
    )


def refuse_old_git() -> None:
    """Raise GitError if git is too old; for `init`."""
    version = git_version()
    if version is not None and is_too_old(version):
        raise GitError(too_old(version), "update git, then run the command again")


def warn_of_old_git() -> None:
    """Print a warning if git is too old; for `unlock`, which gives access to existing values."""
    version = git_version()
    if version is not None and is_too_old(version):
        warn(too_old(version), "update git")
