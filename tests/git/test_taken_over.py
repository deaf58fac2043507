"""A removed reader continues the keys from before the removal, in clones that have pulled the removal.

Carol is Alice on another machine: her clone has looked at the removal, and has sealed nothing since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import YAML, Repo, share_production

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.many_variants]

PATHS = {"default": "database.password", "production": "production.pin"}
CHOSEN = "chosen-by-bob"


@pytest.fixture
def carol(team: tuple[Repo, Repo], origin: Path, tmp_path: Path) -> Repo:
    """A clone from before the removal, unlocked."""
    alice, bob = team
    share_production(alice, bob)
    clone = alice.person.clone(origin, tmp_path / "carol")
    clone.sealedfiles("unlock")
    clone.sealedfiles("hook", "install")
    return clone


def continue_earlier_keys(bob: Repo) -> None:
    bob.sealedfiles("rotate", "--yes")
    bob.git("commit", "--quiet", "--no-verify", "--message", "rotate")
    text = bob.read(YAML)
    for path in PATHS.values():
        old = bob.sealedfiles("get", YAML, path).strip()
        assert text.count(old) == 1
        text = text.replace(old, CHOSEN)
    bob.write(YAML, text)
    bob.git("commit", "--quiet", "--all", "--no-verify", "--message", "values")
    bob.git("fetch", "--quiet")


def merge_ours(bob: Repo) -> None:
    continue_earlier_keys(bob)
    bob.git("merge", "--quiet", "-s", "ours", "--no-verify", "--no-edit", "origin/main")


def commit_on_top(bob: Repo) -> None:
    continue_earlier_keys(bob)
    tree = bob.tree()
    commit = bob.git("commit-tree", tree, "-p", "origin/main", "-m", "tidy").strip()
    bob.git("reset", "--quiet", "--hard", commit)


def pull(carol: Repo) -> None:
    carol.git("pull", "--quiet", "--no-rebase", "--no-edit")


def rebase(carol: Repo) -> None:
    carol.write("notes.txt", f"{carol.head()}\n")
    carol.commit("not pushed yet")
    carol.git("pull", "--quiet", "--rebase")


def check_out(carol: Repo) -> None:
    carol.git("fetch", "--quiet")
    carol.git("checkout", "--quiet", "--detach", "origin/main")


def reset(carol: Repo) -> None:
    carol.git("fetch", "--quiet")
    carol.git("reset", "--quiet", "--hard", "origin/main")


@pytest.mark.parametrize(
    ("attack", "update", "is_read"),
    [
        (merge_ours, pull, False),
        (commit_on_top, pull, True),
        (merge_ours, rebase, False),
        (commit_on_top, check_out, False),
        (merge_ours, reset, True),
    ],
)
def test_a_removed_reader_takes_over_no_clone_that_has_pulled_the_removal(
    team: tuple[Repo, Repo],
    carol: Repo,
    attack: Callable[[Repo], None],
    update: Callable[[Repo], None],
    *,
    is_read: bool,
) -> None:
    alice, bob = team
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.git("commit", "--quiet", "--message", "bob has left")
    alice.git("push", "--quiet")
    update(carol)
    if is_read:
        carol.sealedfiles("status")
        carol.git("status", "--short")
        carol.sealedfiles("doctor", code=None)
        for path in PATHS.values():
            carol.sealedfiles("get", YAML, path)
    attack(bob)
    bob.git("push", "--quiet", "--no-verify")
    update(carol)
    assert CHOSEN in carol.read(YAML)
    for group, path in PATHS.items():
        printed = carol.sealedfiles("get", YAML, path, code=4)
        assert CHOSEN not in printed
        assert "do not include the newest key seen" in carol.stderr
        printed = carol.sealedfiles("run", "-f", YAML, "--group", group, "--", "env", code=4)
        assert CHOSEN not in printed
    found = carol.sealedfiles("check", code=1)
    assert ".sealedfiles/keys/default/epochs:1: the key " in found
    assert found.count("[lost-epoch]") == len(PATHS)
    before = carol.git("show", f":{YAML}")
    carol.edit(YAML, f'"{CHOSEN}"', "new-for-carol")
    carol.git("add", YAML, code=128)
    assert "do not descend from" in carol.stderr
    assert carol.git("show", f":{YAML}") == before
