"""Merges: git merges sealed text, while people see and resolve plaintext."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_file,
    every_file_and_reader,
    every_reader,
    groups,
    tokens,
    unreadable,
)

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

pytestmark = pytest.mark.many_variants


def on_two_branches(repo: Repo, ours: dict[str, str], theirs: dict[str, str], *paths: str) -> None:
    """Make the edits *theirs* (old: new) on ``feature`` and *ours* on ``main``, which is checked out at
    the end."""
    for branch, edits in (("feature", theirs), ("main", ours)):
        options = ["--create"] if branch == "feature" else []
        repo.git("switch", "--quiet", *options, branch)
        for path in paths or FILES:
            for old, new in edits.items():
                repo.edit(path, old, new)
        repo.commit(f"on {branch}")


BETA, GAMMA = {"db-alpha": "db-beta"}, {"db-alpha": "db-gamma"}
API = {"api-alpha": "api-beta"}


@every_reader
def test_different_values_changed_on_two_branches_merge(repo: Repo) -> None:
    on_two_branches(repo, BETA, API)
    repo.git("merge", "feature")
    for path in FILES:
        assert "s3cr3t-db-beta" in repo.read(path)
        assert "s3cr3t-api-beta" in repo.read(path)
        assert_one_token_changed(repo.tokens("feature", path), repo.tokens("HEAD", path))
        assert_one_token_changed(repo.tokens("main^1", path), repo.tokens("HEAD", path))
    assert_sound(repo)


@every_reader
def test_the_same_edit_on_two_branches_is_the_same_token_and_merges(repo: Repo) -> None:
    on_two_branches(repo, {**BETA, **API}, BETA)
    for path in FILES:
        assert_one_token_changed(repo.tokens("feature", path), repo.tokens("main", path))
    tree = repo.tree()
    repo.git("merge", "feature")
    assert repo.tree() == tree
    assert_sound(repo)


def test_the_same_new_file_on_two_branches_merges(repo: Repo) -> None:
    text = "password: s3cr3t-new\n"
    for branch in ("feature", "main"):
        repo.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        repo.write("secrets/new.yaml", text)
        repo.commit(f"new on {branch}")
    repo.git("merge", "feature")
    assert repo.read("secrets/new.yaml") == text
    assert_sound(repo)


def test_a_server_merges_without_any_filter(team: tuple[Repo, Repo], origin: Path) -> None:
    alice, bob = team
    on_two_branches(alice, BETA, API)
    alice.git("push", "--quiet", "origin", "main", "feature")
    server = alice.person.clone(origin, origin.with_name("server"))
    server.git("merge", "origin/feature")
    server.git("push", "--quiet")
    bob.git("pull", "--quiet")
    for path in FILES:
        assert "s3cr3t-db-beta" in bob.read(path)
        assert "s3cr3t-api-beta" in bob.read(path)
    assert_sound(bob)


# Conflicts


def sides(text: str) -> tuple[list[str], list[str]]:
    """Return both sides' lines of the only conflict in *text*."""
    assert text.count("<<<<<<<") == text.count(">>>>>>>") == 1
    ours, theirs = text.split("<<<<<<<")[1].split(">>>>>>>")[0].split("=======")
    return ours.split("\n")[1:-1], theirs.split("\n")[1:-1]


@every_file_and_reader
def test_the_same_value_changed_on_two_branches_is_a_readable_conflict(
    repo: Repo, path: str
) -> None:
    on_two_branches(repo, BETA, GAMMA, path)
    before = repo.read(path)
    repo.git("merge", "feature", code=1)
    assert repo.status() == [f"UU {path}"]
    ours, theirs = sides(repo.read(path))
    assert [line for line in ours if "s3cr3t-db-beta" in line] == ours
    assert [line for line in theirs if "s3cr3t-db-gamma" in line] == theirs
    assert groups(repo.read(path)) == unreadable(repo)
    assert "s3cr3t-db-gamma" in repo.git("diff", "--textconv")
    assert_no_plaintext(repo)

    repo.write(path, before.replace("db-beta", "db-delta"))
    repo.git("add", path)
    repo.git("commit", "--no-edit")
    assert_one_token_changed(repo.tokens("HEAD^1", path), repo.tokens("HEAD", path))
    assert_one_token_changed(repo.tokens("HEAD^2", path), repo.tokens("HEAD", path))
    assert_sound(repo)


@every_file
def test_a_conflict_in_windows_line_endings(repo: Repo, path: str) -> None:
    repo.write(path, FILES[path].replace("\n", "\r\n"))
    repo.commit("from another editor")
    on_two_branches(repo, BETA, GAMMA, path)
    repo.git("merge", "feature", code=1)
    ours, theirs = sides(repo.read_bytes(path).decode())
    assert len(ours) == len(theirs) == 1
    assert "s3cr3t-db-beta" in ours[0]
    assert "s3cr3t-db-gamma" in theirs[0]
    repo.git("merge", "--abort")
    assert_sound(repo)


@every_file
def test_a_conflict_shows_the_common_ancestor_too(repo: Repo, path: str) -> None:
    repo.git("config", "merge.conflictStyle", "diff3")
    on_two_branches(repo, BETA, GAMMA, path)
    repo.git("merge", "feature", code=1)
    text = repo.read(path)
    assert "|||||||" in text
    for word in ("alpha", "beta", "gamma"):
        assert f"s3cr3t-db-{word}" in text
    assert not tokens(text)
    repo.git("checkout", "--conflict=merge", path)
    assert "|||||||" not in repo.read(path)
    assert not tokens(repo.read(path))
    repo.git("merge", "--abort")
    assert_sound(repo)


@every_file_and_reader
def test_taking_one_side_takes_its_tokens(repo: Repo, path: str) -> None:
    on_two_branches(repo, {**BETA, "cache-alpha": "cache-beta"}, {**GAMMA, **API}, path)
    blobs = {"--ours": repo.blob("main", path), "--theirs": repo.blob("feature", path)}
    for side, word in (("--ours", "beta"), ("--theirs", "gamma")):
        repo.git("merge", "feature", code=1)
        repo.git("checkout", side, path)
        assert f"s3cr3t-db-{word}" in repo.read(path)
        repo.git("add", path)
        assert repo.blob("", path) == blobs[side]
        if side == "--ours":
            repo.git("reset", "--quiet", "--hard")
    repo.git("commit", "--no-edit")
    assert_sound(repo)


@every_reader
def test_a_merge_that_is_abandoned_leaves_everything_as_it_was(repo: Repo) -> None:
    on_two_branches(repo, BETA, GAMMA)
    texts = repo.texts()
    repo.git("merge", "feature", code=1)
    repo.git("merge", "--abort")
    assert repo.texts() == texts
    assert_sound(repo)


@pytest.mark.parametrize("option", ["ours", "theirs"])
def test_a_strategy_option_resolves_conflicts(repo: Repo, option: str) -> None:
    on_two_branches(repo, {**BETA, "cache-alpha": "cache-beta"}, GAMMA)
    repo.git("merge", "-X", option, "feature")
    for path in FILES:
        assert f"s3cr3t-db-{'beta' if option == 'ours' else 'gamma'}" in repo.read(path)
        assert "s3cr3t-cache-beta" in repo.read(path)
    assert_sound(repo)


@every_file
def test_a_file_deleted_here_and_changed_there(repo: Repo, path: str) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    repo.edit(path, "db-alpha", "db-beta")
    repo.commit("change")
    repo.git("switch", "--quiet", "main")
    repo.git("rm", "--quiet", path)
    repo.git("commit", "-m", "delete")
    repo.git("merge", "feature", code=1)
    assert repo.status() == [f"DU {path}"]
    assert repo.read(path) == FILES[path].replace("db-alpha", "db-beta")
    repo.git("add", path)
    assert repo.blob("", path) == repo.blob("feature", path)
    repo.git("commit", "--no-edit")
    assert_sound(repo)


# What only one side seals
#
# What their version holds sealed must stay so, also where neither ours nor the rules here say that it
# must.


@pytest.mark.parametrize("path", [ENV, YAML])
@pytest.mark.parametrize("operation", ["merge", "rebase"])
def test_a_value_added_and_commented_out_on_one_branch_stays_sealed(
    repo: Repo, path: str, operation: str
) -> None:
    line = "NEW=s3cr3t-new" if path == ENV else "new: s3cr3t-new"
    repo.git("switch", "--quiet", "--create", "feature")
    repo.write(path, f"{line}\n{repo.read(path)}")
    repo.commit("a new value")
    repo.edit(path, line, f"# {line}")
    repo.commit("not yet")
    repo.git("switch", "--quiet", "main")
    repo.edit(path, "api-alpha", "api-beta")
    repo.commit("new token")
    if operation == "rebase":
        repo.git("switch", "--quiet", "feature")
    repo.git(operation, "main" if operation == "rebase" else "feature")
    assert repo.read(path) == f"# {line}\n{FILES[path].replace('api-alpha', 'api-beta')}"
    assert_sound(repo)


def test_a_value_commented_out_here_and_deleted_there_stays_sealed(repo: Repo) -> None:
    on_two_branches(repo, {"  user: s3cr3t-user\n": ""}, {"  user:": "  # user:"}, YAML)
    repo.git("merge", "feature", code=1)
    assert "  # user: s3cr3t-user\n" in repo.read(YAML)
    assert_no_plaintext(repo)
    repo.git("checkout", "--theirs", YAML)
    repo.git("add", YAML)
    assert repo.blob("", YAML) == repo.blob("feature", YAML)
    repo.git("commit", "--no-edit")
    assert_sound(repo)


def test_a_value_sealed_on_one_branch_is_not_opened_by_the_rules_of_the_other(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    repo.edit(YAML, "port: 8080\n", "port: 8080\n\nmail:\n  password: s3cr3t-mail\n")
    repo.commit("mail")
    repo.git("switch", "--quiet", "main")
    repo.sealedfiles("track", "secrets/**/*.yaml", "--values", "mail.**", "--plain")
    repo.edit(YAML, "api-alpha", "api-beta")
    repo.commit("no secrets in mail, somebody thought")
    repo.git("merge", "feature")
    mail = set(repo.tokens("feature", YAML)) - set(repo.tokens("feature~", YAML))
    assert mail <= set(repo.tokens("HEAD", YAML))
    assert "s3cr3t-mail" in repo.read(YAML)
    assert_sound(repo)


# Renamed keys, and files that do not parse

RENAMED = {
    ENV: ("DB_PASSWORD=", "DATABASE_PASSWORD="),
    JSON: ('"database": {', '"db": {'),
    YAML: ("database:", "db:"),
}


@every_file_and_reader
def test_a_key_renamed_on_one_branch_and_a_value_changed_on_the_other(
    repo: Repo, path: str
) -> None:
    """The keys below a renamed key have new paths, and so new tokens; readers see the values."""
    old, new = RENAMED[path]
    on_two_branches(repo, {old: new}, API, path)
    repo.git("merge", "feature")
    text = repo.read(path)
    assert new in text
    assert "s3cr3t-db-alpha" in text
    assert "s3cr3t-api-beta" in text
    assert groups(text) == unreadable(repo)
    assert_sound(repo)
    (repo.path / path).unlink()
    repo.git("checkout", "--", path)
    assert repo.read(path) == text


HALF = 'database:\n  user: s3cr3t-user\n  password: "s3cr3t-db-be\n cache: [\n'


def test_a_half_edited_file_that_the_merge_leaves_alone(repo: Repo) -> None:
    on_two_branches(repo, BETA, API, JSON)
    repo.write(YAML, HALF)
    repo.git("merge", "feature")
    assert repo.read(YAML) == HALF
    assert repo.status() == [f" M {YAML}"]
    repo.git("restore", YAML)
    assert_sound(repo)


def test_a_half_edited_file_that_the_merge_would_change_is_not_lost(repo: Repo) -> None:
    on_two_branches(repo, BETA, API)
    repo.write(YAML, HALF)
    assert repo.git("merge", "feature", code=None) is not None
    assert "would be overwritten" in repo.stderr
    assert repo.read(YAML) == HALF
    assert repo.status() == [f" M {YAML}"]
    assert_no_plaintext(repo)


def test_a_half_edited_file_that_was_committed_can_be_merged_and_fixed(repo: Repo) -> None:
    whole = repo.read(YAML)
    repo.git("switch", "--quiet", "--create", "feature")
    repo.write(YAML, HALF)
    repo.commit("in the middle of it")
    repo.git("switch", "--quiet", "main")
    repo.edit(YAML, "api-alpha", "api-beta")
    repo.commit("new token")
    repo.git("merge", "feature", code=1)
    assert repo.status() == [f"UU {YAML}"]
    assert "s3cr3t-api-beta" in repo.read(YAML)
    repo.git("diff")
    assert_no_plaintext(repo)
    repo.write(YAML, whole.replace("api-alpha", "api-beta").replace("db-alpha", "db-beta"))
    repo.git("add", YAML)
    repo.git("commit", "--no-edit")
    assert_one_token_changed(repo.tokens("HEAD^1", YAML), repo.tokens("HEAD", YAML))
    assert_sound(repo)


def test_a_half_edited_file_changed_far_apart_on_both_branches(repo: Repo) -> None:
    """Sealed whole, it is one line: two edits conflict, but nothing is lost."""
    repo.write("secrets/half.yaml", HALF)
    repo.commit("in the middle of it")
    on_two_branches(repo, {"db-be": "db-beta"}, {"-user": "-admin"}, "secrets/half.yaml")
    repo.git("merge", "feature", code=1)
    assert_no_plaintext(repo)
    repo.git("checkout", "--theirs", "secrets/half.yaml")
    assert repo.read("secrets/half.yaml") == HALF.replace("-user", "-admin")
    repo.write("secrets/half.yaml", "database:\n  user: s3cr3t-admin\n  password: s3cr3t-db-beta\n")
    repo.commit("finished")
    assert len(repo.tokens("HEAD", "secrets/half.yaml")) == 2
    assert_sound(repo)
