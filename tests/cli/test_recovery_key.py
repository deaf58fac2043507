"""`sealedfiles recovery-key`: an offline key that decrypts everything, including new groups."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest
from people import FILES, Person, Repo, at_home_of_its_own

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

POLICY = ".sealedfiles/policy.yaml"
KEYS = ".sealedfiles/keys"


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    folder = tmp_path / "the safe"
    folder.mkdir()
    return folder / "recovery.txt"


@pytest.fixture
def saved(repo: Repo, safe: Path) -> Repo:
    """Alice's clone with a recovery key, committed."""
    repo.sealedfiles("recovery-key", "--out", str(safe))
    repo.commit("a recovery key")
    return repo


def readers(repo: Repo, group: str) -> set[str]:
    return {file.stem for file in (repo.path / KEYS / group).glob("*.age")}


def test_it_opens_a_clone_with_every_group(saved: Repo, safe: Path, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "dora").clone(saved, tmp_path / "clone")
    clone.sealedfiles("unlock", "--identity", str(safe))
    assert clone.texts() == FILES


def test_the_private_key_is_in_the_file_alone(repo: Repo, safe: Path, tmp_path: Path) -> None:
    repo = at_home_of_its_own(repo, tmp_path)
    out = repo.sealedfiles("recovery-key", "--out", str(safe))
    assert stat.S_IMODE(safe.stat().st_mode) == 0o600
    private = re.findall("AGE-SECRET-KEY-PQ-1[A-Z0-9]+", safe.read_text())
    assert len(private) == 1
    assert out == ""
    assert private[0] not in repo.stderr
    for folder in (repo.person.home, repo.path):
        for file in folder.rglob("*"):
            assert not file.is_file() or private[0].encode() not in file.read_bytes(), file


def test_the_file_names_its_purpose_and_repository(repo: Repo, safe: Path) -> None:
    repo.git("remote", "add", "origin", "https://bob:hunter2@git.example.org/orders.git?token=x")
    repo.sealedfiles("recovery-key", "--out", str(safe), "--name", "vault")
    first, *rest = safe.read_text().split("\n")
    assert first == (
        "# recovery key of the repository https://git.example.org/orders.git, "
        "for the reader vault in its .sealedfiles/"
    )
    assert all(line.startswith("# ") for line in rest[:-2])
    assert rest[-1] == ""


def test_the_name_of_a_repository_puts_no_line_of_its_own_into_the_file(
    repo: Repo, safe: Path
) -> None:
    repo.git("config", "remote.origin.url", "../Größe\nAGE-SECRET-KEY-1")
    repo.sealedfiles("recovery-key", "--out", str(safe))
    lines = safe.read_text(encoding="utf-8").split("\n")[:-1]
    assert [line for line in lines if not line.startswith("# ")] == lines[-1:]
    assert "Größe\\nAGE" in lines[0]


def test_it_explains_where_to_store_the_key_and_how_to_test_it(repo: Repo, safe: Path) -> None:
    repo.sealedfiles("recovery-key", "--out", str(safe))
    assert "decrypts everything" in repo.stderr
    assert "safe" in repo.stderr
    assert f"age -d -i '{safe}' .sealedfiles/keys/default/recovery.age" in repo.stderr
    assert "recovery can now read default" in repo.stderr
    assert "recovery can now read production" in repo.stderr


def test_the_new_files_are_staged(repo: Repo, safe: Path) -> None:
    repo.sealedfiles("recovery-key", "--out", str(safe))
    assert {line[0] for line in repo.status()} == {"M", "A"}
    assert {line[1] for line in repo.status()} == {" "}
    assert b"recovery: recovery\n" in repo.blob("", POLICY)


def test_it_is_printed_only_on_request(repo: Repo) -> None:
    assert repo.sealedfiles("recovery-key", code=2) == ""
    assert "--out" in repo.stderr
    assert repo.status() == []
    out = repo.sealedfiles("recovery-key", "--classic", "--out", "-")
    assert len(re.findall(r"(?m)^AGE-SECRET-KEY-1[A-Z0-9]{58}$", out)) == 1
    assert "AGE-SECRET" not in repo.stderr


def test_an_existing_file_is_not_overwritten(repo: Repo, safe: Path) -> None:
    safe.write_text("something\n")
    repo.sealedfiles("recovery-key", "--out", str(safe), code=2)
    assert safe.read_text() == "something\n"
    assert repo.status() == []


@pytest.mark.parametrize("out", ["recovery.txt", ".git/recovery.txt", "secrets/../recovery.txt"])
def test_it_is_not_written_into_the_repository(repo: Repo, out: str) -> None:
    repo.sealedfiles("recovery-key", "--out", out, code=2)
    assert not (repo.path / out).exists()
    assert repo.status() == []


def test_an_interrupted_run_is_finished_by_staging_what_it_wrote(saved: Repo, safe: Path) -> None:
    command = ("recovery-key", "--out", str(safe.with_name("second.txt")))
    saved.git("restore", "--staged", "--source", "HEAD~", POLICY)
    saved.sealedfiles(*command, code=2)
    assert (
        "if an earlier run was interrupted, stage what it wrote: git add .sealedfiles"
        in saved.stderr
    )
    saved.git("add", ".sealedfiles")
    saved.sealedfiles(*command, code=2)
    assert "interrupted" not in saved.stderr


def test_there_is_only_one_until_it_is_revoked(saved: Repo, safe: Path) -> None:
    second = str(safe.with_name("second.txt"))
    saved.sealedfiles("recovery-key", "--out", second, "--name", "other", code=2)
    assert "a recovery key already exists, the reader recovery" in saved.stderr
    assert "sealedfiles revoke recovery" in saved.stderr
    assert saved.status() == []
    saved.sealedfiles("revoke", "recovery")
    saved.commit("it was lost")
    saved.sealedfiles("recovery-key", "--out", second)
    assert saved.read(POLICY).count("recovery:") == 1
    assert "recovery" in readers(saved, "production")


def test_the_name_of_another_reader_is_refused(repo: Repo, safe: Path) -> None:
    repo.sealedfiles("recovery-key", "--out", str(safe), "--name", "bob", code=2)
    assert not safe.exists()
    assert repo.status() == []


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_groups_that_the_caller_does_not_read_are_named(repo: Repo, safe: Path) -> None:
    repo.sealedfiles("recovery-key", "--out", str(safe))
    assert readers(repo, "default") == {"alice", "bob", "recovery"}
    assert readers(repo, "production") == {"alice"}
    assert "sealedfiles grant recovery --to production" in repo.stderr


def test_without_access_no_key_is_generated(world: World, safe: Path, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "dora").clone(world.repos["alice"], tmp_path / "clone")
    clone.sealedfiles("recovery-key", "--out", str(safe), code=3)
    assert not safe.exists()
    assert clone.status() == []


# -- new groups, and new keys


@pytest.mark.parametrize(
    "command",
    [
        ("track", "ops/*.yaml", "--group", "ops"),
        ("grant", "bob", "--to", "ops"),
    ],
)
def test_a_new_group_gets_it_too(saved: Repo, command: tuple[str, ...]) -> None:
    saved.sealedfiles(*command)
    assert readers(saved, "ops") >= {"alice", "recovery"}
    assert "recovery, the recovery reader of the policy, can also read ops" in saved.stderr
    saved.write("ops/a.yaml", "key: s3cr3t\n")
    saved.commit("a group for the operators")
    saved.sealedfiles("check")


@pytest.mark.slow
def test_it_opens_what_is_sealed_to_a_new_group_after_a_rotation(
    saved: Repo, safe: Path, tmp_path: Path
) -> None:
    saved.sealedfiles("track", "ops/*.yaml", "--group", "ops")
    saved.write("ops/a.yaml", "key: s3cr3t\n")
    saved.commit("a group for the operators")
    saved.sealedfiles("rotate")
    saved.commit("new keys")
    clone = Person.at(tmp_path / "dora").clone(saved, tmp_path / "clone")
    assert "sealed:v1:ops:" in clone.read("ops/a.yaml")
    assert clone.sealedfiles("cat", "--identity", str(safe), "ops/a.yaml") == "key: s3cr3t\n"
    clone.sealedfiles("unlock", "--identity", str(safe))
    assert clone.texts() == FILES


def test_a_name_in_the_policy_without_a_grant_gets_no_key(repo: Repo, tmp_path: Path) -> None:
    mallory = Person.at(tmp_path / "mallory")
    repo.write(".sealedfiles/recipients/mallory.pub", mallory.keygen() + "\n")
    repo.write(POLICY, repo.read(POLICY) + "recovery: mallory\n")
    repo.sealedfiles("trust", "policy", "--yes")
    repo.sealedfiles("grant", "bob", "--to", "ops")
    assert readers(repo, "ops") == {"alice", "bob"}
    assert "mallory, the recovery reader of the policy, gets no key of ops" in repo.stderr


def test_a_name_in_a_policy_that_is_not_in_force_gets_no_key(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    alice, bob = team
    bob.write(POLICY, bob.read(POLICY) + "recovery: bob\n")
    bob.commit("for the case that Alice loses her key")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    carol = Person.at(tmp_path / "carol")
    alice.sealedfiles("grant", "carol", carol.keygen(), "--to", "ops")
    assert readers(alice, "ops") == {"alice", "carol"}
    assert "that change of the policy is not confirmed in this clone" in alice.stderr


def test_a_recovery_key_that_a_reader_of_another_group_has_made_gets_no_key(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    """Bob's grant for `default` proves it, and he does not read the new group."""
    alice, bob = team
    alice.write(POLICY, alice.read(POLICY) + "recovery: recovery\n")
    alice.sealedfiles("trust", "policy", "--yes")
    alice.commit("a recovery key will follow")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("grant", "recovery", Person.at(tmp_path / "x").keygen(), "--to", "default")
    bob.commit("a recovery key")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    alice.sealedfiles("track", "ops/*.yaml", "--group", "ops")
    assert readers(alice, "ops") == {"alice"}
    assert "their public key was not verified" in alice.stderr


def test_a_recovery_key_that_was_swapped_is_refused_before_the_group_is_made(
    saved: Repo, tmp_path: Path
) -> None:
    mallory = Person.at(tmp_path / "mallory")
    saved.write(".sealedfiles/recipients/recovery.pub", mallory.keygen() + "\n")
    saved.sealedfiles("track", "ops/*.yaml", "--group", "ops", code=4)
    assert "sealedfiles trust recovery" in saved.stderr
    assert not (saved.path / KEYS / "ops").exists()


def test_who_makes_a_group_may_be_the_recovery_reader(repo: Repo) -> None:
    repo.write(POLICY, repo.read(POLICY) + "recovery: alice\n")
    repo.sealedfiles("trust", "policy", "--yes")
    repo.sealedfiles("track", "ops/*.yaml", "--group", "ops")
    assert readers(repo, "ops") == {"alice"}


def test_it_works_outside_of_git(alice: Person, safe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    folder.mkdir()
    vault = Repo(alice, folder)
    vault.sealedfiles("init", "--name", "alice")
    vault.sealedfiles("recovery-key", "--out", str(safe))
    assert "vault" in safe.read_text().split("\n")[0]
    vault.write("a.yaml", "key: s3cr3t\n")
    vault.sealedfiles("seal", "a.yaml")
    alice.identities.unlink()
    assert vault.sealedfiles("cat", "a.yaml", "--identity", str(safe)) == "key: s3cr3t\n"
