"""A table of hashes finds the same from memory and from its file, and no less if the file is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held import table as module
from sealedfiles.app.held.table import ANY, KeyedTable

KEY = b"k" * 32
# Few bytes, so that hashes are in one bucket, and overlap.
HASHES = st.binary(min_size=8, max_size=8).map(lambda data: int.from_bytes(data, "little"))
CLOSE = st.integers(0, 300).map(lambda number: number * 0x0101 + (1 << 63))
ALWAYS, NEVER = 1 << 20, 0
"""The shares of the table with which a filter is made for any search, and for none."""
ENTRIES = st.lists(st.tuples(HASHES | CLOSE, st.integers(0, 2**32 - 1)), max_size=8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "held"


def saved(file: Path, *hashes: int) -> KeyedTable:
    """Add *hashes*, with themselves as numbers, to the table in *file*."""
    table = KeyedTable(file, KEY)
    for one in hashes:
        table.add([one], one % 2**32)
    table.note = b"with %d" % len(hashes)
    table.save()
    return table


@pytest.mark.slow
@given(
    st.lists(ENTRIES, min_size=1, max_size=4), st.lists(HASHES | CLOSE, max_size=4), st.booleans()
)
def test_it_finds_what_was_added(
    tmp_path_factory: pytest.TempPathFactory,
    added: list[list[tuple[int, int]]],
    others: list[int],
    many: bool,
) -> None:
    file = tmp_path_factory.mktemp("table") / "held"
    expected: dict[int, set[int]] = {one: set() for one in others}
    for entries in added:
        table = KeyedTable(file, KEY)
        for one, number in entries:
            table.add([one], number)
            expected.setdefault(one, set()).add(number)
        before = table
        table.save()
        for now in (before, KeyedTable(file, KEY)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "_SHARE", ALWAYS if many else NEVER)
                for one, numbers in expected.items():
                    assert now.numbers([one]) == numbers
                    assert (one in now) == bool(numbers)
                assert now.numbers(list(expected)) == set().union(*expected.values())


def test_what_is_added_later_is_found_by_many_searches(file: Path) -> None:
    table = saved(file, 1)
    assert table.numbers([2 << 60] * 1000) == set()
    assert table._filter
    table.add([2 << 60], 7)
    assert table.numbers([2 << 60]) == {7}
    table.clear()
    assert table.numbers([1, 2 << 60]) == set()


def test_entries_are_appended_and_later_a_part_of_the_base(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ADDED", 5)
    saved(file, 1, 2)
    first = file.read_bytes()
    saved(file, 3, 4)
    second = file.read_bytes()
    assert second.startswith(first)
    saved(file)
    assert file.read_bytes() == second, "nothing was added"
    saved(file, 5, 6, 7, 8)
    third = file.read_bytes()
    assert len(third) < len(second) + 4 * 12 < len(first) + 6 * 12 + 300
    assert KeyedTable(file, KEY).numbers(list(range(10))) == set(range(1, 9))
    assert KeyedTable(file, KEY).note == b"with 4"


def test_the_file_is_private(file: Path) -> None:
    saved(file, 1)
    if os.name != "nt":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_table_of_another_key_is_empty(file: Path) -> None:
    saved(file, 1)
    table = KeyedTable(file, b"other")
    assert (1 in table, table.note) == (False, b"")
    table.add([2], 2)
    table.save()
    assert KeyedTable(file, b"other").numbers([1, 2]) == {2}


@pytest.mark.parametrize("content", [b"", b"x", bytes(100_000)])
def test_a_file_that_is_no_table_is_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    saved(file, 2)
    assert KeyedTable(file, KEY).numbers([1, 2]) == {2}


@pytest.mark.parametrize("at", [0, 35, 45, 300, 40_000])
def test_with_a_damaged_head_it_is_empty(file: Path, at: int) -> None:
    saved(file, 1)
    damage(file, at)
    table = KeyedTable(file, KEY)
    assert (1 in table, table.note) == (False, b"")


@pytest.mark.parametrize("many", [False, True])
def test_a_damaged_bucket_may_have_any_number(
    file: Path, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(file, 1, 1 << 60)
    damage(file, -1)
    table = KeyedTable(file, KEY)
    monkeypatch.setattr(module, "_SHARE", ALWAYS if many else NEVER)
    assert table.numbers([1]) == {1}
    assert table.numbers([1 << 60]) == {ANY}
    assert table.numbers([(1 << 60) + 1]) == {ANY}
    assert (1 << 60) not in table
    assert not file.exists(), "so that it is built again"
    table.add([2], 2)
    table.save()
    assert not file.exists()


@pytest.mark.parametrize("size", [-1, 40, 240])
def test_without_its_last_record_it_is_an_older_table(file: Path, size: int) -> None:
    saved(file, 1)
    first = len(file.read_bytes())
    saved(file, 2, 3)
    os.truncate(file, len(file.read_bytes()) - 1 if size < 0 else first + size)
    table = KeyedTable(file, KEY)
    assert (table.numbers([1, 2, 3]), table.note) == ({1}, b"with 1")
    saved(file, 4)
    assert KeyedTable(file, KEY).numbers([1, 2, 3, 4]) == {1, 4}


def test_a_record_of_another_process_that_started_at_the_same_time_counts_alone(file: Path) -> None:
    saved(file, 1)
    first, second = KeyedTable(file, KEY), KeyedTable(file, KEY)
    for table, one in ((first, 2), (second, 3)):
        table.add([one], one)
        table.save()
    assert KeyedTable(file, KEY).numbers([1, 2, 3]) == {1, 2}
    saved(file, 3)
    assert KeyedTable(file, KEY).numbers([1, 2, 3]) == {1, 2, 3}


def test_a_file_that_was_removed_is_not_written_in_part(file: Path) -> None:
    table = saved(file, 1)
    file.unlink()
    table.add([2], 2)
    table.save()
    assert not file.exists()
    assert table.numbers([1, 2]) == {1, 2}


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert saved(tmp_path / "file" / "held", 1).numbers([1]) == {1}


def damage(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
