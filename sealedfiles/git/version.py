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


def too_old(version: str | None) -> str:
    """Return the message for *version* if it is older than the oldest supported one, otherwise nothing."""
    match = re.match(r"(\d+)\.(\d+)", version or "")
    if match is None or (int(match[1]), int(match[2])) >= OLDEST:
        return ""
    return (
        f"git {version} is older than {OLDEST[0]}.{OLDEST[1]}, the oldest supported version: "
        "merges of sealed files can fail"
    )


def refuse_old_git() -> None:
    """Raise GitError if git is too old; for `init`."""
    if message := too_old(git_version()):
        raise GitError(message, "update git, then run the command again")


def warn_of_old_git() -> None:
    """Print a warning if git is too old; for `unlock`, which gives access to existing values."""
    if message := too_old(git_version()):
        warn(message, "update git")
