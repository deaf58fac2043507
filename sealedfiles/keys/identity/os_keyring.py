"""The operating system's keyring: Keychain, Credential Manager, Secret Service, through ``keyring``.

One entry contains all identities, as the lines of an identities file, because not all backends can list their
entries.  The entry fits into every backend (Windows allows 1280 characters, about 15 keys).

A keyring is another program, which may be locked, hang, or show a prompt that nobody sees.  So it is
called in a thread that is abandoned after three seconds, and every exception becomes a KeyringError.
``keyring`` is imported in that thread, too, because importing it takes longer than the rest of a command.
"""

from __future__ import annotations

import os

from sealedfiles.errors import NoKeyError
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    _T = TypeVar("_T")

NAME = "the OS keyring"
SERVICE = "sealedfiles"
ENTRY = "identities"
WAIT = 3.0
"""Timeout in seconds."""

_left_behind: list[str] = []


class KeyringError(NoKeyError):
    """The keyring cannot be used.  The message begins with the name of the keyring."""


def read() -> str | None:
    """Return the text of the identities in the keyring, or None if there are none.

    Raises KeyringError.
    """
    return _call(lambda backend: backend.get_password(SERVICE, ENTRY) or None)


def look_up(service: str, user: str) -> str | None:
    """Return the password of another program's entry, or None if there is none.  Raises KeyringError."""
    return _call(lambda backend: backend.get_password(service, user))


def change(edit: Callable[[str], str]) -> None:
    """Replace the text of the identities with the result of *edit*, and verify that it was stored.

    Raises KeyringError, also if the keyring reports success but stores nothing.
    """
    if not _call(lambda backend: _change(backend, edit)):
        raise KeyringError(
            f"{NAME} did not store the key",
            "its backend stores nothing: check PYTHON_KEYRING_BACKEND and keyring --list",
        )


def _change(backend: KeyringBackend, edit: Callable[[str], str]) -> bool:
    before = backend.get_password(SERVICE, ENTRY) or ""
    text = edit(before)
    if text:
        backend.set_password(SERVICE, ENTRY, text)
    elif before:
        backend.delete_password(SERVICE, ENTRY)
    return (backend.get_password(SERVICE, ENTRY) or "") == text


def _call(action: Callable[[KeyringBackend], _T]) -> _T:
    """Return the result of *action* on the keyring, within three seconds.  Raises KeyringError."""
    from threading import Thread

    if os.environ.get("CI"):
        raise KeyringError(f"{NAME} is not used, because CI is set")
    if _left_behind:
        raise KeyringError(*_left_behind)
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action(_backend()))
        except BaseException as error:  # noqa: BLE001 - D-Bus and Windows errors have no common base class
            errors.append(error)

    # A daemon thread, so that a hanging keyring does not delay the end of the program.
    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(WAIT)
    if results:
        return results[0]
    if errors:
        raise _explain(errors[0])
    _left_behind.extend(
        (
            f"{NAME} does not respond",
            "if it asks for a password, enter it, then run the command again",
        )
    )
    raise KeyringError(*_left_behind)


def _backend() -> KeyringBackend:
    from keyring import core

    backend = core.get_keyring()
    # ``keyring`` advises against backends with a priority below 1: one that always fails, and plain files.
    if backend.priority < 1 and not (core.load_env() or core.load_config()):
        raise KeyringError(_NONE)
    return backend


_NONE = f"{NAME} cannot be used: no keyring was found"


def _explain(error: BaseException) -> KeyringError:
    """Return the error to report, without the text of *error*, which could contain secrets."""
    if isinstance(error, KeyringError):
        return error
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    if isinstance(error, NoKeyringError):
        return KeyringError(_NONE)
    if isinstance(error, KeyringLocked | InitError):
        return KeyringError(
            f"{NAME} is locked",
            "unlock it: log in to the desktop, or use the keyring's own program",
        )
    return KeyringError(f"{NAME} cannot be used: {type(error).__name__}")
