"""The one exception tree of sealedfiles, and the exit status that belongs to each branch of it.

A message says what happened and where; every hint is one thing that the user can do next.  Neither
ever contains a secret.
"""

from __future__ import annotations


class SealedFilesError(Exception):
    """Anything that sealedfiles refuses or cannot do.

    ``message`` is lower case without a full stop, as the command line prints it after
    ``sealedfiles: ``; each of ``hints`` is printed after ``hint: ``.
    """

    exit_code = 1

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints


class UsageError(SealedFilesError):
    """The call itself is wrong: an argument, an option, the current folder."""

    exit_code = 2


class NoKeyError(SealedFilesError):
    """A key that is needed is not available."""

    exit_code = 3


class NoGroupError(NoKeyError):
    """The group, or ``.sealedfiles/`` itself, does not exist here."""


class TamperedError(SealedFilesError):
    """Something does not verify: a token, a key file, an epoch, a grant."""

    exit_code = 4


class ConflictError(TamperedError):
    """A file of ``.sealedfiles/`` is in the middle of a merge."""


class PolicyError(SealedFilesError):
    """``.sealedfiles/policy.yaml`` is missing, unreadable or invalid."""


class UnprovedError(SealedFilesError):
    """Sealing would hide that a value is not proved to be from a current reader."""


class RoundTripError(SealedFilesError):
    """A value could not be sealed so that it is read from there again, and was not stored."""


class GitError(SealedFilesError):
    """A git command failed."""


class RemoteError(SealedFilesError):
    """A service that stores secrets or keys cannot be reached, or refuses a request."""


class ChangedOnDiskError(SealedFilesError):
    """A file has changed on disk since it was read."""


class FormatError(SealedFilesError):
    """A text does not parse as its format, or has a shape in which no values can be found.

    ``line`` and ``column`` count from 1; 0 if the parser names no place.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
