"""A value that a removed reader sealed with a retired key does not get a token of the current key unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, EVIL, JSON, USER_KEYS, YAML, Repo, commit_blob, keep_theirs

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=[YAML, JSON, ENV])
def forged(request: pytest.FixtureRequest, team: tuple[Repo, Repo]) -> tuple[Repo, str]:
    """Alice's clone in which the commit ``forged`` holds a token that Bob made after he was removed."""
    alice, bob = team
    path: str = request.param
    bob.edit(path, "s3cr3t-user", EVIL)
    bob.git("add", path)
    stored = bob.blob("", path).decode()
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("remove bob")
    commit_blob(alice, path, stored)
    alice.git("branch", "forged")
    assert EVIL in alice.read(path)
    return alice, path


def reset(repo: Repo, path: str) -> None:
    repo.git("reset", "--quiet", "HEAD~1")


def restore(repo: Repo, path: str) -> None:
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("restore", "--source", "forged", "--", path)


@pytest.mark.parametrize("way", [reset, restore])
def test_it_is_neither_added_nor_given_out(
    forged: tuple[Repo, str], way: Callable[[Repo, str], None]
) -> None:
    repo, path = forged
    way(repo, path)
    before = repo.blob("", path)
    repo.git("add", "--all", code=128)
    assert f"{path}: checked out from a token under a retired key" in repo.stderr
    assert USER_KEYS[path] in repo.stderr
    assert repo.blob("", path) == before
    repo.sealedfiles("get", path, USER_KEYS[path], code=4)
    assert "--allow-retired" in repo.stderr
    assert repo.sealedfiles("get", path, USER_KEYS[path], "--allow-retired") == f"{EVIL}\n"
    assert repo.status() == [f" M {path}"]


def test_a_copy_is_not_added(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    copy = f"{path.rpartition('/')[0]}/copy-{path.rpartition('/')[2]}".lstrip("/")
    repo.write(copy, repo.read_bytes(path))
    repo.git("add", copy, code=128)
    assert "a removed reader may have written these values" in repo.stderr


def test_its_user_can_accept_it(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    reset(repo, path)
    repo.sealedfiles("seal", path, code=1)
    assert "under a retired key" in repo.stderr
    repo.sealedfiles("seal", path, "--yes")
    repo.commit("it was right")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == f"{EVIL}\n"


def test_a_value_that_was_typed_again_is_the_user_s(forged: tuple[Repo, str]) -> None:
    repo, path = forged
    reset(repo, path)
    repo.sealedfiles("set", path, USER_KEYS[path], "--value", "mine")
    repo.commit("mine")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == "mine\n"


def test_an_old_commit_can_be_looked_at_and_left(forged: tuple[Repo, str]) -> None:
    """What main has under its current key stays a reader's, though an old key once held the same."""
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.git("checkout", "--quiet", "HEAD~1")
    repo.git("checkout", "--quiet", "main")
    repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-new")
    repo.commit("another value")
    assert repo.sealedfiles("get", path, USER_KEYS[path]) == "s3cr3t-user\n"


@pytest.mark.parametrize("how", ["merge", "cherry-pick"])
def test_a_conflict_that_is_resolved_by_hand_does_not_reseal_it(
    forged: tuple[Repo, str], how: str
) -> None:
    repo, path = forged
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.folder("sealedfiles/plaintext").unlink()  # only the conflict is to be remembered
    repo.edit(path, "s3cr3t-user", "s3cr3t-mine")
    repo.commit("mine")
    repo.git(how, "forged", code=1)
    keep_theirs(repo, path)
    assert EVIL in repo.read(path)
    repo.git("add", path, code=128)
    assert f"{path}: checked out from a token under a retired key" in repo.stderr
