"""Stashes are sealed, and are restored unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    YAML,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_file,
    every_file_and_reader,
    every_reader,
)

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants


def edit_all(repo: Repo) -> dict[str, str]:
    for path in FILES:
        repo.edit(path, "db-alpha", "db-beta")
    return repo.texts()


@every_reader
def test_stash_and_pop(repo: Repo) -> None:
    before = repo.texts()
    edited = edit_all(repo)
    repo.git("add", "--all")
    straight = repo.git("write-tree")
    repo.git("reset", "--quiet")

    repo.git("stash")
    assert repo.texts() == before
    assert repo.status() == []
    repo.git("stash", "pop")
    assert repo.texts() == edited
    repo.commit("new password")
    assert repo.tree() == straight.strip()
    assert_sound(repo)


def test_stash_with_untracked_files(repo: Repo) -> None:
    edited = edit_all(repo)
    repo.write("secrets/new.yaml", "password: s3cr3t-new\n")
    repo.git("stash", "--include-untracked")
    assert not (repo.path / "secrets/new.yaml").exists()
    assert repo.status() == []
    repo.git("stash", "pop")
    assert repo.texts() == edited
    assert repo.read("secrets/new.yaml") == "password: s3cr3t-new\n"
    repo.commit("all of it")
    assert_sound(repo)


@every_file_and_reader
def test_stash_of_one_hunk(repo: Repo, path: str) -> None:
    before = repo.read(path)
    repo.edit(path, "db-alpha", "db-beta")
    repo.edit(path, "api-alpha", "api-beta")
    edited = repo.read(path)
    repo.git("stash", "push", "--patch", answers="y\nn\n")
    assert repo.read(path) == before.replace("api-alpha", "api-beta")
    repo.git("commit", "-a", "-m", "the token")
    assert repo.status() == []
    repo.git("stash", "pop")
    assert repo.read(path) == edited
    repo.git("commit", "-a", "-m", "the password")
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    assert_sound(repo)


def test_stash_of_one_path(repo: Repo) -> None:
    edited = edit_all(repo)
    repo.git("stash", "push", "--", YAML)
    assert repo.read(YAML) == FILES[YAML]
    assert repo.read(ENV) == edited[ENV]
    assert_no_plaintext(repo)
    repo.git("stash", "pop")
    assert repo.texts() == edited


@pytest.mark.parametrize("option", ["--keep-index", "--staged"])
def test_stash_beside_a_staged_edit(repo: Repo, option: str) -> None:
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML)
    repo.edit(ENV, "db-alpha", "db-beta")
    edited = repo.texts()
    repo.git("stash", "push", option)
    kept, gone = (YAML, ENV) if option == "--keep-index" else (ENV, YAML)
    assert repo.read(kept) == edited[kept]
    assert repo.read(gone) == FILES[gone]
    repo.git("commit", "-a", "-m", "one half")
    assert repo.status() == []
    repo.git("stash", "pop")
    assert repo.texts() == edited
    repo.commit("the other half")
    assert_sound(repo)


@every_file
def test_a_conflicting_stash_shows_both_values(repo: Repo, path: str) -> None:
    repo.edit(path, "db-alpha", "db-beta")
    repo.git("stash")
    repo.edit(path, "db-alpha", "db-gamma")
    repo.commit("another password")
    repo.git("stash", "pop", code=1)
    text = repo.read(path)
    assert "<<<<<<<" in text
    assert "s3cr3t-db-beta" in text
    assert "s3cr3t-db-gamma" in text
    repo.git("checkout", "--theirs", path)
    assert repo.read(path) == FILES[path].replace("db-alpha", "db-beta")
    repo.commit("the stashed one")
    assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    assert_sound(repo)
