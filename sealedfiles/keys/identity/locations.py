"""The places to search for identities, in order (docs/keys.md, Key lookup)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from sealedfiles.errors import NoKeyError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import warn
from sealedfiles.util.private_keys import has_private_key, is_private_key
from sealedfiles.util.user_dirs import folder_variable, home

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.keys.folder import MetadataSource

    Folders = Callable[[], Iterable[MetadataSource]]


class KeyLocation(NamedTuple):
    """A place; ``load`` returns its content, or None if there is nothing."""

    name: str
    load: Callable[[], bytes | None]
    absent: str
    """The text for messages if there is nothing: ``not set``, ``not found``, ``empty``."""
    required: bool = False
    """Whether the user specified this place for sealedfiles, so that it must be usable."""
    costly: bool = False
    """Whether reading it starts a program or may wait for the user."""
    borrowed: bool = False
    """Whether its key was generated for another purpose."""
    public: Path | None = None
    """The public key file for a private key that may not contain its public key."""


def all_places(explicit: str | None, folders: Folders) -> Iterator[KeyLocation]:
    """Yield every place without reading it, beginning with the file *explicit*.

    *folders* returns the versions of ``.sealedfiles/`` that may have the file of SEALEDFILES_KMS.
    """
    if explicit:
        yield _named_file("--identity", explicit, f"--identity {explicit}")
    yield _variable("SEALEDFILES_KEY")
    yield _file_variable("SEALEDFILES_KEY_FILE")
    yield _command_variable("SEALEDFILES_KEY_CMD", _run_line)
    yield from _kms(folders)
    yield from _own_file()
    yield from _places_of_sops()
    yield from _ssh_keys()
    yield KeyLocation("the OS keyring", _load_from_keyring, "empty", costly=True)


def settings_folder() -> Path:
    """Return the folder for this user's configuration files.  Raises NoHomeError."""
    if sys.platform == "win32":
        return folder_variable("APPDATA") or home() / "AppData" / "Roaming"
    named = folder_variable("XDG_CONFIG_HOME")
    if named:
        return named
    if sys.platform == "darwin":
        return home() / "Library" / "Application Support"
    return home() / ".config"


def config_folder() -> Path:
    """Return the folder for this user's configuration of sealedfiles."""
    return settings_folder() / "sealedfiles"


def identities_file() -> Path:
    """Return the file that stores new identities if there is no keyring."""
    return config_folder() / "identities"


def _kms(folders: Folders) -> Iterator[KeyLocation]:
    """Yield the identity of SEALEDFILES_KMS, which few users set."""
    if not os.environ.get("SEALEDFILES_KMS"):
        return
    from sealedfiles.keys.identity import kms_file

    identity = kms_file.setting()
    if identity:
        name = f"SEALEDFILES_KMS ({identity.uri.text})"
        yield KeyLocation(
            name,
            lambda: kms_file.load(identity, folders()),
            f"without the file .sealedfiles/{identity.file}",
            required=True,
            costly=True,
        )


def _own_file() -> Iterator[KeyLocation]:
    try:
        yield _optional_file(identities_file())
    except RuntimeError:
        return  # the user has no home directory, as in a container


def _places_of_sops() -> Iterator[KeyLocation]:
    """Yield the places of SOPS: https://getsops.io/docs/#encrypting-using-age"""
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


def _ssh_keys() -> Iterator[KeyLocation]:
    try:
        folder = home() / ".ssh"
    except RuntimeError:
        return
    for name in ("id_ed25519", "id_rsa"):
        path = folder / name
        yield KeyLocation(
            str(path),
            # ssh itself warns about the file's mode.
            partial(lambda path: path.read_bytes() if path.exists() else None, path),
            "not found",
            borrowed=True,
            public=folder / f"{name}.pub",
        )


def _variable(name: str) -> KeyLocation:
    value = os.environ.get(name)
    data = os.fsencode(value) if value else None
    return KeyLocation(name, lambda: data, "not set", required=True)


def _file_variable(name: str) -> KeyLocation:
    path = os.environ.get(name)
    if not path:
        return KeyLocation(name, lambda: None, "not set")
    return _named_file(name, path, f"{name} ({path})")


def _command_variable(name: str, run: Callable[[str, str], bytes]) -> KeyLocation:
    line = os.environ.get(name)
    if not line:
        return KeyLocation(name, lambda: None, "not set")
    if is_private_key(line):
        # A shell would print the key: `AGE-SECRET-KEY-…: not found`.
        return _key_given(name, "a command")
    return KeyLocation(name, lambda: run(name, line), "not set", required=True, costly=True)


def _named_file(option: str, value: str, name: str) -> KeyLocation:
    return _key_given(option, "a file name") if has_private_key(value) else _file(name, Path(value))


def _key_given(option: str, expected: str) -> KeyLocation:
    """Return a place that fails to load: the value of *option* is a private key, and not *expected*."""
    variable = "SOPS_AGE_KEY" if option.startswith("SOPS_") else "SEALEDFILES_KEY"

    def load() -> bytes:
        raise NoKeyError(
            f"{option} contains the text of a private key, and not {expected}",
            f"set the variable {variable} to the text of the key",
        )

    return KeyLocation(option, load, "not set", required=True)


def _file(name: str, path: Path) -> KeyLocation:
    return KeyLocation(name, lambda: _read(path), "not found", required=True)


def _optional_file(path: Path) -> KeyLocation:
    return KeyLocation(str(path), lambda: _read(path) if path.exists() else None, "not found")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        _warn_of_others(path, os.fstat(file.fileno()))
        return file.read()


def _warn_of_others(path: Path, found: os.stat_result) -> None:
    """Warn once about a key file that other users can read, if this user owns it."""
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
        # Without a shell, like SOPS.
        return _run(name, tuple(shlex.split(line)), shell=False)
    except ValueError:
        raise NoKeyError(f"{name}: unbalanced quotes") from None


@cache
def _run(name: str, command: str | Sequence[str], shell: bool) -> bytes:
    """Return the output of a command, which runs only once per process, because it may prompt."""
    import subprocess

    # The command must not use this process's stdin and stdout, which may carry the filter protocol.
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
