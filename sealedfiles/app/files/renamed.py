"""Find files that were renamed between two versions: by their values, because tokens may all differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping


def find_renames(
    removed: Mapping[bytes, Counter[Hashable]], added: Mapping[bytes, Counter[Hashable]]
) -> dict[bytes, bytes]:
    """Return the new path of each renamed file with its old one.

    *removed* and *added* are the values of files that only one version has.  At least half of the values are
    the same, as of the lines with git's ``-M``.  Each file is in one pair at most: those that share the most
    come first, then those with the same base name, then in path order.
    """
    holders: dict[Hashable, list[tuple[bytes, int]]] = {}
    for path, values in removed.items():
        for value, count in values.items():
            holders.setdefault(value, []).append((path, count))
    pairs: list[tuple[float, bool, bytes, bytes]] = []
    for new, values in added.items():
        shared: Counter[bytes] = Counter()
        for value, count in values.items():
            for old, there in holders.get(value, ()):
                shared[old] += min(count, there)
        for old, number in shared.items():
            part = number / max(values.total(), removed[old].total())
            if part >= 1 / 2:
                pairs.append((-part, _base(old) != _base(new), old, new))
    found: dict[bytes, bytes] = {}
    used: set[bytes] = set()
    for _, _, old, new in sorted(pairs):
        if new not in found and old not in used:
            found[new] = old
            used.add(old)
    return found


def _base(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]
