"""The files that a clone continues to seal when the attributes change, and the lines that it leaves
unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, SECRET, YAML, Repo, assert_clean, assert_no_plaintext, commit_blob
from plants import share

if TYPE_CHECKING:
    from pathlib import Path


def test_unlock_pins_the_patterns_once(repo: Repo) -> None:
    file = repo.folder("info/attributes")
    first = file.read_text()
    assert "*.env filter=sealedfiles" in first
    repo.sealedfiles("unlock")
    assert file.read_text() == first


def test_lines_of_the_user_s_own_stay(repo: Repo) -> None:
    file = repo.folder("info/attributes")
    file.write_text("*.txt text\n*.bin -diff")
    repo.sealedfiles("unlock")
    assert file.read_text().startswith("*.txt text\n*.bin -diff\n")
    repo.sealedfiles("untrack", "*.env")
    assert "*.txt text\n*.bin -diff\n" in file.read_text()
    assert "*.env" not in file.read_text()


def test_a_new_file_on_a_branch_from_before_the_set_up_is_not_added_in_plaintext(
    repo: Repo,
) -> None:
    """The accepted policy stays in force; without the folder there is no group to seal to."""
    repo.git("checkout", "--quiet", ":/start", "--detach")
    repo.write(ENV, "PORT=8080\n")
    repo.git("add", ENV, code=128)
    assert "this branch has no .sealedfiles/" in repo.stderr
    assert_no_plaintext(repo)


def test_the_mirror_follows_the_policy_that_a_colleague_proved(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("track", "deploy/**")
    alice.git("commit", "--quiet", "--message", "more files")
    share(alice, bob)
    assert "deploy/** filter=sealedfiles" in bob.folder("info/attributes").read_text()


def test_a_removed_or_missing_attribute_file_seals_no_less(repo: Repo) -> None:
    (repo.path / ".gitattributes").unlink()
    repo.write("secrets/new.yaml", "password: s3cr3t-new\n")
    repo.commit("with a new file")
    assert_no_plaintext(repo)


def test_a_file_that_a_colleague_has_untracked_is_plain_here_too(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("untrack", "*.env")
    alice.git("commit", "--quiet", "--message", "no secrets in it any more")
    share(alice, bob)
    bob.edit(ENV, "APP_PORT=8080", "APP_PORT=9090")
    bob.commit("another port")
    assert b"sealed:" not in bob.blob("HEAD", ENV)
    assert_clean(bob)


def test_a_later_line_does_not_unseal_the_file(repo: Repo) -> None:
    repo.write("secrets/.gitattributes", "*.yaml -filter\n")
    repo.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("new password")
    assert_no_plaintext(repo)


@pytest.mark.parametrize("encoding", ["IBM500", "UTF-16LE"])
def test_no_line_of_the_repository_recodes_a_sealed_file(repo: Repo, encoding: str) -> None:
    """The working tree would show another text than the one that is checked in git."""
    line = f"{ENV} working-tree-encoding={encoding} ident\n"
    repo.write(".gitattributes", repo.read(".gitattributes") + line)
    stored = "DB_HOST=evil.example\nID=$Id$\n"
    repo.commit("attributes")
    commit_blob(repo, ENV, stored)
    assert repo.read(ENV) == stored


@pytest.mark.parametrize("attribute", ["working-tree-encoding=UTF-16LE", "ident"])
def test_unlock_restores_a_file_that_git_clone_converted(
    repo: Repo, tmp_path: Path, attribute: str
) -> None:
    repo.write(".gitattributes", repo.read(".gitattributes") + f"{ENV} {attribute}\n")
    repo.write(ENV, repo.read(ENV) + "# $Id$\n")
    repo.commit("attributes")
    fresh = repo.person.clone(repo, tmp_path / "fresh")
    assert fresh.read_bytes(ENV) != repo.blob("HEAD", ENV)
    fresh.sealedfiles("unlock")
    assert fresh.read_bytes(ENV) == repo.read_bytes(ENV)
    assert fresh.status() == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (".gitattributes", "*.yaml working-tree-encoding=UTF-16"),
        (".sealedfiles/keys/.gitattributes", "* text eol=crlf"),
    ],
)
def test_unlock_restores_the_folder_that_git_clone_converted(
    repo: Repo, tmp_path: Path, file: str, line: str
) -> None:
    earlier = repo.read(file) if (repo.path / file).exists() else ""
    repo.write(file, f"{earlier}{line}\n")
    repo.git("add", "--all", "--force")
    repo.git("commit", "--quiet", "--no-verify", "--message", "attributes")
    fresh = repo.person.clone(repo, tmp_path / "fresh")
    fresh.sealedfiles("unlock")
    assert fresh.texts() == FILES
    assert fresh.status() == []
    fresh.edit(ENV, "db-alpha", "db-beta")
    fresh.commit("an edit")


@pytest.mark.slow
def test_no_line_of_the_repository_hides_a_conflict(repo: Repo) -> None:
    for size in (3, 10_000):
        repo.write(
            ".gitattributes", f"{repo.read('.gitattributes')}* conflict-marker-size={size}\n"
        )
        repo.commit(f"markers of {size}")
        repo.git("checkout", "--quiet", "-B", "feature")
        repo.edit(ENV, "s3cr3t-db-alpha", f"theirs-{size}")
        repo.commit("theirs")
        repo.git("checkout", "--quiet", "main")
        repo.edit(ENV, "s3cr3t-db-alpha", f"ours-{size}")
        repo.commit("ours")
        repo.git("merge", "feature", code=1)
        assert "<<<<<<< " in repo.read(ENV)
        assert f"ours-{size}" in repo.read(ENV)
        assert f"theirs-{size}" in repo.read(ENV)
        repo.git("reset", "--quiet", "--hard", "HEAD~1")


def test_a_worktree_that_tracks_less_takes_the_seal_from_no_other(
    repo: Repo, tmp_path: Path
) -> None:
    """All worktrees share the mirror, and somebody has emptied .gitattributes."""
    repo.git("checkout", "--quiet", "-b", "release")
    repo.sealedfiles("untrack", "*.env")
    repo.git("commit", "--quiet", "--no-verify", "--all", "--message", "untrack")
    repo.git("checkout", "--quiet", "main")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "release"), "release")
    repo.write(".gitattributes", "")
    repo.git("commit", "--quiet", "--no-verify", "--all", "--message", "no attributes")
    release = Repo(repo.person, tmp_path / "release")
    release.write("new.env", "A=plain here\n")
    release.git("add", "new.env")
    assert release.blob("", "new.env") == b"A=plain here\n"
    release.git("checkout", "--quiet", "--detach")
    repo.write("new.env", "A=s3cr3t-new\n")
    repo.git("add", "new.env")
    assert SECRET.encode() not in repo.blob("", "new.env")
