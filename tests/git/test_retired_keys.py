"""The keys that HEAD's history retires are recorded, even if a later commit restores the old file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from check.toy import Toy
from keys.kit import ALICE, Somebody, date, group_key, recipient_of, secret
from vectors import reference

from sealedfiles.errors import TamperedError
from sealedfiles.git import epoch_history, retired_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.repository import find_repository
from sealedfiles.git.retired_keys import forget_retired, learn_history, read_history
from sealedfiles.keys.expected import StartError
from sealedfiles.keys.keyfile import wrap_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealedfiles.git.epoch_history import EpochCommit
    from sealedfiles.git.repository import Repository

EPOCHS = ".sealedfiles/keys/default/epochs"


@pytest.fixture
def learn(new_clone: Callable[..., Clone]) -> Callable[[], set[str]]:
    """Learn from the history of HEAD, as a new command does; return all retired keys."""

    def run() -> set[str]:
        clone = new_clone(ALICE)
        learn_history(clone, "default")
        return clone.state.retired().get("default", set())

    return run


def epochs(*steps: tuple[int, str], group: str = "default") -> str:
    lines, parent = [], None
    for number, why in steps:
        line = reference.epoch_line(group, secret(number), date(number), why, parent)
        lines.append(f"{line}\n")
        parent = secret(number)
    return "".join(lines)


def revoke(toy: Toy, *numbers: int, text: str = "") -> None:
    """Commit a revocation for each key except the first, then restore the first commit's keys."""
    first = toy.git("rev-parse", "HEAD").strip()
    steps = [(number, "revoked" if at else "created") for at, number in enumerate(numbers)]
    toy.write(EPOCHS, text or epochs(*steps))
    keys = [group_key(number) for number in numbers]
    toy.write(".sealedfiles/keys/default/alice.age", wrap_keys(keys, [recipient_of(ALICE)]))
    toy.commit()
    toy.git("checkout", "--quiet", first, "--", ".sealedfiles")
    toy.commit()


def ids(*numbers: int) -> set[str]:
    return {group_key(number).key_id for number in numbers}


def test_a_revocation_that_was_taken_back(toy: Toy, learn: Callable[[], set[str]]) -> None:
    assert learn() == set()
    revoke(toy, 1, 3)
    assert learn() == ids(1)
    assert learn() == ids(1)
    revoke(toy, 1, 4)
    assert learn() == ids(1)
    revoke(toy, 1, 3, 5)
    assert learn() == ids(1, 3)


def test_a_clone_without_a_log_of_head(toy: Toy, learn: Callable[[], set[str]]) -> None:
    toy.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(toy.path / ".git/logs")
    revoke(toy, 1, 3)
    assert learn() == ids(1)
    revoke(toy, 1, 3, 5)
    assert learn() == ids(1, 3)


def test_a_history_that_was_rewritten(toy: Toy, learn: Callable[[], set[str]]) -> None:
    """The commit up to which history was read no longer exists."""
    revoke(toy, 1, 3)
    assert learn() == ids(1)
    toy.git("checkout", "--quiet", "--detach", "HEAD~2")
    toy.git("branch", "--quiet", "--delete", "--force", "main")
    toy.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    toy.git("gc", "--quiet", "--prune=now")
    revoke(toy, 1, 3, 5)
    assert learn() == ids(1, 3)


def test_epochs_not_written_by_a_reader_retire_and_hide_nothing(
    toy: Toy, learn: Callable[[], set[str]]
) -> None:
    forged = epochs((1, "created"), (3, "revoked"))[:-3] + "AA\n"
    revoke(toy, 1, 3, text=forged)
    assert learn() == set()
    revoke(toy, 1, 4)
    revoke(toy, 1, 3, text=forged)
    assert learn() == ids(1)


def test_a_commit_without_the_file(toy: Toy, learn: Callable[[], set[str]]) -> None:
    revoke(toy, 1, 3)
    toy.remove(EPOCHS)
    toy.commit()
    toy.git("checkout", "--quiet", "HEAD~1", "--", EPOCHS)
    toy.commit()
    assert learn() == ids(1)


def test_a_branch_that_is_not_merged_does_not_count(
    toy: Toy, learn: Callable[[], set[str]]
) -> None:
    toy.git("checkout", "--quiet", "-b", "topic")
    revoke(toy, 1, 3)
    toy.git("checkout", "--quiet", "main")
    assert learn() == set()
    toy.git("merge", "--quiet", "topic")
    assert learn() == ids(1)


def test_a_merge_that_drops_it_hides_nothing(toy: Toy, learn: Callable[[], set[str]]) -> None:
    toy.git("checkout", "--quiet", "-b", "topic")
    revoke(toy, 1, 3)
    toy.git("reset", "--quiet", "--hard", "HEAD~1")
    toy.git("checkout", "--quiet", "main")
    toy.git("merge", "--quiet", "--strategy=ours", "--no-edit", "topic")
    assert learn() == ids(1)


def test_what_was_read_is_not_read_again(
    toy: Toy, learn: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    learn()
    toy.git("commit", "--quiet", "--allow-empty", "--message", "other")
    since = []

    def noted(repository: Repository, group: str, commit: str) -> Iterator[EpochCommit]:
        since.append(commit)
        return versions(repository, group, commit)

    monkeypatch.setattr(retired_keys, "versions", noted)
    learn()
    learn()
    assert since == [toy.git("rev-parse", "HEAD~1").strip()]


def test_a_group_that_is_created_again_forgets_them(
    toy: Toy, learn: Callable[[], set[str]]
) -> None:
    revoke(toy, 1, 3)
    assert learn() == ids(1)
    revoke(toy, 1, 3, 5)
    repository = find_repository(toy.path)
    assert repository is not None
    clone = Clone(repository, Somebody(ALICE))
    forget_retired(clone, "default")
    clone.objects.close()
    assert learn() == set()
    toy.git("commit", "--quiet", "--allow-empty", "--message", "other")
    assert learn() == set()
    revoke(toy, 1, 4)
    assert learn() == ids(1)


def commit_keys(toy: Toy, *numbers: int, why: str = "rotated") -> None:
    """Commit a chain of keys, encrypted to Alice."""
    toy.write(EPOCHS, epochs(*((n, why if at else "created") for at, n in enumerate(numbers))))
    keys = [group_key(number) for number in numbers]
    toy.write(".sealedfiles/keys/default/alice.age", wrap_keys(keys, [recipient_of(ALICE)]))
    toy.commit()


def assert_refused(clone: Clone, *missing: int) -> None:
    """Alice has every key, but history shows that some are missing."""
    learn_history(clone, "default")
    assert clone.state.newest()["default"].key_id in ids(*missing)
    trouble = clone.judge("default").trouble
    assert trouble is not None
    assert "do not include the newest key" in trouble.message
    with pytest.raises(TamperedError, match="do not descend"):
        clone.ring.current("default")


def assert_accepted(clone: Clone, number: int) -> None:
    learn_history(clone, "default")
    assert clone.judge("default").trouble is None
    assert clone.ring.current("default") == group_key(number)


@pytest.mark.parametrize("why", ["rotated", "revoked"])
def test_a_removed_reader_continues_no_earlier_key(
    toy: Toy, new_clone: Callable[..., Clone], why: str
) -> None:
    """The first key is the right one, and each line is proved; only history has the revocation."""
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4, why=why)
    assert_refused(new_clone(ALICE), 3)
    assert_refused(new_clone(ALICE), 3)  # once this clone knows it, too
    commit_keys(toy, 1, 4, 5)
    assert_refused(new_clone(ALICE), 3)
    commit_keys(toy, 1, 3, 6)
    assert_accepted(new_clone(ALICE), 6)


def test_nor_in_a_clone_that_has_seen_only_the_earlier_key(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    assert_accepted(new_clone(ALICE), 1)
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    with pytest.raises(TamperedError, match="do not descend"):
        new_clone(ALICE).ring.current("default")
    assert_refused(new_clone(ALICE), 3)


@pytest.mark.parametrize("deepened", [0, 1])
def test_nor_in_a_clone_that_was_shallow(
    toy: Toy, new_clone: Callable[..., Clone], deepened: int
) -> None:
    """`git fetch --unshallow` or `--deepen` shows more, and moves no branch."""
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    edges = [toy.git("rev-parse", name) for name in ("HEAD", "HEAD~1")]
    shallow = toy.path / ".git/shallow"
    shallow.write_text(edges[0])
    assert_accepted(new_clone(ALICE), 4)
    assert_accepted(new_clone(ALICE), 4)
    if deepened:
        shallow.write_text(edges[1])
    else:
        shallow.unlink()
    assert_refused(new_clone(ALICE), 3)
    assert_refused(new_clone(ALICE), 3)


@pytest.mark.parametrize("is_packed", [False, True])
def test_nor_where_head_was_moved_without_a_word_in_its_log(
    toy: Toy, new_clone: Callable[..., Clone], *, is_packed: bool
) -> None:
    """Programs other than git may write no log."""
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    newest = toy.git("rev-parse", "HEAD")
    toy.git("reset", "--quiet", "--hard", first)
    if is_packed:
        toy.git("pack-refs", "--all")
    assert_accepted(new_clone(ALICE), 1)
    before = (toy.path / ".git/logs/HEAD").stat()
    toy.git("checkout", "--quiet", newest.strip(), "--", ".sealedfiles")
    (toy.path / ".git/refs/heads/main").write_text(newest)
    if is_packed:
        toy.git("pack-refs", "--all")
    assert (toy.path / ".git/logs/HEAD").stat().st_mtime_ns == before.st_mtime_ns
    assert_refused(new_clone(ALICE), 3)


def test_nor_on_a_branch_without_a_commit(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    toy.git("checkout", "--quiet", "--orphan", "new")
    assert_refused(new_clone(ALICE), 3)
    assert_refused(new_clone(ALICE), 3)


def test_nor_is_a_replaced_group_used_on_one(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    commit_keys(toy, 2, 3)
    toy.git("checkout", "--quiet", "--orphan", "new")
    with pytest.raises(StartError):
        new_clone(ALICE).ring.current("default")


def test_nor_is_a_replaced_group_used_that_was_met_in_a_shallow_clone(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    commit_keys(toy, 2, 3)
    shallow = toy.path / ".git/shallow"
    shallow.write_text(toy.git("rev-parse", "HEAD"))
    assert_accepted(new_clone(ALICE), 3)
    shallow.unlink()
    for _ in range(2):
        with pytest.raises(StartError, match=f"they start with {group_key(2).key_id}, but with"):
            new_clone(ALICE).ring.current("default")
        with pytest.raises(StartError):
            learn_history(new_clone(ALICE), "default")
    expecting = new_clone(ALICE)
    expecting.identities._expected = {"default": {group_key(2).key_id}}
    assert_accepted(expecting, 3)
    assert_accepted(new_clone(ALICE), 3)


@pytest.mark.parametrize("parents", [("main", "fork"), ("fork", "main")])
def test_nor_on_a_branch_from_before_that_was_merged(
    toy: Toy, new_clone: Callable[..., Clone], parents: tuple[str, str]
) -> None:
    toy.git("branch", "fork")
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("checkout", "--quiet", "fork")
    commit_keys(toy, 1, 4)
    toy.git("checkout", "--quiet", parents[0])
    toy.git("merge", "--quiet", "--strategy=ours", "--no-edit", parents[1])
    toy.git("checkout", "--quiet", "fork", "--", ".sealedfiles")
    toy.git("commit", "--quiet", "--amend", "--no-edit", "--allow-empty")
    assert_refused(new_clone(ALICE), 3)
    commit_keys(toy, 1, 4, 3, 5, why="revoked")  # as `sync` unites them
    assert_accepted(new_clone(ALICE), 5)


def test_a_rotation_by_somebody_who_had_not_pulled_the_revocation_is_not_required(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    toy.git("branch", "fork")
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("checkout", "--quiet", "fork")
    commit_keys(toy, 1, 4)
    toy.git("checkout", "--quiet", "main")
    toy.git("merge", "--quiet", "--strategy=ours", "--no-edit", "fork")
    assert_accepted(new_clone(ALICE), 3)


def test_keys_of_a_group_that_was_created_again_are_not_required(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    commit_keys(toy, 2, 3, why="revoked")
    commit_keys(toy, 1, 4)
    assert set(read_history(new_clone(ALICE), "default").revocations) == set()
    assert_accepted(new_clone(ALICE), 4)


@pytest.mark.parametrize("since", ["", "first"])
def test_a_history_that_is_too_long_to_read_is_refused(
    toy: Toy, learn: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    """If only a part were read, commits that anyone can push would hide the revocation below them."""
    first = toy.git("rev-parse", "HEAD").strip()
    revoke(toy, 1, 2)
    repository = find_repository(toy.path)
    assert repository is not None
    revision = first if since else ""
    count = len(list(versions(repository, "default", revision)))
    monkeypatch.setattr(epoch_history, "MOST", count)
    assert len(list(versions(repository, "default", revision))) == count
    monkeypatch.setattr(epoch_history, "MOST", count - 1)
    with pytest.raises(TamperedError, match="their history cannot be verified"):
        list(versions(repository, "default", revision))
    with pytest.raises(TamperedError, match="cannot be verified"):
        learn()


def test_a_replace_ref_hides_no_revocation(toy: Toy, learn: Callable[[], set[str]]) -> None:
    """Anyone can push refs/replace; a clone that fetches all refs has them."""
    before = toy.git("rev-parse", "HEAD").strip()
    revoke(toy, 1, 2)
    revocation = toy.git("rev-parse", "HEAD~1").strip()
    toy.git("replace", "--force", revocation, before)
    assert learn() != set()
