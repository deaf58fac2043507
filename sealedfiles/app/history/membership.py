"""Find the groups that a reader was ever a member of, and the keys that the reader had.

A key file contains all previous keys of its group.  So its owner could read every value that was ever sealed
with one of these keys, including values in commits from before access was granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Commit
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import NAME as NAME_RE
from sealedfiles.util.lazy_pattern import lazy_pattern

_KEY_ID = lazy_pattern(rb"^([a-z2-7]{16}) ", re.MULTILINE)
"""A line of an ``epochs`` file, including one with a conflict."""


class Membership(NamedTuple):
    """A reader's access to one group."""

    group: str
    keys: frozenset[str]
    """The ids of the keys that the reader had."""
    begin: Commit | None
    """The first commit with the key file; None if only the index has it."""
    end: Commit | None
    """The last commit that removed the key file; None if this is still a reader, or if it is unknown."""
    is_reader: bool
    """Whether this is a reader in the index."""


def access_of(name: str, clone: Clone, commits: list[Commit]) -> list[Membership]:
    """Return the access of *name* to every group, from all *commits* (children first) and the index.

    Every key that a group had in any version with the reader's key file counts as known to the reader.
    """
    file = re.compile(rf"{re.escape(NAME)}/keys/([^/]+)/(?:{re.escape(name)}\.age|epochs)".encode())
    keys: dict[str, set[str]] = {}
    begin: dict[str, Commit] = {}
    end: dict[str, Commit] = {}
    for commit in reversed(commits):
        groups = set()
        for change in commit.changes():
            match = file.fullmatch(change.path)
            if match is None or not NAME_RE.fullmatch(group := match[1].decode("utf-8", "replace")):
                continue
            groups.add(group)
            if not change.path.endswith(b".age"):
                continue
            if change.new:
                begin.setdefault(group, commit)
            else:
                end[group] = commit
        folder = TreeFolder(clone.objects, commit.oid)
        for group in groups:
            keys.setdefault(group, set()).update(_keys_in(folder, group, name))
    index = IndexFolder(clone.objects, clone.index)
    now = {group for group in group_names(index) if name in members(index, group)}
    for group in now:
        keys.setdefault(group, set()).update(_keys_in(index, group, name))
    return [
        Membership(
            group,
            frozenset(ids),
            begin.get(group),
            None if group in now else end.get(group),
            group in now,
        )
        for group, ids in sorted(keys.items())
        if ids
    ]


def _keys_in(folder: MetadataSource, group: str, name: str) -> Iterable[str]:
    """Return the ids of all keys of *group* in a version of the folder in which *name* is a reader of it."""
    if name not in members(folder, group):
        return ()
    data = folder.read(f"keys/{group}/epochs") or b""
    return [match.decode("ascii") for match in _KEY_ID.findall(data)]
