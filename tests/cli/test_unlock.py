"""`sealedfiles unlock` and `lock`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, Person, Repo, assert_clean

if TYPE_CHECKING:
    from pathlib import Path


def test_unlock_shows_the_key_of_every_group_that_was_opened(origin, world, tmp_path: Path) -> None:
    clone = world.bob.clone(origin, tmp_path / "clone")
    clone.sealedfiles("unlock")
    epochs = (clone.path / ".sealedfiles/keys/default/epochs").read_text()
    assert f"default (key {epochs.split()[0]})" in clone.stderr
    assert "production" not in clone.stderr
    assert_clean(clone)


def test_unlock_without_a_key_changes_nothing(origin, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody")
    clone = nobody.clone(origin, tmp_path / "clone")
    before = clone.texts()
    clone.sealedfiles("unlock", code=3)
    assert "alice, bob" in clone.stderr, "who could grant access"
    assert clone.texts() == before
    clone.git("config", "--get", "filter.sealedfiles.process", code=1)


def test_unlock_twice_is_no_harm(repo: Repo) -> None:
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES
    assert_clean(repo)


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


def test_other_dirty_files_are_no_hindrance(repo: Repo) -> None:
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
def test_the_executable_bit_stays(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o755)
    repo.commit("executable")
    repo.sealedfiles("lock")
    assert os.access(repo.path / ENV, os.X_OK)
    repo.sealedfiles("unlock")
    assert os.access(repo.path / ENV, os.X_OK)
    assert_clean(repo)


def test_outside_of_git_there_is_nothing_to_unlock(alice: Person) -> None:
    from people import program

    (alice.home / ".sealedfiles").mkdir()
    _, stderr = alice.run([*program(), "unlock"], alice.home, code=2)
    assert "git repository" in stderr
