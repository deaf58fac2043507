"""`sealedfiles hook`: the hooks refuse plaintext in every way it can be added, and where they are
installed."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Repo, at_home_of_its_own, program

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World
    from people import Person

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the hooks are for a POSIX shell")


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    repo.sealedfiles("hook", "install")
    return repo


@pytest.fixture
def server(hooked: Repo, origin: Path) -> Path:
    hooked.git("remote", "add", "origin", str(origin))
    hooked.git("push", "--quiet", "origin", "main")
    return origin


def stage_plain(repo: Repo, path: str = ENV, text: str = "DB_PASSWORD=s3cr3t-leaked\n") -> None:
    """Put plaintext into the index, as a program does that runs no filters."""
    name = repo.git("hash-object", "-w", "--no-filters", "--stdin", answers=text).strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{name},{path}")


def commit_plain(repo: Repo, path: str = ENV) -> None:
    stage_plain(repo, path)
    repo.git("commit", "--quiet", "--no-verify", "--message", "leaked")


def assert_refused(repo: Repo, *command: str, because: str = ENV) -> None:
    repo.git(*command, code=1)
    assert because in repo.stderr
    assert "s3cr3t-leaked" not in repo.stderr, "the value itself is not shown"
    assert "--no-verify" in repo.stderr


def remote(repo: Repo, *command: str) -> str:
    return repo.git("--git-dir", repo.git("remote", "get-url", "origin").strip(), *command)


# -- committing


def test_a_commit_with_a_secret_in_plaintext_is_refused(hooked: Repo) -> None:
    head = hooked.head()
    stage_plain(hooked)
    assert_refused(hooked, "commit", "--message", "x")
    assert "nothing was committed" in hooked.stderr
    assert_refused(hooked, "commit", "--amend", "--no-edit")
    assert hooked.head() == head
    hooked.git("commit", "--quiet", "--no-verify", "--message", "x")


def test_what_is_committed_counts_and_not_what_was_staged(hooked: Repo) -> None:
    """git creates a separate index for these commands, and passes it to hooks."""
    hooked.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-leaked")
    hooked.git("config", "--unset", "filter.sealedfiles.process")
    hooked.git("config", "filter.sealedfiles.clean", "cat")
    head = hooked.head()
    for words in (["--all"], ["--", ENV], ["--include", ENV]):
        assert_refused(hooked, "commit", "--message", "x", *words)
    assert hooked.head() == head


def test_sealed_files_and_others_pass(hooked: Repo) -> None:
    hooked.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    hooked.write("README.md", "PASSWORD=s3cr3t\n")
    hooked.commit("another password")
    assert hooked.stderr == ""


def test_a_locked_clone_and_one_without_keys_have_the_same_hooks(hooked: Repo) -> None:
    hooked.sealedfiles("lock")
    stage_plain(hooked)
    assert_refused(hooked, "commit", "--message", "x")


def test_a_commit_in_a_worktree_is_checked(hooked: Repo, tmp_path: Path) -> None:
    other = Repo(hooked.person, tmp_path / "worktree")
    hooked.git("worktree", "add", "--quiet", str(other.path))
    stage_plain(other)
    assert_refused(other, "commit", "--message", "x")


def test_a_merge_that_brings_a_secret_in_plaintext_is_not_committed(hooked: Repo) -> None:
    hooked.git("switch", "--quiet", "--create", "side")
    commit_plain(hooked, "new.env")
    hooked.git("switch", "--quiet", "--force", "main")
    hooked.write("README.md", "changed\n")
    hooked.commit("meanwhile")
    head = hooked.head()
    assert_refused(hooked, "merge", "--no-edit", "side", because="new.env")
    assert "merged, but not committed" in hooked.stderr
    assert hooked.head() == head


def test_where_sealedfiles_is_unknown_the_hooks_have_nothing_to_say(
    fresh: Repo, origin: Path
) -> None:
    """As with a hooks folder for all repositories."""
    fresh.sealedfiles("hook", "install")
    fresh.write(ENV, FILES[ENV])
    fresh.commit("not ours")
    assert fresh.stderr == ""
    fresh.git("push", "--quiet", str(origin), "main:refs/heads/other")


# -- pushing


def test_a_push_of_a_commit_with_a_secret_in_plaintext_is_refused(
    hooked: Repo, server: Path
) -> None:
    commit_plain(hooked)
    assert_refused(hooked, "push", "origin", "main")
    assert "nothing was pushed" in hooked.stderr
    assert SECRET not in remote(hooked, "show", f"main:{ENV}")


def test_the_hint_to_make_one_commit_keeps_what_others_have_pushed(
    hooked: Repo, server: Path, tmp_path: Path
) -> None:
    hooked.git("switch", "--quiet", "--create", "topic", "origin/main")
    commit_plain(hooked)
    other = Repo(hooked.person, tmp_path / "other")
    hooked.git("clone", "--quiet", str(server), str(other.path))
    other.write("notes", "of somebody else\n")
    other.git("add", "notes")
    other.git("commit", "--quiet", "--message", "notes")
    other.git("push", "--quiet", "--no-verify", "origin", "HEAD:main")
    hooked.git("fetch", "--quiet")
    assert_refused(hooked, "push", "origin", "topic")
    hint = re.search(r"one commit: (git reset .*), fix it", hooked.stderr)
    assert hint
    hooked.person.run(["sh", "-c", hint[1]], hooked.path)
    hooked.git("checkout", "--quiet", "HEAD", "--", ENV)
    hooked.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    hooked.commit("fixed")
    assert hooked.git("show", "--format=", "--name-only").split() == [ENV]


def test_a_later_commit_that_seals_it_does_not_help(hooked: Repo, server: Path) -> None:
    commit_plain(hooked)
    hooked.git("checkout", "--quiet", "HEAD~1", "--", ENV)
    hooked.git("commit", "--quiet", "--message", "sealed again")
    assert_refused(hooked, "push", "origin", "main")
    hooked.git("reset", "--quiet", "--hard", "HEAD~2")
    hooked.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    hooked.commit("sealed")
    hooked.git("push", "--quiet", "origin", "main")


@pytest.mark.slow
def test_every_kind_of_reference_is_checked(hooked: Repo, server: Path) -> None:
    commit_plain(hooked)
    hooked.git("tag", "--annotate", "--message", "x", "annotated")
    for words in (
        ["HEAD:refs/heads/new"],
        ["HEAD:refs/tags/v1"],
        ["annotated"],
        ["+HEAD:main"],
        ["--all"],
        ["--tags"],
        ["HEAD~1:refs/heads/fine", "HEAD:refs/heads/not"],
    ):
        assert_refused(hooked, "push", "origin", *words)
    assert remote(hooked, "for-each-ref", "--format=%(refname)") == "refs/heads/main\n"


def test_what_is_there_already_is_not_checked_again(hooked: Repo, server: Path) -> None:
    """Otherwise nobody could push after one secret got through."""
    commit_plain(hooked)
    hooked.git("push", "--quiet", "--no-verify", "origin", "main")
    hooked.git("checkout", "--quiet", "HEAD~1", "--", ENV)
    hooked.git("commit", "--quiet", "--message", "sealed again")
    hooked.git("push", "--quiet", "origin", "main", "HEAD:refs/heads/new")


@pytest.mark.slow
def test_deleting_a_branch_is_not_checked(hooked: Repo, server: Path) -> None:
    hooked.git("push", "--quiet", "origin", "HEAD:refs/heads/new")
    commit_plain(hooked)
    hooked.git("push", "--quiet", "origin", ":new")
    hooked.git("push", "--quiet", "--no-verify", "origin", "HEAD~1:refs/heads/new")
    assert_refused(hooked, "push", "origin", ":new", "main")


@pytest.mark.slow
def test_a_push_forced_over_work_that_is_unknown_here(
    hooked: Repo, server: Path, tmp_path: Path
) -> None:
    other = hooked.person.clone(server, tmp_path / "other")
    other.git("commit", "--quiet", "--allow-empty", "--message", "meanwhile")
    other.git("push", "--quiet", "origin", "main")
    hooked.git("push", "--quiet", "--force", "origin", "main")
    other.git("push", "--quiet", "--force", "origin", "main")
    commit_plain(hooked)
    assert_refused(hooked, "push", "--force", "origin", "main")


@pytest.mark.slow
def test_a_push_to_an_address_without_a_name(hooked: Repo, server: Path) -> None:
    hooked.git("push", "--quiet", str(server), "HEAD:refs/heads/new")
    commit_plain(hooked)
    assert_refused(hooked, "push", str(server), "HEAD:refs/heads/newer")


def test_a_tag_of_a_tree_or_blob_passes(hooked: Repo, server: Path) -> None:
    hooked.git("tag", "blob", hooked.head(f"HEAD:{ENV}"))
    hooked.git("push", "--quiet", "origin", "blob")


# -- who has hooks


@pytest.fixture
def bob(world: World, origin: Path, tmp_path: Path) -> Repo:
    """A new clone of Bob's, in which hooks are not disabled."""
    there = world.copy("bob", tmp_path / "bob's")
    home = at_home_of_its_own(there, tmp_path).person
    home.run(["git", "config", "--global", "--unset", "sealedfiles.hooks"], home.home)
    return home.clone(origin, tmp_path / "clone")


def has_hooks(repo: Repo) -> bool:
    found = [(repo.path / ".git/hooks" / name).exists() for name in ("pre-commit", "pre-push")]
    assert len(set(found)) == 1
    return found[0]


def test_unlock_installs_them_and_says_so_once(bob: Repo) -> None:
    bob.sealedfiles("unlock")
    assert "wrote the hooks pre-commit, pre-merge-commit, pre-push" in bob.stderr
    assert "they refuse plaintext before a commit, merge or push" in bob.stderr
    assert has_hooks(bob)
    bob.sealedfiles("unlock")
    assert "hooks" not in bob.stderr


@pytest.mark.slow
def test_init_installs_them(bob: Repo, tmp_path: Path) -> None:
    fresh = bob.person.repository(tmp_path / "fresh")
    fresh.sealedfiles("init")
    assert has_hooks(fresh)
    fresh.sealedfiles("track", "*.env")
    fresh.write("a.env", "A=s3cr3t\n")
    fresh.commit("all that a new user does")


def test_disabled_hooks_are_not_installed_again(bob: Repo) -> None:
    bob.sealedfiles("init", "--no-hooks")
    bob.sealedfiles("unlock")
    assert not has_hooks(bob)
    bob.sealedfiles("hook", "install")
    assert has_hooks(bob)
    bob.sealedfiles("hook", "uninstall")
    bob.sealedfiles("unlock")
    assert not has_hooks(bob)


def test_no_hooks_are_installed_in_ci_unless_requested(bob: Repo) -> None:
    machine = Repo(bob.person.having(CI="true"), bob.path)
    machine.sealedfiles("unlock")
    assert not has_hooks(machine)
    machine.sealedfiles("hook", "install")
    assert has_hooks(machine)


def test_a_shared_hooks_folder_is_written_only_on_request(bob: Repo) -> None:
    folder = bob.person.home / "hooks"
    bob.git("config", "--global", "core.hooksPath", str(folder))
    bob.sealedfiles("unlock")
    assert f"git reads hooks from {folder}, outside the repository" in bob.stderr
    assert "sealedfiles hook install" in bob.stderr
    assert not folder.exists()
    bob.sealedfiles("hook", "install")
    text = (folder / "pre-commit").read_text()
    bob.sealedfiles("unlock")
    assert "hooks" not in bob.stderr
    bob.sealedfiles("deinit", code=1)
    assert f"{folder}/pre-commit was left unchanged: other repositories use it too" in bob.stderr
    assert (folder / "pre-commit").read_text() == text


def test_if_hooks_cannot_be_written_unlock_says_how_to_disable_them(bob: Repo) -> None:
    bob.git("config", "core.hooksPath", ".githooks")
    bob.sealedfiles("unlock")
    assert "sealedfiles hook run pre-push" in bob.stderr
    assert "unlock --no-hooks" in bob.stderr
    bob.sealedfiles("unlock", "--no-hooks")
    bob.sealedfiles("unlock")
    assert "hook" not in bob.stderr


# -- the commands themselves


@pytest.mark.parametrize("arguments", [["run"], ["run", "pre-lunch"], ["install", "x"], ["un"]])
def test_a_wrong_call_is_refused(hooked: Repo, arguments: list[str]) -> None:
    hooked.sealedfiles("hook", *arguments, code=2)


def test_hidden_commands_of_hook_files_are_not_in_the_help(alice: Person) -> None:
    out, _ = alice.run([*program(), "hook", "--help"], alice.home)
    assert b"install" in out
    assert b"  run" not in out


def test_other_findings_than_plaintext_are_named_by_the_hook_too(hooked: Repo) -> None:
    """A half-edited file that does not parse is sealed whole, and would be committed like that."""
    hooked.write(JSON, FILES[JSON] + "{")
    hooked.git("add", JSON)
    assert len(hooked.tokens("", JSON)) == 1
    assert_refused(hooked, "commit", "--message", "x", because=JSON)
    hooked.write(YAML, FILES[YAML])
