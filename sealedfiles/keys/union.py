"""Merge two chains of keys, after two branches changed a group independently.

Both branches may have generated keys, added readers or removed readers.  The keys of both are kept, in one
order.  A new key is added, encrypted to the readers that both sides keep or one side added, and to no reader
that a side removed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping

from sealedfiles.errors import TamperedError
from sealedfiles.keys.epochs import (
    Epoch,
    format_epochs,
    new_epoch,
    parse_epochs,
    prove_again,
    verify_epochs,
)
from sealedfiles.keys.folder import DirFolder, MetadataSource
from sealedfiles.keys.grants import granted_keys
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.recipients import members
from sealedfiles.keys.rotation import remove_reader
from sealedfiles.keys.wrapping import VerifiedReader, wrap_to, write_file
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import shell_path


class Sides(NamedTuple):
    """The versions of ``.sealedfiles/`` to merge."""

    ours: MetadataSource
    theirs: MetadataSource
    base: MetadataSource


class United(NamedTuple):
    """The result of a merge."""

    key: GroupKey
    readers: list[str]
    left: list[str]
    """Readers that one of the sides removed."""


def chain_of(folder: MetadataSource, group: str) -> list[Epoch]:
    """Return the epochs of *group* in one version; empty if the version does not have the group."""
    data = folder.read(f"keys/{group}/epochs")
    return parse_epochs(data, group) if data is not None else []


def is_fork(ours: list[Epoch], theirs: list[Epoch]) -> bool:
    """Return True if neither chain continues the other."""
    ids, others = [e.key_id for e in ours], [e.key_id for e in theirs]
    shorter = min(len(ids), len(others))
    return ids[:shorter] != others[:shorter]


def _new_lines(group: str, side: MetadataSource, base: MetadataSource) -> list[Epoch]:
    known = {epoch.key_id for epoch in chain_of(base, group)}
    return [epoch for epoch in chain_of(side, group) if epoch.key_id not in known]


def _removes_readers(epochs: Iterable[Epoch]) -> bool:
    return any(epoch.why == "revoked" for epoch in epochs)


def revoking_sides(group: str, sides: Sides) -> list[MetadataSource]:
    """Return the sides that revoked a reader while the other side generated keys.

    The removed reader may have generated those keys, with the keys that they still have.
    """
    new = [_new_lines(group, side, sides.base) for side in sides[:2]]
    revoked = [{e.key_id for e in lines if e.why == "revoked"} for lines in new]
    ids = [{e.key_id for e in lines} for lines in new]
    return [
        side
        for side, removals, others in zip(sides[:2], revoked, reversed(ids), strict=True)
        if removals - others and others
    ]


def newcomers(group: str, sides: Sides) -> list[str]:
    """Return the readers that one side added while the other removed a reader: it may be the same person."""
    base = set(members(sides.base, group))
    found: set[str] = set()
    for side, other in ((sides.ours, sides.theirs), (sides.theirs, sides.ours)):
        if _removes_readers(_new_lines(group, other, sides.base)):
            found |= set(members(side, group)) - base - set(members(other, group))
    return sorted(found)


def keys_of_removed(group: str, sides: Sides) -> dict[str, str]:
    """Return the fingerprints of the readers that one side removed, with their names."""
    stayed = set(members(sides.ours, group)) & set(members(sides.theirs, group))
    left = set(members(sides.base, group)) - stayed
    return {key: name for name in sorted(left) for key in granted_keys(sides.base, group, name)}


def unite(
    folder: DirFolder,
    group: str,
    sides: Sides,
    keys: Mapping[str, GroupKey],
    out: Collection[str] = (),
) -> United:
    """Write the merged group to *folder*; *keys* contains the verified keys of both sides by key id.

    Raises TamperedError, before anything is written, if a reader's public keys are not those to which a side
    granted access, or if a key of a side is missing.
    """
    ours, theirs = chain_of(sides.ours, group), chain_of(sides.theirs, group)
    if not ours or not theirs:
        file, kept = f".sealedfiles/keys/{group}/epochs", "ours" if ours else "theirs"
        raise TamperedError(
            f"{file} is missing on one side of the merge",
            f"restore it: git checkout --{kept} -- {shell_path(file)} && git add {shell_path(file)}",
            "then: sealedfiles sync",
        )
    missing = [e.key_id for e in (*ours, *theirs) if e.key_id not in keys]
    if missing:
        raise TamperedError(
            f"a key of {group} on one side of the merge is not encrypted to you: {missing[0]}"
        )
    for side in (ours, theirs):
        verify_epochs(group, side, {key_id: key.secret for key_id, key in keys.items()})
    chain = _one_chain(group, ours, theirs, keys)
    new_lines = {e.key_id for e in (*ours, *theirs)} - _common(ours, theirs)
    removes = _removes_readers(e for e in chain if e.key_id in new_lines)
    why = "revoked" if removes else "rotated"
    stay, left = _readers(group, sides)
    stay, left = [name for name in stay if name not in out], sorted({*left, *out})
    if not stay:
        raise TamperedError(
            f"the group {group} would have no readers left: one side of the merge removed their files",
            f"find who removed them: git log -- .sealedfiles/keys/{group}",
        )
    last = [keys[ours[-1].key_id], keys[theirs[-1].key_id]]
    readers = [_verify(folder, group, name, sides, last) for name in stay]
    secret = os.urandom(32)
    epoch = new_epoch(group, secret, why, chain[-1], keys[chain[-1].key_id].secret)
    key = GroupKey(epoch.key_id, epoch.date, secret)
    held = [keys[e.key_id] for e in chain]
    for reader in readers:
        wrap_to(folder, group, reader, [*held, key])
    remove_reader(folder, group, left)
    write_file(folder, f"keys/{group}/epochs", format_epochs([*chain, epoch]))
    return United(key, stay, left)


def _common(ours: list[Epoch], theirs: list[Epoch]) -> set[str]:
    return {a.key_id for a, b in zip(ours, theirs, strict=False) if a.key_id == b.key_id}


def _one_chain(
    group: str, ours: list[Epoch], theirs: list[Epoch], keys: Mapping[str, GroupKey]
) -> list[Epoch]:
    """Return the lines of both; lines that differ are sorted by date and key id, with new proofs."""
    common = _common(ours, theirs)
    chain = [epoch for epoch in ours if epoch.key_id in common]
    rest = {e.key_id: e for e in (*ours, *theirs) if e.key_id not in common}
    for epoch in sorted(rest.values(), key=lambda e: (e.date, e.key_id)):
        secret = keys[epoch.key_id].secret
        parent = chain[-1] if chain else None
        above = keys[parent.key_id].secret if parent else secret
        chain.append(prove_again(group, epoch, secret, parent, above))
    return chain


def _readers(group: str, sides: Sides) -> tuple[list[str], list[str]]:
    """Return the remaining readers, and the readers that a side removed."""
    ours, theirs = set(members(sides.ours, group)), set(members(sides.theirs, group))
    base = set(members(sides.base, group))
    # Anyone with push access can delete a file, but only a reader can create a `revoked` line.
    left = set()
    for side, names in ((sides.ours, ours), (sides.theirs, theirs)):
        if _removes_readers(_new_lines(group, side, sides.base)):
            left |= base - names
    return sorted((ours | theirs) - left), sorted(left)


def _verify(
    folder: DirFolder, group: str, name: str, sides: Sides, keys: list[GroupKey]
) -> VerifiedReader:
    """Return *name* with the public keys in *folder*, proved by a grant on one of the sides."""
    refused: TamperedError | None = None
    for side, key in zip((sides.ours, sides.theirs), keys, strict=True):
        try:
            return VerifiedReader.granted(folder, group, name, key, side)
        except TamperedError as error:
            refused = error
    assert refused is not None  # noqa: S101 - there are two sides
    raise refused
