"""The differences between texts, and the result of two changes together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.merge.diff3 import (
    align,
    common_ends,
    hunks,
    merge_lines,
    regions,
    side_range,
)

LINES = st.lists(st.sampled_from("abcd"), max_size=9)


def merged(base: str, ours: str, theirs: str) -> list[str] | None:
    """Merge texts whose lines are single letters; return None for a conflict."""
    chunks = merge_lines(list(base), list(ours), list(theirs))
    if any(chunk.lines is None for chunk in chunks):
        return None
    return [line for chunk in chunks for line in chunk.lines or ()]


def taken(base: list[str], ours: list[str], theirs: list[str], side: str) -> list[str]:
    """Return the merge with one side's lines in place of every conflict."""
    chunks = merge_lines(base, ours, theirs)
    return [line for c in chunks for line in (getattr(c, side) if c.lines is None else c.lines)]


@given(LINES, LINES)
def test_pairs_are_equal_and_ordered(base: list[str], side: list[str]) -> None:
    pairs = align(base, side)
    assert all(base[here] == side[there] for here, there in pairs)
    for (here, there), (next_here, next_there) in pairwise(pairs):
        assert here < next_here
        assert there < next_there


def test_without_lines_of_their_own_as_many_as_possible_are_paired() -> None:
    assert len(align("ababbab", "babaabb")) == 5
    assert len(align("xyxyxyxy", "yyyyxxxx")) == 4


def test_lines_without_unique_content_are_paired_by_position_if_the_shapes_match() -> None:
    assert align("xxx", "axb") in ([(0, 1)], [(1, 1)], [(2, 1)])
    assert align("xxx", "axb", ("...", "...")) == [(0, 0), (1, 1), (2, 2)]


def test_unique_lines_are_paired_before_frequent_lines() -> None:
    base = ["}", "two", "}"]
    side = ["}", "one", "}", "two", "}"]
    assert (1, 3) in align(base, side)


def test_an_absent_line_equals_none() -> None:
    assert align([None, "a"], [None, "a"]) == [(1, 1)]


@given(LINES, LINES)
def test_the_hunks_make_the_side_of_the_base(base: list[str], side: list[str]) -> None:
    made: list[str] = []
    at = 0
    for start, end, side_start, side_end in hunks(align(base, side), len(base), len(side)):
        made += base[at:start] + side[side_start:side_end]
        at = end
    assert made + base[at:] == side


def test_a_long_part_without_lines_of_its_own_takes_no_quadratic_time() -> None:
    """Ten thousand changes: quadratic work would take minutes."""
    base = [str(number % 7) for number in range(20_000)]
    side = [str(number % 5) for number in range(20_000)]
    assert align(base, side)


def test_changes_of_adjacent_lines_are_separate_regions_unless_touching() -> None:
    ours = hunks(align("abc", "xbc"), 3, 3)
    theirs = hunks(align("abc", "ayc"), 3, 3)
    assert len(regions(ours, theirs, touching=False)) == 2
    assert len(regions(ours, theirs, touching=True)) == 1


def test_two_insertions_at_one_place_are_one_region() -> None:
    ours = hunks(align("ab", "axb"), 2, 3)
    theirs = hunks(align("ab", "ayb"), 2, 3)
    (region,) = regions(ours, theirs, touching=False)
    assert (region.start, region.end) == (1, 1)
    assert side_range(region, region.ours, [0, 2]) == range(1, 2)


def test_a_region_covers_the_lines_that_one_side_has_not_changed() -> None:
    ours = hunks(align("abcd", "axyd"), 4, 4)
    theirs = hunks(align("abcd", "abzd"), 4, 4)
    (region,) = regions(ours, theirs, touching=False)
    assert (region.start, region.end) == (1, 3)
    assert side_range(region, region.theirs, [0, 1, None, 3]) == range(1, 3)


def test_separate_changes_merge_and_adjacent_changes_conflict() -> None:
    assert merged("abcde", "Abcde", "abcdE") == list("AbcdE")
    assert merged("abcde", "aBcde", "abCde") is None
    assert merged("abcde", "abcdef", "abcdeg") is None
    assert merged("abcde", "abcdef", "abcdef") == list("abcdef")
    assert merged("abcde", "abde", "abcde") == list("abde")
    assert merged("abcde", "abde", "abxde") is None


@given(LINES, LINES)
def test_a_change_of_one_side_is_the_result(base: list[str], side: list[str]) -> None:
    for versions in ((base, side, base), (base, base, side), (base, side, side)):
        assert merged(*("".join(lines) for lines in versions)) == side


@given(LINES, LINES, LINES)
def test_swapping_ours_and_theirs_gives_the_same_result(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    there = merge_lines(base, ours, theirs)
    back = merge_lines(base, theirs, ours)
    assert [(c.lines, c.ours, c.theirs) for c in there] == [
        (c.lines, c.theirs, c.ours) for c in back
    ]


@given(LINES, LINES, LINES)
def test_every_line_of_a_side_is_there_or_was_removed_by_the_other(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    for side, own in (("ours", ours), ("theirs", theirs)):
        result = taken(base, ours, theirs, side)
        for line in set(own):
            assert result.count(line) >= own.count(line) - base.count(line)


@given(LINES, LINES)
def test_common_ends_do_not_overlap(ours: list[str], theirs: list[str]) -> None:
    start, end = common_ends(ours, theirs)
    assert start + end <= min(len(ours), len(theirs))
    assert ours[:start] == theirs[:start]
    assert ours[len(ours) - end :] == theirs[len(theirs) - end :]
