"""The tracked patterns, with the number of files that each matches: ``track`` without arguments."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.patterns import compile_pattern
from sealedfiles.git.attributes import sealed_patterns
from sealedfiles.git.clone import Clone
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.light_typing import NamedTuple


class TrackedPattern(NamedTuple):
    """A tracked pattern, as in the policy."""

    pattern: str
    files: int
    """The number of files in the index that it matches."""
    new: int
    """The number of other files that it matches in the working tree, without those that git ignores."""


def tracked_patterns(clone: Clone, dialog: Dialog) -> list[TrackedPattern]:
    """Return the patterns of the policy in force, in its order.

    Warns if the repository has another policy.  Raises PolicyError and GitError.
    """
    in_force = clone.policy_in_force.get()
    if in_force.disputed is not None:
        dialog.warn(
            f"{NAME}/{POLICY} has a change that is not confirmed in this clone: these are the "
            "patterns in force",
            "review it: sealedfiles trust policy",
        )
    patterns = in_force.policy.tracked
    if patterns is None:  # an older repository
        patterns = tuple(sealed_patterns(clone.repository.top / ".gitattributes"))
    staged = [entry.path for entry in clone.index.files() if entry.mode.startswith("100")]
    out = clone.repository.run("ls-files", "-z", "--others", "--exclude-standard")
    found = (path for path in out.split(b"\0")[:-1] if _is_file(clone, path))
    each = [_names(clone, paths) for paths in (staged, found)]
    compiled = [(pattern, compile_pattern(pattern, clone.repository)) for pattern in patterns]
    return [
        TrackedPattern(pattern, *(sum(map(one.matches, names)) for names in each))
        for pattern, one in compiled
    ]


def _names(clone: Clone, paths: Iterable[bytes]) -> list[str]:
    return [os.fsdecode(path) for path in paths if not clone.is_passed_through(path)]


def _is_file(clone: Clone, path: bytes) -> bool:
    return clone.repository.regular_file(path) is not None
