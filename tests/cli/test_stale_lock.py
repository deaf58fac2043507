"""Commands while the index is locked, or after git was killed: they fail on index.lock before they write
anything, or can be repeated until everything is done."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, Repo, assert_clean

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the other git is a shell script"),
    pytest.mark.many_variants,
]

PUBLIC_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def contents(repo: Repo) -> dict[str, bytes]:
    """Return every file outside of git's folder, and this clone's record of keys."""
    files = [
        file
        for file in repo.path.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(repo.path).parts[:1]
    ]
    files += (repo.path / ".git/sealedfiles").glob("*")
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def failing(repo: Repo, tmp_path: Path, number: int) -> Repo:
    """The same repository with a git whose index change *number* finds a lock."""
    found = subprocess.run(
        ["sh", "-c", "command -v git"], capture_output=True, check=True, text=True
    )
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir(exist_ok=True)
    count = tmp_path / f"count{number}"
    fake.write_text(
        "#!/bin/sh\n"
        f"case $1 in add|update-index) echo >> '{count}'; "
        f"[ $(wc -l < '{count}') = {number} ] && "
        "{ echo \"fatal: Unable to create 'index.lock': File exists.\" >&2; exit 128; };; esac\n"
        f'exec {found.stdout.strip()} "$@"\n'
    )
    fake.chmod(0o755)
    return Repo(repo.person.having(PATH=f"{fake.parent}:/usr/bin:/bin"), repo.path)


@pytest.mark.parametrize("number", range(1, 6))
def test_untrack_does_what_an_earlier_run_could_not(
    repo: Repo, tmp_path: Path, number: int
) -> None:
    stopped = failing(repo, tmp_path, number)
    stopped.sealedfiles("untrack", "*.env", code=None)
    repo.sealedfiles("untrack", "*.env", code=None)
    assert SECRET in repo.git("show", f":{ENV}"), "plaintext, as it was asked for"
    for file in (".gitattributes", ".sealedfiles/policy.yaml"):
        assert "*.env" not in repo.git("show", f":{file}"), file
        assert repo.git("diff", "--", file) == ""
    repo.git("commit", "-qm", "untracked", "--no-verify")
    assert_clean(repo)


@pytest.mark.parametrize("in_git", [True, False])
def test_untrack_after_a_lock_that_stayed(repo: Repo, in_git: bool) -> None:
    pattern = "*.env"
    if not in_git:
        pattern = "later/*.yaml"
        repo.sealedfiles("track", pattern)
        repo.commit("for later")
    lock = repo.path / ".git/index.lock"
    lock.touch()
    repo.sealedfiles("untrack", pattern, code=1)
    assert "index.lock" in repo.stderr
    lock.unlink()
    repo.sealedfiles("untrack", pattern)
    assert pattern not in repo.git("show", ":.gitattributes")
    assert pattern not in repo.git("show", ":.sealedfiles/policy.yaml")
    repo.sealedfiles("untrack", pattern, code=2)


@pytest.mark.parametrize("number", range(1, 6))
def test_track_does_what_an_earlier_run_could_not(repo: Repo, tmp_path: Path, number: int) -> None:
    repo.write("late/app.yaml", "a: s3cr3t-late\n")
    repo.commit("in plaintext")
    stopped = failing(repo, tmp_path, number)
    stopped.sealedfiles("track", "late/*.yaml", code=None)
    repo.sealedfiles("track", "late/*.yaml")
    assert SECRET not in repo.git("show", ":late/app.yaml")
    for file in (".gitattributes", ".sealedfiles/policy.yaml"):
        assert "late/*.yaml" in repo.git("show", f":{file}"), file
    repo.git("commit", "-qm", "tracked")
    assert_clean(repo)


def test_track_after_a_lock_that_stayed(repo: Repo) -> None:
    repo.write("late/app.yaml", "a: s3cr3t-late\n")
    repo.commit("in plaintext")
    lock = repo.path / ".git/index.lock"
    lock.touch()
    repo.sealedfiles("track", "late/*.yaml", code=1)
    lock.unlink()
    repo.sealedfiles("track", "late/*.yaml")
    assert SECRET not in repo.git("show", ":late/app.yaml")
    assert "late/*.yaml" in repo.git("show", ":.gitattributes")


@pytest.mark.parametrize(
    "command",
    [
        ("track", "*.json", "--group", "another"),
        ("untrack", "*.env"),
        ("grant", "carol", PUBLIC_KEY, "--to", "another"),
        ("keygen", "--deploy", "ci", "--to", "default"),
        ("recovery-key", "--out", "-"),
        ("revoke", "bob"),
        ("rotate",),
        ("trust", "policy"),
        ("sync",),
        ("deinit",),
    ],
)
def test_nothing_is_written_while_the_index_is_locked(repo: Repo, command: tuple[str, ...]) -> None:
    """Else files of a key or a rule stay behind, and the next command takes them for complete."""
    lock = repo.path / ".git/index.lock"
    lock.touch()
    before = contents(repo)
    assert repo.sealedfiles(*command, code=1) == "", "no private key whose public key is nowhere"
    assert f"the index is locked: {lock} exists" in repo.stderr
    assert contents(repo) == before


def test_nothing_is_set_up_while_the_index_is_locked(fresh: Repo) -> None:
    lock = fresh.path / ".git/index.lock"
    lock.touch()
    fresh.sealedfiles("init", code=1)
    assert "the index is locked" in fresh.stderr
    assert not (fresh.path / ".sealedfiles").exists()
    lock.unlink()
    fresh.sealedfiles("init")
    fresh.sealedfiles("track", "*.env")


def test_the_index_of_git_s_variable_is_the_one_that_counts(repo: Repo) -> None:
    """In a hook of `git commit FILE`, the index is another file, and the usual one is locked."""
    index = repo.path / ".git/index"
    other = index.with_name("next-index")
    other.write_bytes(index.read_bytes())
    index.with_name("index.lock").touch()
    hook = Repo(repo.person.having(GIT_INDEX_FILE=".git/next-index"), repo.path)
    hook.sealedfiles("rotate")
    other.with_name("next-index.lock").touch()
    hook.sealedfiles("rotate", code=1)
    assert "next-index.lock exists" in hook.stderr


def test_tokens_on_disk_are_not_replaced_while_the_index_is_locked(repo: Repo) -> None:
    repo.sealedfiles("lock")
    repo.git("mv", ENV, "moved.env")
    repo.git("commit", "-qm", "moved")
    before = repo.read("moved.env")
    lock = repo.path / ".git/index.lock"
    lock.touch()
    repo.sealedfiles("reseal", "moved.env", code=1)
    assert "the index is locked" in repo.stderr
    assert repo.read("moved.env") == before
    lock.unlink()
    repo.sealedfiles("reseal", "moved.env")
    assert repo.read("moved.env") == repo.git("show", ":moved.env") != before
