"""What `push` would change in a store, by names."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.push.stores.base import Remote, Work
from sealedfiles.app.push.targets import Item
from sealedfiles.light_typing import NamedTuple

ADD, CHANGE, SAME, UNKNOWN, REMOTE_ONLY = "add", "change", "same", "unknown", "remote-only"
"""``UNKNOWN``: it is there, and the store does not say which value it has, so it is written."""


class Change(NamedTuple):
    """One name, and what is to be done with it."""

    kind: str
    name: str
    item: Item | None = None
    """The value; None if only the store has the name."""
    is_created: bool = False
    """Whether `push` created the name in the store."""

    @property
    def is_write(self) -> bool:
        """Whether the value is to be written."""
        return self.kind in (ADD, CHANGE, UNKNOWN)


class Plan(NamedTuple):
    """The changes, and what they were determined from."""

    changes: list[Change]
    remote: Remote
    digests: dict[str, str]

    def work(self, commit: str, *, prune: bool, force: bool) -> Work:
        """Return what is to be written, and with *prune* also what is to be deleted."""
        gone = (one.name for one in self.changes if one.kind == REMOTE_ONLY and one.is_created)
        return Work(
            self.remote,
            {one.item.name: one.item.value for one in self.changes if one.item},
            tuple(one.name for one in self.changes if one.is_write),
            tuple(gone) if prune else (),
            commit,
            self.digests,
            force,
        )


def make_plan(items: Sequence[Item], remote: Remote, digests: dict[str, str]) -> Plan:
    """Compare *items* with what the store has.

    *digests* are those of the items, for stores that do not return values.
    """
    changes = [
        Change(_kind(item, remote, digests), item.name, item, item.name in remote.created)
        for item in items
    ]
    known = {item.name for item in items}
    changes += [
        Change(REMOTE_ONLY, name, is_created=name in remote.created)
        for name in sorted(remote.values)
        if name not in known
    ]
    return Plan(changes, remote, digests)


def _kind(item: Item, remote: Remote, digests: dict[str, str]) -> str:
    if item.name not in remote.values:
        return ADD
    value = remote.values[item.name]
    if value is not None:
        return SAME if value == item.value else CHANGE
    digest = digests.get(item.name)
    if not digest or item.name not in remote.digests:
        return UNKNOWN
    return SAME if remote.digests[item.name] == digest else CHANGE
