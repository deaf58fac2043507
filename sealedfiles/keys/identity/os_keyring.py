"""The operating system's keyring: Keychain, Credential Manager, Secret Service, through ``keyring``.

One entry holds all identities, as the lines of an identities file: no backend can list its entries,
and all of them can hold this one (Windows stops at 1280 characters, which is about 15 keys).

A keyring is another program, which may be locked, hang, or show a prompt that nobody sees.  So it is
called in a thread that is abandoned after three seconds, and every exception becomes a KeyringError.
``keyring`` itself is imported in that thread: this takes longer than the rest of a command.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from sealedfiles.errors import NoKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from keyring.backend import KeyringBackend

NAME = "the OS keyring"
SERVICE = "sealedfiles"
ENTRY = "identities"
WAIT = 3.0
"""Seconds."""

_T = TypeVar("_T")
_left_behind: list[str] = []


class KeyringError(NoKeyError):
    """The keyring cannot be used: the message says why, as a clause that begins with its name."""


def read() -> str | None:
    """Return the text of the identities in the keyring, or None if there are none.

    Raises KeyringError.
    """
    return _ask(lambda backend: backend.get_password(SERVICE, ENTRY) or None)


def change(edit: Callable[[str], str]) -> None:
    """Replace the text of the identities with the result of *edit*, and verify that it was stored.

    Raises KeyringError, also for a keyring that accepts everything and stores nothing.
    """
    if not _ask(lambda backend: _change(backend, edit)):
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


def _ask(action: Callable[[KeyringBackend], _T]) -> _T:
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

    # A daemon, so that a hanging keyring does not delay the end of the program.
    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(WAIT)
    if results:
        return results[0]
    if errors:
        raise _explain(errors[0])
    _left_behind.extend(
        (
            f"{NAME} does not answer",
            "if it asks for a password, enter it, then run the command again",
        )
    )
    raise KeyringError(*_left_behind)


def _backend() -> KeyringBackend:
    from keyring import core

    backend = core.get_keyring()
    # ``keyring`` does not recommend backends below 1: the one that always fails, and files.
    if backend.priority < 1 and not (core.load_env() or core.load_config()):
        raise KeyringError(_NONE)
    return backend


_NONE = f"{NAME} cannot be used: no keyring was found"


def _explain(error: BaseException) -> KeyringError:
    """Return the error for the user, without the original's text: it could contain secrets."""
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
