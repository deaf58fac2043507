"""Secrets of this machine: environment variables, the OS keyring, and the program of 1Password."""

from __future__ import annotations

import os
import subprocess

from sealedfiles.app.files.key_variables import other_variables
from sealedfiles.app.resolving.secret import Secret
from sealedfiles.errors import RemoteError
from sealedfiles.keys.identity import os_keyring
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WAIT = 120
"""Seconds for `op`, which may ask its user to confirm the access."""


def read_variable(steps: Sequence[str]) -> Secret:
    """Return the content of an environment variable.  Raises RemoteError."""
    # As for ${NAME}: a program that gets values does not need the key to all of them.
    value = other_variables().get(steps[0])
    if value is None:
        raise RemoteError("the environment variable is not set, or contains a key of sealedfiles")
    # Values are UTF-8, regardless of the file system's encoding.
    return Secret(os.fsencode(value).decode("utf-8", "surrogateescape"))


def read_keyring(steps: Sequence[str]) -> Secret:
    """Return a password of the OS keyring.  Raises RemoteError."""
    service, user = steps
    if service == os_keyring.SERVICE:
        raise RemoteError("the entries of sealedfiles itself are not resolved: they contain keys")
    try:
        password = os_keyring.look_up(service, user)
    except os_keyring.KeyringError as error:
        raise RemoteError(error.message, *error.hints) from None
    if password is None:
        raise RemoteError(f"{os_keyring.NAME} has no such entry")
    return Secret(password)


def read_op(steps: Sequence[str]) -> Secret:
    """Return what `op read` prints (https://developer.1password.com/docs/cli/reference/commands/read).

    Raises RemoteError, without the program's own message, which may repeat the reference.
    """
    command = ["op", "read", "--no-newline", "op://" + "/".join(steps)]
    try:
        done = subprocess.run(
            command,
            env=other_variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WAIT,
            check=False,
        )
        if done.returncode:
            raise RemoteError(
                f"the program op failed with exit status {done.returncode}",
                "log in: op signin; in a CI job: set OP_SERVICE_ACCOUNT_TOKEN",
                "to see why, run op read with the reference without ref+",
            )
        return Secret(done.stdout.decode())
    except FileNotFoundError:
        raise RemoteError(
            "the program op of 1Password was not found",
            "install it: https://developer.1password.com/docs/cli",
        ) from None
    except OSError as error:
        raise RemoteError(f"the program op cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise RemoteError(f"the program op did not answer within {_WAIT} seconds") from None
    except UnicodeDecodeError:
        raise RemoteError("the program op printed bytes that are not UTF-8") from None
