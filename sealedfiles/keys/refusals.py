"""The errors that refuse keys of a group."""

from __future__ import annotations

from sealedfiles.errors import TamperedError
from sealedfiles.keys.state import Seen


class NewGroupError(TamperedError):
    """The group was never used in this clone, and the user has not accepted it."""


class MissingKeyError(TamperedError):
    """A group has a key that no key file of the user contains, as after the user was removed."""


def missing_key(group: str, line: int) -> MissingKeyError:
    """Return the error for the key of a *line* of a group's epochs."""
    return MissingKeyError(
        f".sealedfiles/keys/{group}/epochs: the key of line {line} is not among the keys encrypted to you",
        "if you were removed from the group, seal its values and forget its keys here: sealedfiles lock; "
        "then sealedfiles unlock, which shows by whom",
        "after a merge: sealedfiles sync",
        "otherwise find who changed it: git log -p -- .sealedfiles/keys",
    )


def new_group(group: str) -> NewGroupError:
    """Return the error for a group that is new in this clone."""
    return NewGroupError(
        f"the group {group} is new in this clone and was not accepted",
        f"find who created it: git log -- .sealedfiles/keys/{group}",
        f"if you expected it: sealedfiles unlock --accept {group}",
    )


def fork(group: str, seen: Seen | None) -> TamperedError:
    """Return the error for keys that do not descend from the newest key *seen*."""
    newest = f"{seen.key_id} ({seen.where})" if seen else "which this version does not have"
    return TamperedError(
        f"the keys of the group {group} do not descend from the newest key seen, {newest}",
        "if they were rotated on another branch, merge it, then run: sealedfiles sync",
        f"if a commit restored old keys, git revert it; to find it: git log -p -- .sealedfiles/keys/{group}",
        f"if that rotation was abandoned: sealedfiles sync --forget {group}",
    )


def flood(group: str) -> TamperedError:
    """Return the error for a group with too many key files."""
    return TamperedError(
        f".sealedfiles/keys/{group} has too many key files to try",
        f"find who added them: git log --stat -- .sealedfiles/keys/{group}",
    )
