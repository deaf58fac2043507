"""Values that a reader may not have sealed become plaintext in git only if the user agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, PINS, YAML, Repo, commit_blob, groups, tokens

from sealedfiles.keys.keyfile import parse_key_line
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import VALUE, FileKey, split

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

QUESTION = "these values may not come from a reader"
UNTRACK = ["untrack", "secrets/**/*.yaml"]


def state(repo: Repo) -> tuple[list[str], str, str]:
    return repo.status(), repo.git("write-tree"), repo.read(".sealedfiles/policy.yaml")


def refuses_without_an_answer(repo: Repo, untrack: list[str], *lines: str) -> None:
    before = state(repo)
    for answers in ("", "n\n"):
        repo.sealedfiles(*untrack, answers=answers, code=2)
        assert [line for line in lines if line not in repo.stderr] == []
        assert f"{YAML}:7" not in repo.stderr, "a value that a reader sealed"
        assert "find who wrote them: git log -p -- secrets/" in repo.stderr
        assert "nothing was changed" in repo.stderr
        assert state(repo) == before


@pytest.fixture(scope="module")
def retired_once(joined: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("retired")
    alice, bob = joined.copy("alice", base / "alice"), joined.copy("bob", base / "bob")
    alice.sealedfiles("track", "secrets/*.txt")
    alice.commit("track text files")
    bob.git("pull", "--quiet", str(alice.path), "main")
    alice.sealedfiles("revoke", "bob")
    alice.commit("bob left")
    bob.write(YAML, bob.read(YAML).replace("db-alpha", "db-bob") + "# old: s3cr3t-old-bob\n")
    bob.write("secrets/key.txt", "s3cr3t-whole\n")
    bob.commit("from bob")
    alice.git("pull", "--quiet", "--no-rebase", str(bob.path), "main")
    return alice


@pytest.fixture
def retired(retired_once: Repo, tmp_path: Path) -> Repo:
    """Alice's clone with values that Bob sealed with his old keys: one, a comment, and a whole file."""
    return retired_once.copy(tmp_path / "alice")


def test_values_under_a_retired_key_are_named_and_asked_about(retired: Repo) -> None:
    """In plaintext, no command would refuse them, and `track` would name only the commit of `untrack`."""
    untrack = [*UNTRACK, "secrets/*.txt"]
    refuses_without_an_answer(
        retired,
        untrack,
        f"{YAML}:9: database.password: sealed with a retired key of the group default",
        f"{YAML}: a comment: sealed with a retired key",
        "secrets/key.txt:1: sealed with a retired key of the group default",
    )
    retired.sealedfiles(*untrack, answers="y\n")
    assert b"db-bob" in retired.blob("", YAML)


def test_with_an_option_they_are_only_named(retired: Repo) -> None:
    retired.sealedfiles(*UNTRACK, "--yes")
    assert "database.password: sealed with a retired key" in retired.stderr
    assert b"db-bob" in retired.blob("", YAML)


def test_other_files_are_not_asked_about(retired: Repo) -> None:
    retired.sealedfiles("untrack", "*.env")
    assert QUESTION not in retired.stderr
    assert retired.blob("", ENV).decode() == FILES[ENV]


def test_values_of_another_group_are_named_and_asked_about(repo: Repo) -> None:
    """Bob reads only `default`, and can create a token of that group for the key of a production value."""
    text = repo.blob("HEAD", YAML).decode()
    pin = next(one for one in tokens(text) if groups(one) == {"production"})
    lines = repo.read(".git/sealedfiles/keys").split("\n")
    line = next(line for line in lines if line.startswith("default "))
    secret = parse_key_line(line.removeprefix("default ")).secret
    key = FileKey("default", secret, split(pin).file_id)
    tag = key.path_tag(key_step("production") + key_step("pin"))
    commit_blob(repo, YAML, text.replace(pin, key.seal(VALUE, 0, tag, b"s3cr3t-forged")))
    refuses_without_an_answer(
        repo,
        UNTRACK,
        "production.pin: sealed to the group default, but the policy seals it to production",
    )


def test_values_with_the_id_of_another_file_are_named_and_asked_about(repo: Repo) -> None:
    repo.write("secrets/dev.yaml", "password: s3cr3t-development\n")
    repo.commit("for developers")
    commit_blob(repo, "secrets/prod.yaml", repo.blob("HEAD", "secrets/dev.yaml").decode())
    line = "secrets/prod.yaml:1: password: its token has the file id of another file"
    refuses_without_an_answer(repo, UNTRACK, line)
    # Its group stays the same, and its new token would have the right id.
    whole = ["track", "secrets/prod.yaml", "--format", "whole"]
    refuses_without_an_answer(repo, whole, line)
    repo.sealedfiles(*whole, "--dry-run")
    assert line in repo.stderr
    repo.sealedfiles("get", "secrets/prod.yaml", "password", code=4)
    repo.sealedfiles(*whole, "--yes")
    assert line in repo.stderr


def test_plaintext_that_is_already_in_git_is_not_asked_about(repo: Repo) -> None:
    """It is not changed, and its commit shows who wrote it."""
    text = repo.blob("HEAD", YAML).decode()
    line = next(one for one in text.split("\n") if "  user:" in one)
    commit_blob(repo, YAML, text.replace(line, "  user: somebody"))
    repo.sealedfiles(*UNTRACK)
    assert QUESTION not in repo.stderr


@pytest.mark.slow
@pytest.mark.parametrize("repo", ["written"], indirect=True)
def test_values_written_without_reading_prevent_it(repo: Repo, world: World) -> None:
    before = state(repo)
    repo.sealedfiles("untrack", "config/*.json", code=2)
    assert state(repo) == before
    alice = world.copy("alice", repo.path.with_name("alice's"))
    alice.git("pull", "--quiet", str(repo.path), "main")
    before = state(alice)
    alice.sealedfiles("untrack", "config/*.json", code=4)
    assert "not authenticated" in alice.stderr
    assert f"sealedfiles accept {JSON}" in alice.stderr
    assert state(alice) == before
    for options in (["--values", PINS[JSON], "--plain"], ["--format", "whole"]):
        alice.sealedfiles("track", "config/*.json", *options, "--yes", code=4)
        assert f"{PINS[JSON]} was written by a non-reader" in alice.stderr
        assert state(alice) == before, "it could not be accepted any more"
    alice.sealedfiles("track", "config/*.json", "--values", "database.user", "--plain", "--yes")
    alice.sealedfiles("accept", JSON, "--yes")
    alice.commit("accepted")
    alice.sealedfiles("untrack", "config/*.json")
    assert alice.blob("", JSON).decode() == FILES[JSON]
