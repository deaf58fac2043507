"""Find those who can read new values, although their key file was removed.

`sealedfiles revoke` replaces the group's key when it removes a reader.  Who only deletes the files of the
reader, or reverts the commit of a grant, leaves them with a key that everything new is sealed with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.keys.epochs import epoch_ids
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.grants import grant_key_id, granted_keys
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import shell_word


class FormerReader(NamedTuple):
    """Somebody who has the current key of a group, and no key file any more."""

    group: str
    name: str
    commit: str
    """The commit that removed the key file; empty if that is not committed yet."""


def readers_with(folder: MetadataSource, group: str, key_id: str) -> Iterator[str]:
    """Yield the names of those whose key file in *group* has the key *key_id*, according to their grants."""
    for name in members(folder, group):
        with suppress(TamperedError):  # anyone could once have pushed a symbolic link in its place
            if grant_key_id(folder.read(f"keys/{group}/{name}.grant")) == key_id:
                yield name


def former_readers(clone: Clone) -> Iterator[FormerReader]:
    """Yield those who have the current key of a group in the index, from HEAD and its history."""
    folder = IndexFolder(clone.objects, clone.index)
    current = {group: (epoch_ids(folder, group) or [""])[-1] for group in group_names(folder)}
    known = {(group, name) for group in current for name in members(folder, group)}
    head = TreeFolder(clone.objects, "HEAD")
    for group, key_id in current.items():
        for name in readers_with(head, group, key_id):
            if (group, name) not in known:
                known.add((group, name))
                yield FormerReader(group, name, "")
    for commit, group, name in _removals(clone):
        if group not in current or (group, name) in known:
            continue
        known.add((group, name))  # before that, they had the same key or an earlier one
        if name in readers_with(TreeFolder(clone.objects, f"{commit}^"), group, current[group]):
            yield FormerReader(group, name, commit)


def removed_keys(clone: Clone, group: str) -> dict[str, str]:
    """Return the fingerprints of those whose key file in *group* HEAD's history removes, with their names."""
    found: dict[str, str] = {}
    for commit, removed_from, name in _removals(clone):
        if removed_from == group:
            with suppress(TamperedError):
                keys = granted_keys(TreeFolder(clone.objects, f"{commit}^"), group, name)
                found |= dict.fromkeys(keys, name)
    return found


def under_another_name(
    group: str, name: str, keys: Iterable[str], removed: Mapping[str, str]
) -> UsageError | None:
    """Return the error for a reader *name* who has a public key of somebody that was removed; None if not.

    *keys* are the fingerprints of the reader's public keys, *removed* is as from ``removed_keys``.
    """
    owners = sorted({removed[key] for key in keys if key in removed} - {name})
    if not owners:
        return None
    return UsageError(
        f"{name} has a public key of {', '.join(owners)}, who was removed from {group}",
        f"remove it: sealedfiles revoke {shell_word(name)} --from {shell_word(group)}",
        f"if {name} is to read {group}, then give access again: "
        f"sealedfiles grant {shell_word(name)} KEY --to {shell_word(group)}",
    )


def _removals(clone: Clone) -> Iterator[tuple[str, str, str]]:
    """Yield the commits of HEAD's history that remove a key file, newest first, with its group and name."""
    code, out, _ = clone.repository.try_run(
        *("log", "--full-history", "--diff-merges=first-parent", "--no-renames", "--diff-filter=D"),
        *("--name-only", "--format=%x00%H", "--", f"{NAME}/keys"),
    )
    records = out.decode("utf-8", "surrogateescape").split("\0")[1:] if not code else []
    for record in records:
        commit, *files = record.split()
        for file in files:
            steps = file.removeprefix(f"{NAME}/keys/").split("/")
            if len(steps) == 2 and steps[1].endswith(".age"):
                yield commit, steps[0], steps[1].removesuffix(".age")
