"""Find files that were renamed between two versions: by their values, because tokens may all differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

_MOST = 50
"""The number of removed files from which that of a new one is chosen."""


def find_renames(
    removed: Mapping[bytes, Counter[Hashable]], added: Mapping[bytes, Counter[Hashable]]
) -> dict[bytes, bytes]:
    """Return the new path of each renamed file with its old one.

    *removed* and *added* are the values of files that only one version has.  A pair shares at least half of
    its values, like git's default for ``-M`` with lines.  Each file is in one pair at most: those that share
    the most come first, then those with the same base name, then in path order.
    """
    holders: dict[Hashable, list[bytes]] = {}
    for path, values in removed.items():
        for value in values:
            holders.setdefault(value, []).append(path)
    pairs: list[tuple[float, bool, bytes, bytes]] = []
    for new, values in added.items():
        for old in _candidates(values, holders):
            shared = (values & removed[old]).total()
            part = shared / max(values.total(), removed[old].total())
            if part >= 1 / 2:
                pairs.append((-part, _base(old) != _base(new), old, new))
    found: dict[bytes, bytes] = {}
    used: set[bytes] = set()
    for _, _, old, new in sorted(pairs):
        if new not in found and old not in used:
            found[new] = old
            used.add(old)
    return found


def _candidates(
    values: Counter[Hashable], holders: Mapping[Hashable, list[bytes]]
) -> Iterable[bytes]:
    """Return the files that share the rarest of *values*: not all, because many files may share one."""
    found: dict[bytes, None] = {}
    for some in sorted((holders[value] for value in values if value in holders), key=len):
        if len(found) >= _MOST:
            break
        found.update(dict.fromkeys(some[:_MOST]))
    return found


def _base(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]
