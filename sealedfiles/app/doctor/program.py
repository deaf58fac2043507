"""Checks of the programs: sealedfiles itself, git, the filter that git starts, and the hooks."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

from sealedfiles.app.doctor.point import Point, error, ok, warning
from sealedfiles.git.child import git_environment
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.pktline import text_packets
from sealedfiles.git.hooks import find_hooks
from sealedfiles.git.install import configuration
from sealedfiles.git.repository import Repository
from sealedfiles.git.version import git_version, too_old
from sealedfiles.model.unavailable import explain
from sealedfiles.version import __version__

_WAIT = 20.0
"""Timeout in seconds for the start of the filter, long enough for a cold disk."""


def _sealedfiles() -> Iterator[Point]:
    version = f"{__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    yield ok(version)


def _packages() -> Iterator[Point]:
    """Check that the Python packages work; each can be missing or built without a feature."""
    for what, act in (
        ("AES-SIV, which seals the values", _try_aes_siv),
        ("post-quantum keys (ML-KEM)", _try_mlkem),
        ("YAML", _try_yaml),
    ):
        try:
            act()
        except Exception as reason:  # noqa: BLE001 - any error means that it does not work
            explained = explain(reason)
            words = explained.message if explained else type(reason).__name__
            fix = explained.hints[0] if explained and explained.hints else ""
            yield error(f"{what}: not available: {words}", fix.partition(": ")[2] or fix)
            continue
        yield ok(f"{what}: available")
    if not _can_import("yaml._yaml"):
        yield warning(
            "PyYAML was built without libyaml: large YAML files are slow",
            f"{sys.executable} -m pip install --force-reinstall PyYAML",
        )
    if not _can_import("bcrypt"):
        yield ok("bcrypt is not installed: SSH keys with a passphrase cannot be used")


def _can_import(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def _try_aes_siv() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    AESSIV(bytes(64)).encrypt(b"a", [])


def _try_mlkem() -> None:
    from sealedfiles.age import generate_identity

    generate_identity().recipient  # noqa: B018 - derived here


def _try_yaml() -> None:
    import ruamel.yaml  # noqa: F401
    import yaml  # noqa: F401


def _git() -> Iterator[Point]:
    found = git_version()
    if found is None:
        yield error("git was not found on PATH", "install git")
    elif too_old(found):
        yield error(too_old(found), "update git")
    else:
        yield ok(f"git version {found}")


def _configuration(clone: Clone) -> Iterator[Point]:
    """Compare git's configuration with the expected one."""
    repository = clone.repository
    wanted = configuration()
    missing = [key for key in wanted if repository.config(key) is None]
    required = repository.config("filter.sealedfiles.required")
    if "filter.sealedfiles.process" in missing:
        yield error(
            "the filter is not configured in git: new plaintext is not sealed", "sealedfiles unlock"
        )
        return
    if (required or "").lower() not in ("true", "yes", "on", "1"):
        yield error(
            "filter.sealedfiles.required is not true: git stores plaintext when the filter fails",
            "git config filter.sealedfiles.required true",
        )
    if missing:
        yield warning(f"not set: {', '.join(missing)}", "sealedfiles unlock")
    other = [
        key
        for key, value in wanted.items()
        if key not in missing
        and key != "filter.sealedfiles.required"
        and repository.config(key) != value
    ]
    if other:
        yield warning(
            f"set manually or by another installation: {', '.join(other)}", "sealedfiles unlock"
        )
    elif not missing:
        yield ok("configured as by init and unlock")


def _place(clone: Clone) -> Iterator[Point]:
    """Warn if git runs the filter from the working tree, where anyone with push access can change it."""
    command = clone.repository.config("filter.sealedfiles.process") or ""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    try:
        found = [word for word in words if is_in_work_tree(clone.repository, word)]
    except ValueError:
        return  # unbalanced quotes: the check of the filter's start reports them
    if found:
        yield warning(
            f"git runs {found[0]}, which is inside the working tree: anyone with push access could change it",
            "pipx install sealedfiles, then sealedfiles unlock",
        )


def is_in_work_tree(repository: Repository, path: str) -> bool:
    """Return True if *path* is the absolute path of a file that git checkout could replace."""
    if not os.path.isabs(path):
        return False
    top, own = os.path.realpath(repository.top), os.path.realpath(repository.git_dir)
    for place in (os.path.abspath(path), os.path.realpath(path)):
        if os.path.commonpath([top, place]) == top and os.path.commonpath([own, place]) != own:
            return True
    return False


def _start(clone: Clone) -> Iterator[Point]:
    """Start the filter as git does, with the PATH of a graphical program."""
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
        yield error(f"{command} does not respond", "sealedfiles unlock")
        return
    except FileNotFoundError:
        return  # Windows has no sh: git for Windows ships one that is not on PATH
    if b"git-filter-server" in run.stdout:
        yield ok("the configured program starts and responds")
    else:
        words = run.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        yield error(
            f"the configured program does not start ({words or f'exit status {run.returncode}'})",
            "sealedfiles unlock",
        )


def _hooks(clone: Clone) -> Iterator[Point]:
    """Check whether the hooks are installed or disabled."""
    if (clone.repository.config("sealedfiles.hooks") or "").lower() in ("false", "no", "off", "0"):
        yield ok("disabled (sealedfiles.hooks is false)")
        return
    found = find_hooks(clone.repository)
    lacking = [hook.name for hook in found if not hook.in_place]
    if lacking:
        yield warning(f"not installed: {', '.join(lacking)}", "sealedfiles hook install")
    else:
        yield ok(f"installed: {', '.join(hook.name for hook in found)}")


WITHOUT_WORKSPACE = {"sealedfiles": _sealedfiles, "packages": _packages, "git": _git}
IN_CLONE = {
    "filter": _configuration,
    "filter place": _place,
    "filter start": _start,
    "hooks": _hooks,
}
