"""Differences between texts, and the combination of two changes of one text: of lines, or of anything else.

This module knows nothing of sealed files: the parts are compared by hashable keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from sealedfiles.light_typing import NamedTuple

_MOST_CHANGES = 300
"""The size of a part without unique lines from which it counts as replaced, because the cost is quadratic."""


class Hunk(NamedTuple):
    """``base[start:end]`` became ``side[side_start:side_end]``."""

    start: int
    end: int
    side_start: int
    side_end: int


class Region(NamedTuple):
    """Hunks of both sides that belong together; they replace ``base[start:end]``."""

    start: int
    end: int
    ours: list[Hunk]
    theirs: list[Hunk]


class Chunk(NamedTuple):
    """A part of the result of a merge: *lines*, or a conflict if *lines* is None."""

    lines: list[str] | None
    ours: list[str]
    base: list[str]
    theirs: list[str]


def align(
    base: Sequence[Hashable],
    side: Sequence[Hashable],
    shapes: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
) -> list[tuple[int, int]]:
    """Return the pairs of positions at which both sequences are equal, in order.

    Items that occur once in each are paired first (patience diff), because people take those for the same.
    None never equals anything. A part without unique items that has the same *shapes* in base and side is
    paired one by one: it was changed in place.
    """
    pairs: list[tuple[int, int]] = []
    waiting = [(0, len(base), 0, len(side))]
    while waiting:
        start, end, side_start, side_end = waiting.pop()
        while start < end and side_start < side_end and _same(base[start], side[side_start]):
            pairs.append((start, side_start))
            start, side_start = start + 1, side_start + 1
        while start < end and side_start < side_end and _same(base[end - 1], side[side_end - 1]):
            end, side_end = end - 1, side_end - 1
            pairs.append((end, side_end))
        if start == end or side_start == side_end:
            continue
        anchors = _unique_pairs(base, side, start, end, side_start, side_end)
        if not anchors:
            if shapes and shapes[0][start:end] == shapes[1][side_start:side_end]:
                pairs += zip(range(start, end), range(side_start, side_end), strict=True)
                continue
            pairs += _shortest_edit(base[start:end], side[side_start:side_end], start, side_start)
            continue
        pairs += anchors
        for here, there in anchors:
            waiting.append((start, here, side_start, there))
            start, side_start = here + 1, there + 1
        waiting.append((start, end, side_start, side_end))
    return sorted(pairs)


def slide_down(
    pairs: Sequence[tuple[int, int]], base: Sequence[Hashable], side: Sequence[Hashable]
) -> list[tuple[int, int]]:
    """Move insertions and deletions between *pairs* as far down as equal items allow, as git does."""
    found: list[tuple[int, int]] = []
    last, side_last = -1, -1
    for pair in pairs:
        here, there = pair
        is_pure = (here == last + 1) != (there == side_last + 1)
        if is_pure and _same(base[last + 1], side[side_last + 1]):
            here, there = last + 1, side_last + 1
        found.append((here, there))
        last, side_last = here, there
    return found


def hunks(pairs: Sequence[tuple[int, int]], length: int, side_length: int) -> list[Hunk]:
    """Return the parts between *pairs*, of a base and a side of these lengths."""
    found = []
    start = side_start = 0
    for here, there in (*pairs, (length, side_length)):
        if start < here or side_start < there:
            found.append(Hunk(start, here, side_start, there))
        start, side_start = here + 1, there + 1
    return found


def regions(ours: Sequence[Hunk], theirs: Sequence[Hunk], *, touching: bool) -> list[Region]:
    """Group the hunks of both sides: those that overlap, and with *touching* also neighbors.

    Two insertions at one place overlap.
    """
    changes = [(hunk, True) for hunk in ours] + [(hunk, False) for hunk in theirs]
    changes.sort(key=lambda change: (change[0][:2], not change[1]))
    found: list[Region] = []
    for hunk, is_ours in changes:
        last = found[-1] if found else None
        if last is None or not _belongs(last, hunk, touching=touching):
            last = Region(hunk.start, hunk.end, [], [])
            found.append(last)
        elif hunk.end > last.end:
            last = found[-1] = last._replace(end=hunk.end)
        (last.ours if is_ours else last.theirs).append(hunk)
    return found


def side_range(region: Region, own: Sequence[Hunk], paired: Sequence[int | None]) -> range:
    """Return the positions of a side that belong to *region*; *own* are the side's hunks in it.

    *paired* gives for each position of the base the paired position of the side.
    """
    if own and own[0].start == region.start:
        start: int | None = own[0].side_start
    else:
        start = paired[region.start] if region.start < region.end else None
    if own and own[-1].end == region.end:
        end: int | None = own[-1].side_end
    else:
        last = paired[region.end - 1] if region.start < region.end else None
        end = None if last is None else last + 1
    return range(start or 0, end or 0) if start is not None and end is not None else range(0)


def merge_lines(base: list[str], ours: list[str], theirs: list[str]) -> list[Chunk]:
    """Merge lines as git does: changes of neighboring lines are a conflict."""
    own = align(base, ours), align(base, theirs)
    our_hunks = hunks(own[0], len(base), len(ours))
    their_hunks = hunks(own[1], len(base), len(theirs))
    paired = [_paired(pairs, len(base)) for pairs in own]
    chunks: list[Chunk] = []
    at = 0
    for region in regions(our_hunks, their_hunks, touching=True):
        _add_lines(chunks, base[at : region.start])
        at = region.end
        mine = _part(ours, side_range(region, region.ours, paired[0]))
        yours = _part(theirs, side_range(region, region.theirs, paired[1]))
        if not region.theirs or mine == yours:
            _add_lines(chunks, mine)
        elif not region.ours:
            _add_lines(chunks, yours)
        else:
            chunks.append(Chunk(None, mine, base[region.start : region.end], yours))
    _add_lines(chunks, base[at:])
    return chunks


def common_ends(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> tuple[int, int]:
    """Return how many items both have in common at the start, and after that at the end."""
    shorter = min(len(ours), len(theirs))
    start = 0
    while start < shorter and ours[start] == theirs[start]:
        start += 1
    end = 0
    while end < shorter - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    return start, end


def _paired(pairs: list[tuple[int, int]], length: int) -> list[int | None]:
    paired: list[int | None] = [None] * length
    for here, there in pairs:
        paired[here] = there
    return paired


def _part(lines: list[str], positions: range) -> list[str]:
    return lines[positions.start : positions.stop]


def _add_lines(chunks: list[Chunk], lines: list[str]) -> None:
    if lines:
        chunks.append(Chunk(lines, [], [], []))


def _belongs(region: Region, hunk: Hunk, *, touching: bool) -> bool:
    if hunk.start < region.end or (touching and hunk.start == region.end):
        return True
    return hunk.start == hunk.end == region.start == region.end


def _same(one: Hashable, other: Hashable) -> bool:
    return one is not None and one == other


def _unique_pairs(
    base: Sequence[Hashable],
    side: Sequence[Hashable],
    start: int,
    end: int,
    side_start: int,
    side_end: int,
) -> list[tuple[int, int]]:
    """Pair the items that occur once in each part, as many as keep their order."""
    counts = Counter(base[start:end])
    side_counts = Counter(side[side_start:side_end])
    there = {
        key: at
        for at, key in enumerate(side[side_start:side_end], side_start)
        if side_counts[key] == 1
    }
    candidates = [
        (at, there[key])
        for at, key in enumerate(base[start:end], start)
        if key is not None and counts[key] == 1 and key in there
    ]
    return list(_longest_rise(candidates))


def _longest_rise(candidates: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the longest part of *candidates* with rising second positions (patience sorting)."""
    from bisect import bisect_left

    tops: list[int] = []
    piles: list[int] = []
    below: list[int] = []
    for number, (_, there) in enumerate(candidates):
        pile = bisect_left(tops, there)
        below.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(there)
            piles.append(number)
        else:
            tops[pile], piles[pile] = there, number
    chain = []
    number = piles[-1] if piles else -1
    while number >= 0:
        chain.append(candidates[number])
        number = below[number]
    yield from reversed(chain)


def _shortest_edit(
    base: Sequence[Hashable], side: Sequence[Hashable], offset: int, side_offset: int
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of a shortest edit (Myers); none if it would be very long."""
    traces: list[dict[int, int]] = []
    reach = {1: 0}
    for changes in range(min(len(base) + len(side), _MOST_CHANGES) + 1):
        traces.append(dict(reach))
        for diagonal in range(-changes, changes + 1, 2):
            down = diagonal == -changes or (
                diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]
            )
            x = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
            while x < len(base) and x - diagonal < len(side) and _same(base[x], side[x - diagonal]):
                x += 1
            reach[diagonal] = x
            if x >= len(base) and x - diagonal >= len(side):
                yield from _walked(traces, len(base), len(side), offset, side_offset)
                return


def _walked(
    traces: list[dict[int, int]], x: int, y: int, offset: int, side_offset: int
) -> Iterator[tuple[int, int]]:
    for changes in range(len(traces) - 1, -1, -1):
        reach = traces[changes]
        diagonal = x - y
        down = diagonal == -changes or (
            diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]
        )
        before = diagonal + 1 if down else diagonal - 1
        before_x = reach[before] if changes else 0
        before_y = before_x - before if changes else 0
        while x > before_x and y > before_y:
            x, y = x - 1, y - 1
            yield offset + x, side_offset + y
        x, y = before_x, before_y
