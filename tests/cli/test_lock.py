"""`sealedfiles lock` lists the files that stay in plaintext; modes follow git and the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Repo, assert_clean, every_file, program

if TYPE_CHECKING:
    from pathlib import Path

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def assert_every_plaintext_is_listed(repo: Repo) -> None:
    """Check that only files listed by `lock` are in plaintext in the working tree."""
    for file in repo.path.rglob("*"):
        inside = file.relative_to(repo.path)
        if file.is_file() and inside.parts[0] != ".git" and SECRET.encode() in file.read_bytes():
            assert f"{inside.as_posix()} is still in plaintext" in repo.stderr


@every_file
def test_a_skip_worktree_entry_is_listed(repo: Repo, path: str) -> None:
    repo.git("update-index", "--skip-worktree", path)
    repo.sealedfiles("lock", code=1)
    assert f"{path} is still in plaintext" in repo.stderr
    assert "skip-worktree" in repo.stderr
    assert_every_plaintext_is_listed(repo)


def test_a_sparse_checkout_has_nothing_to_list(repo: Repo) -> None:
    repo.git("sparse-checkout", "set", "--no-cone", "/config/", "/.sealedfiles/")
    repo.sealedfiles("lock")
    assert "plaintext" not in repo.stderr


@pytest.mark.parametrize("ignored", [False, True])
def test_untracked_copies_are_listed(repo: Repo, ignored: bool) -> None:
    copies = ["copy.env", "secrets/deep/copy.yaml", "secrets/app.yaml.orig", f"{ENV}~"]
    for name in copies:
        (repo.path / name).parent.mkdir(exist_ok=True)
        repo.write(name, repo.read(YAML if "yaml" in name else ENV))
    if ignored:
        repo.write(".git/info/exclude", "*\n")
    repo.write("unrelated.txt", "plain\n")
    repo.sealedfiles("lock", code=1)
    assert_every_plaintext_is_listed(repo)
    assert all(f"{name} is still in plaintext" in repo.stderr for name in copies)
    assert "unrelated" not in repo.stderr
    assert "4 files in plaintext" in repo.stderr


def test_a_sealed_copy_is_not_listed(repo: Repo) -> None:
    repo.write("copy.env", repo.blob("HEAD", ENV).decode())
    repo.sealedfiles("lock")
    assert "copy.env" not in repo.stderr


def test_a_conflict_is_listed(repo: Repo) -> None:
    repo.git("switch", "-qc", "other")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-theirs")
    repo.commit("theirs")
    repo.git("switch", "-q", "main")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-ours")
    repo.commit("ours")
    repo.git("merge", "other", code=1)
    repo.sealedfiles("lock", code=1)
    assert f"{ENV} is still in plaintext: it has a merge conflict" in repo.stderr
    assert_every_plaintext_is_listed(repo)


def test_edits_that_could_not_be_saved_are_listed(repo: Repo) -> None:
    folder = repo.folder("sealedfiles/recovery")
    folder.mkdir()
    (folder / "app.yaml").write_text("a: s3cr3t-edit\n")
    repo.sealedfiles("lock", code=1)
    assert "recovery/app.yaml is still in plaintext" in repo.stderr


def test_a_worktree_that_was_moved_by_hand_is_named(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    (tmp_path / "tree").rename(tmp_path / "moved")
    repo.sealedfiles("lock", code=1)
    assert f"the worktree {tmp_path / 'tree'} was not found" in repo.stderr
    repo.git("worktree", "prune", "--expire=now")
    repo.sealedfiles("lock")


def test_every_worktree_is_locked(repo: Repo, tmp_path: Path) -> None:
    other = tmp_path / "a worktree"
    repo.git("worktree", "add", "-q", "-b", "other", str(other))
    assert SECRET in (other / ENV).read_text()
    (other / JSON).write_text((other / JSON).read_text().replace("s3cr3t-db-alpha", "s3cr3t-mine"))
    repo.sealedfiles("lock", "--all", code=1)
    assert SECRET not in (other / ENV).read_text()
    assert f"{other / JSON} is still in plaintext: it has local changes" in repo.stderr
    assert repo.git("-C", str(other), "status", "--porcelain").split() == ["M", JSON]


def worktree(repo: Repo, path: Path) -> Repo:
    repo.git("worktree", "add", "-q", "-b", path.name, str(path))
    return Repo(repo.person, path)


def refuses_plaintext(repo: Repo) -> bool:
    """Return True if a new value cannot be added; the change is undone."""
    before = repo.read_bytes(ENV)
    repo.write(ENV, before + b"NEW=s3cr3t-new\n")
    try:
        repo.git("add", "--", ENV, code=None)
        return "locked" in repo.stderr
    finally:
        repo.git("reset", "-q")
        repo.write(ENV, before)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["main", "linked"])
def test_only_this_worktree_is_locked_while_another_one_needs_the_keys(
    repo: Repo, tmp_path: Path, which: str
) -> None:
    linked = worktree(repo, tmp_path / "a-worktree")
    here, other = (repo, linked) if which == "main" else (linked, repo)
    here.sealedfiles("lock")
    assert "the keys stay in this clone, for its other worktrees" in here.stderr
    assert str(other.path) in here.stderr
    assert SECRET not in here.read(ENV)
    assert here.status() == []
    assert refuses_plaintext(here)
    assert here.sealedfiles("status").count("sealed ") == len(FILES)
    # Also a checkout does not decrypt anything here.
    (here.path / ENV).unlink()
    here.git("checkout", "--quiet", "--", ENV)
    assert SECRET not in here.read(ENV)
    assert SECRET in other.read(ENV)
    # The other one works as before, without an identity.
    other = Repo(repo.person.at(tmp_path / "nobody"), other.path)
    other.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    other.commit("changed in the other worktree")
    assert SECRET not in other.blob("HEAD", ENV).decode()
    # Here, the keys that are cached for the other worktree are not used.
    stranger = Repo(other.person, here.path)
    stranger.sealedfiles("get", ENV, "DB_PASSWORD", code=3)
    assert here.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"
    # The last one takes the keys with it.
    other.sealedfiles("lock")
    assert "removed the cached keys of this clone" in other.stderr
    assert not (repo.path / ".git/sealedfiles/keys").exists()
    assert SECRET not in other.read(ENV)
    here.sealedfiles("unlock")
    assert SECRET in here.read(ENV)
    assert not refuses_plaintext(here)


@pytest.mark.slow
def test_a_worktree_that_is_locked_stays_so_when_another_one_is_unlocked(
    repo: Repo, tmp_path: Path
) -> None:
    linked = worktree(repo, tmp_path / "a-worktree")
    linked.sealedfiles("lock")
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert refuses_plaintext(linked)
    repo.git("worktree", "remove", "--force", str(linked.path))
    assert not refuses_plaintext(worktree(repo, tmp_path / "a-worktree-2"))
    again = tmp_path / "a-worktree"
    repo.git("worktree", "add", "-q", str(again), "a-worktree")
    assert SECRET in (again / ENV).read_text(), "git removed the mark with the worktree"


def test_all_worktrees_are_locked_on_request(repo: Repo, tmp_path: Path) -> None:
    linked = worktree(repo, tmp_path / "a-worktree")
    linked.sealedfiles("lock", "--all")
    for one in (repo, linked):
        assert SECRET not in one.read(ENV)
        assert refuses_plaintext(one)
    assert not (repo.path / ".git/sealedfiles/keys").exists()


def with_umask(repo: Repo, umask: int, *args: str) -> None:
    """Run sealedfiles with another umask."""
    subprocess.run(
        [*program(), *args],
        cwd=repo.path,
        env=repo.person.environment(),
        check=True,
        umask=umask,
        capture_output=True,
    )


@on_unix
@pytest.mark.parametrize("opening", [("unlock",), ("unseal", ENV)])
def test_plaintext_respects_the_umask(repo: Repo, opening: tuple[str, ...]) -> None:
    with_umask(repo, 0o022, "lock")
    (repo.path / ENV).chmod(0o664)
    with_umask(repo, 0o077, *opening)
    assert SECRET in repo.read(ENV)
    assert stat.S_IMODE((repo.path / ENV).stat().st_mode) == 0o600


@on_unix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_no_mode_is_widened(repo: Repo, mode: int) -> None:
    for command in ("lock", "unlock"):
        (repo.path / ENV).chmod(mode)
        with_umask(repo, 0o022, command)
        assert stat.S_IMODE((repo.path / ENV).stat().st_mode) == mode


@on_unix
def test_the_executable_bit_stays(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o755)
    repo.commit("executable")
    repo.sealedfiles("lock")
    assert os.access(repo.path / ENV, os.X_OK)
    repo.sealedfiles("unlock")
    assert os.access(repo.path / ENV, os.X_OK)
    assert_clean(repo)


@on_unix
@pytest.mark.parametrize("committed", [0o644, 0o755])
def test_a_change_of_mode_stays_a_local_change(repo: Repo, committed: int) -> None:
    (repo.path / ENV).chmod(committed)
    repo.git("add", ENV)
    repo.git("commit", "-qm", "mode", "--allow-empty")
    (repo.path / ENV).chmod(0o755 if committed == 0o644 else 0o644)
    for command in ("lock", "unlock"):
        repo.sealedfiles(command)
        assert repo.status() == [f" M {ENV}"], "nothing is staged"
        assert repo.git("diff", "--numstat").split() in ([], ["0", "0", ENV])


def test_a_policy_that_no_key_proves_any_more_is_shown_whole(repo: Repo) -> None:
    repo.sealedfiles("lock")
    repo.person = repo.person.having(SEALEDFILES_KEY_FILE=os.devnull)
    repo.sealedfiles("trust", "policy", code=2)
    assert "accepted last, but none of your keys proves it:" in repo.stderr
    assert "    version: 1" in repo.stderr
    assert "no terminal to ask on" in repo.stderr


@pytest.mark.parametrize("command", ["lock", "unlock"])
def test_a_locked_index_is_named_before_anything_is_changed(repo: Repo, command: str) -> None:
    before = repo.texts()
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    repo.sealedfiles(command, code=1)
    assert "sealedfiles: error: the index is locked" in repo.stderr
    assert "remove the file" in repo.stderr
    lock.unlink()
    assert repo.texts() == before
