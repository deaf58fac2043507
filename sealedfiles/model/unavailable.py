"""Explain errors of the environment: a missing or outdated package, algorithm, key or file.

These are not defects of this program, so they are not reported as internal errors.
"""

from __future__ import annotations

import errno
import os
import sys

from sealedfiles.errors import NoKeyError, SealedFilesError
from sealedfiles.light_typing import NamedTuple


class Explanation(NamedTuple):
    """The message, hints, and exit status to report."""

    message: str
    hints: tuple[str, ...]
    exit_code: int


def explain(error: BaseException) -> Explanation | None:
    """Return the explanation of *error*, or None if it may be a defect of this program."""
    if isinstance(error, ImportError):
        name = (error.name or "").split(".")[0] or "a package that sealedfiles needs"
        return Explanation(
            f"the Python package {name} is missing or incompatible",
            (_install("sealedfiles"),),
            SealedFilesError.exit_code,
        )
    if isinstance(error, OSError):
        return _explain_file(error)
    # Compared by name: a command that does not use cryptography must not import it to report an error.
    module = type(error).__module__
    if module == "cryptography.exceptions" and type(error).__name__ == "UnsupportedAlgorithm":
        return Explanation(
            f"the installed cryptography package lacks a required algorithm ({error})",
            (
                _install("cryptography"),
                "your system's package may use an OpenSSL without the algorithm",
            ),
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


_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NOT_A_FOLDER = (errno.ENOTDIR, errno.EEXIST)
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
"""The errors of a write for which there is no space."""


def _explain_file(error: OSError) -> Explanation:
    """Explain a file operation that failed, with hints."""
    import shlex

    # To replace a file is to rename a temporary file, whose name would say nothing to the user.
    name = error.filename2 or error.filename
    place = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ""
    folder = shlex.quote(os.path.dirname(place) or ".")
    hints: tuple[str, ...] = ()
    if error.errno == errno.EFBIG:
        hints = ("raise the limit of file sizes (ulimit -f), then run the command again",)
    elif error.errno in FULL:
        hints = ("free some disk space, then run the command again",)
    elif place and error.errno in _REFUSED:
        hints = (f"check the permissions: ls -ld {folder}",)
    elif place and error.errno in _NOT_A_FOLDER:
        hints = (
            f"a file exists where a folder is needed; find it and move it away: ls -ld {folder}",
        )
    elif place and error.errno == errno.EISDIR:
        hints = ("a folder exists where a file is needed; move it away",)
    reason = (error.strerror or type(error).__name__).lower()
    message = f"{place}: {reason}" if place else reason
    return Explanation(message, hints, SealedFilesError.exit_code)


def _install(package: str) -> str:
    import shlex

    return f"reinstall it: {shlex.quote(sys.executable)} -m pip install --upgrade {package}"
