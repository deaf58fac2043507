"""examples/server: a bare repository that refuses plaintext, and the pushes of people who have no hooks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from people import ENV, FILES, SECRET, YAML, Repo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the hook is for a POSIX shell")

HOOK = Path(__file__).parent.parent / "examples" / "server" / "pre-receive"


@pytest.fixture
def pusher(repo: Repo, origin: Path) -> Repo:
    """Alice's clone of a server that has the hook."""
    shutil.copy(HOOK, origin / "hooks")
    repo.git("remote", "add", "origin", str(origin))
    repo.git("fetch", "--quiet", "origin")
    return repo


def commit_plain(
    repo: Repo, path: str = ENV, text: str = "A=1\nDB_PASSWORD=s3cr3t-leaked\n"
) -> None:
    """Commit as a program does that knows no filters."""
    name = repo.git("hash-object", "-w", "--no-filters", "--stdin", answers=text).strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{name},{path}")
    repo.git("commit", "--quiet", "--message", "leaked")


def references(repo: Repo) -> str:
    return repo.git("ls-remote", "--heads", "--tags", "origin")


def assert_refused(repo: Repo, *refspecs: str, because: str = f"{ENV}:2") -> None:
    """The server says why, without the value, and keeps nothing of it."""
    before = references(repo)
    repo.git("push", "origin", *refspecs, code=1)
    assert f"remote: {because}" in repo.stderr
    assert "remote: sealedfiles: error: the push was rejected" in repo.stderr
    assert "s3cr3t-leaked" not in repo.stderr
    assert references(repo) == before
    origin = Repo(repo.person, Path(repo.git("remote", "get-url", "origin").strip()))
    assert all(SECRET.encode() not in content for _, content in origin.objects())


def test_sealed_values_pass(pusher: Repo) -> None:
    pusher.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    pusher.commit("another password")
    pusher.git("push", "origin", "main", "HEAD:refs/heads/new", "HEAD:refs/tags/v1")
    assert "remote: sealedfiles: error: the push was rejected" not in pusher.stderr
    pusher.git("push", "origin", ":new", ":v1")


@pytest.mark.slow
def test_plaintext_is_refused_with_file_and_line(pusher: Repo) -> None:
    commit_plain(pusher)
    assert_refused(pusher, "main")
    assert_refused(pusher, "HEAD:refs/heads/new")
    assert_refused(pusher, "HEAD:refs/tags/v1")
    pusher.git("tag", "--annotate", "--message", "x", "annotated")
    assert_refused(pusher, "annotated")
    assert_refused(pusher, "--force", "main", "HEAD~1:refs/heads/fine")


def test_one_that_a_later_commit_seals_is_refused(pusher: Repo) -> None:
    commit_plain(pusher)
    pusher.git("checkout", "--quiet", "HEAD~1", "--", ENV)
    pusher.git("commit", "--quiet", "--message", "sealed again")
    assert_refused(pusher, "main")


def test_a_forced_push_is_looked_at_as_well(pusher: Repo) -> None:
    pusher.git("push", "--quiet", "origin", "main")
    pusher.git("reset", "--quiet", "--hard", "HEAD~1")
    commit_plain(pusher)
    assert_refused(pusher, "+main")
    pusher.git("reset", "--quiet", "--hard", "HEAD~1")
    pusher.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    pusher.commit("sealed")
    pusher.git("push", "--quiet", "origin", "+main")


def test_what_the_server_has_already_is_not_looked_at_again(pusher: Repo, origin: Path) -> None:
    commit_plain(pusher)
    (origin / "hooks/pre-receive").rename(origin / "hooks/aside")
    pusher.git("push", "--quiet", "origin", "main")
    (origin / "hooks/aside").rename(origin / "hooks/pre-receive")
    pusher.git("checkout", "--quiet", "HEAD~1", "--", ENV)
    pusher.git("commit", "--quiet", "--message", "sealed again")
    pusher.git("push", "--quiet", "origin", "main", "HEAD~1:refs/heads/old")


def test_taking_the_rules_away_does_not_help(pusher: Repo) -> None:
    pusher.write(
        ".sealedfiles/policy.yaml", "version: 1\nrules:\n  - files: '**'\n    plain: true\n"
    )
    pusher.sealedfiles("trust", "policy", "--yes")
    pusher.git("add", ".sealedfiles")
    commit_plain(pusher)
    assert_refused(pusher, "main")


def test_a_repository_that_does_not_use_sealedfiles_is_left_alone(
    pusher: Repo, tmp_path: Path
) -> None:
    other = pusher.person.repository(tmp_path / "other")
    other.write(ENV, FILES[ENV])
    other.commit("plain")
    other.git(
        "push", "--quiet", str(pusher.git("remote", "get-url", "origin").strip()), "main:theirs"
    )


def test_without_the_program_nothing_is_taken_and_the_reason_is_said(
    pusher: Repo, origin: Path
) -> None:
    outside = Repo(pusher.person.having(PATH="/usr/bin:/bin"), pusher.path)
    outside.git("push", "origin", "main:refs/heads/new", code=1)
    assert "remote: sealedfiles: not installed on this server" in outside.stderr
    assert "administrator" in outside.stderr
