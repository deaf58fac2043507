"""sealedfiles: secrets in git, with only the values sealed.

In Python: ``load``, ``loads``, ``load_env``, ``Document``, and the errors that they raise.  Each name is
imported when it is first used, for git starts this package hundreds of times a day.
"""

from __future__ import annotations

from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.version import __version__

__all__ = [
    "ChangedOnDiskError",
    "ConflictError",
    "Document",
    "FormatError",
    "GitError",
    "NoKeyError",
    "NoSuchValueError",
    "PolicyError",
    "RemoteError",
    "SealedFilesError",
    "TamperedError",
    "UsageError",
    "__version__",
    "load",
    "load_env",
    "loads",
]

if TYPE_CHECKING:
    from sealedfiles.api import Document, load, load_env, loads
    from sealedfiles.errors import (
        ChangedOnDiskError,
        ConflictError,
        FormatError,
        GitError,
        NoKeyError,
        PolicyError,
        RemoteError,
        SealedFilesError,
        TamperedError,
        UsageError,
    )
    from sealedfiles.model.address import NoSuchValueError
else:
    _HOMES = {
        "Document": "api",
        "load": "api",
        "load_env": "api",
        "loads": "api",
        "NoSuchValueError": "model.address",
    }

    # Not seen by type checkers: to them every misspelt name would exist.
    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
        value = globals()[name] = getattr(home, name)
        return value

    def __dir__():
        return sorted([*globals(), *__all__])
