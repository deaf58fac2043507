"""Strict repositories: a clone without sealedfiles cannot commit plaintext."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    at_home_of_its_own,
    program,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

WHY = "sealedfiles-is-not-set-up-here"
MACRO = f"[attr]sealedfiles-strict working-tree-encoding={WHY}\n"


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repo]:
    """Alice's strict repository, and a clone of somebody without sealedfiles."""
    base = tmp_path_factory.mktemp("strict")
    strict = world.copy("alice", base / "alice's")
    strict.sealedfiles("init", "--strict")
    strict.git("commit", "--quiet", "--message", "strict")
    clone = Person.at(base / "carol").clone(strict, base / "carol's")
    said = clone.stderr
    # As if it had been made a while ago.
    for path in FILES:
        os.utime(clone.path / path, (1_700_000_000, 1_700_000_000))
    clone.git("status")
    clone.stderr = said
    return {"strict": strict, "stranger": clone}


def copied(repo: Repo, path: Path) -> Repo:
    shutil.copytree(repo.path, path, symlinks=True)
    # What git remembers of the files, their inodes too, would be wrong in a copy.
    Repo(repo.person, path).git("update-index", "-q", "--refresh", code=None)
    return Repo(repo.person, path, repo.stderr)


@pytest.fixture
def strict(made: dict[str, Repo], tmp_path: Path) -> Repo:
    return copied(made["strict"], tmp_path / "alice's")


@pytest.fixture
def stranger(made: dict[str, Repo], tmp_path: Path) -> Repo:
    # A home of its own, for some of these tests set it up.
    return at_home_of_its_own(copied(made["stranger"], tmp_path / "carol's"), tmp_path)


# -- where it is not set up


def test_a_clone_checks_out_tokens_and_names_the_reason_once_a_file(stranger: Repo) -> None:
    said = stranger.stderr
    for path in FILES:
        assert tokens(stranger.read(path))
        assert said.count(f"failed to encode '{path}' from UTF-8 to {WHY}") == 1
    assert stranger.status() == []


def test_git_refuses_to_store_a_changed_file(stranger: Repo) -> None:
    stranger.write(YAML, stranger.read(YAML).replace("orders", "s3cr3t"))
    head = stranger.head()
    for command in (
        ["add", YAML],
        ["add", "--all"],
        ["commit", "--all", "--message", "x"],
        ["commit", "--message", "x", "--", YAML],
        ["stash"],
    ):
        stranger.git(*command, code=None)
        assert f"fatal: failed to encode '{YAML}' from {WHY}" in stranger.stderr, command
    assert stranger.head() == head
    assert_no_plaintext(stranger)


def test_git_refuses_a_new_file_too(stranger: Repo) -> None:
    stranger.write("new.env", "PASSWORD=s3cr3t\n")
    stranger.git("add", "new.env", code=128)
    assert WHY in stranger.stderr
    assert_no_plaintext(stranger)


def test_a_file_that_was_only_touched_is_refused_as_well(stranger: Repo) -> None:
    """The cost of strict mode: git must read the file, and fails in the same way."""
    os.utime(stranger.path / ENV, (1_700_000_001, 1_700_000_001))
    stranger.git("add", ENV, code=128)
    stranger.git("status")
    stranger.git("add", ENV)


def test_everything_else_is_as_ever(stranger: Repo) -> None:
    stranger.write("README.md", "changed\n")
    stranger.commit("a change")
    stranger.git("switch", "--quiet", "--create", "side", "HEAD~1")
    stranger.write("other", "new\n")
    stranger.commit("another")
    stranger.git("merge", "--quiet", "--no-edit", "main")
    stranger.git("rebase", "--quiet", "main")
    stranger.git("checkout", "--quiet", ":/start")
    stranger.git("checkout", "--quiet", "main")
    assert stranger.status() == []
    assert all(tokens(stranger.read(path)) for path in FILES)


def test_the_user_s_filter_alone_is_not_enough(strict: Repo, stranger: Repo) -> None:
    """In a strict repository, every clone must be set up once."""
    stranger.person.run([*program(), "init", "--global"], stranger.path)
    stranger.write("new.env", "PASSWORD=s3cr3t\n")
    stranger.git("add", "new.env", code=128)
    assert_no_plaintext(stranger)


def test_setting_it_up_is_all_that_it_takes(strict: Repo, world: World, tmp_path: Path) -> None:
    clone = world.bob.clone(strict, tmp_path / "bob's clone")
    clone.sealedfiles("unlock")
    assert WHY not in clone.stderr
    clone.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    clone.commit("another password")
    assert WHY not in clone.stderr
    assert_clean(clone)
    assert_no_plaintext(clone)


def test_a_clone_without_keys_is_set_up_by_init(stranger: Repo) -> None:
    stranger.sealedfiles("init")
    stranger.edit(YAML, "# changed on every first", "# changed every first")
    stranger.commit("a comment")
    stranger.write("new.env", "PASSWORD=s3cr3t\n")
    stranger.git("add", "new.env", code=128)
    assert "sealedfiles: error: new.env" in stranger.stderr, "the filter refuses it, and says why"
    assert_no_plaintext(stranger)


# -- where it is set up


@pytest.mark.slow
def test_all_git_commands_work_without_messages(strict: Repo, tmp_path: Path) -> None:
    repo = strict
    said = []
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.git("stash")
    said.append(repo.stderr)
    assert repo.texts() == FILES
    repo.git("stash", "pop")
    said.append(repo.stderr)
    repo.commit("on main")
    repo.git("switch", "--quiet", "--create", "side", "HEAD~1")
    repo.edit(ENV, "s3cr3t-api-alpha", "s3cr3t-api-beta")
    repo.edit(JSON, "s3cr3t-api-alpha", "s3cr3t-api-beta")
    repo.commit("on a branch")
    repo.git("merge", "--quiet", "--no-edit", "main")
    said.append(repo.stderr)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("rebase", "--quiet", "main")
    said.append(repo.stderr)
    assert "s3cr3t-db-beta" in repo.read(ENV)
    assert "s3cr3t-api-beta" in repo.read(ENV)
    repo.git("checkout", "--quiet", ":/seal the settings")
    repo.git("checkout", "--quiet", "side")
    said.append(repo.stderr)
    other = Repo(repo.person, tmp_path / "worktree")
    repo.git("worktree", "add", "--quiet", str(other.path), "main")
    said.append(repo.stderr)
    assert "s3cr3t-db-beta" in other.read(ENV)
    other.edit(ENV, "s3cr3t-cache-alpha", "s3cr3t-cache-beta")
    other.commit("in a worktree")
    assert WHY not in "".join(said)
    assert_clean(repo)
    assert_clean(other)
    assert_no_plaintext(repo)


def test_patterns_that_a_colleague_adds_need_no_step(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    alice.sealedfiles("init", "--strict")
    alice.git("commit", "--quiet", "--message", "strict")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    assert WHY not in bob.stderr
    alice.sealedfiles("track", "certs/**")
    assert "certs/** filter=sealedfiles" in alice.read(".gitattributes")
    alice.write("certs/a.pem", "s3cr3t\n")
    alice.commit("certificates")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    assert WHY not in bob.stderr
    assert bob.read("certs/a.pem") == "s3cr3t\n"
    bob.write("certs/b.pem", "s3cr3t too\n")
    bob.commit("another")
    assert_clean(bob)
    assert_no_plaintext(bob)


# -- turning it on and off


def test_a_new_repository_can_be_strict_before_it_has_a_pattern(tmp_path: Path) -> None:
    alice = Person.at(tmp_path / "alice")
    repo = alice.repository(tmp_path / "new")
    repo.sealedfiles("init", "--name", "alice", "--strict")
    assert MACRO in repo.read(".gitattributes")
    repo.sealedfiles("track", "*.env", "my secrets/*.yaml")
    lines = repo.read(".gitattributes").split("\n")
    assert sum(line.endswith(" -text sealedfiles-strict") for line in lines) == 2
    repo.write("a.env", "A=s3cr3t\n")
    repo.commit("sealed")
    assert_clean(repo)
    stranger = Person.at(tmp_path / "carol").clone(repo, tmp_path / "clone")
    stranger.write("b.env", "B=s3cr3t\n")
    stranger.git("add", "b.env", code=128)


def test_only_our_lines_change_and_no_strict_takes_all_back(repo: Repo) -> None:
    path = repo.path / ".gitattributes"
    before = (
        "# ours\n*.txt text\n\n"
        + repo.read(".gitattributes")
        + "*.key filter=sealedfiles diff=sealedfiles -text \t\n"
        + '"a b/*" filter=sealedfiles\r\n*.bin -diff\n*.x filter=lfs sealedfiles-strictly\n'
    )
    path.write_bytes(before.encode())
    repo.sealedfiles("init", "--strict")
    assert ".gitattributes" in repo.git("diff", "--cached", "--name-only")
    after = path.read_bytes().decode()
    assert MACRO in after
    strict_lines = re.findall(r" sealedfiles-strict(?=[ \t\r]*\n)", after)
    assert len(strict_lines) == before.count("filter=sealedfiles")
    assert "\n*.txt text\n\n" in after
    assert '"a b/*" filter=sealedfiles sealedfiles-strict\r\n*.bin -diff\n*.x filter=lfs' in after

    repo.sealedfiles("init", "--strict")
    assert "already" in repo.stderr
    assert path.read_bytes().decode() == after

    repo.sealedfiles("init", "--no-strict")
    assert path.read_bytes().decode() == before


def test_a_second_init_leaves_it_as_it_is(strict: Repo) -> None:
    before = strict.read(".gitattributes")
    strict.sealedfiles("init")
    assert strict.read(".gitattributes") == before


def test_untrack_takes_a_strict_line_away(strict: Repo) -> None:
    strict.sealedfiles("untrack", "*.env")
    assert "*.env" not in strict.read(".gitattributes")
    assert MACRO in strict.read(".gitattributes")


def test_a_line_of_before_becomes_strict_when_it_is_tracked_again(strict: Repo) -> None:
    line = "*.pem filter=sealedfiles diff=sealedfiles merge=sealedfiles -text"
    strict.write(".gitattributes", strict.read(".gitattributes") + line + "\n")
    strict.sealedfiles("track", "*.pem")
    assert strict.read(".gitattributes").split("\n").count(f"{line} sealedfiles-strict") == 1
    assert f"{line}\n" not in strict.read(".gitattributes")


def test_without_git_nothing_can_be_strict(tmp_path: Path) -> None:
    alice = Person.at(tmp_path / "alice")
    alice.run([*program(), "init", "--name", "alice", "--strict"], alice.home, code=2)
    assert not (alice.home / ".sealedfiles").exists()
