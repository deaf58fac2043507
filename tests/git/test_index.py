"""The index is the one that git uses, and is read again whenever it changes."""

from __future__ import annotations

from random import Random

import pytest
from check.toy import APP, Toy
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.git.index import Entry, Index
from sealedfiles.git.repository import Repository, find_repository


def index(toy: Toy) -> Index:
    repository = find_repository(toy.path)
    assert repository is not None
    return Index(repository)


def names(here: Index) -> list[bytes]:
    return [entry.path for entry in here.entries()]


def test_entries_follow_the_file(toy: Toy) -> None:
    here = index(toy)
    entry = here.entry(APP.encode())
    assert entry is not None
    assert entry.oid == toy.git("rev-parse", f"HEAD:{APP}").strip()
    assert (entry.mode, entry.stage, entry.skip_worktree) == ("100644", 0, False)
    assert here.entry(b"new") is None
    toy.write("new", "1")
    toy.stage()
    assert here.entry(b"new") is not None
    assert names(here) == sorted(names(here))
    toy.git("update-index", "--skip-worktree", APP)
    skipped = here.entry(APP.encode())
    assert skipped is not None
    assert (skipped.skip_worktree, skipped.assume_unchanged) == (True, False)
    toy.git("update-index", "--assume-unchanged", APP)
    hidden = here.entry(APP.encode())
    assert hidden is not None
    assert (hidden.skip_worktree, hidden.assume_unchanged) == (True, True)
    toy.git("update-index", "--no-skip-worktree", APP)
    hidden = here.entry(APP.encode())
    assert hidden is not None
    assert (hidden.skip_worktree, hidden.assume_unchanged) == (False, True)


@pytest.mark.parametrize("name", [".git/other", "{top}/.git/other"], ids=["relative", "absolute"])
def test_an_index_of_git_s_own_choice(toy: Toy, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As in the hooks of `git commit -- FILE`."""
    monkeypatch.setenv("GIT_INDEX_FILE", name.format(top=toy.path))
    here = index(toy)
    assert here.stat() is None
    assert names(here) == []
    toy.write("only", "1")
    toy.git("add", "only")
    assert names(here) == [b"only"]
    assert here.stat() is not None


def test_a_repository_without_an_index_is_empty(toy: Toy) -> None:
    here = index(toy)
    assert names(here)
    (toy.path / ".git/index").unlink()
    assert names(here) == []
    assert here.stat() is None


class Listed(Index):
    """The index that git lists as *entries*."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(Repository("/", "/", "/"))
        tags = [
            ("S" if one.skip_worktree else "M" if one.stage else "H").encode() for one in entries
        ]
        lines = [
            b"%b %b %b %d\t%b\0" % (tag, one.mode.encode(), one.oid.encode(), one.stage, one.path)
            for tag, one in zip(tags, entries, strict=True)
        ]
        self._text = b"\0" + b"".join(lines)

    def stat(self) -> tuple[int, int, int] | None:
        return self._stat


# Few letters, so that paths are prefixes of each other, with bytes around the slash in the order.
PATHS = st.text(".a/0 \t\n", min_size=1, max_size=5).map(str.encode)
STAGES = st.sampled_from([{0}, {1, 2}, {1, 2, 3}])


@given(st.dictionaries(PATHS, STAGES, max_size=12), st.lists(PATHS, max_size=12), st.randoms())
def test_entries_are_found_in_any_order(
    paths: dict[bytes, set[int]], asked: list[bytes], random: Random
) -> None:
    entries = [
        Entry(
            path, random.choice(["100644", "120000"]), "a" * 40, stage, stage == 0 and len(path) > 3
        )
        for path in sorted(paths)
        for stage in sorted(paths[path])
    ]
    here = Listed(entries)
    for path in [*asked, *paths, *sorted(paths)]:
        expected = {one.stage: one for one in entries if one.path == path}
        assert here.stages(path) == expected
        assert here.entry(path) == expected.get(0)
        assert list(here.entries(path)) == [one for one in entries if one.path >= path]
        below = [one for one in entries if one.path.startswith(path + b"/")]
        assert list(here.entries(folder=path + b"/")) == below
    assert len(here) == len(entries)
    assert list(here.entries()) == entries
    assert list(here.files()) == [one for one in entries if one.stage == 0]
    assert here.unmerged() == [path for path in sorted(paths) if 0 not in paths[path]]
    links = [one for one in entries if one.stage == 0 and one.mode == "120000"]
    assert sorted(here.links()) == links


def test_files_by_their_blobs(toy: Toy) -> None:
    oid = toy.git("rev-parse", f"HEAD:{APP}").strip().encode()
    toy.write("copy", toy.read())
    toy.write(f"a 100644 {oid.decode()} 0", "a path that looks like a line of git")
    toy.stage()
    toy.git("update-index", "--add", "--cacheinfo", f"120000,{oid.decode()},link")
    toy.git("update-index", "--index-info", stdin=f"100644 {oid.decode()} 2\tconflict\n")
    here = index(toy)
    found = [entry.path for entry in here.with_blob(oid[:32]) if entry.mode != "120000"]
    assert found == sorted([APP.encode(), b"copy"])
    regular = {entry.path for entry in here.files() if entry.mode != "120000"}
    assert {entry.path for entry in here.lacking(set())} == regular
    assert {entry.path for entry in here.lacking({oid[:32]})} == regular - {*found}
    assert [*here.with_blob(b"f" * 32)] == []
