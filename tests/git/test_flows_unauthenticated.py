"""Tokens that were written without reading, in git: every operation carries them along, like those of a group
that one does not read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    PINS,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    keep_theirs,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants

WRITTEN = re.compile(r"sealed:v2:production:[A-Za-z0-9._:-]{1500,}")
PASSWORD, CACHE = "s3cr3t-db-alpha", "s3cr3t-cache-alpha"


def written(text: str | bytes) -> list[str]:
    return WRITTEN.findall(text if isinstance(text, str) else text.decode())


@pytest.fixture
def teams(team: tuple[Repo, Repo], origin: Path, tmp_path: Path) -> dict[str, Repo]:
    """Clones of a reader of both groups, of one of them, and of nobody, after the pins were written."""
    alice, bob = team
    write(bob, alice, "s3cr3t-written")
    bob.commit("new pins")
    bob.git("push", "--quiet", "origin", "main")
    alice.git("pull", "--quiet")
    nobody = Person.at(tmp_path / "carol").clone(origin, tmp_path / "carol's")
    nobody.sealedfiles("unlock", code=None)
    return {"alice": alice, "bob": bob, "nobody": nobody}


@pytest.fixture(params=["alice", "bob", "nobody"])
def clone(request: pytest.FixtureRequest, teams: dict[str, Repo]) -> Repo:
    return teams[request.param]


def write(writer: Repo, alice: Repo, value: str, paths: tuple[str, ...] = tuple(FILES)) -> None:
    rows = json.loads(alice.sealedfiles("group", "keys", "--json"))["groups"]
    right = next(row["fingerprint"] for row in rows if row["group"] == "production")
    for path in paths:
        options = ("--group", "production", "--expect-key", f"production={right}")
        writer.sealedfiles("set", *options, path, PINS[path], answers=value)


def stored(repo: Repo) -> dict[str, list[str]]:
    return {path: written(repo.blob("HEAD", path)) for path in FILES}


def assert_carried(repo: Repo, tokens: dict[str, list[str]]) -> None:
    assert all(len(found) == 1 for found in tokens.values())
    assert stored(repo) == tokens
    assert {path: written(repo.read(path)) for path in FILES} == tokens
    assert_clean(repo)
    assert_no_plaintext(repo)


def change(repo: Repo, old: str, new: str, message: str) -> str:
    """Change a value in each file, or without a key a comment; commit."""
    for path in FILES:
        text = repo.read(path)
        if old in text:
            repo.edit(path, old, new)
        elif path != JSON:
            repo.write(path, f"{text}# {message}\n" if new[-1] != "b" else f"# {message}\n{text}")
    return repo.commit(message)


@pytest.mark.slow
def test_branches_merges_rebases_and_cherry_picks(clone: Repo) -> None:
    tokens = stored(clone)
    clone.git("checkout", "--quiet", "-b", "side")
    change(clone, PASSWORD, "s3cr3t-side", "side")
    assert_carried(clone, tokens)
    clone.git("checkout", "--quiet", "main")
    other = change(clone, CACHE, "s3cr3t-main-b", "main")
    clone.git("checkout", "--quiet", "-b", "rebased", "side")
    clone.git("rebase", "--quiet", "main")
    assert_carried(clone, tokens)
    clone.git("checkout", "--quiet", "-b", "picked", "side")
    clone.git("cherry-pick", other)
    assert_carried(clone, tokens)
    clone.git("checkout", "--quiet", "main")
    clone.git("merge", "--quiet", "--no-edit", "side")
    assert_carried(clone, tokens)
    clone.git("revert", "--no-edit", "HEAD~1")
    assert_carried(clone, tokens)
    clone.git("commit", "--quiet", "--amend", "--message", "amended")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    assert_carried(clone, tokens)
    clone.git("bisect", "start", "HEAD", "HEAD~2")
    clone.git("bisect", "reset")
    assert_carried(clone, tokens)


@pytest.mark.slow
def test_stash_restore_rename_lock_and_worktrees(clone: Repo, tmp_path: Path) -> None:
    tokens = stored(clone)
    for path in FILES:
        clone.write(path, clone.read(path) + ("" if path == JSON else "# more\n"))
    clone.git("stash", "--quiet")
    assert_carried(clone, tokens)
    clone.git("stash", "pop", "--quiet")
    assert {path: written(clone.read(path)) for path in FILES} == tokens
    clone.git("restore", ".")
    assert_carried(clone, tokens)
    clone.sealedfiles("lock", code=None)
    assert_carried(clone, tokens)
    clone.sealedfiles("unlock", code=None)
    assert_carried(clone, tokens)
    clone.git("worktree", "add", "--quiet", str(tmp_path / "other"), "-b", "other")
    other = Repo(clone.person, tmp_path / "other")
    assert_carried(other, tokens)
    clone.git("mv", YAML, "secrets/renamed.yaml")
    clone.commit("rename")
    assert written(clone.blob("HEAD", "secrets/renamed.yaml")) == tokens[YAML]
    assert_clean(clone)


@pytest.mark.slow
def test_an_edit_of_another_value_keeps_it(teams: dict[str, Repo]) -> None:
    alice, tokens = teams["alice"], stored(teams["alice"])
    for path, key in ((ENV, "DB_PASSWORD"), (JSON, "database.password"), (YAML, "database.user")):
        alice.sealedfiles("set", path, key, answers="s3cr3t-set")
    alice.commit("set")
    assert_carried(alice, tokens)
    for path in FILES:
        alice.sealedfiles("reseal", path, code=None)
    alice.sealedfiles("rotate")
    alice.commit("rotate")
    assert_carried(alice, tokens)
    alice.sealedfiles("accept", YAML, "--yes")
    alice.sealedfiles("accept", JSON, "--yes")
    alice.sealedfiles("accept", ENV, "--yes")
    alice.commit("accept")
    assert stored(alice) == {path: [] for path in FILES}
    for path, key in PINS.items():
        assert alice.sealedfiles("get", path, key) == "s3cr3t-written\n"
    assert_no_plaintext(alice)


@pytest.mark.slow
def test_two_writers_conflict_and_a_reader_and_a_writer(teams: dict[str, Repo]) -> None:
    alice, bob = teams["alice"], teams["bob"]
    bob.git("checkout", "--quiet", "-b", "other")
    write(bob, alice, "s3cr3t-other", (YAML,))
    other = bob.commit("another pin")
    bob.git("checkout", "--quiet", "main")
    write(bob, alice, "s3cr3t-third", (YAML,))
    bob.commit("a third pin")
    bob.git("merge", "--quiet", "other", code=1)
    text = bob.read(YAML)
    assert len(written(text)) >= 2
    assert text.count("<<<<<<<") == 1
    keep_theirs(bob, YAML)
    assert len(written(bob.read(YAML))) == 1
    bob.git("add", YAML)
    bob.git("commit", "--quiet", "--no-edit")
    assert written(bob.blob("HEAD", YAML)) == written(bob.blob(other, YAML))
    assert_clean(bob)
    bob.git("push", "--quiet", "origin", "main")

    alice.sealedfiles("accept", YAML, "--yes")
    alice.commit("accept")
    alice.git("fetch", "--quiet")
    alice.git("merge", "--quiet", "--no-edit", "origin/main", code=1)
    assert "s3cr3t-written" in alice.read(YAML), "the accepted value is not replaced"
    assert alice.sealedfiles("get", YAML, PINS[YAML], code=1) == ""
    alice.git("merge", "--abort")
    assert alice.sealedfiles("get", YAML, PINS[YAML]) == "s3cr3t-written\n"
    assert_no_plaintext(alice)
