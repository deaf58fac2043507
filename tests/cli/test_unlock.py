"""`sealedfiles unlock` and `lock`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, Person, Repo, assert_clean, every_file, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def test_unlock_shows_the_key_of_every_group_that_was_opened(
    origin: Path, world: World, tmp_path: Path
) -> None:
    clone = world.bob.clone(origin, tmp_path / "clone")
    clone.sealedfiles("unlock")
    epochs = (clone.path / ".sealedfiles/keys/default/epochs").read_text()
    assert f"default (key {epochs.split()[0]})" in clone.stderr
    assert "production" not in clone.stderr
    assert_clean(clone)


def newcomer(origin: Path, tmp_path: Path) -> Repo:
    """Somebody with a fresh clone and no access."""
    return Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")


def test_unlock_without_a_key_sets_up_git_and_explains_how_to_get_access(
    origin: Path, tmp_path: Path
) -> None:
    clone = newcomer(origin, tmp_path)
    clone.git("config", "sealedfiles.hooks", "true")
    before = clone.texts()
    clone.sealedfiles("unlock", code=3)
    assert "alice, bob" in clone.stderr, "who could grant access"
    assert "sealedfiles keygen" in clone.stderr
    assert "sealedfiles grant NAME KEY --to GROUP" in clone.stderr
    assert clone.texts() == before
    assert_clean(clone)
    assert "sealedfiles" in clone.git("config", "--get", "filter.sealedfiles.process")
    assert (clone.path / ".git/hooks/pre-commit").exists()
    assert not clone.folder("sealedfiles/keys").exists()


@every_file
def test_after_unlock_without_a_key_no_plaintext_reaches_git(
    origin: Path, tmp_path: Path, path: str
) -> None:
    clone = newcomer(origin, tmp_path)
    clone.sealedfiles("unlock", code=3)
    token = tokens(clone.read(path))[0]
    quote = "" if path == ENV else '"'
    clone.edit(path, f"{quote}{token}{quote}", f"{quote}s3cr3t-mine{quote}")
    clone.git("add", path, code=None)
    clone.git("commit", "-qam", "an edit", code=None)
    assert SECRET not in clone.git("log", "-p", "--no-textconv", "--all")
    assert SECRET not in clone.git("show", f":{path}")


def test_somebody_who_has_a_key_is_asked_to_send_it(origin: Path, tmp_path: Path) -> None:
    clone = newcomer(origin, tmp_path)
    clone.sealedfiles("keygen")
    clone.sealedfiles("unlock", code=3)
    assert "sealedfiles key list --public" in clone.stderr
    assert "sealedfiles keygen" not in clone.stderr


@pytest.mark.slow
def test_who_is_granted_access_later_unlocks(world: World, origin: Path, tmp_path: Path) -> None:
    clone = newcomer(origin, tmp_path)
    clone.sealedfiles("unlock", code=3)
    key = clone.sealedfiles("keygen")
    alice = world.copy("alice", tmp_path / "alice")
    alice.sealedfiles("grant", "carol", key.strip(), "--to", "default")
    alice.commit("let carol read")
    alice.git("push", "-q", str(origin), "HEAD:main")
    clone.git("pull", "-q")
    clone.sealedfiles("unlock")
    assert "s3cr3t-db-alpha" in clone.read(ENV)
    assert_clean(clone)


def test_unlock_twice_changes_nothing(repo: Repo) -> None:
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES
    assert_clean(repo)


@pytest.mark.parametrize("command", ["unlock", "lock"])
def test_a_file_that_a_killed_command_wrote_is_unmodified_after_the_next_one(
    repo: Repo, command: str
) -> None:
    """Otherwise git refuses a rebase and a checkout, although the content is right."""
    if command == "lock":
        repo.sealedfiles("lock")
    wanted = {path: repo.read_bytes(path) for path in FILES}
    repo.sealedfiles("unlock" if command == "lock" else "lock")
    for path, data in wanted.items():
        repo.write(path, data)
    assert set(FILES) <= set(repo.git("diff-files", "--name-only").split("\n"))
    repo.sealedfiles(command)
    assert not set(FILES) & set(repo.git("diff-files", "--name-only").split("\n"))
    assert repo.status() == []


def test_lock_leaves_tokens_and_no_key(repo: Repo) -> None:
    repo.sealedfiles("lock")
    assert all(SECRET not in text for text in repo.texts().values())
    assert not repo.folder("sealedfiles/keys").exists()
    assert repo.folder("sealedfiles/newest").exists(), "a way back must still be seen"
    assert_clean(repo)


def test_files_with_local_changes_are_named_and_left(repo: Repo) -> None:
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-new")
    changed = repo.read(ENV)
    repo.sealedfiles("lock", code=1)
    assert ENV in repo.stderr
    assert repo.read(ENV) == changed
    assert SECRET not in repo.read(JSON)
    repo.sealedfiles("unlock")
    assert repo.read(ENV) == changed
    assert repo.read(JSON) == FILES[JSON]
    assert repo.status() == [f" M {ENV}"]


def test_a_change_that_the_user_hides_from_git_is_kept(repo: Repo) -> None:
    repo.git("update-index", "--assume-unchanged", ENV)
    repo.edit(ENV, "s3cr3t-api-alpha", "s3cr3t-api-mine")
    repo.sealedfiles("unlock")
    assert "s3cr3t-api-mine" in repo.read(ENV)
    repo.sealedfiles("lock", code=None)
    repo.sealedfiles("unlock", code=None)
    assert "s3cr3t-api-mine" in repo.read(ENV)


def test_other_dirty_files_do_not_block_it(repo: Repo) -> None:
    repo.write("README.md", "changed\n")
    repo.write("new file.txt", "new\n")
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES
    assert sorted(repo.status()) == [" M README.md", '?? "new file.txt"']


def test_a_file_that_is_missing_stays_missing(repo: Repo) -> None:
    (repo.path / ENV).unlink()
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert not (repo.path / ENV).exists()


def test_outside_of_git_there_is_nothing_to_unlock(alice: Person) -> None:
    from people import program

    (alice.home / ".sealedfiles").mkdir()
    _, stderr = alice.run([*program(), "unlock"], alice.home, code=2)
    assert "git repository" in stderr
