"""Find the commits that created or removed files of ``.sealedfiles/``, and their authors."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.dates import AUTHORED, authored
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import Note, printable


def created_by(clone: Clone | None, group: str) -> list[str]:
    """Return the commits that created *group*, with their authors, as lines for hints."""
    if clone is None:
        return []
    code, out, _ = clone.repository.try_run(
        "log",
        "--full-history",
        "--diff-filter=A",
        f"--format={AUTHORED}",
        "HEAD",
        "--",
        f"{NAME}/keys/{group}/epochs",
    )
    lines = out.decode("utf-8", "replace").strip("\n").split("\n") if code == 0 else []
    found = [f"created in {printable(authored(line))}" for line in lines if line]
    return found or ["no commit created it yet"]


class Removal(NamedTuple):
    """The last removal of a reader from a group."""

    group: str
    name: str
    words: str
    """The commit, its author and date, for a message."""


def removals_of(clone: Clone, recipients: Collection[str]) -> list[Removal]:
    """Return the groups from which a reader with one of the public keys *recipients* was removed.

    The history of HEAD is searched; groups that the reader has access to now are left out.
    """
    code, out, _ = clone.repository.try_run(
        "log",
        "--full-history",
        "--diff-filter=D",
        "--no-renames",
        "--name-only",
        "--max-count=10000",
        f"--format=%x00%H%x1f{AUTHORED}",
        "HEAD",
        "--",
        f"{NAME}/keys",
    )
    index = IndexFolder(clone.objects, clone.index)
    found: dict[tuple[str, str], Removal] = {}
    for record in out.decode("utf-8", "replace").split("\x00")[1:] if code == 0 else ():
        head, *files = record.strip("\n").split("\n")
        commit, words = head.split("\x1f", 1)
        for file in files:
            parts = file.split("/")
            if len(parts) != 4 or not parts[3].endswith(".age"):
                continue
            group, name = parts[2], parts[3].removesuffix(".age")
            if (group, name) in found or name in members(index, group):
                continue
            with contextlib.suppress(SealedFilesError):
                public = TreeFolder(clone.objects, f"{commit}^").read(f"recipients/{name}.pub")
                lines = (public or b"").decode("utf-8", "replace").split("\n")
                if not {line.strip() for line in lines}.isdisjoint(recipients):
                    found[group, name] = Removal(group, name, printable(authored(words)))
    return list(found.values())


def removal_notes(clone: Clone | None, identities: Identities) -> dict[str, Note]:
    """Return a message for each group from which the user was removed, by group."""
    if clone is None:
        return {}
    own = {str(identity.recipient) for identity, _ in identities.own() if identity.recipient}
    return {
        one.group: Note(
            f"you ({one.name}) were removed from the group {one.group} in commit {one.words}",
            ("to get access again, ask a reader: sealedfiles grant NAME KEY --to " + one.group,),
        )
        for one in reversed(removals_of(clone, own) if own else [])  # the newest of each group
    }
