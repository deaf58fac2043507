"""Record in the clone the keys that the history of HEAD retires."""

from __future__ import annotations

import os

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.retirement import read_verified, retired_by
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealedfiles.git.clone_keys import CloneKeys


def learn_retired(clone: CloneKeys, group: str) -> None:
    """Record in this clone the keys of *group* that commits in HEAD's history retire.

    Only commits since the last call are read; none if HEAD has not moved.
    """
    now = _head_state(clone)
    before, head = clone.state.looked_at(group)
    if now and now == before:
        return
    code, out, _ = clone.repository.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if code:
        return
    new_head = out.decode("ascii", "replace").strip()
    if new_head != head:
        clone.retire(group, retired_in_history(clone, group, head))
    clone.state.note_looked_at(group, now, new_head)


def retired_in_history(clone: CloneKeys, group: str, since: str = "") -> set[str]:
    """Return the keys of *group* that commits in HEAD's history after the commit *since* retire."""
    found: set[str] = set()
    seen: set[bytes] = set()
    for version in versions(clone.repository, group, since):
        folder = TreeFolder(clone.history_objects, version.commit)
        try:
            data = folder.read(f"keys/{group}/epochs") or b""
            if b" revoked " in data and data not in seen:
                seen.add(data)
                found |= retired_by(read_verified(clone.ring, group, folder))
        except SealedFilesError:
            continue  # not written by a reader of the group, or its keys are not encrypted to this user
    return found


def forget_retired(clone: CloneKeys, group: str) -> None:
    """Remove the record of the keys of *group* that commits up to HEAD retired."""
    code, out, _ = clone.repository.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    head = "" if code else out.decode("ascii", "replace").strip()
    clone.state.write_retired(group, ())
    clone.state.note_looked_at(group, _head_state(clone), head)


def _head_state(clone: CloneKeys) -> str:
    """Return a value that changes when HEAD moves; empty if it cannot be determined without running git."""
    try:
        stat = os.stat(clone.repository.git_dir / "logs" / "HEAD")
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_size}"
