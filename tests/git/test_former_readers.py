"""A reader whose files were removed by hand can read new values: the group's key is the same."""

from __future__ import annotations

import pytest
from check.toy import NUMBERS, Toy

KEYS = ".sealedfiles/keys/default"
FINDING = f"kept-access {KEYS}/epochs:1"


def remove_bob(toy: Toy) -> None:
    for name in ("bob.age", "bob.grant"):
        toy.remove(f"{KEYS}/{name}")


def test_files_that_were_removed_by_hand_are_named_until_there_is_a_new_key(toy: Toy) -> None:
    remove_bob(toy)
    toy.stage()
    assert toy.staged() == [FINDING]
    toy.commit()
    toy.write("notes.txt", "later")
    toy.commit()
    assert toy.staged() == []
    assert FINDING in toy.found()
    toy.group("default", NUMBERS["default"], 5)
    remove_bob(toy)
    toy.commit()
    assert FINDING not in toy.found()


def test_a_revocation_makes_a_new_key(toy: Toy) -> None:
    toy.group("default", NUMBERS["default"], 5)
    remove_bob(toy)
    toy.stage()
    assert FINDING not in toy.found(staged=True)
    toy.commit()
    assert FINDING not in toy.found()


def test_a_link_in_the_place_of_a_grant_in_a_past_commit_stops_no_check(toy: Toy) -> None:
    grant = toy.path / KEYS / "bob.grant"
    grant.unlink()
    grant.symlink_to("epochs")
    toy.commit()
    remove_bob(toy)
    toy.commit()
    assert FINDING not in toy.found()


def test_a_reader_who_was_put_back_is_a_reader(toy: Toy) -> None:
    remove_bob(toy)
    toy.commit()
    toy.git("revert", "--no-edit", "HEAD")
    assert FINDING not in toy.found()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_merge_that_drops_a_reader(toy: Toy, *, is_first: bool) -> None:
    toy.git("branch", "other")
    remove_bob(toy)
    toy.commit()
    if not is_first:
        toy.git("checkout", "--quiet", "other")
    toy.write("notes.txt", "other")
    toy.commit()
    toy.git("merge", "--quiet", "--no-ff", "--no-edit", "other" if is_first else "main")
    assert FINDING in toy.found()
