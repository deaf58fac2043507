from __future__ import annotations

import pytest

from sealedfiles.keys.epochs import Epoch, format_epochs, keys_in_use, parse_epochs, prove_again
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.retirement import judge, retired_by
from sealedfiles.keys.state import Seen

from .kit import ALICE, MemoryFolder, Nobody, Somebody, epochs, group_key, make_folder, secret


def chain(*whys: str) -> bytes:
    """The epochs with keys 0, 1, … for these reasons, as readers of the group create them."""
    lines = parse_epochs(epochs(*range(len(whys))), "default")
    made: list[Epoch] = []
    for number, (line, why) in enumerate(zip(lines, whys, strict=True)):
        parent = made[-1] if made else None
        changed = line._replace(why=why)
        above = secret(number - 1) if made else secret(number)
        made.append(prove_again("default", changed, secret(number), parent, above))
    return format_epochs(made)


def folder(data: bytes | None) -> MemoryFolder:
    files = {} if data is None else {"keys/default/epochs": data}
    return MemoryFolder(files)


def ring(*numbers: int, newest: dict[str, Seen] | None = None) -> GroupKeyring:
    cached = [("default", group_key(number)) for number in numbers]
    return GroupKeyring(Nobody(), list, cached=cached, newest=newest)


def retired(data: bytes, known: tuple[int, ...] = (), count: int = 4) -> list[bool]:
    judged = judge(ring(0, 1, 2, 3), "default", folder(data), [group_key(n).key_id for n in known])
    assert judged.trouble is None
    return [judged.is_retired(group_key(number).key_id) for number in range(count)]


def test_keys_above_the_last_revocation_are_retired() -> None:
    """The last of several revocations counts: the reader whom it removed has the keys of the first."""
    data = chain("created", "revoked", "revoked", "rotated")
    assert keys_in_use(parse_epochs(data, "default")) == {group_key(2).key_id, group_key(3).key_id}
    assert retired(data) == [True, True, False, False]
    assert retired(chain("created", "revoked", "rotated", "rotated")) == [True, False, False, False]
    assert retired_by(parse_epochs(data, "default")) == {group_key(0).key_id, group_key(1).key_id}


def test_nothing_is_retired_where_nobody_was_removed() -> None:
    data = chain("created", "rotated", "rotated", "rotated")
    assert retired(data) == [False] * 4
    assert retired_by(parse_epochs(data, "default")) == set()


def test_a_key_that_is_no_line_is_retired_after_a_revocation() -> None:
    assert retired(chain("created", "revoked"), count=4) == [True, False, True, True]


def test_what_was_retired_before_stays_so() -> None:
    assert retired(chain("created", "rotated"), known=(0,), count=2) == [True, False]


@pytest.mark.parametrize("numbers", [(0, 1), (0,), ()], ids=["all keys", "one key", "no key"])
def test_a_word_that_was_changed_by_hand_is_trouble(numbers: tuple[int, ...]) -> None:
    """Changing `revoked` to `rotated` would make tokens of a removed reader valid. Tested also with all
    keys cached, and with the newest key removed."""
    data = chain("created", "revoked").replace(b" revoked ", b" rotated ")
    trouble = judge(ring(*numbers), "default", folder(data)).trouble
    assert trouble is not None
    assert "epochs" in trouble.message


def test_epochs_that_are_gone_are_trouble() -> None:
    assert judge(ring(0), "default", folder(None)).trouble is not None


def test_epochs_without_the_newest_key_seen_are_trouble() -> None:
    newest = {"default": Seen(group_key(1).key_id, "main")}
    assert (
        judge(ring(0, 1, newest=newest), "default", folder(chain("created", "rotated"))).trouble
        is None
    )
    trouble = judge(ring(0, 1, newest=newest), "default", folder(chain("created"))).trouble
    assert trouble is not None
    assert group_key(1).key_id in trouble.message
    assert "git log -p -- .sealedfiles/keys" in trouble.hints[0]


def test_only_the_newest_key_of_the_same_group_is_looked_for() -> None:
    newest = {"other": Seen(group_key(1).key_id, "main")}
    one = ring(0, 1, newest=newest)
    assert one.older_than_seen("default", [group_key(0).key_id]) is None
    newest = {"default": Seen(group_key(1).key_id, "main")}
    one = ring(0, 1, newest=newest)
    assert one.older_than_seen("default", [group_key(0).key_id]) == newest["default"]
    assert one.older_than_seen("default", [group_key(0).key_id, group_key(1).key_id]) is None


def test_a_current_key_that_was_retired_before_is_trouble() -> None:
    """The keys were restored to a state before a revocation that this clone, or its history, has seen."""
    judged = judge(ring(0), "default", folder(chain("created")), [group_key(0).key_id])
    assert judged.trouble is not None
    assert "was retired when a reader was removed" in judged.trouble.message


def test_keys_are_opened_for_it_if_they_are_not_cached() -> None:
    there = make_folder(0, 1, alice=ALICE)
    one = GroupKeyring(Somebody(ALICE), lambda: [there], cached=[("default", group_key(0))])
    assert judge(one, "default", there).trouble is None
