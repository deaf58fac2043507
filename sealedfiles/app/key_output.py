"""Write a private key to a file that the user named; refuse a file that git could store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sealedfiles import age
from sealedfiles.errors import UsageError
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.generate import save_identity


def write_key(file: str, identity: age.Identity, notes: Sequence[str] = ()) -> None:
    """Write *identity* to *file*, which must be new, with *notes* as comments.

    Raises UsageError if the file exists, or is in a repository, where it could be committed; and OSError.
    """
    refuse_inside_repository(file)
    save_identity(Path(file), identity, append=False, notes=notes)


def refuse_inside_repository(file: str) -> None:
    """Raise UsageError if *file* is in a repository, where it could be committed."""
    for folder in Path(file).resolve().parents:
        if (folder / ".git").exists() or (folder / NAME).is_dir():
            raise UsageError(
                f"{file} is inside the repository {folder}, where it could be committed",
                "choose a file elsewhere",
            )
