"""`sealedfiles deinit` restores a clone to its state before init."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    EVIL,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_clean,
    forge_user,
    program,
    tokens,
)
from plants import share

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    if sys.platform != "win32":
        repo.sealedfiles("hook", "install")
    return repo


def traces(repo: Repo) -> set[str]:
    """Return the files in git's folder that mention sealedfiles, except history and the index."""
    top = repo.path / repo.git("rev-parse", "--git-common-dir").strip()
    return {
        file.relative_to(top).as_posix()
        for file in top.rglob("*")
        if file.is_file()
        and file.relative_to(top).parts[0] not in ("objects", "logs")
        and file.name not in ("index", "COMMIT_EDITMSG", "packed-refs")
        and ("sealedfiles" in file.name or b"sealedfiles" in file.read_bytes())
    }


def test_no_trace_is_left_and_git_sees_no_change(hooked: Repo) -> None:
    assert {"config", "info/attributes"} <= traces(hooked)
    assert (hooked.path / ".git/sealedfiles/keys").exists()
    head = hooked.tree()
    hooked.sealedfiles("deinit")
    assert traces(hooked) == set()
    assert not (hooked.path / ".git/sealedfiles").exists()
    assert not (hooked.path / ".git/info/attributes").exists()
    assert hooked.git("config", "--get", "merge.renormalize", code=1) == ""
    for path in FILES:
        assert SECRET not in hooked.read(path)
        assert hooked.read_bytes(path) == hooked.blob("HEAD", path)
    assert_clean(hooked)
    assert hooked.tree() == head


def test_reports_what_stays_and_how_to_set_it_up_again(hooked: Repo) -> None:
    hooked.sealedfiles("deinit")
    assert ".gitattributes" in hooked.stderr
    assert "untrack" in hooked.stderr
    assert (hooked.path / ".sealedfiles/policy.yaml").exists()
    hooked.sealedfiles("unlock")
    assert hooked.texts() == FILES
    assert_clean(hooked)


def test_lines_by_others_stay(hooked: Repo) -> None:
    hooked.git("config", "merge.conflictStyle", "diff3")
    hooked.git("config", "filter.other.clean", "cat")
    attributes = hooked.folder("info/attributes")
    attributes.write_text("*.txt text\n" + attributes.read_text() + "*.bin -diff\n")
    hooked.write(".git/hooks/commit-msg", "#!/bin/sh\n")
    hooked.sealedfiles("deinit")
    assert attributes.read_text() == "*.txt text\n*.bin -diff\n"
    assert hooked.git("config", "merge.conflictStyle") == "diff3\n"
    assert hooked.git("config", "filter.other.clean") == "cat\n"
    assert hooked.read(".git/hooks/commit-msg") == "#!/bin/sh\n"


def test_plaintext_of_others_is_remembered_if_it_is_set_up_again(
    team: tuple[Repo, Repo], origin: Path, tmp_path: Path
) -> None:
    alice, _ = team
    mallory = Person.at(tmp_path / "mallory").clone(origin, tmp_path / "hers")
    mallory.git("checkout", "--quiet", "-b", "pr")
    mallory.write(ENV, forge_user(mallory.read(ENV)))
    mallory.commit("tune it")
    mallory.git("push", "--quiet", "origin", "pr")
    alice.git("fetch", "--quiet")
    alice.git("restore", "--source=origin/pr", "--", ENV)
    alice.edit(ENV, "s3cr3t-api-alpha", "s3cr3t-api-own")
    alice.sealedfiles("deinit", "--force")
    alice.sealedfiles("unlock", code=None)
    alice.git("add", ENV, code=None)
    assert EVIL not in alice.sealedfiles("get", ENV, "DB_USER", code=None)


def test_twice_changes_nothing(hooked: Repo) -> None:
    hooked.sealedfiles("deinit")
    hooked.sealedfiles("deinit")
    assert_clean(hooked)


@pytest.mark.parametrize(
    ("path", "content"),
    [(ENV, "DB_PASSWORD=s3cr3t-new\n"), ("new.env", "DB_PASSWORD=s3cr3t-new\n")],
    ids=["changed", "not in git"],
)
def test_refuses_where_git_lacks_plaintext_of_the_work_tree(
    hooked: Repo, path: str, content: str
) -> None:
    hooked.write(path, content)
    before = traces(hooked)
    hooked.sealedfiles("deinit", code=1)
    assert path in hooked.stderr
    assert "nothing was changed" in hooked.stderr
    assert traces(hooked) == before
    assert hooked.read(JSON) == FILES[JSON]

    hooked.sealedfiles("deinit", "--force")
    assert path in hooked.stderr
    assert hooked.read(path) == content
    assert tokens(hooked.read(JSON))
    assert traces(hooked) == set()


def test_refuses_in_the_middle_of_a_merge(hooked: Repo) -> None:
    hooked.git("switch", "--quiet", "--create", "side")
    for branch, value in (("side", "s3cr3t-one"), ("main", "s3cr3t-two")):
        hooked.git("switch", "--quiet", branch)
        hooked.edit(ENV, "s3cr3t-db-alpha", value)
        hooked.commit(branch)
    hooked.git("merge", "side", code=1)
    hooked.sealedfiles("deinit", code=1)
    assert ENV in hooked.stderr
    assert "config" in traces(hooked)


def test_other_changes_do_not_block_it(hooked: Repo) -> None:
    hooked.write("README.md", "changed\n")
    hooked.write("new file", "s3cr3t, and none of ours\n")
    hooked.write("new.env", "APP_PORT=8080\n")
    (hooked.path / YAML).unlink()
    hooked.sealedfiles("deinit")
    assert sorted(hooked.status()) == [
        " D secrets/app.yaml",
        " M README.md",
        '?? "new file"',
        "?? new.env",
    ]


def test_a_locked_clone_needs_no_key(hooked: Repo) -> None:
    hooked.sealedfiles("lock")
    hooked.person.identities.rename(hooked.person.identities.with_name("elsewhere"))
    try:
        hooked.sealedfiles("deinit")
    finally:
        hooked.person.identities.with_name("elsewhere").rename(hooked.person.identities)
    assert traces(hooked) == set()
    assert_clean(hooked)


def test_values_of_groups_that_one_does_not_read_do_not_block_it(
    world: World, tmp_path: Path
) -> None:
    repo = world.copy("bob", tmp_path / "bob's")
    repo.sealedfiles("deinit")
    for path in FILES:
        assert repo.read_bytes(path) == repo.blob("HEAD", path)
    assert_clean(repo)


def test_every_worktree_is_sealed(hooked: Repo, tmp_path: Path) -> None:
    other = Repo(hooked.person, tmp_path / "other")
    hooked.git("worktree", "add", "--quiet", str(other.path))
    gone = tmp_path / "gone"
    hooked.git("worktree", "add", "--quiet", "--detach", str(gone))
    gone.rename(tmp_path / "gone elsewhere")
    other.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-new")
    hooked.sealedfiles("deinit", code=1)
    assert str(other.path / ENV) in hooked.stderr
    other.git("checkout", "--", ENV)
    hooked.sealedfiles("deinit")
    for path in FILES:
        assert SECRET not in other.read(path)
    assert_clean(other)
    assert traces(hooked) == set()


def test_a_clone_at_a_commit_before_sealedfiles_can_be_cleaned_up(hooked: Repo) -> None:
    hooked.git("checkout", "--quiet", ":/start")
    hooked.sealedfiles("deinit")
    assert traces(hooked) == set()


def remove_folder(alice: Repo, bob: Repo) -> str:
    """Let Alice remove the folder, and Bob pull that; return what his clone reported."""
    alice.git("rm", "-r", "--quiet", ".sealedfiles")
    alice.git("commit", "--quiet", "--no-verify", "--message", "remove sealedfiles")
    share(alice, bob)
    return bob.stderr


def test_after_others_stopped_every_message_names_it_and_no_edit_blocks_it(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    alice.sealedfiles("untrack", "secrets/**/*.yaml", "config/*.json", "*.env")
    alice.git("commit", "--quiet", "--no-verify", "--message", "stop")
    alice.sealedfiles("deinit")
    reported = remove_folder(alice, bob)
    assert "status --fix" not in reported
    bob.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    bob.git("add", ENV, code=128)
    reported += bob.stderr
    bob.sealedfiles("status", code=3)
    reported += bob.stderr
    head = alice.git("rev-parse", "--short", "HEAD").strip()
    assert reported.count(f".sealedfiles/ was removed in commit {head} (alice, ") == 3
    assert reported.count("remove it from this clone: sealedfiles deinit") == 3
    bob.sealedfiles("deinit")
    bob.commit("edit")
    assert bob.blob("HEAD", ENV) == FILES[ENV].replace("db-alpha", "db-beta").encode()
    assert traces(bob) == set()


def test_an_edit_of_what_is_still_sealed_blocks_it(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    remove_folder(alice, bob)
    bob.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    bob.sealedfiles("deinit", code=1)
    assert f"{ENV} has changes that are not in git" in bob.stderr
    bob.git("add", ENV, code=128)
    hint = "hint: otherwise restore it: git "
    (restore,) = [one for one in bob.stderr.split("\n") if one.startswith(hint)]
    bob.git(*restore.removeprefix(hint).split())
    bob.commit("restored")
    assert SECRET.encode() not in bob.blob("HEAD", ENV)


def test_a_strict_repository_stays_as_it_is(hooked: Repo) -> None:
    hooked.sealedfiles("init", "--strict")
    hooked.git("commit", "--quiet", "--message", "strict")
    hooked.sealedfiles("deinit")
    assert traces(hooked) == set()
    assert hooked.status() == []
    hooked.write("new.env", "A=s3cr3t\n")
    hooked.git("add", "new.env", code=128)


def test_outside_of_git_there_is_nothing_to_do(alice: Person) -> None:
    alice.run([*program(), "deinit"], alice.home, code=2)
