"""`sealedfiles init`: the files that it creates, and the cases that it refuses."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, Person, Repo

if TYPE_CHECKING:
    from pathlib import Path


def test_makes_the_folder_the_identity_and_the_filter(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    staged = fresh.git("diff", "--cached", "--name-only").split("\n")
    assert set(staged) - {""} == {
        ".sealedfiles/.gitattributes",
        ".sealedfiles/keys/default/alice.age",
        ".sealedfiles/keys/default/alice.grant",
        ".sealedfiles/keys/default/epochs",
        ".sealedfiles/policy.proof",
        ".sealedfiles/policy.yaml",
        ".sealedfiles/recipients/alice.pub",
    }
    assert fresh.git("config", "filter.sealedfiles.required").strip() == "true"
    assert 'cat "$1"' in fresh.git("config", "diff.sealedfiles.textconv")
    assert " git merge %O %A %B " in fresh.git("config", "merge.sealedfiles.driver")
    assert fresh.person.identities.read_text().count("AGE-SECRET-KEY-PQ-1") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_files_with_keys_are_readable_by_their_owner_only(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    assert stat.S_IMODE(fresh.person.identities.stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh.folder("sealedfiles").stat().st_mode) == 0o700
    assert stat.S_IMODE(fresh.folder("sealedfiles/keys").stat().st_mode) == 0o600


def test_no_file_that_is_committed_holds_a_private_key(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    secret = fresh.folder("sealedfiles/keys").read_text().split()[-1]
    for file in (fresh.path / ".sealedfiles").rglob("*"):
        if file.is_file():
            assert secret not in file.read_text()
            assert "AGE-SECRET-KEY" not in file.read_text()


def test_takes_the_name_from_git(fresh: Repo) -> None:
    fresh.git("config", "user.name", "Álice van der Müller")
    fresh.sealedfiles("init")
    assert (fresh.path / ".sealedfiles/recipients/alice-van-der-muller.pub").exists()


def test_asks_for_a_name_if_git_has_none(fresh: Repo) -> None:
    fresh.git("config", "user.name", "")
    fresh.sealedfiles("init", code=2)
    assert "--name" in fresh.stderr
    assert not (fresh.path / ".sealedfiles").exists()


@pytest.mark.parametrize("name", ["Alice", "../alice", "a/b", "", "-x", "a b"])
def test_refuses_a_name_that_cannot_be_a_file_or_part_of_a_token(fresh: Repo, name: str) -> None:
    fresh.git("config", "user.name", "")
    fresh.sealedfiles("init", "--name", name, code=2)
    assert not (fresh.path / ".sealedfiles").exists()


def test_uses_the_existing_identity(fresh: Repo) -> None:
    public = fresh.person.keygen()
    fresh.sealedfiles("init", "--name", "alice")
    assert (fresh.path / ".sealedfiles/recipients/alice.pub").read_text() == public + "\n"


def test_a_second_time_only_repairs_the_configuration(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    epochs = (fresh.path / ".sealedfiles/keys/default/epochs").read_bytes()
    fresh.git("config", "--unset", "filter.sealedfiles.required")
    fresh.sealedfiles("init", "--name", "mallory")
    assert (fresh.path / ".sealedfiles/keys/default/epochs").read_bytes() == epochs
    assert not (fresh.path / ".sealedfiles/recipients/mallory.pub").exists()
    assert fresh.git("config", "filter.sealedfiles.required").strip() == "true"


def test_works_from_a_subfolder(fresh: Repo) -> None:
    below = fresh.path / "a/b"
    below.mkdir(parents=True)
    from people import program

    fresh.person.run([*program(), "init", "--name", "alice"], below)
    assert (fresh.path / ".sealedfiles/policy.yaml").exists()
    assert not (below / ".sealedfiles").exists()


def test_outside_of_git_makes_the_folder_only(alice: Person) -> None:
    from people import program

    folder = alice.home / "plain folder"
    folder.mkdir()
    alice.run([*program(), "init", "--name", "alice"], folder)
    (folder / "a.env").write_bytes(b"PASSWORD=s3cr3t\n")
    alice.run([*program(), "seal", "a.env"], folder)
    assert b"s3cr3t" not in (folder / "a.env").read_bytes()
    assert alice.run([*program(), "cat", "a.env"], folder)[0] == b"PASSWORD=s3cr3t\n"


@pytest.mark.parametrize("name", ["policy.yaml", ".gitattributes"])
def test_a_policy_that_was_there_before_the_first_reader_is_not_proved(
    fresh: Repo, name: str
) -> None:
    """Anyone with push access could have written it, with rules that leave values in plaintext."""
    fresh.write(f".sealedfiles/{name}", "version: 1\ntracked: []\nrules:\n- plain: true\n")
    fresh.sealedfiles("init", "--name", "alice", code=2)
    assert f".sealedfiles/{name} already exists, and nobody proves who wrote it" in fresh.stderr
    assert not (fresh.path / ".sealedfiles/keys").exists()
    (fresh.path / ".sealedfiles" / name).unlink()
    fresh.sealedfiles("init", "--name", "alice")


@pytest.mark.slow
def test_a_group_that_was_pushed_before_the_first_set_up_is_named(fresh: Repo) -> None:
    """Anyone with push access can add one; `init` and the other commands must not send in a circle."""
    epochs = "kcmzf66bkcmzf66b 2026-01-01T00:00:00Z created - - " + "A" * 43
    fresh.write(".sealedfiles/keys/production/epochs", f"{epochs}\n")
    fresh.write("a.env", f"PASSWORD={SECRET}-0123456789\n")
    fresh.git("add", "--all")
    fresh.git("commit", "--quiet", "--message", "from somebody")
    for command in (["init"], ["adopt"], ["scan"]):
        fresh.sealedfiles(*command, code=2)
        assert "production, but sealedfiles was never set up" in fresh.stderr
        assert "production: created in " in fresh.stderr
    assert "sealedfiles init" in fresh.stderr
    # What the message says works.
    fresh.git("rm", "--quiet", "-r", ".sealedfiles")
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("adopt", "--yes")
    assert SECRET not in fresh.blob("", "a.env").decode()


def test_a_policy_that_was_removed_is_not_taken_for_a_first_set_up(repo: Repo) -> None:
    repo.git("rm", "--quiet", ".sealedfiles/policy.yaml")
    repo.commit("from somebody")
    state = repo.folder("sealedfiles/policy")
    state.unlink()
    repo.sealedfiles("init", code=None)
    assert "never set up" not in repo.stderr


@pytest.fixture
def lost(fresh: Repo) -> Repo:
    """A repository whose only commit has tokens, without the folder that has their keys."""
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", "*.env")
    fresh.write("a.env", f"A={SECRET}-hunter2\n")
    fresh.git("reset", "--quiet")
    fresh.git("add", "a.env")
    fresh.git("commit", "--quiet", "--no-verify", "--message", "only the file")
    fresh.git("clean", "--quiet", "--force", "-d")
    return fresh


def test_cached_keys_of_a_lost_folder_are_never_replaced(lost: Repo) -> None:
    cache = lost.folder("sealedfiles/keys")
    before = cache.read_bytes()
    for command in (["init"], ["init", "--start-over"], ["status"], ["lock"]):
        lost.sealedfiles(*command, code=3)
        assert "sealedfiles init --restore" in lost.stderr
        assert "set it up" not in lost.stderr
    lost.sealedfiles("deinit", code=3)
    assert "sealedfiles init --restore" in lost.stderr
    assert cache.read_bytes() == before
    assert not (lost.path / ".sealedfiles").exists()


def test_the_folder_is_restored_from_the_cached_keys(lost: Repo, tmp_path: Path) -> None:
    key = lost.folder("sealedfiles/keys").read_text().split()[1]
    lost.sealedfiles("init", "--restore", "--name", "alice")
    assert "restored from the cached keys: default" in lost.stderr
    epochs = (lost.path / ".sealedfiles/keys/default/epochs").read_text()
    assert epochs.split()[0] == key
    assert epochs.count("\n") == 1
    lost.git("commit", "--quiet", "--message", "restore the keys")
    assert lost.sealedfiles("check") == ""
    assert "*.env filter=sealedfiles" in lost.git("show", "HEAD:.gitattributes")
    other = lost.person.clone(lost, tmp_path / "other")
    other.sealedfiles("unlock")
    assert other.read("a.env") == f"A={SECRET}-hunter2\n"
    lost.sealedfiles("init", "--restore", code=2)
    assert "no group that .sealedfiles/ lacks" in lost.stderr


def test_a_policy_that_others_put_there_is_not_proved_by_restoring_the_keys(lost: Repo) -> None:
    lost.write(".sealedfiles/policy.yaml", "version: 1\ntracked: []\nrules:\n- plain: true\n")
    lost.sealedfiles("init", "--restore", "--name", "alice", code=2)
    assert ".sealedfiles/policy.yaml already exists, and nobody proves who wrote it" in lost.stderr
    (lost.path / ".sealedfiles/policy.yaml").unlink()
    lost.sealedfiles("init", "--restore", "--name", "alice")
    assert "'*.env'" in lost.read(".sealedfiles/policy.yaml").replace('"', "'")


def test_another_group_of_that_name_does_not_have_the_cached_keys(
    lost: Repo, tmp_path: Path
) -> None:
    """A colleague, or anyone with push access, has created it meanwhile."""
    other = Person.at(tmp_path / "bob").repository(tmp_path / "other")
    other.sealedfiles("init", "--name", "bob")
    shutil.copytree(other.path / ".sealedfiles", lost.path / ".sealedfiles")
    lost.git("add", ".sealedfiles")
    lost.git("commit", "--quiet", "--no-verify", "--message", "theirs")
    cache = lost.folder("sealedfiles/keys")
    before = cache.read_bytes()
    for command in (["lock"], ["deinit"]):
        lost.sealedfiles(*command, code=3)
        assert "has the only copy of the keys of default" in lost.stderr
    lost.sealedfiles("init", "--restore", code=3)
    assert ".sealedfiles/keys/default is another group than that of the cached keys" in lost.stderr
    assert cache.read_bytes() == before
    lost.git("rm", "-r", "--quiet", ".sealedfiles")
    lost.sealedfiles("init", "--restore", "--name", "alice")
    assert lost.sealedfiles("get", "a.env", "A").strip() == f"{SECRET}-hunter2"


def test_restored_keys_keep_their_order_and_their_revocation(fresh: Repo, tmp_path: Path) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    bob = Person.at(tmp_path / "bob").keygen()
    fresh.sealedfiles("grant", "bob", bob, "--to", "default")
    fresh.git("commit", "--quiet", "--message", "set up")
    fresh.sealedfiles("rotate")
    fresh.git("commit", "--quiet", "--message", "rotate")
    fresh.sealedfiles("revoke", "bob")
    lines = (fresh.path / ".sealedfiles/keys/default/epochs").read_text()
    fresh.git("rm", "-r", "--force", "--quiet", ".sealedfiles")
    fresh.sealedfiles("init", "--restore", "--name", "alice")
    assert (fresh.path / ".sealedfiles/keys/default/epochs").read_text() == lines
    fresh.git("commit", "--quiet", "--message", "restore the keys")
    fresh.sealedfiles("rotate")


def test_a_group_that_was_never_committed_is_restored(fresh: Repo, tmp_path: Path) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.git("commit", "--quiet", "--message", "set up")
    bob = Person.at(tmp_path / "bob").keygen()
    fresh.sealedfiles("grant", "bob", bob, "--to", "production")
    fresh.git("reset", "--quiet", "--hard")
    fresh.sealedfiles("lock", code=3)
    assert "the only copy of the keys of production" in fresh.stderr
    fresh.sealedfiles("init", "--restore")
    assert (fresh.path / ".sealedfiles/keys/production/alice.age").exists()
    assert not (fresh.path / ".sealedfiles/keys/production/bob.age").exists()
    fresh.sealedfiles("lock")


def test_a_lost_folder_in_git_is_restored_from_git(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.git("commit", "--quiet", "--message", "set up")
    fresh.git("rm", "-r", "--quiet", ".sealedfiles")
    fresh.git("commit", "--quiet", "--no-verify", "--message", "remove it")
    commit = fresh.git("rev-parse", "--short", "HEAD").strip()
    fresh.sealedfiles("init", code=3)
    assert f"git checkout {commit}~ -- .sealedfiles" in fresh.stderr
    fresh.sealedfiles("deinit")
    fresh.sealedfiles("init", "--name", "alice")


def test_tokens_without_keys_need_a_confirmed_start(lost: Repo, tmp_path: Path) -> None:
    other = tmp_path / "other"
    lost.git("clone", "--quiet", ".", str(other))
    clone = Repo(lost.person, other)
    clone.sealedfiles("init", code=3)
    assert "git contains values that are sealed to default" in clone.stderr
    assert "sealedfiles init --start-over" in clone.stderr
    clone.sealedfiles("init", "--start-over", "--name", "alice")
    assert (clone.path / ".sealedfiles/keys/default/epochs").exists()


def test_cached_keys_are_removed_with_force(lost: Repo) -> None:
    lost.sealedfiles("deinit", "--force")
    assert not lost.folder("sealedfiles/keys").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_messages_that_cannot_be_printed_do_not_stop_it_before_the_filter(fresh: Repo) -> None:
    """As with `sealedfiles init 2>&1 | head -1`: files tracked later would be stored in plaintext."""
    command = [sys.executable, "-m", "sealedfiles", "init", "--name", "alice"]
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            command, cwd=fresh.path, env=fresh.person.environment(), stderr=full, check=False
        )
    assert done.returncode == 0
    assert fresh.git("config", "filter.sealedfiles.process")
    assert fresh.git("config", "merge.sealedfiles.driver")


def test_a_folder_that_was_removed_here_is_restored_from_head(repo: Repo) -> None:
    """Not merged from a branch: this is the branch that has it."""
    repo.git("rm", "--quiet", "-r", ".sealedfiles")
    repo.sealedfiles("get", ENV, "DB_PASSWORD", code=3)
    assert "git checkout HEAD -- .sealedfiles" in repo.stderr
    assert "git merge" not in repo.stderr
    repo.git("checkout", "HEAD", "--", ".sealedfiles")
    assert repo.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"


def restored(repo: Repo) -> None:
    """Run the command of the hint, and read a value."""
    command = re.findall(
        r"restore it: (git checkout [0-9a-f]+~ -- \.sealedfiles\S*)$", repo.stderr, re.M
    )
    repo.raw("sh", "-c", command[0])
    assert repo.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"


@pytest.mark.parametrize("option", [[], ["--start-over"]])
@pytest.mark.parametrize("path", ["", "/keys"])
def test_keys_that_a_commit_removed_are_restored_from_before_it(
    repo: Repo, path: str, option: list[str]
) -> None:
    repo.git("rm", "--quiet", "-r", f".sealedfiles{path}")
    repo.git("commit", "--quiet", "--no-verify", "--message", "remove")
    (repo.path / ".git/sealedfiles/keys").unlink()
    repo.write("readme", "x")
    repo.git("add", "readme")
    repo.git("commit", "--quiet", "--no-verify", "--message", "another")
    removal = repo.git("rev-parse", "--short", "HEAD~").strip()
    repo.sealedfiles("init", *option, code=3)
    assert f".sealedfiles{path}/ was removed in commit {removal} (alice, " in repo.stderr
    restored(repo)


@pytest.mark.parametrize(
    "command", [["status"], ["set", ENV, "A", "--value", "b"], ["trust", "policy"]]
)
def test_a_policy_that_a_commit_removed_is_restored_from_before_it(
    repo: Repo, tmp_path: Path, command: list[str]
) -> None:
    policy = repo.read(".sealedfiles/policy.yaml")
    repo.git("rm", "--quiet", ".sealedfiles/policy.yaml")
    repo.git("commit", "--quiet", "--no-verify", "--message", "remove")
    repo.write(".sealedfiles/policy.yaml", policy)
    repo.sealedfiles("rotate", "default")
    (repo.path / ".sealedfiles/policy.yaml").unlink()
    repo.git("commit", "--quiet", "--no-verify", "--all", "--message", "a newer key")
    epochs = repo.blob("HEAD", ".sealedfiles/keys/default/epochs")
    clone = repo.person.clone(repo, tmp_path / "clone")
    clone.sealedfiles(*command, code=None)
    restored(clone)
    assert clone.read_bytes(".sealedfiles/keys/default/epochs") == epochs, "not the one of before"


@pytest.mark.parametrize("command", ["init", "unlock", "status"])
def test_keys_of_a_partial_clone_without_a_checkout_are_not_replaced(
    repo: Repo, tmp_path: Path, command: str
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    options = "--filter=blob:none", "--no-checkout"
    clone = repo.person.clone(repo.path.as_uri(), tmp_path / "partial", *options)
    clone.sealedfiles(command, code=3)
    assert ".sealedfiles/ is not here, so nothing can be sealed" in clone.stderr
    assert "restore it from HEAD: git checkout HEAD -- .sealedfiles" in clone.stderr
    assert clone.git("ls-files") == ""
