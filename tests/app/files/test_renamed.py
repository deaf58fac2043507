"""Which files count as renamed: by the values that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.files.renamed import find_renames

VALUES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(Counter[Hashable])
FILES = st.dictionaries(
    st.sampled_from([b"a/x.env", b"a/y.env", b"b/x.env", b"b/y.env", b"z"]), VALUES, max_size=4
)


@given(FILES, FILES)
def test_each_file_is_in_one_pair_that_shares_half_of_its_values(
    removed: dict[bytes, Counter[Hashable]], added: dict[bytes, Counter[Hashable]]
) -> None:
    found = find_renames(removed, added)
    assert len({*found.values()}) == len(found)
    for new, old in found.items():
        larger = max(added[new].total(), removed[old].total())
        assert 2 * (added[new] & removed[old]).total() >= larger
    left_old, left_new = {*removed} - {*found.values()}, {*added} - {*found}
    for new in left_new:
        assert not any(added[new] == removed[old] for old in left_old)


def test_half_of_the_values_are_enough_and_fewer_are_not() -> None:
    old = {b"old": Counter[Hashable]("abcd")}
    assert find_renames(old, {b"new": Counter[Hashable]("abxy")}) == {b"new": b"old"}
    assert find_renames(old, {b"new": Counter[Hashable]("axyz")}) == {}


def test_the_same_base_name_decides_between_equal_files() -> None:
    values = Counter[Hashable]("ab")
    removed = {b"a.env": values, b"x.env": values}
    assert find_renames(removed, {b"sub/x.env": values}) == {b"sub/x.env": b"x.env"}


def test_what_a_file_shares_only_with_few_others_finds_it_among_many() -> None:
    common = [("kind", "Secret"), ("version", 1)]
    removed = {f"old/{n:03}.yaml".encode(): Counter[Hashable]([*common, n, -n]) for n in range(200)}
    added = {path.replace(b"old", b"new"): values for path, values in removed.items()}
    assert find_renames(removed, added) == {path: path.replace(b"new", b"old") for path in added}
