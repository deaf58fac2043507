"""The index is the one that git uses, and is read again whenever it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import APP, Toy

from sealedfiles.git.index import Index
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    pass


def index(toy: Toy) -> Index:
    repository = find_repository(toy.path)
    assert repository is not None
    return Index(repository)


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
    assert list(here.stages()) == sorted(here.stages())
    toy.git("update-index", "--skip-worktree", APP)
    skipped = here.entry(APP.encode())
    assert skipped is not None
    assert skipped.skip_worktree


@pytest.mark.parametrize("name", [".git/other", "{top}/.git/other"], ids=["relative", "absolute"])
def test_an_index_of_git_s_own_choice(toy: Toy, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As in the hooks of `git commit -- FILE`."""
    monkeypatch.setenv("GIT_INDEX_FILE", name.format(top=toy.path))
    here = index(toy)
    assert here.stat() is None
    assert here.stages() == {}
    toy.write("only", "1")
    toy.git("add", "only")
    assert list(here.stages()) == [b"only"]
    assert here.stat() is not None


def test_a_repository_without_an_index_is_empty(toy: Toy) -> None:
    here = index(toy)
    assert here.stages()
    (toy.path / ".git/index").unlink()
    assert here.stages() == {}
    assert here.stat() is None
