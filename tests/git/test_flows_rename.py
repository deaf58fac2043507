"""Renames: git does not call a filter to move a blob, and detects other renames by similarity. In both
cases the file keeps its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    assert_one_token_changed,
    assert_sound,
    every_file_and_reader,
    every_reader,
)

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants

MOVES = {ENV: "deploy/orders.env", JSON: "config/orders.json", YAML: "secrets/deep/er/orders.yaml"}


def move(repo: Repo, old: str, new: str) -> None:
    (repo.path / new).parent.mkdir(parents=True, exist_ok=True)
    (repo.path / old).rename(repo.path / new)


def commits(repo: Repo, path: str) -> list[str]:
    """Return the commits of a file, also under its earlier names."""
    return repo.git("log", "--follow", "--format=%h", "--", path).split()


@every_reader
def test_git_mv(repo: Repo) -> None:
    known = {new: len(commits(repo, old)) for old, new in MOVES.items()}
    texts = {new: repo.read(old) for old, new in MOVES.items()}
    before = {new: repo.tokens("HEAD", old) for old, new in MOVES.items()}
    for old, new in MOVES.items():
        (repo.path / new).parent.mkdir(parents=True, exist_ok=True)
        repo.git("mv", old, new)
    assert sorted(repo.status()) == [f"R  {old} -> {new}" for old, new in MOVES.items()]
    assert repo.git("diff") == ""
    repo.git("commit", "-m", "move")
    assert {new: repo.tokens("HEAD", new) for new in MOVES.values()} == before
    assert {new: repo.read(new) for new in MOVES.values()} == texts

    for new in MOVES.values():
        (repo.path / new).unlink()
    repo.git("checkout", "--", ".")
    assert {new: repo.read(new) for new in MOVES.values()} == texts
    for new in MOVES.values():
        repo.edit(new, "db-alpha", "db-beta")
    repo.commit("new password")
    for new in MOVES.values():
        assert_one_token_changed(before[new], repo.tokens("HEAD", new))
        assert len(commits(repo, new)) == known[new] + 2
    assert_sound(repo)


@every_file_and_reader
def test_a_move_without_git_is_detected_as_a_rename(repo: Repo, path: str) -> None:
    old, new = path, MOVES[path]
    known = len(commits(repo, old))
    before = repo.tokens("HEAD", old)
    move(repo, old, new)
    repo.git("add", "--all")
    assert repo.git("diff", "--cached", "-M", "--name-status").split() == ["R100", old, new]
    repo.git("commit", "-m", "move")
    assert repo.tokens("HEAD", new) == before
    assert len(commits(repo, new)) == known + 1
    assert_sound(repo)


@every_file_and_reader
def test_a_move_with_an_edit_changes_one_token(repo: Repo, path: str) -> None:
    old, new = path, MOVES[path]
    before = repo.tokens("HEAD", old)
    move(repo, old, new)
    repo.edit(new, "db-alpha", "db-beta")
    repo.git("add", "--all")
    assert repo.status() == [f"R  {old} -> {new}"]
    repo.git("commit", "-m", "move and change")
    assert_one_token_changed(before, repo.tokens("HEAD", new))
    assert_sound(repo)


@every_reader
def test_moving_all_files_at_once(repo: Repo) -> None:
    blobs = {new: repo.blob("HEAD", old) for old, new in MOVES.items()}
    for old, new in MOVES.items():
        move(repo, old, new)
    repo.commit("move all")
    assert {new: repo.blob("HEAD", new) for new in MOVES.values()} == blobs
    assert_sound(repo)


def test_a_move_is_found_before_it_is_added(repo: Repo) -> None:
    move(repo, YAML, "secrets/orders.yaml")
    repo.git("add", "--intent-to-add", "secrets/orders.yaml")
    repo.git("diff")
    repo.git("commit", "-a", "-m", "move")
    assert repo.tokens("HEAD", "secrets/orders.yaml") == repo.tokens("HEAD~", YAML)
    assert_sound(repo)


def test_the_new_name_may_be_added_before_the_old_one_goes(repo: Repo) -> None:
    blob = repo.blob("HEAD", YAML)
    move(repo, YAML, "secrets/orders.yaml")
    repo.git("add", "secrets/orders.yaml")
    repo.git("rm", "--quiet", YAML)
    assert repo.blob("", "secrets/orders.yaml") == blob
    repo.git("commit", "-m", "move")
    assert_sound(repo)


def test_a_copy_is_a_file_of_its_own(repo: Repo) -> None:
    """While the first file exists, no equal tokens may show that the second has the same values."""
    repo.write("secrets/copy.yaml", repo.read(YAML))
    repo.git("add", "--all")
    assert not set(repo.tokens("", "secrets/copy.yaml")) & set(repo.tokens("", YAML))


def test_a_file_renamed_on_one_branch_takes_the_edit_of_the_other(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.commit("new password")
    repo.git("switch", "--quiet", "main")
    repo.git("mv", YAML, "secrets/orders.yaml")
    repo.git("commit", "-m", "move")
    repo.git("merge", "--quiet", "feature")
    assert repo.read("secrets/orders.yaml") == FILES[YAML].replace("db-alpha", "db-beta")
    assert repo.tokens("HEAD", "secrets/orders.yaml") == repo.tokens("feature", YAML)
    assert_sound(repo)


def test_a_stashed_move_is_restored(repo: Repo) -> None:
    text = repo.read(YAML)
    move(repo, YAML, "secrets/orders.yaml")
    repo.git("stash", "--include-untracked")
    assert repo.read(YAML) == text
    repo.git("stash", "pop")
    assert repo.read("secrets/orders.yaml") == text
    repo.commit("move")
    assert repo.tokens("HEAD", "secrets/orders.yaml") == repo.tokens("HEAD~", YAML)
    assert_sound(repo)


@pytest.mark.parametrize(
    ("path", "more"),
    [("secrets/other.yaml", "bad: [\n"), ("secrets/other.txt", ""), ("config/other.json", "")],
    ids=["broken", "without-a-format", "another-format"],
)
def test_a_move_that_is_sealed_whole_keeps_the_groups_of_its_values(
    team: tuple[Repo, Repo], path: str, more: str
) -> None:
    """Otherwise readers of the group default could read the values of production."""
    alice, bob = team
    alice.sealedfiles("track", "secrets/*.txt")
    text = alice.read(YAML) + more
    (alice.path / YAML).unlink()
    alice.write(path, text)
    alice.commit("move")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    assert bob.read(path).lstrip(chr(34)).startswith("sealed:v1:")
    assert alice.sealedfiles("cat", path) == text


def test_a_file_that_is_not_checked_out_on_purpose_was_not_renamed(repo: Repo) -> None:
    text = repo.read(YAML)
    repo.git("update-index", "--skip-worktree", YAML)
    (repo.path / YAML).unlink()
    repo.write("secrets/new.yaml", text)
    repo.git("add", "secrets/new.yaml")
    assert not {*repo.tokens("", "secrets/new.yaml")} & {*repo.tokens("HEAD", YAML)}
