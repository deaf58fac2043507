"""History operations: rebase, cherry-pick, revert, switch, patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    assert_clean,
    assert_one_token_changed,
    assert_sound,
    every_file_and_reader,
    every_reader,
    tokens,
)

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants


def change(repo: Repo, old: str, new: str, *paths: str) -> str:
    for path in paths or FILES:
        repo.edit(path, old, new)
    return repo.commit(f"{old} becomes {new}")


def three_commits_beside_one(repo: Repo) -> None:
    """Create three commits on ``feature`` and one on ``main``; check out ``feature``."""
    repo.git("switch", "--quiet", "--create", "feature")
    change(repo, "db-alpha", "db-beta")
    change(repo, "db-beta", "db-gamma")
    change(repo, "cache-alpha", "cache-beta", YAML, ENV)
    repo.git("switch", "--quiet", "main")
    change(repo, "api-alpha", "api-beta")
    repo.git("switch", "--quiet", "feature")


# Rebase


@pytest.mark.slow
@every_reader
def test_a_rebase_with_several_picks(repo: Repo) -> None:
    before = repo.texts()
    three_commits_beside_one(repo)
    edited = repo.texts()
    repo.git("rebase", "main")
    assert repo.git("rev-list", "--count", "main..feature").strip() == "3"
    for path in FILES:
        assert repo.read(path) == edited[path].replace("api-alpha", "api-beta")
        assert_one_token_changed(repo.tokens("main", path), repo.tokens("feature~2", path))
        assert_one_token_changed(repo.tokens("feature~2", path), repo.tokens("feature~1", path))
        # What a value is sealed to does not depend on the commit that it came with.
        old, new = repo.tokens("feature@{1}", path), repo.tokens("feature", path)
        assert_one_token_changed(old, new)
    repo.git("switch", "--quiet", "--detach", "main~")
    assert repo.texts() == before
    assert_sound(repo)


@pytest.mark.slow
def test_an_interactive_rebase_squashes_fixups_around_unfinished_work(repo: Repo) -> None:
    start = repo.head()
    change(repo, "db-alpha", "db-beta")
    change(repo, "api-alpha", "api-beta")
    repo.edit(JSON, "db-beta", "db-gamma")
    repo.git("commit", "-a", "--fixup", "HEAD~")
    repo.edit(ENV, "cache-alpha", "cache-beta")
    texts = repo.texts()
    repo.git("rebase", "--interactive", "--autosquash", "--autostash", start)
    assert repo.git("rev-list", "--count", f"{start}..").strip() == "2"
    assert repo.texts() == texts
    assert repo.status() == [f" M {ENV}"]
    for path in FILES:
        assert_one_token_changed(repo.tokens(start, path), repo.tokens("HEAD~", path))
        assert_one_token_changed(repo.tokens("HEAD~", path), repo.tokens("HEAD", path))
    repo.commit("the rest")
    assert_sound(repo)


@pytest.mark.slow
@every_file_and_reader
def test_a_rebase_that_stops_continues_after_the_conflict_is_resolved(
    repo: Repo, path: str
) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    change(repo, "db-alpha", "db-beta", path)
    change(repo, "cache-alpha", "cache-beta", path)
    repo.git("switch", "--quiet", "main")
    change(repo, "db-alpha", "db-gamma", path)
    base = repo.read(path)
    repo.git("switch", "--quiet", "feature")

    repo.git("rebase", "main", code=1)
    conflict = repo.read(path)
    assert "s3cr3t-db-beta" in conflict
    assert "s3cr3t-db-gamma" in conflict
    repo.write(path, base.replace("db-gamma", "db-delta"))
    repo.git("add", path)
    repo.git("rebase", "--continue")
    expected = base.replace("db-gamma", "db-delta").replace("cache-alpha", "cache-beta")
    assert repo.read(path) == expected
    assert_one_token_changed(repo.tokens("main", path), repo.tokens("feature~", path))
    assert_one_token_changed(repo.tokens("feature~", path), repo.tokens("feature", path))
    assert_sound(repo)


def test_a_rebase_that_is_abandoned_leaves_everything_as_it_was(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    feature = change(repo, "db-alpha", "db-beta")
    texts = repo.texts()
    repo.git("switch", "--quiet", "main")
    change(repo, "db-alpha", "db-gamma")
    repo.git("switch", "--quiet", "feature")
    repo.git("rebase", "main", code=1)
    repo.git("rebase", "--abort")
    assert repo.head() == feature
    assert repo.texts() == texts
    assert_sound(repo)


# Cherry-pick, revert, patches


@pytest.mark.slow
@every_reader
def test_cherry_pick(repo: Repo) -> None:
    three_commits_beside_one(repo)
    repo.git("switch", "--quiet", "main")
    repo.git("cherry-pick", "feature")
    for path in (YAML, ENV):
        assert "s3cr3t-cache-beta" in repo.read(path)
        assert "s3cr3t-db-alpha" in repo.read(path)
        before, after = repo.tokens("HEAD~", path), repo.tokens("HEAD", path)
        assert_one_token_changed(before, after)
        assert set(after) - set(before) <= set(repo.tokens("feature", path))
    assert_sound(repo)


@every_reader
def test_revert(repo: Repo) -> None:
    trees = [repo.tree()]
    change(repo, "db-alpha", "db-beta")
    trees.append(repo.tree())
    change(repo, "api-alpha", "api-beta")
    repo.git("revert", "--no-edit", "HEAD")
    assert repo.tree() == trees[1]
    repo.git("revert", "--no-edit", "HEAD~2")
    assert repo.tree() == trees[0]
    assert_sound(repo)


def test_commits_sent_as_patches(repo: Repo) -> None:
    change(repo, "db-alpha", "db-beta")
    change(repo, "api-alpha", "api-beta")
    trees, texts = (repo.tree("HEAD~"), repo.tree()), repo.texts()
    patches = repo.git("format-patch", "--stdout", "HEAD~2")
    assert "s3cr3t" not in patches
    repo.git("reset", "--quiet", "--hard", "HEAD~2")
    repo.git("am", answers=patches)
    assert (repo.tree("HEAD~"), repo.tree()) == trees
    assert repo.texts() == texts
    assert_sound(repo)


# Switching


def test_an_old_version_of_a_file_is_restored_in_plaintext(repo: Repo) -> None:
    change(repo, "db-alpha", "db-beta")
    change(repo, "api-alpha", "api-beta")
    repo.git("checkout", "HEAD~2", "--", YAML)
    repo.git("restore", "--source=HEAD~2", ENV)
    assert repo.read(YAML) == FILES[YAML]
    assert repo.read(ENV) == FILES[ENV]
    assert repo.status() == [f" M {ENV}", f"M  {YAML}"]
    repo.commit("as before")
    assert repo.tokens("HEAD", YAML) == repo.tokens("HEAD~3", YAML)
    assert repo.tokens("HEAD", ENV) == repo.tokens("HEAD~3", ENV)
    assert_sound(repo)


@every_reader
def test_uncommitted_changes_are_kept_when_switching_branches(repo: Repo) -> None:
    repo.git("branch", "feature")
    change(repo, "api-alpha", "api-beta", JSON)
    repo.edit(YAML, "db-alpha", "db-beta")
    text = repo.read(YAML)
    repo.git("switch", "feature")
    assert repo.read(YAML) == text
    assert repo.status() == [f" M {YAML}"]
    repo.commit("new password")
    assert_sound(repo)

    repo.edit(JSON, "db-alpha", "db-beta")
    repo.git("switch", "--merge", "main")
    assert "s3cr3t-db-beta" in repo.read(JSON)
    assert "s3cr3t-api-beta" in repo.read(JSON)
    assert repo.status() == [f" M {JSON}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "switch", [["switch", "-m", "keys"], ["checkout", "-m", "-B", "main", "origin/keys"]]
)
def test_uncommitted_changes_are_kept_when_switching_to_new_keys(
    team: tuple[Repo, Repo], switch: list[str]
) -> None:
    """When git requests the merged files, it has already removed the edits."""
    alice, bob = team
    alice.sealedfiles("rotate")
    alice.commit("new keys")
    alice.git("push", "--quiet", "origin", "HEAD:keys")
    bob.git("fetch", "--quiet")
    for path in FILES:
        bob.edit(path, "db-alpha", "db-beta")
    bob.git(*switch)
    assert all("s3cr3t-db-beta" in text for text in bob.texts().values())
    assert bob.status() == [f" M {path}" for path in sorted(FILES)]
    bob.commit("mine")
    assert bob.status() == []


@pytest.mark.slow
def test_a_stash_is_restored_under_new_keys(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("rotate")
    alice.commit("new keys")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    for path in FILES:
        bob.edit(path, "db-alpha", "db-beta")
    bob.git("pull", "--quiet", "--rebase", "--autostash")
    assert all("s3cr3t-db-beta" in text for text in bob.texts().values())
    assert bob.status() == [f" M {path}" for path in sorted(FILES)]


@every_reader
def test_a_branch_without_the_file(repo: Repo) -> None:
    before = repo.texts()
    repo.git("switch", "--quiet", "--create", "without")
    repo.git("rm", "--quiet", YAML, ENV)
    repo.git("commit", "-m", "without")
    for _ in range(2):
        repo.git("switch", "main")
        assert repo.texts() == before
        assert repo.status() == []
        repo.git("switch", "without")
        assert not (repo.path / YAML).exists()
        assert repo.status() == []
    repo.git("switch", "main")
    assert_sound(repo)


@every_reader
def test_a_commit_from_before_sealedfiles(repo: Repo) -> None:
    """``.env`` sorts before ``.sealedfiles``, so git writes it before the folder exists."""
    before = repo.texts()
    root = repo.git("rev-list", "--max-parents=0", "main").strip()
    repo.git("switch", "--detach", root)
    assert sorted(path.name for path in repo.path.iterdir()) == [".git", "README.md"]
    assert_clean(repo)
    repo.git("switch", "main")
    assert repo.texts() == before
    assert_sound(repo)


def test_without_a_cache_the_keys_come_from_the_commit_that_is_checked_out(repo: Repo) -> None:
    repo.folder("sealedfiles/keys").unlink()
    repo.person = repo.person.having(CI="1")
    root = repo.git("rev-list", "--max-parents=0", "main").strip()
    repo.git("switch", "--detach", root)
    repo.git("switch", "main")
    assert repo.texts() == FILES
    assert not repo.folder("sealedfiles/keys").exists()
    assert_sound(repo)


def test_a_hard_reset_restores_every_file(repo: Repo) -> None:
    for path in FILES:
        (repo.path / path).unlink()
    repo.write(YAML, "password: s3cr3t-mistake\n")
    repo.git("reset", "--hard")
    assert repo.texts() == FILES
    change(repo, "db-alpha", "db-beta")
    repo.git("reset", "--hard", "HEAD~")
    assert repo.texts() == FILES
    assert_sound(repo)


def test_blame_of_a_commit_names_the_commits_of_the_values(repo: Repo) -> None:
    commit = change(repo, "db-alpha", "db-beta")
    lines = repo.git("blame", "-l", "HEAD", "--", YAML).split("\n")
    assert [line[:40] for line in lines if "s3cr3t-db-beta" in line] == [commit]
    assert not tokens("\n".join(lines))
    assert len([line for line in lines if line.startswith(commit)]) == 1
