"""Several working trees: worktrees, submodules, sparse checkouts, clones, archives, CI."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_reader,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants


# Worktree, sparse checkout, submodule


@pytest.mark.slow
@every_reader
def test_a_linked_worktree(repo: Repo) -> None:
    before = repo.texts()
    repo.git("worktree", "add", "--quiet", "-b", "feature", "../second")
    second = Repo(repo.person, repo.path.with_name("second"))
    assert second.texts() == before
    assert second.status() == []
    for path in FILES:
        second.edit(path, "db-alpha", "db-beta")
    second.git("stash")
    second.git("stash", "pop")
    second.commit("new password")
    assert_sound(second)
    for path in FILES:
        repo.edit(path, "api-alpha", "api-beta")
    repo.commit("new token")
    repo.git("merge", "feature")
    for path in FILES:
        assert_one_token_changed(second.tokens("HEAD", path), repo.tokens("HEAD", path))
    assert_sound(repo)


def test_locking_and_unlocking_holds_for_every_worktree(repo: Repo) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "feature", "../second")
    second = Repo(repo.person, repo.path.with_name("second"))
    second.sealedfiles("lock", "--all")
    assert second.read_bytes(YAML) == second.blob("HEAD", YAML)
    assert not repo.folder("sealedfiles/keys").exists()
    second.sealedfiles("unlock")
    assert second.texts() == FILES
    assert_sound(second)


def refresh(repo: Repo) -> None:
    """Update git's index with the files' status: the fixture is a copy with other inodes, and a sparse
    checkout keeps files that may have changed."""
    repo.git("update-index", "-q", "--refresh")


@every_reader
def test_a_sparse_checkout_without_the_folder_of_sealedfiles(repo: Repo) -> None:
    before = repo.texts()
    refresh(repo)
    repo.git("sparse-checkout", "set", "secrets")
    assert not (repo.path / ".sealedfiles").exists()
    assert not (repo.path / JSON).exists()
    assert repo.read(YAML) == before[YAML]
    assert repo.status() == []
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.edit(ENV, "db-alpha", "db-beta")
    repo.write("secrets/new.yaml", "password: s3cr3t-new\n")
    repo.commit("new password")
    assert_one_token_changed(repo.tokens("HEAD~", YAML), repo.tokens("HEAD", YAML))
    assert len(repo.tokens("HEAD", "secrets/new.yaml")) == 1
    assert_sound(repo)
    repo.git("sparse-checkout", "disable")
    assert repo.read(JSON) == before[JSON]
    assert_sound(repo)


CHANGING = (
    ("rotate",),
    ("revoke", "bob"),
    ("trust", "bob"),
    ("trust", "policy", "--yes"),
    ("sync",),
    ("recovery-key", "--out", "../recovery.key"),
    ("grant", "bob", "--to", "production"),
    ("track", "*.new"),
    ("untrack", "*.env"),
    ("keygen", "--deploy", "ci", "--to", "default"),
)


@pytest.mark.parametrize("patterns", [["secrets"], ["--no-cone", "/.sealedfiles/policy.yaml"]])
@pytest.mark.parametrize("command", CHANGING, ids=" ".join)
def test_commands_that_change_the_folder_need_it(
    repo: Repo, command: tuple[str, ...], patterns: list[str]
) -> None:
    refresh(repo)
    repo.git("sparse-checkout", "set", *patterns)
    repo.sealedfiles(*command, code=2)
    assert ".sealedfiles/ is not checked out, but this command changes it" in repo.stderr
    assert "git sparse-checkout add .sealedfiles" in repo.stderr
    assert repo.status() == []
    assert not (repo.path / "../recovery.key").exists()
    repo.git("sparse-checkout", "add", ".sealedfiles")
    assert (repo.path / ".sealedfiles/keys").exists()


def test_rotating_after_the_folder_was_checked_out(repo: Repo) -> None:
    refresh(repo)
    repo.git("sparse-checkout", "set", "secrets")
    repo.git("sparse-checkout", "add", ".sealedfiles")
    before = repo.tokens("HEAD", JSON)
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "-q", "-m", "rotate")
    assert_sound(repo)
    assert repo.tokens("HEAD", JSON) != before


@pytest.mark.parametrize(
    "command", [("rotate", "default"), ("track", "z/*", "--group", "production", "--yes")]
)
def test_resealing_files_behind_a_sparse_index(repo: Repo, command: tuple[str, ...]) -> None:
    """git adds a file to a sparse index beside the entry of its folder, if that is the last one."""
    repo.write("z/z.yaml", "a: s3cr3t-z\n")
    repo.sealedfiles("track", "z/*")
    repo.commit("the last folder")
    refresh(repo)
    repo.git("sparse-checkout", "set", "--sparse-index", ".sealedfiles")
    assert "040000" in repo.git("ls-files", "--sparse", "--stage", "z")
    before = repo.tokens("HEAD", "z/z.yaml")
    repo.sealedfiles(*command)
    repo.git("commit", "-q", "-m", "reseal")
    assert repo.tokens("HEAD", "z/z.yaml") != before
    assert repo.git("fsck", "--strict", "--no-dangling") == ""
    repo.git("sparse-checkout", "disable")
    assert repo.read("z/z.yaml") == "a: s3cr3t-z\n"
    assert repo.sealedfiles("check", "--keyed", "--strict", "z") == ""


def test_readers_are_read_from_git_in_a_sparse_checkout(repo: Repo) -> None:
    refresh(repo)
    expected = repo.sealedfiles("who", "--json")
    repo.git("sparse-checkout", "set", "secrets")
    assert repo.sealedfiles("who", "--json") == expected
    repo.sealedfiles("exposure", "nobody", code=2)
    assert "current readers: alice, bob" in repo.stderr
    repo.sealedfiles("status")


def test_locking_a_sparse_checkout(repo: Repo) -> None:
    refresh(repo)
    repo.git("sparse-checkout", "set", "secrets")
    repo.sealedfiles("lock")
    assert repo.read_bytes(YAML) == repo.blob("HEAD", YAML)
    assert not (repo.path / JSON).exists()
    assert_clean(repo)
    repo.sealedfiles("unlock")
    assert repo.read(YAML) == FILES[YAML]
    assert_sound(repo)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["alice", "bob"], ids=["all-groups", "one-of-two-groups"])
def test_a_submodule(world: World, origin: Path, tmp_path: Path, who: str) -> None:
    person, texts = world.repos[who].person, world.repos[who].texts()
    parent = person.repository(tmp_path / "parent")
    parent.git("submodule", "--quiet", "add", str(origin), "vendor/orders")
    parent.commit("take orders in")
    module = Repo(person, parent.path / "vendor/orders")
    assert tokens(module.read(YAML)) == module.tokens("HEAD", YAML)
    module.sealedfiles("unlock")
    assert module.texts() == texts
    assert module.status() == []
    for path in FILES:
        module.edit(path, "db-alpha", "db-beta")
    module.commit("new password")
    parent.commit("newer orders")
    parent.git("checkout", "--quiet", "--recurse-submodules", "HEAD~")
    assert module.texts() == texts
    parent.git("checkout", "--quiet", "main")
    parent.git("submodule", "--quiet", "update")
    assert "s3cr3t-db-beta" in module.read(YAML)
    for path in FILES:
        assert_one_token_changed(module.tokens("HEAD~", path), module.tokens("HEAD", path))
    assert_sound(module)
    assert parent.status() == []


# Two people


def test_what_one_pushes_the_other_reads(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    for path in FILES:
        bob.edit(path, "db-alpha", "db-beta")
    bob.commit("new password")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    assert alice.texts() == {k: v.replace("db-alpha", "db-beta") for k, v in FILES.items()}
    for path in FILES:
        assert_one_token_changed(alice.tokens("HEAD~", path), alice.tokens("HEAD", path))
    assert_sound(alice)
    assert_sound(bob)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--no-rebase", "--rebase"])
def test_two_people_change_different_values(team: tuple[Repo, Repo], way: str) -> None:
    alice, bob = team
    for path in FILES:
        alice.edit(path, "api-alpha", "api-beta")
        bob.edit(path, "db-alpha", "db-beta")
    alice.commit("new token")
    alice.git("push", "--quiet")
    bob.commit("new password")
    bob.git("pull", "--quiet", way)
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    for path, text in FILES.items():
        merged = text.replace("db-alpha", "db-beta").replace("api-alpha", "api-beta")
        assert alice.read(path) == merged
    assert_sound(alice)
    assert_sound(bob)


def test_two_people_make_the_same_edit(team: tuple[Repo, Repo]) -> None:
    for repo in team:
        for path in FILES:
            repo.edit(path, "db-alpha", "db-beta")
        repo.write("secrets/new.yaml", "password: s3cr3t-new\n")
        repo.commit(f"by {repo.person.name}")
    alice, bob = team
    assert alice.tree() == bob.tree()


# Fresh clones


def test_a_clone_that_is_unlocked_is_as_good_as_the_first(repo: Repo, tmp_path: Path) -> None:
    clone = repo.person.clone(repo, tmp_path / "deep/clone")
    assert clone.read_bytes(JSON) == clone.blob("HEAD", JSON)
    clone.sealedfiles("unlock")
    assert clone.texts() == FILES
    assert_sound(clone)
    for path in FILES:
        clone.edit(path, "db-alpha", "db-beta")
    clone.commit("new password")
    for path in FILES:
        assert_one_token_changed(clone.tokens("HEAD~", path), clone.tokens("HEAD", path))
    assert_sound(clone)


def test_a_shallow_clone_of_one_branch(repo: Repo, tmp_path: Path) -> None:
    source = f"file://{repo.path}"
    repo.person.run(["git", "clone", "--quiet", "--depth=1", source, "shallow"], tmp_path)
    clone = Repo(repo.person, tmp_path / "shallow")
    clone.sealedfiles("unlock")
    assert clone.texts() == FILES
    clone.edit(YAML, "db-alpha", "db-beta")
    clone.commit("new password")
    assert_one_token_changed(repo.tokens("HEAD", YAML), clone.tokens("HEAD", YAML))
    assert_clean(clone)
    assert_no_plaintext(clone)


def test_a_clone_where_nothing_was_set_up_holds_tokens_and_can_be_worked_in(
    team: tuple[Repo, Repo], origin: Path, tmp_path: Path
) -> None:
    alice, _ = team
    carol = Person.at(tmp_path / "carol")
    clone = carol.clone(origin, tmp_path / "clone")
    before = {path: clone.tokens("HEAD", path) for path in FILES}
    assert {path: tokens(clone.read(path)) for path in FILES} == before
    assert_clean(clone)

    clone.edit(ENV, "APP_PORT=8080", "APP_PORT=9090")
    clone.edit(JSON, "8080", "9090")
    clone.edit(YAML, "every first of the month", "every monday")
    clone.commit("from outside")
    clone.git("push", "--quiet")
    assert_clean(clone)

    alice.git("pull", "--quiet")
    assert {path: alice.tokens("HEAD", path) for path in FILES} == before
    assert alice.read(ENV) == FILES[ENV].replace("8080", "9090")
    assert alice.read(JSON) == FILES[JSON].replace("8080", "9090")
    assert alice.read(YAML) == FILES[YAML].replace("first of the month", "monday")
    assert_sound(alice)


def test_a_clone_where_nothing_was_set_up_commits_plaintext(repo: Repo, tmp_path: Path) -> None:
    """git cannot prevent this; it is documented, and ``check`` and the hooks detect it."""
    clone = repo.person.clone(repo, tmp_path / "clone")
    clone.write("secrets/new.yaml", "password: s3cr3t-new\n")
    clone.commit("a mistake")
    with pytest.raises(AssertionError, match="holds s3cr3t"):
        assert_no_plaintext(clone)


# Archives


def archived(repo: Repo, path: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(repo.raw("git", "archive", "HEAD"))) as archive:
        member = archive.extractfile(path)
        assert member is not None
        return member.read().decode()


def test_an_archive_made_in_an_unlocked_clone_holds_plaintext(repo: Repo) -> None:
    """As documented: git sends an archive through the filters."""
    assert {path: archived(repo, path) for path in FILES} == FILES


def test_an_archive_made_on_a_server_or_in_a_locked_clone_holds_tokens(
    repo: Repo, origin: Path
) -> None:
    server = Repo(repo.person, origin)
    assert archived(server, YAML).encode() == repo.blob("HEAD", YAML)
    repo.sealedfiles("lock")
    assert archived(repo, YAML).encode() == repo.blob("HEAD", YAML)


# A job with a key in its environment


@pytest.fixture
def job(world: World, origin: Path, tmp_path: Path) -> Repo:
    """A clone on a machine whose only key is Bob's, in an environment variable."""
    key = world.bob.identities.read_text(encoding="utf-8")
    machine = Person.at(tmp_path / "machine").having(CI="1", SEALEDFILES_KEY=key)
    return machine.clone(origin, tmp_path / "job")


@pytest.mark.slow
def test_a_job_unlocks_with_a_key_in_the_environment_and_leaves_none_behind(
    world: World, job: Repo
) -> None:
    job.sealedfiles("unlock")
    assert job.texts() == world.repos["bob"].texts()
    assert not job.folder("sealedfiles/keys").exists()
    assert not job.person.identities.exists()
    assert_sound(job)
    job.edit(YAML, "db-alpha", "db-beta")
    job.git("stash")
    job.git("stash", "pop")
    job.commit("changed by a job")
    assert_one_token_changed(job.tokens("HEAD~", YAML), job.tokens("HEAD", YAML))
    assert_sound(job)


def test_a_job_reads_one_file_without_unlocking(world: World, job: Repo) -> None:
    shown = job.sealedfiles("cat", YAML, code=None)
    assert shown == world.repos["bob"].read(YAML)
    assert tokens(job.read(YAML)) == job.tokens("HEAD", YAML)
    assert_clean(job)


def test_a_job_with_a_key_file(world: World, job: Repo) -> None:
    variables = {k: v for k, v in job.person.variables.items() if k != "SEALEDFILES_KEY"}
    variables["SEALEDFILES_KEY_FILE"] = str(world.alice.identities)
    job.person.variables = variables
    job.sealedfiles("unlock")
    assert job.texts() == FILES
    assert_sound(job)
