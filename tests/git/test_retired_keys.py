"""The keys that HEAD's history retires are recorded, even if a later commit restores the old file."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from check.toy import Toy
from keys.kit import ALICE, BOB, Somebody, date, group_key, recipient_of, secret
from vectors import reference

from sealedfiles.app.history.exposure import exposure
from sealedfiles.errors import TamperedError
from sealedfiles.git import epoch_history, retired_keys
from sealedfiles.git.clone import Clone
from sealedfiles.git.epoch_history import versions
from sealedfiles.git.repository import find_repository
from sealedfiles.git.retired_keys import forget_retired, learn_history, read_history
from sealedfiles.keys.expected import StartError
from sealedfiles.keys.keyfile import wrap_keys
from sealedfiles.keys.state import CloneFiles, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealedfiles.git.epoch_history import EpochCommit
    from sealedfiles.git.repository import Repository

pytestmark = pytest.mark.slow

EPOCHS = ".sealedfiles/keys/default/epochs"


@pytest.fixture
def learn(new_clone: Callable[..., Clone]) -> Callable[[], set[str]]:
    """Learn from the history of HEAD, as a new command does; return all retired keys."""

    def run() -> set[str]:
        clone = new_clone(ALICE)
        learn_history(clone, "default")
        return clone.state.retired().get("default", set())

    return run


def names(*numbers: int) -> str:
    return f"({'|'.join(sorted(ids(*numbers)))})"


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


def forget_log(toy: Toy) -> None:
    """Forget at which commits HEAD was, as in a clone that never was at them."""
    toy.git("reflog", "expire", "--expire=now", "--all")


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
    forget_log(toy)
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

    def noted(
        repository: Repository, group: str, commit: str, heads: Sequence[str]
    ) -> Iterator[EpochCommit]:
        since.append((commit, *heads))
        return versions(repository, group, commit, heads)

    monkeypatch.setattr(retired_keys, "versions", noted)
    learn()
    learn()
    assert since == [(toy.git("rev-parse", "HEAD~1").strip(),)]


def test_a_group_that_is_created_again_forgets_them(
    toy: Toy, learn: Callable[[], set[str]], new_clone: Callable[..., Clone]
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
    assert_accepted(new_clone(ALICE), 1)


def commit_keys(toy: Toy, *numbers: int, why: str = "rotated") -> None:
    """Commit a chain of keys, encrypted to Alice."""
    toy.write(EPOCHS, epochs(*((n, why if at else "created") for at, n in enumerate(numbers))))
    keys = [group_key(number) for number in numbers]
    toy.write(".sealedfiles/keys/default/alice.age", wrap_keys(keys, [recipient_of(ALICE)]))
    toy.commit()


def assert_refused(clone: Clone, *missing: int) -> None:
    """Alice has every key, but history shows that some are missing."""
    learn_history(clone, "default")
    trouble = clone.judge("default").trouble
    assert trouble is not None
    assert re.search(f"do not include .* {names(*missing)} ", trouble.message)
    with pytest.raises(TamperedError, match=f"do not descend .* {names(*missing)} "):
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
    forget_log(toy)
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
    forget_log(toy)
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
    history = read_history(new_clone(ALICE), "default", ids(1, 4))
    assert history.revocations == {}
    assert_accepted(new_clone(ALICE), 4)


@pytest.mark.parametrize("since", ["", "first"])
def test_a_history_that_is_too_long_to_read_is_refused(
    toy: Toy, new_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    """If only a part were read, commits that anyone can push would hide the revocation below them."""
    assert_accepted(new_clone(ALICE), 1)
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
        learn_history(new_clone(ALICE), "default")


def test_a_replace_ref_hides_no_revocation(toy: Toy, learn: Callable[[], set[str]]) -> None:
    """Anyone can push refs/replace; a clone that fetches all refs has them."""
    before = toy.git("rev-parse", "HEAD").strip()
    revoke(toy, 1, 2)
    revocation = toy.git("rev-parse", "HEAD~1").strip()
    toy.git("replace", "--force", revocation, before)
    assert learn() != set()


def looked(clone: Clone) -> None:
    """Look at the keys as a pull, and as `get` and `status`, do: nothing is sealed, and no key recorded."""
    learn_history(clone, "default")
    assert clone.state.looked_at("default") is not None
    assert clone.state.newest()["default"].key_id in ids(1)


@pytest.mark.parametrize("looks", ["", "3", "34", "4"])
@pytest.mark.parametrize("is_merge", [False, True])
def test_a_removed_reader_takes_over_no_clone_that_has_looked_at_the_revocation(
    toy: Toy, new_clone: Callable[..., Clone], looks: str, *, is_merge: bool
) -> None:
    assert_accepted(new_clone(ALICE), 1)
    toy.git("branch", "fork")
    commit_keys(toy, 1, 3, why="revoked")
    if "3" in looks:
        looked(new_clone(ALICE))
    if is_merge:
        toy.git("checkout", "--quiet", "fork")
    commit_keys(toy, 1, 4)
    if is_merge:
        toy.git("merge", "--quiet", "--strategy=ours", "--no-edit", "main")
    if "4" in looks:
        looked(new_clone(ALICE))
    commit_keys(toy, 1, 4, 5)
    for _ in range(2):
        assert_refused(new_clone(ALICE), 3)
    commit_keys(toy, 1, 3, 6)
    assert_accepted(new_clone(ALICE), 6)


def test_nor_with_a_key_of_their_own_before_the_first_one(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """In a clone that has used the group, the first key is not compared with history again."""
    assert_accepted(new_clone(ALICE), 1)
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 9, 1, 4)
    assert_refused(new_clone(ALICE), 3)


def test_nor_without_the_first_keys(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    """Alice has sealed a value on a branch on which Bob had rotated the keys, and which is not merged."""
    toy.git("checkout", "--quiet", "-b", "bobs")
    commit_keys(toy, 1, 4)
    assert_accepted(new_clone(ALICE), 4)
    new_clone(ALICE).state.write_keys([("default", group_key(number)) for number in (1, 4)])
    toy.git("checkout", "--quiet", "main")
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 4, 5)
    assert_refused(new_clone(ALICE), 3)


def test_nor_after_a_force_push_that_hides_it(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    assert_accepted(new_clone(ALICE), 1)
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    looked(new_clone(ALICE))
    toy.git("reset", "--quiet", "--hard", first)
    commit_keys(toy, 1, 4)
    assert_refused(new_clone(ALICE), 3)
    clone = new_clone(ALICE)
    forget_retired(clone, "default")  # as `sync --forget`, if Alice has abandoned the removal
    assert_accepted(new_clone(ALICE), 4)


@pytest.mark.parametrize(("is_back", "few"), [(False, 100), (True, 100), (False, 0)])
def test_nor_one_that_pulled_the_revocation_while_it_was_locked(
    toy: Toy,
    new_clone: Callable[..., Clone],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_back: bool,
    few: int,
) -> None:
    """Only the log of HEAD shows it after a force push, also if HEAD is again where the clone looked last."""
    monkeypatch.setattr(epoch_history, "_FEW", few)
    assert_accepted(new_clone(ALICE), 1)
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("reset", "--quiet", "--hard", first)
    if not is_back:
        commit_keys(toy, 1, 4)
    assert_refused(new_clone(ALICE), 3)
    clone = new_clone(ALICE)
    forget_retired(clone, "default")  # as `sync --forget`
    assert_accepted(new_clone(ALICE), 1 if is_back else 4)
    toy.git("commit", "--quiet", "--allow-empty", "--message", "other")
    assert_accepted(new_clone(ALICE), 1 if is_back else 4)


def test_nor_one_that_was_not_unlocked_when_it_pulled_the_revocation(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("reset", "--quiet", "--hard", first)
    commit_keys(toy, 1, 4)
    for _ in range(2):
        assert_refused(new_clone(ALICE), 3)


def test_a_new_clone_that_goes_back_to_an_old_release(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("checkout", "--quiet", "--detach", first)
    assert_accepted(new_clone(ALICE), 1)
    toy.git("checkout", "--quiet", "main")
    assert_accepted(new_clone(ALICE), 3)
    toy.git("checkout", "--quiet", "--detach", first)
    assert_refused(new_clone(ALICE), 3)


def test_what_is_expected_counts_beside_the_record_of_a_clone(
    toy: Toy, new_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept workspace of a machine, whose owner has set the id of the key from after a revocation."""
    assert_accepted(new_clone(ALICE), 1)
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"default={group_key(1).key_id}")
    assert_accepted(new_clone(ALICE), 1)
    monkeypatch.setenv("SEALEDFILES_EXPECT", f"default={group_key(3).key_id}")
    clone = new_clone(ALICE)
    trouble = clone.judge("default").trouble
    assert isinstance(trouble, StartError)
    with pytest.raises(StartError, match="do not include the expected key"):
        clone.ring.current("default")


@pytest.mark.parametrize("kind", ["submodule", "link"])
def test_what_is_no_file_in_the_place_of_the_epochs_hides_and_blocks_nothing(
    toy: Toy, new_clone: Callable[..., Clone], kind: str
) -> None:
    """A commit with it that was reverted stays in history."""
    commit_keys(toy, 1, 3, why="revoked")
    head = toy.git("rev-parse", "HEAD").strip()
    if kind == "submodule":
        toy.git("rm", "--quiet", "--cached", EPOCHS)
        toy.git("update-index", "--add", "--cacheinfo", f"160000,{head},{EPOCHS}")
        toy.git("commit", "--quiet", "--message", "x")
    else:
        (toy.path / EPOCHS).unlink()
        (toy.path / EPOCHS).symlink_to("alice.age")
        toy.commit()
    toy.git("checkout", "--quiet", "--force", head, "--", EPOCHS)
    toy.commit()
    assert_accepted(new_clone(ALICE), 3)
    commit_keys(toy, 1, 4)
    assert_refused(new_clone(ALICE), 3)
    assert exposure("alice", new_clone(ALICE)).access


def test_where_nothing_is_stored_the_log_of_head_does_not_count(
    toy: Toy, new_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working tree of a build machine is reused for other branches."""
    assert_accepted(new_clone(ALICE), 1)
    monkeypatch.setenv("CI", "true")
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("reset", "--quiet", "--hard", first)
    assert_accepted(new_clone(ALICE), 1)


def test_a_revocation_that_git_has_removed_since_does_not_count(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    assert_accepted(new_clone(ALICE), 1)
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    toy.git("reset", "--quiet", "--hard", first)
    log = (toy.path / ".git/logs/HEAD").read_bytes()
    toy.git("reflog", "expire", "--expire=now", "--all")
    toy.git("gc", "--quiet", "--prune=now")
    (toy.path / ".git/logs/HEAD").write_bytes(log)
    assert_accepted(new_clone(ALICE), 1)


def commit_keys_for_others(toy: Toy, *numbers: int) -> None:
    """Commit a chain of revocations that nobody here can verify."""
    toy.write(
        EPOCHS, epochs(*((n, "revoked" if at else "created") for at, n in enumerate(numbers)))
    )
    toy.remove(".sealedfiles/keys/default/alice.age")
    toy.commit()


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_removed_reader_gives_nothing_to_who_was_no_reader(
    toy: Toy, new_clone: Callable[..., Clone], *, is_forced: bool
) -> None:
    """Their keys, which a removed reader gave them, prove nothing of the revocation that they have seen."""
    state = new_clone(ALICE).state
    state.remember("default", Seen(group_key(1).key_id, "main"))  # when another group was used
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys_for_others(toy, 1, 3)
    if is_forced:
        toy.git("reset", "--quiet", "--hard", first)
    commit_keys(toy, 1, 4)
    for _ in range(2):
        assert_refused(new_clone(ALICE), 3)
    commit_keys(toy, 1, 3)
    assert_accepted(new_clone(ALICE), 3)


def test_a_new_clone_warns_of_a_revocation_that_it_cannot_verify(
    toy: Toy, new_clone: Callable[..., Clone], capsys: pytest.CaptureFixture[str]
) -> None:
    commit_keys_for_others(toy, 1, 3)
    commit_keys(toy, 1, 4)
    for is_first in (True, False):
        assert_accepted(new_clone(ALICE), 4)
        assert (
            f"its key {group_key(3).key_id} is not encrypted to you" in capsys.readouterr().err
        ) == is_first


def test_nor_one_with_a_record_of_an_earlier_version(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """It had recorded the commit that it had looked at, but not what that required."""
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    head = toy.git("rev-parse", "HEAD").strip()
    clone = new_clone(ALICE)
    clone.state.remember("default", Seen(group_key(4).key_id, "main"))
    clone.state.write_retired("default", ids(1))
    (toy.path / ".git/sealedfiles/looked-at").write_text(f"default {head} {head}\n")
    assert_refused(new_clone(ALICE), 3)


def test_nor_one_that_was_killed_while_it_looked(
    toy: Toy, new_clone: Callable[..., Clone], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_accepted(new_clone(ALICE), 1)
    commit_keys(toy, 1, 3, why="revoked")
    for name in ("write_retired", "note_looked_at"):
        with monkeypatch.context() as patched:
            patched.setattr(CloneFiles, name, fail)
            with pytest.raises(KeyboardInterrupt):
                learn_history(new_clone(ALICE), "default")
    commit_keys(toy, 1, 4)
    assert_refused(new_clone(ALICE), 3)


def fail(*_: object) -> None:
    raise KeyboardInterrupt


def test_nor_one_without_an_identity_when_the_revocation_was_pulled(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """The identity is on a stick that is not always there; the first key is cached."""
    assert_accepted(new_clone(ALICE), 1)
    new_clone(ALICE).state.write_keys([("default", group_key(1))])
    first = toy.git("rev-parse", "HEAD").strip()
    commit_keys(toy, 1, 3, why="revoked")
    learn_history(new_clone(), "default")
    toy.git("checkout", "--quiet", first, "--", ".sealedfiles")
    toy.commit()
    learn_history(new_clone(), "default")
    assert_refused(new_clone(ALICE), 3)


def test_nor_one_that_was_no_reader_then(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    commit_keys(toy, 1, 3, why="revoked")
    learn_history(new_clone(BOB), "default")
    commit_keys(toy, 1, 4)
    learn_history(new_clone(BOB), "default")
    assert_refused(new_clone(ALICE), 3)


def test_versions_that_nobody_here_can_read_do_not_make_history_be_read_each_time(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """As of a fork that was encrypted to others, and abandoned."""
    first = toy.git("rev-parse", "HEAD").strip()
    toy.write(EPOCHS, epochs((1, "created"), (3, "revoked")))
    toy.commit()
    toy.git("checkout", "--quiet", first, "--", ".sealedfiles")
    toy.commit()
    assert_accepted(new_clone(ALICE), 1)
    assert not new_clone(ALICE).has_unread_history("default")


def test_a_revocation_on_another_branch_is_required_once_it_is_merged(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    """Also if main had a revocation before, which the clone has looked at: the other reader has its key."""
    assert_accepted(new_clone(ALICE), 1)
    toy.git("branch", "other")
    commit_keys(toy, 1, 3, why="revoked")
    looked(new_clone(ALICE))
    toy.git("checkout", "--quiet", "other")
    commit_keys(toy, 1, 5, why="revoked")
    toy.git("checkout", "--quiet", "main")
    toy.git("merge", "--quiet", "--strategy=ours", "--no-edit", "other")
    assert_refused(new_clone(ALICE), 5)


def test_worktrees_share_what_each_has_looked_at(toy: Toy, new_clone: Callable[..., Clone]) -> None:
    assert_accepted(new_clone(ALICE), 1)
    toy.git("worktree", "add", "--quiet", "-b", "other", "../other")
    commit_keys(toy, 1, 3, why="revoked")
    looked(new_clone(ALICE))
    repository = find_repository(toy.path.with_name("other"))
    assert repository is not None
    other = Clone(repository, Somebody(ALICE))
    assert_refused(other, 3)
    other.close()
    commit_keys(toy, 1, 4)
    assert_refused(new_clone(ALICE), 3)


def test_the_id_of_a_key_elsewhere_in_its_line_is_not_its_epoch(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    commit_keys(toy, 1, 3, why="revoked")
    assert_accepted(new_clone(ALICE), 3)
    last = reference.epoch_line(
        "default", secret(4), date(4), "rotated", secret(1), group_key(3).key_id
    )
    toy.write(EPOCHS, f"{epochs((1, 'created'))}{last}\n")
    keys = [group_key(1), group_key(4)]
    toy.write(".sealedfiles/keys/default/alice.age", wrap_keys(keys, [recipient_of(ALICE)]))
    toy.commit()
    assert_refused(new_clone(ALICE), 3)


def test_check_reports_a_revocation_that_the_keys_lack(
    toy: Toy, new_clone: Callable[..., Clone]
) -> None:
    commit_keys(toy, 1, 3, why="revoked")
    commit_keys(toy, 1, 4)
    assert f"lost-epoch {EPOCHS}:1" not in toy.found()
    new_clone(ALICE).state.write_keys([("default", group_key(number)) for number in (1, 3, 4)])
    assert f"lost-epoch {EPOCHS}:1" in toy.found()
    commit_keys(toy, 1, 3, 5)
    assert f"lost-epoch {EPOCHS}:1" not in toy.found()
