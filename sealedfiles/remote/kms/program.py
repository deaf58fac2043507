"""Run the program of a key management service."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from sealedfiles.errors import RemoteError

_SECONDS = 120
"""How long a program may take; one that asks for a PIN waits for the user."""


def run(program: str, arguments: Sequence[str], data: bytes, failed: type[RemoteError]) -> bytes:
    """Return the output of *program* for *data* on stdin.

    Raises *failed* with the last line that it printed, and RemoteError if it is missing or does not end.
    """
    found = shutil.which(program)
    if found is None:
        raise RemoteError(f"the program {program} was not found on PATH", f"install {program}")
    try:
        done = subprocess.run(
            [found, *arguments],
            input=data,
            env=_without_keys(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteError(f"{program} did not end within {_SECONDS} seconds") from None
    except OSError as error:
        raise RemoteError(f"{program} cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().split("\n")
        raise failed(f"{program} failed with exit status {done.returncode}: {lines[-1][:200]}")
    return done.stdout


def _without_keys() -> dict[str, str]:
    """Return the environment without private keys, which the program does not need."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEALEDFILES_KEY", "SOPS_AGE_KEY"))
    }
