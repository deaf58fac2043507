"""What `push` records in the tags of a secret or a parameter of AWS."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.app.push.stores.base import record
from sealedfiles.light_typing import Any

COMMIT = "sealedfiles-commit"
CREATED = "sealedfiles-created"
"""The tag of a secret or parameter that `push` created."""
_NAMES = "sealedfiles-names"
_LONGEST = 256
"""The maximum length of a tag's value."""

Tags = list[dict[str, str]]


def tags(values: dict[str, str]) -> Tags:
    """Return *values* as AWS writes tags."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def as_dict(given: Iterable[dict[str, Any]] | None) -> dict[str, str]:
    """Return tags by key."""
    return {tag["Key"]: tag.get("Value", "") for tag in given or ()}


def recorded(found: dict[str, str]) -> frozenset[str]:
    """Return the names that `push` created, according to the tags *found*."""
    return frozenset(
        name for key, text in found.items() if key.startswith(_NAMES) for name in text.split()
    )


def with_names(names: Iterable[str], commit: str) -> dict[str, str]:
    """Return the tags that record *names* and the commit."""
    texts = enumerate(record(names, _LONGEST), 1)
    return {COMMIT: commit, **{f"{_NAMES}-{number}": text for number, text in texts}}


def changed(
    found: dict[str, str], names: Iterable[str], commit: str
) -> tuple[dict[str, str], list[str]]:
    """Return the tags that record *names* and the commit, and the keys of *found* to be removed then."""
    new = with_names(names, commit)
    return new, [key for key in found if key.startswith(_NAMES) and key not in new]
