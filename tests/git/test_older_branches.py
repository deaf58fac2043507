"""On branches from before `track` or `init`, a new secret is not added in plaintext."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import FILES, YAML, Person, Repo, assert_no_plaintext
from plants import share

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NEW = "late/new.yaml"
SECRET_TEXT = "password: s3cr3t-new\n"


@pytest.fixture
def tracked(repo: Repo) -> Repo:
    """A clone whose branch ``old`` does not track ``late/**``, and whose branch ``main`` does."""
    repo.git("branch", "old")
    repo.sealedfiles("track", "late/**")
    repo.write("late/app.yaml", "password: s3cr3t-late\n")
    repo.commit("track more")
    return repo


def test_a_new_file_of_a_pattern_that_main_tracks_is_sealed(tracked: Repo) -> None:
    tracked.write(NEW, SECRET_TEXT)
    tracked.git("checkout", "--quiet", "old")
    tracked.commit("work")
    assert_no_plaintext(tracked)


def test_a_file_that_was_taken_from_main_stays_sealed(tracked: Repo) -> None:
    tracked.git("checkout", "--quiet", "old")
    tracked.git("checkout", "main", "--", "late/app.yaml")
    tracked.write("late/app.yaml", "password: s3cr3t-changed\n")
    tracked.commit("work")
    assert_no_plaintext(tracked)


def test_a_file_that_the_older_branch_has_in_plaintext_stays_as_it_is(repo: Repo) -> None:
    repo.write("late/app.yaml", "port: 80\n")
    repo.commit("plain")
    repo.git("branch", "old")
    repo.sealedfiles("track", "late/**")
    repo.commit("track more")
    repo.git("checkout", "--quiet", "old")
    repo.write("late/app.yaml", "port: 81\n")
    repo.commit("work")
    assert repo.blob("HEAD", "late/app.yaml") == b"port: 81\n"


def test_back_on_main_nothing_is_kept(tracked: Repo) -> None:
    before = tracked.folder("info/attributes").read_text()
    tracked.git("checkout", "--quiet", "old")
    tracked.git("checkout", "--quiet", "main")
    assert tracked.folder("info/attributes").read_text() == before


def test_an_untrack_that_was_pulled_takes_effect(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("untrack", "*.env")
    alice.git("commit", "--quiet", "--message", "no secrets in it")
    share(alice, bob)
    bob.git("status")
    assert "*.env" not in bob.folder("info/attributes").read_text()


def test_so_does_one_that_was_merged_and_committed_later(team: tuple[Repo, Repo]) -> None:
    """While the merge waits, the clone cannot know that the old pattern is gone; later it looks again."""
    alice, bob = team
    bob.sealedfiles("hook", "uninstall")
    alice.sealedfiles("untrack", "*.env")
    alice.sealedfiles("track", "late/**")
    alice.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-new")
    alice.commit("other secrets")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("fetch", "--quiet")
    bob.git("merge", "--quiet", "--no-ff", "--no-commit", "origin/main")
    attributes = bob.folder("info/attributes")
    assert "*.env" in attributes.read_text()
    assert "late/**" in attributes.read_text()
    bob.git("commit", "--quiet", "--message", "merge")
    bob.edit(YAML, "s3cr3t-api-alpha", "s3cr3t-api-new")
    bob.git("status")
    assert "*.env" not in attributes.read_text()
    assert "late/**" in attributes.read_text()


def test_a_track_that_was_never_committed_is_not_kept(repo: Repo) -> None:
    repo.sealedfiles("track", "late/**")
    repo.git("reset", "--hard", "--quiet")
    repo.edit(".env", "APP_PORT=8080", "APP_PORT=8081")
    repo.git("status")
    assert "late/**" not in repo.folder("info/attributes").read_text()


@pytest.fixture(scope="module")
def branched_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("branched")
    repo = Person.at(base / "alice").repository(base / "repo")
    repo.write("README", "x\n")
    repo.commit("start")
    repo.git("branch", "old")
    repo.sealedfiles("init", "--name", "alice")
    repo.sealedfiles("track", "late/**")
    repo.commit("set up")
    repo.write("late/app.yaml", "password: s3cr3t-late\n")
    repo.commit("sealed")
    repo.git("checkout", "--quiet", "old")
    return repo


@pytest.fixture
def branched(branched_once: Repo, tmp_path: Path) -> Repo:
    """A clone whose branch ``old`` is from before `init`."""
    return branched_once.copy(tmp_path / "repo")


def test_on_a_branch_from_before_init_the_error_says_where_the_folder_is(branched: Repo) -> None:
    branched.write(NEW, SECRET_TEXT)
    branched.git("add", "--all", code=128)
    assert "this branch has no .sealedfiles/" in branched.stderr
    assert "git checkout main -- .sealedfiles .gitattributes" in branched.stderr
    assert "sealedfiles grant" not in branched.stderr
    assert_no_plaintext(branched)


@pytest.mark.parametrize("command", [["status"], ["get", NEW, "password"], ["unlock"]])
def test_commands_there_name_the_branch_and_not_init(branched: Repo, command: list[str]) -> None:
    branched.write(NEW, SECRET_TEXT)
    branched.sealedfiles(*command, code=3)
    assert "git checkout main -- .sealedfiles .gitattributes" in branched.stderr
    assert "sealedfiles init" not in branched.stderr


def test_a_second_init_there_is_refused_and_names_the_branch(branched: Repo) -> None:
    branched.sealedfiles("init", code=3)
    assert "git checkout main -- .sealedfiles .gitattributes" in branched.stderr
    assert not (branched.path / ".sealedfiles").exists()
    branched.git("checkout", "main", "--", ".sealedfiles", ".gitattributes")
    branched.write(NEW, SECRET_TEXT)
    branched.commit("work")
    assert_no_plaintext(branched)
    assert branched.sealedfiles("get", NEW, "password") == "s3cr3t-new\n"


def test_unlock_on_a_branch_from_before_a_rotation_names_the_groups_that_it_decrypts(
    repo: Repo,
) -> None:
    old = repo.head()
    repo.sealedfiles("rotate")
    repo.commit("a new key")
    repo.git("checkout", "--quiet", old)
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock", code=4)
    assert "you can read: default (with earlier keys)" in repo.stderr
    assert "merge it, then run: sealedfiles sync" in repo.stderr
    assert repo.texts() == FILES
