"""The record of a migration that has begun, so that another attempt can finish it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sealedfiles.errors import UsageError
from sealedfiles.git.repository import Repository
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util import atomic

_NAME = "sealedfiles-migration"
"""In git's folder of this working tree, because the index belongs to it."""


class Attempt(NamedTuple):
    """A migration that has begun."""

    tool: str
    tree: str
    """The tree of the index before it."""
    is_new: bool = False
    """Whether it has yet to set up sealedfiles, or was interrupted while it did."""
    groups: Mapping[str, str] = {}
    """The ids of the first keys of the groups that it creates, by group."""


def attempt_file(repository: Repository) -> Path:
    """Return the file that has the record."""
    return repository.git_dir / _NAME


def read_attempt(repository: Repository) -> Attempt | None:
    """Return the migration that was interrupted, if there is one.  Raises UsageError."""
    file = attempt_file(repository)
    try:
        data = json.loads(file.read_bytes())
        groups = {str(group): str(key) for group, key in dict(data.get("groups", ())).items()}
        return Attempt(str(data["tool"]), str(data["tree"]), data.get("is_new") is True, groups)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UsageError(f"{file} is damaged", "remove it, and run the command again") from None


def write_attempt(repository: Repository, attempt: Attempt) -> None:
    """Record that a migration begins."""
    data = json.dumps(attempt._asdict()).encode("ascii")
    atomic.replace(attempt_file(repository), data)


def forget_attempt(repository: Repository) -> None:
    """Record that the migration is complete."""
    attempt_file(repository).unlink(missing_ok=True)
