"""Merging with ``-X ours`` and ``-X theirs``: no change is lost that git keeps."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from documents import YAML, opened, tokens, unseal
from hypothesis import example, given
from hypothesis import strategies as st
from test_merging import merge, sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = (
    "items:\n  - a\n  - a\nrecs:\n  - name: a\n    pw: n\n  - name: a\n    pw: m\nkv:\n  db: old\n"
)
CHANGED = "items:\n  - b\nrecs:\n  - name: b\n    pw: n\nkv:\n  db: NEW\n  added: 8080\n"
GROWN = BASE.replace("  - a\n", "  - a\n  - u\n", 1).replace(
    "n\n", "n\n  - name: u\n    pw: n\n", 1
)
TWICE = BASE.replace("items:", "db: 1\nitems:"), BASE + "db: 2\n"


def favored(base: str, ours: str, theirs: str, favor: str) -> str:
    result = merge(YAML, *sealed(YAML, base, ours, theirs), favor=favor)
    assert result.conflicts == 0
    assert opened(YAML, result.data).problems == []
    return unseal(YAML, result.data).decode()


def by_git(base: str, ours: str, theirs: str, favor: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for file, text in zip(files, (ours, base, theirs), strict=True):
            file.write_text(text, encoding="utf-8", newline="\n")
        command = ["git", "merge-file", "-p", "-q", f"--{favor}", *map(str, files)]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("favor", ["ours", "theirs"])
@pytest.mark.parametrize("sides", [(GROWN, CHANGED), (CHANGED, GROWN)])
def test_changes_below_lists_with_equal_items_are_kept(sides: tuple[str, str], favor: str) -> None:
    result = favored(BASE, *sides, favor)
    assert result == by_git(BASE, *sides, favor)
    assert result.endswith("kv:\n  db: NEW\n  added: 8080\n")


@pytest.mark.parametrize("favor", ["ours", "theirs"])
def test_a_conflict_stays_if_the_result_cannot_be_sealed_for_both(favor: str) -> None:
    result = merge(YAML, *sealed(YAML, BASE, *TWICE), favor=favor)
    shown = unseal(YAML, result.data).decode()
    assert result.conflicts == 2
    assert result.refusal == "a value would get another key, or another item of a list"
    assert "db: 1\n=======\n" in shown
    assert "=======\ndb: 2\n" in shown


@pytest.mark.parametrize("favor", ["ours", "theirs"])
def test_items_that_both_insert_before_equal_values_have_their_own_tokens(favor: str) -> None:
    base = "recs:\n  - name: a\n    pw: n\n  - name: b\n    pw: n\n"
    sides = [base.replace("pw: n\n", f"pw: n\n  - name: {x}\n    pw: n\n", 1) for x in "xy"]
    versions = sealed(YAML, base, *sides)
    result = merge(YAML, *versions, favor=favor).data
    assert result == versions[1 if favor == "ours" else 2]
    assert len(set(tokens(result))) == 6


class Document(NamedTuple):
    items: list[str]
    records: list[tuple[str, str]]
    keys: dict[str, str]

    def text(self) -> str:
        items = [f"  - {item}\n" for item in self.items]
        records = [f"  - name: {name}\n    pw: {password}\n" for name, password in self.records]
        keys = [f"  {key}: {value}\n" for key, value in self.keys.items()]
        return "".join(["items:\n", *items, "recs:\n", *records, "kv:\n", *keys])


few = st.sampled_from("abn")
documents = st.builds(
    Document,
    st.lists(few, min_size=1, max_size=5),
    st.lists(st.tuples(few, few), min_size=1, max_size=4),
    st.fixed_dictionaries({f"k{number}": few for number in range(6)}),
)


@st.composite
def place(draw: st.DrawFn, items: Sequence[object]) -> tuple[int, int]:
    """Return the range of one item, or an empty one."""
    start = draw(st.integers(0, len(items)))
    return start, min(len(items), start + draw(st.integers(0, 1)))


@st.composite
def changed(draw: st.DrawFn, base: Document, word: str) -> str:
    """Insert, change or remove an item in each list, and change some keys to new values with *word*."""
    items, records = list(base.items), list(base.records)
    at, end = draw(place(items))
    items[at:end] = [f"{word}1"] * draw(st.integers(len(items) == 1, 1))
    at, end = draw(place(records))
    records[at:end] = [(draw(few), f"{word}2")] * draw(st.integers(len(records) == 1, 1))
    keys = dict.fromkeys(draw(st.sets(st.sampled_from(sorted(base.keys)))), f"{word}3")
    return Document(items, records, {**base.keys, **keys}).text()


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str, str]:
    base = draw(documents)
    return base.text(), draw(changed(base, "our")), draw(changed(base, "their"))


@pytest.mark.slow
@example((BASE, GROWN, CHANGED), "ours")
@given(versions(), st.sampled_from(["ours", "theirs"]))
def test_what_git_keeps_is_kept_or_a_conflict(three: tuple[str, str, str], favor: str) -> None:
    result = merge(YAML, *sealed(YAML, *three), favor=favor)
    assert bool(result.conflicts) == bool(result.refusal)
    if result.conflicts:
        return
    lines, by_line = (
        Counter(text.splitlines())
        for text in (unseal(YAML, result.data).decode(), by_git(*three, favor))
    )
    before, mine, yours = (Counter(text.splitlines()) for text in three)
    for side, other in ((mine, yours), (yours, mine)):
        # There can be more than git keeps: changes of neighboring lines.
        assert not ((side - before) & by_line) - lines
        assert not ((before - side) & (lines - by_line)) - (other - before)
