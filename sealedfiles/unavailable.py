"""Explaining what an installation cannot do: a package that is missing or too old, an algorithm, a key.

These are no errors of this program, so they never end as an internal error.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from sealedfiles.errors import NoKeyError, SealedFilesError


class Explanation(NamedTuple):
    """What is missing, what to do, and the exit status."""

    message: str
    hints: tuple[str, ...]
    exit_code: int


def explain(error: BaseException) -> Explanation | None:
    """Return what *error* means for a user; None if it is not about a missing capability."""
    if isinstance(error, ImportError):
        name = (error.name or "").split(".")[0] or "a package that sealedfiles needs"
        return Explanation(
            f"the Python package {name} is missing or does not fit",
            (_install("sealedfiles"),),
            SealedFilesError.exit_code,
        )
    # Not imported here: who needs no cryptography must not load it to fail.
    module = type(error).__module__
    if module == "cryptography.exceptions" and type(error).__name__ == "UnsupportedAlgorithm":
        return Explanation(
            f"the installed cryptography package cannot do what is needed ({error})",
            (_install("cryptography"), "a system's own package may use an OpenSSL without it"),
            SealedFilesError.exit_code,
        )
    if module.startswith("sealedfiles.age."):
        from sealedfiles.age import AgeError, KeyUnavailableError, UnsupportedKeyError

        if isinstance(error, AgeError):
            is_key = isinstance(error, KeyUnavailableError)
            is_key = is_key and not isinstance(error, UnsupportedKeyError)
            status = NoKeyError.exit_code if is_key else SealedFilesError.exit_code
            return Explanation(error.message, error.hints, status)
    return None


def _install(package: str) -> str:
    import shlex

    return f"install it again: {shlex.quote(sys.executable)} -m pip install --upgrade {package}"
