"""The places where identities may be, in their order (design, section 6)."""

from __future__ import annotations

import os
import stat
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import NoKeyError
from sealedfiles.util.messages import warn
from sealedfiles.util.user_dirs import folder_variable, home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Place(NamedTuple):
    """One place; ``load`` returns what lies there, None where there is nothing."""

    name: str
    load: Callable[[], bytes | None]
    absent: str
    """What is said where there is nothing: ``not set``, ``not there``, ``empty``."""
    required: bool = False
    """Whether somebody named this place for sealedfiles, so that it must be usable."""
    costly: bool = False
    """Whether looking starts a program or may wait for somebody."""
    borrowed: bool = False
    """Whether the key there was made for something else."""
    public: Path | None = None
    """The file with the public half, for a private key that may not tell it."""


def all_places(explicit: str | None) -> Iterator[Place]:
    """Yield every place, *explicit* (a file) first; nothing is looked at yet."""
    if explicit:
        yield _file(f"--identity {explicit}", Path(explicit))
    yield _variable("SEALEDFILES_KEY")
    yield _file_variable("SEALEDFILES_KEY_FILE")
    yield _command_variable("SEALEDFILES_KEY_CMD", _run_line)
    yield from _own_file()
    yield from _places_of_sops()
    yield from _ssh_keys()
    yield Place("the OS keyring", _load_from_keyring, "empty", costly=True)


def settings_folder() -> Path:
    """Return the folder of this user's settings.  Raises NoHomeError."""
    if sys.platform == "win32":
        return folder_variable("APPDATA") or home() / "AppData" / "Roaming"
    named = folder_variable("XDG_CONFIG_HOME")
    if named:
        return named
    if sys.platform == "darwin":
        return home() / "Library" / "Application Support"
    return home() / ".config"


def config_folder() -> Path:
    """Return the folder of this user's settings for sealedfiles."""
    return settings_folder() / "sealedfiles"


def identities_file() -> Path:
    """Return the file that new identities go to where there is no keyring."""
    return config_folder() / "identities"


def _own_file() -> Iterator[Place]:
    try:
        yield _optional_file(identities_file())
    except RuntimeError:
        return  # a container whose user has no home


def _places_of_sops() -> Iterator[Place]:
    """What users of SOPS have already: https://getsops.io/docs/#encrypting-using-age"""
    for place in (
        _variable("SOPS_AGE_KEY"),
        _file_variable("SOPS_AGE_KEY_FILE"),
        _command_variable("SOPS_AGE_KEY_CMD", _run_words),
    ):
        yield place._replace(required=False, borrowed=True)
    try:
        keys = settings_folder() / "sops" / "age" / "keys.txt"
    except RuntimeError:
        return
    yield _optional_file(keys)._replace(borrowed=True)


def _ssh_keys() -> Iterator[Place]:
    try:
        folder = home() / ".ssh"
    except RuntimeError:
        return
    for name in ("id_ed25519", "id_rsa"):
        path = folder / name
        yield Place(
            str(path),
            partial(_read_ssh_key, path),
            "not there",
            borrowed=True,
            public=folder / f"{name}.pub",
        )


def _variable(name: str) -> Place:
    value = os.environ.get(name)
    data = os.fsencode(value) if value else None
    return Place(name, lambda: data, "not set", required=True)


def _file_variable(name: str) -> Place:
    path = os.environ.get(name)
    if not path:
        return Place(name, lambda: None, "not set")
    return _file(f"{name} ({path})", Path(path))


def _command_variable(name: str, run: Callable[[str, str], bytes]) -> Place:
    line = os.environ.get(name)
    if not line:
        return Place(name, lambda: None, "not set")
    return Place(name, lambda: run(name, line), "not set", required=True, costly=True)


def _file(name: str, path: Path) -> Place:
    return Place(name, lambda: _read(path), "not there", required=True)


def _optional_file(path: Path) -> Place:
    return Place(str(path), lambda: _read(path) if path.exists() else None, "not there")


def _read_ssh_key(path: Path) -> bytes | None:
    # ssh itself says what it thinks of its mode.
    return path.read_bytes() if path.exists() else None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        _warn_of_others(path, os.fstat(file.fileno()))
        return file.read()


def _warn_of_others(path: Path, found: os.stat_result) -> None:
    """Warn of a key file that others may read, once, where its owner is the one who is told."""
    if os.name == "nt" or not stat.S_ISREG(found.st_mode) or not found.st_mode & 0o077:
        return
    if found.st_uid == os.getuid():
        _warn_once(str(path.absolute()))


@cache
def _warn_once(path: str) -> None:
    import shlex

    warn(
        f"the private key in {path} is readable by other users of this machine",
        f"make it private: chmod 600 {shlex.quote(path)}",
    )


def _run_line(name: str, line: str) -> bytes:
    return _run(name, line, shell=True)  # noqa: S604 - the variable is a command line by definition


def _run_words(name: str, line: str) -> bytes:
    import shlex

    try:
        # As SOPS does it: without a shell.
        return _run(name, tuple(shlex.split(line)), shell=False)
    except ValueError:
        raise NoKeyError(f"{name}: unbalanced quotes") from None


@cache
def _run(name: str, command: str | Sequence[str], shell: bool) -> bytes:
    """Return what a command prints; it runs once in a process, for it may ask somebody something."""
    import subprocess

    # Neither stdin nor stdout may be git's: they carry the filter protocol.
    run = subprocess.run(
        command, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    if run.returncode:
        raise NoKeyError(f"{name} failed with exit status {run.returncode}")
    return run.stdout


def _load_from_keyring() -> bytes | None:
    from sealedfiles.keys.identity import os_keyring

    text = os_keyring.read()
    return text.encode("utf-8") if text else None
