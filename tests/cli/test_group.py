"""`sealedfiles group`: groups, and the deletion of one that no value needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, YAML, Repo, assert_clean, groups

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


@pytest.fixture
def unused(team: tuple[Repo, Repo]) -> tuple[Repo, Repo]:
    """Clones in which a group was used and is not any more: by no value, and by no rule."""
    alice, bob = team
    alice.sealedfiles("grant", "bob", "--to", "ops")
    alice.sealedfiles("track", YAML, "--values", "cache.**", "--group", "ops", "--yes")
    alice.commit("cache values for ops")
    assert "ops" in groups(alice.blob("HEAD", YAML).decode())
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet", "--ff-only", "origin", "main")
    bob.sealedfiles("unlock", "--accept", "ops")
    policy = alice.read(".sealedfiles/policy.yaml")
    alice.write(".sealedfiles/policy.yaml", policy.replace("group: ops", "group: default"))
    alice.sealedfiles("trust", "policy", "--yes")
    alice.sealedfiles("reseal", "--yes", YAML)
    alice.commit("cache values for everybody")
    assert "ops" not in groups(alice.blob("HEAD", YAML).decode())
    return alice, bob


def test_groups_are_listed_with_their_files_and_readers(repo: Repo) -> None:
    assert repo.sealedfiles("group", "list").split("\n") == [
        "default     3 files  alice, bob",
        "production  3 files  alice",
        "",
    ]
    default, production = json.loads(repo.sealedfiles("group", "list", "--json"))["groups"]
    assert (default["group"], default["readers"]) == ("default", ["alice", "bob"])
    assert production["files"] == 3
    assert production["rules"] == repo.read(".sealedfiles/policy.yaml").count("group: production")
    assert len(production["key_id"]) == 16


@pytest.mark.slow
def test_a_group_is_deleted_as_one_change_and_history_keeps_its_keys(
    unused: tuple[Repo, Repo],
) -> None:
    alice, bob = unused
    before = alice.head("HEAD~")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet", "--ff-only", "origin", "main")
    alice.sealedfiles("group", "delete", "ops", answers="y\n")
    assert "its readers: alice, bob" in alice.stderr
    assert "ops" not in alice.read(".sealedfiles/policy.proof")
    assert not (alice.path / ".sealedfiles/keys/ops").exists()
    changed = alice.git("diff", "--cached", "--name-status").split("\n")[:-1]
    assert {line.split("\t")[1] for line in changed} == {
        ".sealedfiles/policy.proof",
        *(
            f".sealedfiles/keys/ops/{name}.{end}"
            for name in ("alice", "bob")
            for end in ("age", "grant")
        ),
        ".sealedfiles/keys/ops/epochs",
    }
    alice.commit("ops is gone")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet", "--ff-only", "origin", "main")
    for repo in (alice, bob):
        repo.sealedfiles("check", "--keyed", "--strict", "--rev", "HEAD^!")
        repo.sealedfiles("lock")
        repo.sealedfiles("unlock")
        assert "s3cr3t-cache-alpha" in repo.read(YAML)
        assert_clean(repo)
        # The policy is accepted, also where the clone had keys of the group.
        repo.edit(YAML, "s3cr3t-db-alpha", f"s3cr3t-db-{repo.person.name}")
        repo.git("add", "--", YAML)
        repo.git("reset", "--hard", "--quiet")
        # Earlier commits can be decrypted with the keys in history.
        repo.git("checkout", "--quiet", before)
        assert "ops" in groups(repo.blob("HEAD", YAML).decode())
        assert "s3cr3t-cache-alpha" in repo.read(YAML)
        repo.git("checkout", "--quiet", "main")
    shown = alice.sealedfiles("exposure", "bob", code=1)
    assert "ops" in alice.stderr + shown
    assert "cache.url" in shown
    assert "group ops deleted" in alice.sealedfiles("who", "--log")
    assert "revoked bob: ops" in alice.sealedfiles("who", "--log")


@pytest.mark.parametrize("rotated", [False, True])
def test_one_that_was_put_back_is_not_used_before_its_readers_were_seen(
    unused: tuple[Repo, Repo], *, rotated: bool
) -> None:
    """A reader who was removed since then may have put it back, and would read new values."""
    alice, bob = unused
    if rotated:  # who read it then can give it a new key
        bob.sealedfiles("rotate", "ops")
        bob.commit("a new key")
    alice.sealedfiles("group", "delete", "ops", "--yes")
    alice.commit("ops is gone")
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("bob left")
    alice.git("fetch", "--quiet", str(bob.path))
    alice.git("checkout", "--quiet", bob.head(), "--", ".sealedfiles/keys/ops")
    alice.git("checkout", "--quiet", bob.head(), "--", ".sealedfiles/recipients/bob.pub")
    alice.git("commit", "--quiet", "--no-verify", "--message", "tidy")
    for command in (
        ["track", YAML, "--values", "cache.**", "--group", "ops", "--yes"],
        ["grant", "alice", "--to", "ops"],
    ):
        alice.sealedfiles(*command, code=2)
        assert "the group ops was deleted in commit" in alice.stderr
        assert "put back since; its readers are: alice, bob" in alice.stderr
        assert alice.status() == []
    alice.sealedfiles("rotate")
    assert "ops was deleted and put back, and is left out" in alice.stderr
    alice.commit("rotated")
    alice.sealedfiles("revoke", "bob", "--from", "ops")
    alice.commit("bob left")
    alice.sealedfiles("track", YAML, "--values", "cache.**", "--group", "ops", "--yes")


def test_its_name_cannot_be_used_again(unused: tuple[Repo, Repo]) -> None:
    """Clones remember its keys, and history has its first one: they would refuse other keys."""
    alice, _ = unused
    alice.sealedfiles("group", "delete", "ops", "--yes")
    alice.commit("ops is gone")
    alice.sealedfiles("grant", "bob", "--to", "ops", code=2)
    assert (
        f"a group ops was deleted in commit {alice.git('rev-parse', '--short', 'HEAD').strip()}"
        in (_stderr_of(alice, "track", ENV, "--values", "DB_*", "--group", "ops"))
    )
    assert not (alice.path / ".sealedfiles/keys/ops").exists()
    restore = ["checkout", "HEAD~", "--", ".sealedfiles/keys/ops"]
    alice.git(*restore)
    alice.commit("ops is needed again")
    alice.sealedfiles("unlock", "--accept", "ops")
    assert "ops was deleted and put back: its readers are alice, bob" in alice.stderr
    alice.sealedfiles("track", ENV, "--values", "DB_*", "--group", "ops", "--yes")
    assert "ops" in groups(alice.blob("", ENV).decode())


def _stderr_of(repo: Repo, *arguments: str) -> str:
    repo.sealedfiles(*arguments, code=2)
    return repo.stderr


def test_a_group_that_a_rule_names_is_not_deleted(repo: Repo) -> None:
    head = repo.head()
    assert ".sealedfiles/policy.yaml:" in _stderr_of(repo, "group", "delete", "production", "--yes")
    assert "values that no rule matches" in _stderr_of(repo, "group", "delete", "default", "--yes")
    assert "available: default, production" in _stderr_of(repo, "group", "delete", "nobody")
    assert repo.status() == []
    assert repo.head() == head


@pytest.mark.slow
@pytest.mark.many_variants
@pytest.mark.parametrize("where", ["index", "head", "working tree", "inside a token"])
def test_a_group_that_a_value_is_sealed_to_is_not_deleted(
    unused: tuple[Repo, Repo], where: str
) -> None:
    alice, _ = unused
    text = alice.blob("HEAD~", YAML)
    if where == "index":
        alice.git("reset", "--quiet", "HEAD~", "--", YAML)
    elif where == "head":
        alice.git("reset", "--quiet", "--soft", "HEAD~")
    elif where == "working tree":
        alice.write(YAML, text)
    else:
        policy = alice.read(".sealedfiles/policy.yaml")
        rules = "  - {files: w.bin, values: a, group: ops}\n  - {files: w.bin, group: production}\n"
        alice.write(".sealedfiles/policy.yaml", policy.replace("rules:\n", f"rules:\n{rules}"))
        alice.sealedfiles("trust", "policy", "--yes")
        alice.sealedfiles("track", "w.bin", "--force")
        alice.write("w.bin", b"\x00s3cr3t")
        alice.commit("sealed whole, to both")
        assert groups(alice.blob("", "w.bin").decode()) == {"production"}, "the outer layer"
        alice.write(".sealedfiles/policy.yaml", policy)
        alice.sealedfiles("trust", "policy", "--yes")
    stderr = _stderr_of(alice, "group", "delete", "ops", "--yes")
    assert "are sealed to ops" in stderr
    assert ("w.bin" if where == "inside a token" else YAML) in stderr
    assert (alice.path / ".sealedfiles/keys/ops/epochs").exists()


def test_layers_that_cannot_be_decrypted_are_a_reason_to_refuse(
    world: World, tmp_path: Path
) -> None:
    bob = world.copy("bob", tmp_path / "bob's")
    bob.sealedfiles("trust", "alice", "--yes")
    bob.sealedfiles("grant", "alice", "--to", "ops")
    bob.commit("an unused group")
    bob.sealedfiles("group", "delete", "ops", "--yes")
    bob.git("reset", "--hard", "--quiet")
    alice = world.copy("alice", tmp_path / "alice's")
    alice.write("secrets/broken.yaml", "a: [s3cr3t\n")
    alice.commit("does not parse: sealed to all groups")
    bob.git("pull", "--quiet", "--no-rebase", "--no-edit", str(alice.path), "main")
    stderr = _stderr_of(bob, "group", "delete", "ops", "--yes")
    assert "1 file may have values of ops in tokens that you cannot decrypt" in stderr
    assert "secrets/broken.yaml" in stderr


@pytest.mark.slow
def test_a_partial_clone_fetches_what_is_searched(
    unused: tuple[Repo, Repo], tmp_path: Path
) -> None:
    """A file that this clone lacks must not be taken for one without values of the group."""
    alice, _ = unused
    alice.git("branch", "old", "HEAD~")
    alice.git("config", "uploadpack.allowFilter", "true")
    alice.git("config", "uploadpack.allowAnySHA1InWant", "true")
    partial = alice.person.clone(alice, tmp_path / "partial", "--filter=blob:none", "--no-local")
    partial.sealedfiles("unlock")
    partial.sealedfiles("group", "delete", "ops", answers="n\n", code=1)
    assert "origin/old has values that are sealed to ops" in partial.stderr
    alice.path.rename(tmp_path / "away")
    lacking = alice.person.clone(
        tmp_path / "away", tmp_path / "second", "--filter=blob:none", "--no-local"
    )
    lacking.sealedfiles("unlock")
    (tmp_path / "away").rename(tmp_path / "gone")
    lacking.sealedfiles("group", "delete", "ops", "--yes", code=1)
    assert "could not" in lacking.stderr
    assert (lacking.path / ".sealedfiles/keys/ops/epochs").exists()


@pytest.mark.slow
def test_other_branches_with_its_values_are_named_before_the_question(
    unused: tuple[Repo, Repo],
) -> None:
    alice, _ = unused
    alice.git("branch", "old", "HEAD~")
    alice.sealedfiles("group", "delete", "ops", answers="n\n", code=1)
    assert "old has values that are sealed to ops" in alice.stderr
    assert "origin/main has values that are sealed to ops" in alice.stderr
    assert "nothing was changed" in alice.stderr
    alice.sealedfiles("group", "delete", "ops", code=2)
    assert "no terminal to ask on" in alice.stderr
    assert alice.status() == []


@pytest.mark.slow
def test_readers_of_no_other_group_leave_with_it(unused: tuple[Repo, Repo]) -> None:
    alice, _ = unused
    carol = alice.person.at(alice.path.parent / "carol")
    alice.sealedfiles("grant", "carol", carol.keygen(), "--to", "ops")
    alice.commit("carol")
    alice.sealedfiles("group", "delete", "ops", "--yes")
    assert "removes the public keys of carol, who read no other group" in alice.stderr
    assert not (alice.path / ".sealedfiles/recipients/carol.pub").exists()
    alice.sealedfiles("check", "--staged")
    alice.commit("ops is gone")
    assert "cache.url" in alice.sealedfiles("exposure", "carol", code=1)


def test_a_group_that_was_never_committed_leaves_nothing_behind(repo: Repo) -> None:
    """`lock` would otherwise refuse to remove the only copy of its keys."""
    repo.sealedfiles("grant", "bob", "--to", "late")
    repo.sealedfiles("group", "delete", "late", "--yes")
    assert repo.status() == []
    repo.sealedfiles("lock")
    assert SECRET not in repo.read(YAML)
