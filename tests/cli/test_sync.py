"""`sealedfiles sync` repairs a group after a merge of two branches that changed it, and no value is lost."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    groups,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.many_variants


def epochs(repo: Repo, group: str = "default") -> list[list[str]]:
    text = (repo.path / ".sealedfiles" / "keys" / group / "epochs").read_text()
    return [line.split(" ") for line in text.removesuffix("\n").split("\n")]


def readers(repo: Repo, group: str = "default") -> list[str]:
    folder = repo.path / ".sealedfiles" / "keys" / group
    return sorted(file.stem for file in folder.glob("*.age"))


def key_ids(repo: Repo, group: str = "default") -> set[str]:
    found = [token for path in FILES for token in repo.tokens("", path)]
    return {token.split(":")[3] for token in found if groups(token) == {group}}


def merge(repo: Repo, branch: str) -> None:
    """Merge, leaving conflicts in the keys to sync."""
    repo.git("merge", "--quiet", "--no-edit", branch, code=None)


def branches(repo: Repo, ours: list[list[str]], theirs: list[list[str]]) -> None:
    """Do *theirs* on the branch ``other`` and *ours* on ``main``, with one commit per step."""
    repo.git("checkout", "--quiet", "-b", "other")
    for step in theirs:
        do(repo, step)
    repo.git("checkout", "--quiet", "main")
    # Two branches in one clone: it has seen the other's keys, as nobody else has.
    for name in ("newest", "retired", "looked-at"):
        repo.folder(f"sealedfiles/{name}").unlink(missing_ok=True)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.sealedfiles("unlock")
    for step in ours:
        do(repo, step)


def do(repo: Repo, step: list[str]) -> None:
    if step[0] == "edit":
        for path in FILES:
            repo.edit(path, step[1], step[2])
        repo.git("add", "--update")
    else:
        repo.sealedfiles(*step)
    repo.git("commit", "--quiet", "--message", " ".join(step)[:60])


def assert_synced(repo: Repo) -> None:
    """Check that everything is under one current key, and that there is nothing left to do."""
    assert key_ids(repo) <= {epochs(repo)[-1][0]}
    repo.git("commit", "--quiet", "--allow-empty", "--message", "synced")
    repo.sealedfiles("sync")
    assert "nothing to do" in repo.stderr
    repo.sealedfiles("check", "--keyed")
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock")
    assert all("sealed:v1:default" not in text for text in repo.texts().values())
    assert_clean(repo)
    assert_no_plaintext(repo)


def test_reports_that_there_is_nothing_to_do(repo: Repo) -> None:
    repo.sealedfiles("sync")
    assert "nothing to do" in repo.stderr
    assert repo.status() == []


def test_proofs_that_a_killed_run_wrote_and_did_not_stage_are_staged(repo: Repo) -> None:
    repo.sealedfiles("rotate", "default")
    repo.git("reset", "--quiet", "--", ".sealedfiles/policy.proof")
    repo.sealedfiles("sync")
    assert "renewed the proofs of the policy; staged" in repo.stderr
    repo.git("commit", "--quiet", "-m", "rotate")
    assert_clean(repo)
    repo.sealedfiles("sync")
    assert "nothing to do" in repo.stderr


@pytest.mark.slow
def test_two_rotations_are_united(repo: Repo) -> None:
    branches(repo, [["rotate", "default"]], [["rotate", "default"]])
    merge(repo, "other")
    repo.sealedfiles("sync")
    assert [line[2] for line in epochs(repo)] == ["created", "rotated", "rotated", "rotated"]
    assert readers(repo) == ["alice", "bob"]
    for path in FILES:
        repo.git("add", path)
    repo.git("commit", "--quiet", "--no-edit")
    repo.sealedfiles("sync")
    assert_synced(repo)
    assert repo.texts() == FILES


@pytest.mark.slow
@pytest.mark.parametrize("order", ["main first", "other first"])
def test_a_value_added_beside_a_rotation(repo: Repo, order: str) -> None:
    steps = [[["rotate", "default"]], [["edit", "db-alpha", "db-beta"]]]
    branches(repo, *(steps if order == "main first" else steps[::-1]))
    merge(repo, "other")
    for path in FILES:
        repo.git("add", path)
    repo.git("commit", "--quiet", "--no-edit", code=None)
    repo.sealedfiles("sync")
    assert_synced(repo)
    for path in FILES:
        assert f"{SECRET}-db-beta" in repo.read(path)


@pytest.fixture
def carol(tmp_path: Path) -> str:
    return Person.at(tmp_path / "carol").keygen()


@pytest.mark.slow
def test_a_reader_added_beside_a_rotation_is_asked_about(repo: Repo, carol: str) -> None:
    branches(repo, [["rotate", "default"]], [["grant", "carol", carol, "--to", "default"]])
    merge(repo, "other")
    repo.sealedfiles("sync", answers="n\n")
    assert "carol was granted default with a key" in repo.stderr
    repo.sealedfiles("sync", answers="y\n")
    repo.git("commit", "--quiet", "--message", "carol, again")
    grant = (repo.path / ".sealedfiles/keys/default/carol.grant").read_text()
    assert grant.split(" ")[0] == epochs(repo)[-1][0]
    assert_synced(repo)


def test_two_readers_added_on_two_branches_need_nothing(
    repo: Repo, carol: str, tmp_path: Path
) -> None:
    dave = Person.at(tmp_path / "dave").keygen()
    branches(
        repo,
        [["grant", "carol", carol, "--to", "default"]],
        [["grant", "dave", dave, "--to", "default"]],
    )
    merge(repo, "other")
    assert readers(repo) == ["alice", "bob", "carol", "dave"]
    assert_synced(repo)


@pytest.mark.slow
def test_a_reader_revoked_on_one_branch_is_removed_regardless_of_the_other(repo: Repo) -> None:
    branches(repo, [["rotate", "default"]], [["revoke", "bob"]])
    merge(repo, "other")
    # Bob holds the key that main has made, so what is under it is asked about.
    repo.sealedfiles("sync", answers="n\n", code=1)
    assert "before the other side removed a reader" in repo.stderr
    repo.sealedfiles("sync", answers="y\ny\n")
    assert "removed on one side, so removed: bob" in repo.stderr
    assert readers(repo) == ["alice"]
    assert epochs(repo)[-1][2] == "revoked"
    for path in FILES:
        repo.git("add", path)
    repo.git("commit", "--quiet", "--no-edit", code=None)
    repo.sealedfiles("sync", "--yes")
    assert_synced(repo)


@pytest.mark.slow
@pytest.mark.parametrize("revoked_by", ["ours", "theirs"])
@pytest.mark.parametrize("kept", ["--ours", "--theirs"])
def test_the_keys_of_one_side_do_not_resolve_the_merge(
    repo: Repo, revoked_by: str, kept: str
) -> None:
    """The hooks refuse to remove keys of a parent, and the other side has the removed reader."""
    steps = [[["revoke", "bob"]], [["rotate", "default"]]]
    branches(repo, *(steps if revoked_by == "ours" else reversed(steps)))
    merge(repo, "other")
    revoking = repo.git("rev-parse", "--short", "main" if revoked_by == "ours" else "other").strip()
    for _ in range(2):
        repo.sealedfiles("sync", code=1)
        assert "to use both, without the removed reader: sealedfiles sync --yes" in repo.stderr
        assert "git merge --abort" in repo.stderr
        assert f"the side that removed a reader is {revoking} (alice, " in repo.stderr
        repo.git("checkout", kept, "--", ".sealedfiles/keys/default", code=None)
        repo.git("add", ".sealedfiles", *FILES)
        assert "lost-epoch" in repo.sealedfiles("check", "--staged", code=1)
    repo.sealedfiles("sync", "--yes")
    assert readers(repo) == ["alice"]
    repo.sealedfiles("check", "--staged")
    assert_synced(repo)


@pytest.mark.slow
def test_a_squashed_merge_has_a_way_out(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "--quiet", "--message", "topic")
    repo.git("checkout", "--quiet", "main")
    repo.sealedfiles("sync", "--forget", "default", "--yes")
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "--quiet", "--message", "main")
    repo.git("merge", "--squash", "topic", code=1)
    repo.sealedfiles("sync", "--yes", code=2)
    assert "the keys of default have a conflict" in repo.stderr
    assert "git reset --merge; then git merge BRANCH without --squash" in repo.stderr
    repo.git("reset", "--quiet", "--merge")
    repo.git("merge", "--quiet", "--no-edit", "topic", code=1)
    repo.sealedfiles("sync", "--yes")
    repo.git("commit", "--quiet", "--no-edit")
    assert "no problems found" in repo.sealedfiles("check") + repo.stderr


def test_keys_of_a_parent_that_the_index_lacks_are_reported(repo: Repo) -> None:
    branches(repo, [["edit", "db-alpha", "db-beta"]], [["rotate", "default"]])
    repo.git("merge", "--quiet", "--no-commit", "other", code=None)
    repo.git("checkout", "HEAD", "--", ".sealedfiles")
    repo.git("add", *FILES, code=None)
    assert "lost-epoch" in repo.sealedfiles("check", "--staged", code=1)
    repo.sealedfiles("sync", code=1)
    assert "nothing to do" not in repo.stderr
    assert "default: keys that MERGE_HEAD lists are missing" in repo.stderr
    assert "git checkout MERGE_HEAD -- .sealedfiles/keys/default" in repo.stderr
    repo.git("checkout", "MERGE_HEAD", "--", ".sealedfiles/keys/default")
    repo.sealedfiles("sync", "--yes")
    repo.sealedfiles("check", "--staged")


@pytest.mark.slow
def test_values_made_under_a_retired_key_after_it_was_retired_are_asked_about(repo: Repo) -> None:
    branches(repo, [["revoke", "bob"]], [["edit", "db-alpha", "db-beta"]])
    merge(repo, "other")
    for path in FILES:
        repo.git("add", path)
    repo.git("commit", "--quiet", "--no-edit", code=None)
    late = [
        t
        for path in FILES
        for t in repo.tokens("HEAD", path)
        if t.split(":")[3] == epochs(repo)[0][0]
    ]
    if late:
        repo.sealedfiles("sync", answers="n\n", code=1)
        assert f"{YAML}: 1 value" in repo.stderr
        assert key_ids(repo) != {epochs(repo)[-1][0]}
        repo.sealedfiles("sync", answers="y\n")
    assert_synced(repo)


def test_also_if_a_rebase_puts_the_revocation_behind_them(repo: Repo) -> None:
    """The commit of the revocation from before the rebase did not know them."""
    branches(repo, [["revoke", "bob"]], [["edit", "db-alpha", "db-beta"]])
    repo.git("rebase", "--quiet", "other", code=None)
    assert any(token.split(":")[3] == epochs(repo)[0][0] for token in repo.tokens("HEAD", YAML))
    repo.sealedfiles("sync", code=1)
    assert f"{YAML}: 1 value" in repo.stderr
    repo.sealedfiles("sync", "--yes")
    assert_synced(repo)


def test_a_rotation_that_was_abandoned_is_forgotten_only_when_told(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    do(repo, ["rotate", "default"])
    repo.git("checkout", "--quiet", "main")
    repo.edit(ENV, "db-alpha", "db-beta")
    repo.git("add", ENV, code=128)
    assert "sync --forget default" in repo.stderr
    repo.sealedfiles("sync", "--forget", "default", answers="n\n", code=2)
    repo.git("add", ENV, code=128)
    repo.sealedfiles("sync", "--forget", "default", answers="y\n")
    repo.git("add", ENV)
    assert {
        t.split(":")[3] for t in tokens(repo.blob("", ENV).decode()) if groups(t) == {"default"}
    } == {epochs(repo)[0][0]}


@pytest.mark.slow
def test_an_abandoned_rotation_has_a_way_out_also_after_lock(repo: Repo) -> None:
    repo.sealedfiles("rotate", "default")
    repo.git("commit", "--quiet", "-m", "rotate")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.sealedfiles("lock")
    repo.sealedfiles("unlock", code=4)
    assert "sealedfiles sync --forget default" in repo.stderr
    repo.sealedfiles("sync", "--forget", "default", "--yes")
    repo.sealedfiles("unlock")
    assert repo.texts() == FILES


STEPS: dict[str, Callable[[str], list[str]]] = {
    "grant": lambda key: ["grant", "carol", key, "--to", "default"],
    "rotate": lambda _key: ["rotate", "default"],
    "revoke": lambda _key: ["revoke", "bob"],
    "edit": lambda _key: ["edit", "db-alpha", "db-beta"],
}


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), list(itertools.product(STEPS, STEPS)), ids=str)
def test_any_changes_on_two_branches_end_in_a_state_that_check_accepts(
    repo: Repo, carol: str, ours: str, theirs: str
) -> None:
    branches(repo, [STEPS[ours](carol)], [STEPS[theirs](carol)])
    merge(repo, "other")
    repo.sealedfiles("sync", "--yes")
    for path in FILES:
        repo.git("add", path)
    repo.git("commit", "--quiet", "--no-edit", "--allow-empty", "--message", "merged")
    repo.sealedfiles("sync", "--yes")
    assert_synced(repo)
    assert ("bob" in readers(repo)) == ("revoke" not in (ours, theirs))
    assert ("carol" in readers(repo)) == ("grant" in (ours, theirs))
    value = "db-beta" if "edit" in (ours, theirs) else "db-alpha"
    for path in FILES:
        assert f"{SECRET}-{value}" in repo.read(path)
