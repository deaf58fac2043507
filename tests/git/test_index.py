"""The index is the one that git uses, and is read again whenever it changes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from check.toy import APP, Toy
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import GitError
from sealedfiles.git import index as index_module
from sealedfiles.git.index import Entry, Index, Listing, listed_line, parse_chunks
from sealedfiles.git.repository import Repository, find_repository

ALWAYS = (":(literal).sealedfiles", "*.gitattributes")
"""What is listed together with each path of a large index."""


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


def listing(entries: list[Entry]) -> Listing:
    """Return what git lists for *entries*."""
    tags = [("S" if one.skip_worktree else "M" if one.stage else "H").encode() for one in entries]
    lines = [
        b"%b %b %b %d\t%b\0" % (tag, one.mode.encode(), one.oid.encode(), one.stage, one.path)
        for tag, one in zip(tags, entries, strict=True)
    ]
    return Listing(b"".join(lines))


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
    here = listing(entries)
    for path in [*asked, *paths, *sorted(paths)]:
        expected = {one.stage: one for one in entries if one.path == path}
        assert here.stages(path) == expected
        assert list(here.entries(path)) == [one for one in entries if one.path >= path]
        below = [one for one in entries if one.path.startswith(path + b"/")]
        assert list(here.entries(folder=path + b"/")) == below
    assert len(here) == len(entries)
    assert list(here.entries()) == entries
    unmerged = [one for one in entries if one.stage]
    assert list(here.beginning_with(b"M ")) == unmerged
    links = [one for one in entries if one.stage == 0 and one.mode == "120000"]
    skipped = [one for one in links if one.skip_worktree]
    assert list(here.beginning_with(b"S 120000 ")) == skipped
    assert list(here.beginning_with(b"H 120000 ")) == [one for one in links if one not in skipped]


@pytest.fixture
def listed(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What git was asked to list of an index that counts as large: names, or nothing for all."""
    monkeypatch.setattr(index_module, "_LARGE", 0)
    run = Repository.run
    found = []

    def recorded(of: Repository, *arguments: str, **options: Any) -> bytes:
        found.append(arguments[5:])
        return run(of, *arguments, **options)

    monkeypatch.setattr(Repository, "run", recorded)
    return found


def test_the_first_paths_of_a_large_index_are_listed_alone(
    toy: Toy, listed: list[tuple[str, ...]]
) -> None:
    for name in ("*", "a/b/c", "a/d", ":odd", "a/b/.gitattributes", "a/b/my.gitattributes"):
        toy.write(name, name)
    toy.stage()
    expected = {entry.path: {0: entry} for entry in index(toy).entries()}
    listed.clear()
    here = index(toy)
    assert here.stages(b"a/b/c") == expected[b"a/b/c"]
    assert [entry.path for entry in here.entries(folder=b".sealedfiles/")] == [
        path for path in expected if path.startswith(b".sealedfiles/")
    ]
    assert here.stages(b".gitattributes") == expected[b".gitattributes"]
    assert here.stages(b"a/b/.gitattributes") == expected[b"a/b/.gitattributes"]
    assert here.stages(b"a/.gitattributes") == {}
    assert listed == [(":(literal)a/b/c", *ALWAYS)]
    assert here.stages(b"*") == expected[b"*"], "not a pattern"
    assert here.stages(b"a/b/my.gitattributes") == expected[b"a/b/my.gitattributes"]
    assert not here.is_listed
    assert len(here) == len(expected)
    assert len(listed) == 3
    assert here.stages(b":odd") == expected[b":odd"]
    assert len(listed) == 4
    assert here.stages(b"a") == {}
    assert listed[3:] == [()]
    assert here.is_listed
    assert here.stages(b"a/d") == expected[b"a/d"]
    assert list(here.entries(folder=b"a/")) == [
        expected[b"a/b/.gitattributes"][0],
        expected[b"a/b/c"][0],
        expected[b"a/b/my.gitattributes"][0],
        expected[b"a/d"][0],
    ]
    assert len(listed) == 4
    toy.write("new", "1")
    toy.stage()
    assert not here.is_listed
    assert here.entry(b"new") is not None
    assert listed[4:] == [(":(literal)new", *ALWAYS)]


def test_the_folder_of_keys_is_listed_without_attributes(
    toy: Toy, listed: list[tuple[str, ...]]
) -> None:
    """The hook needs no more, and git finds one name at once."""
    here = index(toy)
    assert list(here.entries(folder=b".sealedfiles/"))
    assert listed == [ALWAYS[:1]]
    assert here.entry(b".gitattributes")
    assert listed[1:] == [(":(literal).gitattributes", *ALWAYS)]
    assert here.entry(APP.encode())
    assert here.entry(b"sub/.gitattributes") is None
    assert len(listed) == 3


@pytest.mark.parametrize("path", [b"../x", b"/x", b"a/./b", b"", b"a\0b", b"x" * 200_000])
def test_a_path_that_git_cannot_be_asked_for(
    toy: Toy, listed: list[tuple[str, ...]], path: bytes
) -> None:
    assert index(toy).stages(path) == {}
    assert listed[-1] == ()


def test_a_conflict_in_a_large_index(toy: Toy, listed: list[tuple[str, ...]]) -> None:
    oid = toy.git("rev-parse", f"HEAD:{APP}").strip()
    toy.git("update-index", "--index-info", stdin=f"100644 {oid} 2\tconflict\n")
    here = index(toy)
    assert here.stages(b"conflict").keys() == {2}
    assert here.entry(b"conflict") is None
    assert here.unmerged() == [b"conflict"]
    assert not here.is_listed
    assert [entry.path for entry in here.entries() if entry.stage] == [b"conflict"]


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_all_entries_of_a_large_index_are_read_without_a_list(
    toy: Toy, listed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(index_module, "CHUNK", chunk)
    here = index(toy)
    found = list(here.entries())
    first = next(here.files())
    assert listed == []
    assert not here.is_listed
    monkeypatch.setattr(index_module, "_LARGE", 1 << 30)
    assert found == list(index(toy).entries())
    assert found[0] == first
    assert list(parse_chunks([b"".join(map(listed_line, found))])) == found


def test_entries_that_git_cannot_list(toy: Toy, listed: list[tuple[str, ...]]) -> None:
    here = index(toy)
    (toy.path / ".git" / "index").write_bytes(b"not an index")
    with pytest.raises(GitError, match="ls-files failed"):
        list(here.entries())


@pytest.mark.parametrize("kind", ["LITERAL", "GLOB", "NOGLOB", "ICASE"])
def test_the_user_s_way_to_name_files_does_not_count(
    toy: Toy, listed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv(f"GIT_{kind}_PATHSPECS", "1")
    here = index(toy)
    assert here.entry(APP.encode()) is not None
    assert here.entry(b".gitattributes") is not None
    assert here.entry(APP.upper().encode()) is None
    assert len(listed) == 2


def test_files_by_their_blobs(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for few in (0, 100):
        monkeypatch.setattr(index_module, "_FEW_BLOBS", few)
        assert {entry.path for entry in here.lacking(set())} == regular
        assert {entry.path for entry in here.lacking({oid[:32]})} == regular - {*found}
        known = {entry.oid[:32].encode() for entry in here.files()}
        assert list(here.lacking(known)) == []
    assert [*here.with_blob(b"f" * 32)] == []
