"""The record that a clone keeps of keys, and the version of ``.sealedfiles/`` that it reads them from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check.toy import Toy
from keys.kit import ALICE, Somebody, date, group_key, recipient_of, secret
from vectors import reference

from sealedfiles.errors import TamperedError
from sealedfiles.git import attributes_mirror
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.keys.expected import StartError
from sealedfiles.keys.keyfile import wrap_keys
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = ".sealedfiles/keys/default"


def revoke(toy: Toy) -> str:
    """Commit a revocation: key 3 after key 1; return the commit."""
    lines = [
        reference.epoch_line("default", secret(1), date(1), "created", None),
        reference.epoch_line("default", secret(3), date(3), "revoked", secret(1)),
    ]
    toy.write(f"{FOLDER}/epochs", "".join(f"{line}\n" for line in lines))
    keys = [group_key(1), group_key(3)]
    toy.write(f"{FOLDER}/alice.age", wrap_keys(keys, [recipient_of(ALICE)]))
    return toy.commit()


def test_the_first_use_remembers_every_group(new_clone: Callable[..., Clone]) -> None:
    new_clone(ALICE).ring.current("default")
    seen = new_clone(ALICE).state.newest()
    assert {name: one.key_id for name, one in seen.items()} == {
        "default": group_key(1).key_id,
        "production": group_key(2).key_id,
    }
    assert seen["default"].where == "main"


def test_a_newer_key_is_remembered_and_the_older_one_refused(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    first = toy.git("rev-parse", "HEAD").strip()
    new_clone(ALICE).ring.current("default")
    toy.group("default", 1, 3)
    toy.commit()
    assert new_clone(ALICE).ring.current("default") == group_key(3)
    assert new_clone(ALICE).state.newest()["default"].key_id == group_key(3).key_id
    toy.git("checkout", "--quiet", first, "--", ".sealedfiles")
    toy.commit()
    with pytest.raises(TamperedError, match="do not descend"):
        new_clone(ALICE).ring.current("default")


def test_the_keys_that_the_newest_one_retires_are_remembered(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    revoke(toy)
    new_clone(ALICE).ring.current("default")
    assert new_clone(ALICE).state.retired() == {"default": {group_key(1).key_id}}


def test_a_group_that_was_replaced_is_refused_in_a_new_clone(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.group("default", 3)
    toy.commit()
    with pytest.raises(StartError, match="were replaced"):
        new_clone(ALICE).ring.current("default")


def remote(toy: Toy, branch: str, *, name: str = "origin", is_default: bool = True) -> None:
    """Add a remote-tracking branch at HEAD, with *is_default* as the remote's default branch."""
    toy.git("update-ref", f"refs/remotes/{name}/{branch}", "HEAD")
    if is_default:
        toy.git("symbolic-ref", f"refs/remotes/{name}/HEAD", f"refs/remotes/{name}/{branch}")


def topic(toy: Toy, *, is_orphan: bool) -> None:
    """Commit invented keys to a new branch, without common history, or from before the group was created."""
    if is_orphan:
        toy.git("checkout", "--quiet", "--orphan", "topic")
    else:
        toy.git("checkout", "--quiet", "-b", "topic", "main~1")
        toy.git("checkout", "main", "--", ".")
    toy.group("default", 3)
    toy.commit()
    remote(toy, "topic", is_default=False)


@pytest.fixture
def based(toy: Toy) -> Toy:
    """The repository with a commit before the group was created."""
    tree = toy.git("write-tree").strip()
    empty = toy.git("hash-object", "-t", "tree", "-w", "/dev/null").strip()
    base = toy.git("commit-tree", "-m", "base", empty).strip()
    toy.git(
        "reset", "--quiet", "--hard", toy.git("commit-tree", "-p", base, "-m", "x", tree).strip()
    )
    return toy


@pytest.mark.parametrize("is_orphan", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_branch_whose_keys_start_otherwise_than_on_the_default_branch_is_refused(
    based: Toy, new_clone: Callable[..., Clone], *, is_orphan: bool, is_known: bool
) -> None:
    remote(based, "main", is_default=is_known)
    topic(based, is_orphan=is_orphan)
    with pytest.raises(StartError, match="on origin/main with") as refused:
        new_clone(ALICE).ring.current("default")
    assert f"SEALEDFILES_EXPECT=default={group_key(3).key_id}" in refused.value.hints[1]
    expecting = new_clone(ALICE)
    expecting.identities._expected = {"default": {group_key(3).key_id}}
    assert expecting.ring.current("default") == group_key(3)


def test_without_remotes_the_own_default_branch_counts(
    based: Toy, new_clone: Callable[..., Clone]
) -> None:
    topic(based, is_orphan=True)
    with pytest.raises(StartError, match="on main with"):
        new_clone(ALICE).ring.current("default")


@pytest.mark.parametrize("is_fetched", [False, True])
def test_in_a_worktree_of_a_bare_clone_the_branch_of_the_remote_counts(
    based: Toy, new_clone: Callable[..., Clone], tmp_path: Path, *, is_fetched: bool
) -> None:
    """Also if somebody has pushed a branch that is called main."""
    based.git("branch", "trunk")
    topic(based, is_orphan=True)
    based.git("branch", "--force", "main", "topic")
    based.git("checkout", "--quiet", "trunk")
    bare = str(tmp_path / "bare.git")
    based.git("clone", "--quiet", "--bare", str(based.path), bare)
    based.git("-C", bare, "worktree", "add", "--quiet", str(tmp_path / "topic"), "topic")
    based.path = tmp_path / "topic"
    if is_fetched:
        remote(based, "topic", is_default=False)
        based.git("update-ref", "refs/remotes/origin/trunk", "trunk")
        based.git("branch", "--quiet", "--delete", "--force", "trunk", "main")
    with pytest.raises(StartError, match=r"on (origin/)?trunk with"):
        new_clone(ALICE).ring.current("default")


@pytest.mark.parametrize("is_known", [True, False])
def test_such_a_branch_does_not_block_the_default_branch(
    based: Toy, new_clone: Callable[..., Clone], *, is_known: bool
) -> None:
    remote(based, "main", is_default=is_known)
    topic(based, is_orphan=True)
    remote(based, "an\u2028other", is_default=False)
    based.git("checkout", "--quiet", "--force", "main")
    based.group("default", 1, 3)
    based.commit()
    assert new_clone(ALICE).ring.current("default") == group_key(3)


def test_a_fork_may_have_started_the_group_again(
    based: Toy, new_clone: Callable[..., Clone]
) -> None:
    remote(based, "main", name="upstream")
    topic(based, is_orphan=True)
    remote(based, "main", name="fork")
    assert new_clone(ALICE).ring.current("default") == group_key(3)


def test_a_group_that_the_default_branch_lacks_is_accepted(
    based: Toy, new_clone: Callable[..., Clone]
) -> None:
    remote(based, "main")
    based.git("checkout", "--quiet", "-b", "topic")
    based.group("ops", 3)
    based.commit()
    assert new_clone(ALICE).ring.current("ops") == group_key(3)


def test_an_expected_first_key_is_accepted(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    toy.group("default", 3)
    toy.commit()
    expecting = new_clone(ALICE)
    expecting.identities._expected = {"default": {group_key(3).key_id}}
    assert expecting.ring.current("default") == group_key(3)


def test_of_several_expected_keys_the_first_one_that_was_committed_is_right(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """One of them may be that of another repository, whose folder somebody has pushed here."""
    toy.group("default", 3)
    toy.commit()
    expecting = new_clone(ALICE)
    expecting.identities._expected = {"default": {group_key(1).key_id, group_key(3).key_id}}
    with pytest.raises(StartError, match="were replaced"):
        expecting.ring.current("default")


def test_a_shallow_clone_cannot_know_and_says_so(
    toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.group("default", 3)
    toy.commit()
    toy.git("clone", "--quiet", "--depth=1", toy.path.as_uri(), str(tmp_path / "shallow"))
    repository = find_repository(tmp_path / "shallow")
    assert repository is not None
    shallow = Clone(repository, Somebody(ALICE))
    assert shallow.ring.current("default") == group_key(3)
    shallow.objects.close()
    said = capsys.readouterr().err
    assert "cannot verify that the keys of default were not replaced" in said
    assert f"SEALEDFILES_EXPECT=default={group_key(3).key_id}" in said


def test_a_key_is_judged_by_the_commit_that_is_checked_out(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    old = group_key(1).key_id
    later = revoke(toy)
    toy.git("reset", "--quiet", "--hard", "HEAD~1")
    running = new_clone(ALICE)
    running.treeish = later  # as the filter has it while git writes files
    assert running.judge("default", later).is_retired(old)
    assert not running.judge("default").is_retired(old)


def test_a_key_is_judged_by_the_index_if_the_folder_is_not_checked_out(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    revoke(toy)
    toy.remove(f"{FOLDER}/epochs")
    assert new_clone(ALICE).judge("default").is_retired(group_key(1).key_id)


def test_the_policy_is_that_of_the_working_tree_then_the_index_then_head(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    def read() -> list[bytes | None]:
        return [folder.read("policy.yaml") for folder in new_clone(ALICE).policy_folders()]

    head = toy.read(".sealedfiles/policy.yaml").encode()
    toy.write(".sealedfiles/policy.yaml", "staged")
    toy.stage()
    toy.write(".sealedfiles/policy.yaml", "edited")
    assert read() == [b"edited", b"staged", head]
    toy.remove(".sealedfiles/policy.yaml")
    assert read() == [None, b"staged", head]


def test_the_pinned_patterns_are_those_of_the_mirror(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    assert new_clone(ALICE).pinned_patterns() == []
    policy = parse_policy(b"version: 1\ntracked: ['*.env', 'late/**']\nrules: []\n")
    attributes_mirror.mirror(new_clone(ALICE).repository, policy)
    assert new_clone(ALICE).pinned_patterns() == ["*.env", "late/**"]


# -- the mirror


def mirror(toy: Toy) -> Path:
    return toy.path / ".git/info/attributes"


def test_the_lines_of_the_mirror_go_and_the_user_s_own_stay(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    repository = new_clone(ALICE).repository
    mirror(toy).write_text("*.txt text\n")
    assert not attributes_mirror.unpin_all(repository)
    assert mirror(toy).read_text() == "*.txt text\n"
    attributes_mirror.mirror(
        repository, parse_policy(b"version: 1\ntracked: ['*.env']\nrules: []\n"), ["late/**"]
    )
    assert attributes_mirror.pinned(repository) == ["*.env", "late/**"]
    assert attributes_mirror.unpin_all(repository)
    assert mirror(toy).read_text() == "*.txt text\n"


def test_a_mirror_without_other_lines_goes(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    repository = new_clone(ALICE).repository
    mirror(toy).unlink(missing_ok=True)
    assert not attributes_mirror.unpin_all(repository)
    # Without a policy that lists patterns, those of the top file count.
    attributes_mirror.mirror(repository, None)
    assert attributes_mirror.pinned(repository) == ["secrets/**", "*.env"]
    assert attributes_mirror.unpin_all(repository)
    assert not mirror(toy).exists()


def test_a_mirror_that_is_right_is_not_written(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    repository = new_clone(ALICE).repository
    attributes_mirror.mirror(repository, None)
    attributes_mirror.expire(repository)
    before = mirror(toy).stat()
    assert before.st_mtime == 0
    attributes_mirror.mirror(repository, None)
    after = mirror(toy).stat()
    assert after.st_ino == before.st_ino
    # It is newer than the accepted policy, so that the next filter does not compare them again.
    assert after.st_mtime > 0
