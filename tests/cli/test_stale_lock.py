"""`track` and `untrack` after git was killed: they fail on a stale index.lock, and can then be repeated
until everything is done."""

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
