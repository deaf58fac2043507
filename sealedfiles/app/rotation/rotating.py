"""Rotate the keys of groups on request: ``rotate``."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.rotation.late_values import tokens_to_keep
from sealedfiles.app.rotation.renewal import new_keys
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import DEFAULT_GROUP


class Rotation(NamedTuple):
    """A rotation that was carried out and staged."""

    key_ids: dict[str, str]
    """The new key of each group."""
    files: int
    """The number of files that were resealed."""
    is_complete: bool
    """False if values that appeared under a retired key were not resealed."""


def rotate_groups(
    workspace: Workspace, clone: Clone, groups: Sequence[str], dialog: Dialog, *, yes: bool
) -> Rotation:
    """Give *groups*, by default all that the user reads, new keys, and reseal their values in the index.

    *yes* reseals values that appeared under a retired key without asking.  Raises UsageError, NoKeyError and
    TamperedError before anything is written.
    """
    clone.require_writable()
    known = workspace.group_names()
    unknown = [group for group in groups if group not in known]
    if unknown:
        raise UsageError(f"the group {unknown[0]} does not exist", f"available: {', '.join(known)}")
    held = [group for group in known if clone.ring.holds(group)]
    # Without any key, every group is wanted: nothing rotated must not look like success.
    wanted = list(groups) or held or known or [DEFAULT_GROUP]
    for group in wanted:
        clone.ring.current(group)  # its error lists the readers who can do it
    kept = tokens_to_keep(clone, wanted, dialog, yes=yes, command="sealedfiles sync --yes")
    renewed = new_keys(clone, wanted, "rotated", kept=kept)
    return Rotation(renewed.key_ids, renewed.files, not kept)
