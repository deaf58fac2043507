"""A value that somebody without a key wrote in plaintext is never turned into a token.

As a token it would look as if a reader had written it. Whatever git does with it, it stays in plaintext
in git until a user seals it, is reported, and is not printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import EVIL, USER_KEYS, YAML, Repo, every_file, forge_user

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.many_variants


def plant(mallory: Repo, path: str) -> None:
    """Replace the token of the database's user on the branch ``pr``, and push the branch."""
    mallory.write(path, forge_user(mallory.read(path)))
    mallory.commit("tune the pool")
    mallory.git("push", "--quiet", "origin", "pr")


def edit(repo: Repo, path: str) -> None:
    repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-own")


def merge(repo: Repo, path: str) -> None:
    edit(repo, path)
    repo.commit("mine")
    repo.git("merge", "--quiet", "--no-edit", "origin/pr")


def merge_renormalized(repo: Repo, path: str) -> None:
    repo.write(".git/info/attributes", f"/{path} -merge\n/{path} merge=text\n")
    edit(repo, path)
    repo.commit("mine")
    repo.git("merge", "--quiet", "--no-edit", "-X", "renormalize", "origin/pr")


def squash(repo: Repo, path: str) -> None:
    edit(repo, path)
    repo.commit("mine")
    repo.git("merge", "--quiet", "--squash", "origin/pr")
    repo.commit("squashed")


def rebase(repo: Repo, path: str) -> None:
    edit(repo, path)
    repo.commit("mine")
    repo.git("rebase", "--quiet", "origin/pr")


def cherry_pick(repo: Repo, path: str) -> None:
    edit(repo, path)
    repo.commit("mine")
    repo.git("cherry-pick", "origin/pr")


def edit_afterwards(repo: Repo, path: str) -> None:
    repo.git("merge", "--quiet", "--ff-only", "origin/pr")
    edit(repo, path)
    repo.commit("mine")


def stash(repo: Repo, path: str) -> None:
    edit(repo, path)
    repo.git("stash", "--quiet")
    repo.git("merge", "--quiet", "--ff-only", "origin/pr")
    repo.git("stash", "pop", "--quiet")
    repo.commit("mine")


def resolve(repo: Repo, path: str) -> None:
    """Resolve a conflict with their value, in an editor."""
    repo.edit(path, "s3cr3t-user", "s3cr3t-mine")
    repo.commit("mine")
    repo.git("merge", "--quiet", "--no-edit", "origin/pr", code=1)
    shown = repo.git("show", "origin/main:" + path)
    assert EVIL not in shown
    repo.git("checkout", "--quiet", "--theirs", "--", path)
    repo.commit("resolved")


def renormalize(repo: Repo, path: str) -> None:
    repo.git("merge", "--quiet", "--ff-only", "origin/pr")
    repo.git("add", "--renormalize", ".")
    edit(repo, path)
    repo.commit("mine")


def amend(repo: Repo, path: str) -> None:
    repo.git("merge", "--quiet", "--ff-only", "origin/pr")
    edit(repo, path)
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")


ALL = [
    merge,
    merge_renormalized,
    squash,
    rebase,
    cherry_pick,
    edit_afterwards,
    stash,
    resolve,
    renormalize,
    amend,
]


def assert_stays(repo: Repo, path: str) -> None:
    """Check that the value is in plaintext in git, that `check` reports it, and that it is not printed."""
    assert EVIL in repo.blob("HEAD", path).decode()
    assert repo.status() == []
    repo.sealedfiles("get", path, USER_KEYS[path], code=4)
    assert path in repo.stderr
    assert USER_KEYS[path] in repo.stderr
    assert "--allow-plaintext" in repo.stderr
    assert USER_KEYS[path] in repo.sealedfiles("check", path, code=1)


@pytest.mark.parametrize("way", ALL, ids=[way.__name__ for way in ALL])
def test_no_way_turns_it_into_a_token(
    alice: Repo, mallory: Repo, way: Callable[[Repo, str], None]
) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    way(alice, YAML)
    assert_stays(alice, YAML)


@every_file
def test_the_same_in_every_format(alice: Repo, mallory: Repo, path: str) -> None:
    plant(mallory, path)
    alice.git("fetch", "--quiet")
    merge(alice, path)
    assert_stays(alice, path)
    assert "s3cr3t-api-own" not in alice.blob("HEAD", path).decode()


def test_a_rename_keeps_it(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    alice.git("merge", "--quiet", "--ff-only", "origin/pr")
    alice.git("mv", YAML, "secrets/other.yaml")
    edit(alice, "secrets/other.yaml")
    alice.commit("renamed")
    assert EVIL in alice.blob("HEAD", "secrets/other.yaml").decode()


def test_the_users_own_value_is_sealed(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    alice.git("merge", "--quiet", "--ff-only", "origin/pr")
    alice.sealedfiles("set", YAML, "database.user", answers="s3cr3t-own\n")
    assert alice.sealedfiles("get", YAML, "database.user") == "s3cr3t-own\n"
    alice.commit("mine")
    stored = alice.blob("HEAD", YAML).decode()
    assert EVIL not in stored
    assert "s3cr3t" not in stored
    alice.sealedfiles("check")


@pytest.mark.parametrize(
    "track",
    [(YAML,), ("secrets/**/*.yaml", "--values", "api.**", "--group", "production", "--yes")],
    ids=["the-same", "another-rule"],
)
def test_track_names_plaintext_that_was_pushed_and_asks(
    alice: Repo, mallory: Repo, track: tuple[str, ...]
) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    alice.git("merge", "--quiet", "--ff-only", "origin/pr")
    commit = alice.head("HEAD")[:7]
    asks = "--yes" not in track
    alice.sealedfiles("track", *track, code=2 if asks else 0)
    assert f"since commit {commit} (mallory" in alice.stderr
    assert "database.user" in alice.stderr
    if asks:
        assert EVIL in alice.blob("", YAML).decode()
        alice.sealedfiles("track", *track, "--yes")
    assert EVIL not in alice.blob("", YAML).decode()
