"""The programs: sealedfiles itself, git, and how git starts the filter."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from sealedfiles import __version__
from sealedfiles.doctor.point import Point, error, ok, warning
from sealedfiles.git.hooks import look
from sealedfiles.git.pktline import text_packets
from sealedfiles.git.repository import git_environment
from sealedfiles.git.setup import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.git.clone import Clone

_OLDEST_GIT = (2, 11)
"""The first with long-running filters."""
_TESTED_GIT = (2, 34)
_WAIT = 20.0
"""Seconds that a filter may take to start: a cold disk is slow, a hanging one never ends."""


def _sealedfiles() -> Iterator[Point]:
    version = f"{__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    try:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey  # noqa: F401
    except ImportError:
        yield warning(
            "sealedfiles",
            f"{version}; the cryptography package here has no post-quantum keys",
            f"{sys.executable} -m pip install --upgrade cryptography",
        )
    else:
        yield ok("sealedfiles", version)


def _git() -> Iterator[Point]:
    try:
        run = subprocess.run(["git", "--version"], capture_output=True, check=False)
    except FileNotFoundError:
        yield error("git", "there is no git on the PATH", "install git")
        return
    words = run.stdout.decode("utf-8", "replace").strip()
    match = re.search(r"(\d+)\.(\d+)", words)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if version < _OLDEST_GIT:
        yield error("git", f"{words} is too old: it has no long-running filters", "update git")
    elif version < _TESTED_GIT:
        yield warning(
            "git", f"{words} is older than any that sealedfiles is tried with", "update git"
        )
    else:
        yield ok("git", words)


def _configuration(clone: Clone) -> Iterator[Point]:
    """Look at what stands in git's configuration against what should."""
    repository = clone.repository
    wanted = configuration()
    missing = [key for key in wanted if repository.config(key) is None]
    required = repository.config("filter.sealedfiles.required")
    if "filter.sealedfiles.process" in missing:
        yield error(
            "filter",
            "git does not know the filter: new plaintext is not sealed",
            "sealedfiles unlock",
        )
        return
    if (required or "").lower() not in ("true", "yes", "on", "1"):
        yield error(
            "filter",
            "filter.sealedfiles.required is not true: git stores plaintext when the filter fails",
            "git config filter.sealedfiles.required true",
        )
    if missing:
        yield warning("filter", f"not set: {', '.join(missing)}", "sealedfiles unlock")
    other = [
        key
        for key, value in wanted.items()
        if key not in missing
        and key != "filter.sealedfiles.required"
        and repository.config(key) != value
    ]
    if other:
        yield warning(
            "filter",
            f"set to another installation, or by hand: {', '.join(other)}",
            "sealedfiles unlock",
        )
    elif not missing:
        yield ok("filter", "git's configuration is as init and unlock write it")


def _start(clone: Clone) -> Iterator[Point]:
    """Start the filter as git does, with the PATH that a program with windows has."""
    command = clone.repository.config("filter.sealedfiles.process")
    if not command:
        return
    environ = {**git_environment(), "PATH": os.defpath} if os.name != "nt" else git_environment()
    try:
        run = subprocess.run(
            ["sh", "-c", command],
            input=text_packets(b"git-filter-client", b"version=2"),
            capture_output=True,
            cwd=clone.repository.top,
            env=environ,
            timeout=_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield error("filter start", f"{command} does not answer", "sealedfiles unlock")
        return
    except FileNotFoundError:
        return  # Windows without a shell of its own: git brings one, and it is not on the PATH
    if b"git-filter-server" in run.stdout:
        yield ok("filter start", "the configured program starts and answers")
    else:
        words = run.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        yield error(
            "filter start",
            f"the configured program does not start ({words or f'exit status {run.returncode}'})",
            "sealedfiles unlock",
        )


def _hooks(clone: Clone) -> Iterator[Point]:
    """Look at the hooks: in place, or wanted by nobody."""
    if (clone.repository.config("sealedfiles.hooks") or "").lower() in ("false", "no", "off", "0"):
        yield ok("hooks", "not wanted here (sealedfiles.hooks is false)")
        return
    found = look(clone.repository)
    lacking = [hook.name for hook in found if not hook.in_place]
    if lacking:
        yield warning("hooks", f"not in place: {', '.join(lacking)}", "sealedfiles hook install")
    else:
        yield ok("hooks", f"in place: {', '.join(hook.name for hook in found)}")


WITHOUT_WORKSPACE = {"sealedfiles": _sealedfiles, "git": _git}
IN_CLONE = {"filter": _configuration, "filter start": _start, "hooks": _hooks}
