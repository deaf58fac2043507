from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING

import pytest
from vectors import reference

from sealedfiles.errors import NoKeyError, SealedFilesError, TamperedError
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey, wrap_keys
from sealedfiles.keys.state import Seen
from sealedfiles.model.token import FileKey, file_id, split

from .kit import (
    ALICE,
    BOB,
    CAROL,
    MALLORY,
    Counting,
    MemoryFolder,
    Nobody,
    Somebody,
    date,
    epochs,
    group_key,
    identity,
    make_folder,
    recipient_of,
    secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.age import Identity

FILE = file_id(b"a.yaml")
CACHED = [("default", group_key(0)), ("default", group_key(1))]


def prefix(number: int, group: str = "default") -> str:
    return f"sealed:v1:{group}:{group_key(number).key_id}:{FILE}:"


def opened(ring: GroupKeyring, number: int, group: str = "default") -> bool:
    """Return True if *ring* decrypts a token under the key *number*."""
    token = FileKey(group, secret(number), FILE).seal(0, 0, bytes(8), b"hunter2")
    key = ring.for_prefix(split(token).prefix)
    return key is not None and key.open(split(token).body)[3] == b"hunter2"


def never(*_: object) -> Iterator[MemoryFolder]:
    raise AssertionError("a folder was looked at")


def refused(ring: GroupKeyring, group: str = "default") -> SealedFilesError:
    with pytest.raises(SealedFilesError) as caught:
        ring.current(group)
    return caught.value


# -- opening


def test_a_reader_s_identity_opens_all_keys_of_his_groups() -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, 1, alice=ALICE)])
    assert opened(ring, 0)
    assert opened(ring, 1)
    assert ring.troubles == []
    assert ring.groups() == ["default"]
    assert ring.is_member("default")
    assert ring.keys("default") == [group_key(0), group_key(1)]


def test_keys_are_listed_oldest_first_whatever_order_they_came_in() -> None:
    ring = GroupKeyring(Nobody(), never, cached=reversed(CACHED))
    assert ring.keys("default") == [group_key(0), group_key(1)]


def test_somebody_else_s_identity_opens_nothing_and_that_is_no_trouble() -> None:
    ring = GroupKeyring(Somebody(MALLORY), lambda: [make_folder(0, alice=ALICE)])
    assert not opened(ring, 0)
    assert ring.troubles == []
    assert ring.groups() == []
    assert not ring.is_member("default")


def test_the_keys_of_many_files_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealedfiles.model.token._MOST_FILE_KEYS", 3)
    ring = GroupKeyring(Nobody(), never, cached=CACHED)
    first = ring.for_prefix(prefix(0))
    for number in range(10):
        other = prefix(0).replace(FILE, file_id(b"%d.yaml" % number))
        assert ring.for_prefix(other) is ring.for_prefix(other)
        assert len(ring._file_keys) <= 3
    assert ring.for_prefix(prefix(0)) == first
    assert ring.for_prefix(prefix(0)) is not first


@pytest.mark.parametrize("group", ["other", "default"])
def test_a_token_under_an_unknown_group_or_key_stays_closed(group: str) -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, alice=ALICE)])
    assert ring.for_prefix(prefix(7, group)) is None
    assert ring.troubles == []


def test_a_key_of_one_group_opens_nothing_of_another() -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, alice=ALICE)])
    assert opened(ring, 0)
    assert ring.for_prefix(prefix(0, "ops")) is None


def test_cached_keys_need_no_identity_and_no_folder() -> None:
    ring = GroupKeyring(Nobody(), never, cached=CACHED)
    assert opened(ring, 0)
    assert opened(ring, 1)


def test_no_identity_is_looked_for_where_there_is_no_key_file() -> None:
    ring = GroupKeyring(Nobody(), lambda: [make_folder(0)])
    assert not opened(ring, 0)


def test_identities_are_taken_one_by_one_until_one_opens() -> None:
    people = Somebody(MALLORY, BOB, ALICE)
    ring = GroupKeyring(people, lambda: [make_folder(0, bob=BOB)])
    assert opened(ring, 0)
    assert people.taken == 2


def test_a_reader_s_own_key_file_is_tried_first() -> None:
    alice = Counting(ALICE)
    readers = {name: identity() for name in ("aaron", "abel", "zoe")}
    ring = GroupKeyring(
        Somebody(alice),
        lambda: [make_folder(0, group="default", where="memory", alice=ALICE, **readers)],
    )
    assert opened(ring, 0)
    assert alice.used == 1


def test_a_reader_whose_public_key_is_gone_finds_his_key_file_all_the_same() -> None:
    folder = make_folder(0, bob=BOB, alice=ALICE)
    del folder.files["recipients/alice.pub"]
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder])
    assert opened(ring, 0)


def test_a_key_file_is_opened_once_in_however_many_versions_it_stands() -> None:
    alice = Counting(ALICE)
    folder = make_folder(0, alice=ALICE)
    ring = GroupKeyring(Somebody(alice), lambda: [folder, MemoryFolder(folder.files)])
    assert opened(ring, 0)
    assert not opened(ring, 7)
    ring.forget_current()
    assert not opened(ring, 7)
    assert alice.used == 1


def test_what_is_missing_is_looked_for_once_until_the_folder_changes() -> None:
    folder = make_folder(0, alice=ALICE)
    ring = GroupKeyring(Somebody(BOB), lambda: [folder])
    assert ring.for_prefix(prefix(0)) is None
    count = len(folder.reads)
    assert ring.for_prefix(prefix(0)) is None
    assert ring.key("default", group_key(0).key_id) is None
    assert len(folder.reads) == count
    ring.forget_current()
    folder.files.update(make_folder(0, alice=ALICE, bob=BOB).files)
    assert opened(ring, 0)


def test_a_key_that_was_generated_here_is_available() -> None:
    ring = GroupKeyring(Nobody(), lambda: [make_folder(0)])
    assert not opened(ring, 0)
    ring.add("default", group_key(0))
    assert opened(ring, 0)


# -- several versions of the folder


def test_the_first_version_that_has_the_key_is_enough() -> None:
    last = make_folder(0, 1, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, alice=ALICE), last])
    assert opened(ring, 0)
    assert last.reads == []


def test_after_one_key_was_found_another_is_looked_for_in_later_versions() -> None:
    """After a cherry-pick from a newer branch to an older one, a commit has tokens under both keys."""
    ring = GroupKeyring(
        Somebody(ALICE), lambda: [make_folder(0, alice=ALICE), make_folder(0, 1, alice=ALICE)]
    )
    assert opened(ring, 0)
    assert opened(ring, 1)


def test_a_reader_added_while_another_branch_rotated_opens_what_was_granted() -> None:
    short = make_folder(0, 1).having(
        recipients__alice_dot_pub=f"{ALICE.recipient}\n".encode(),
        keys__default__alice_dot_age=wrap_keys([group_key(0)], [recipient_of(ALICE)]),
    )
    ring = GroupKeyring(Somebody(ALICE), lambda: [short])
    assert opened(ring, 0)
    assert not opened(ring, 1)
    assert isinstance(refused(ring), TamperedError)


def test_an_older_version_is_known_by_a_later_one_to_which_it_leads() -> None:
    """Only the newest epoch was recorded, and the commit that is checked out is older."""
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [make_folder(0, alice=ALICE)],
        history=lambda _: [make_folder(0, 1, alice=ALICE)],
        newest={"default": Seen(group_key(1).key_id, "main")},
    )
    assert opened(ring, 0)
    assert ring.troubles == []


BROKEN = {
    "a key file that is a link": MemoryFolder(
        make_folder(0, alice=ALICE).files, refused=frozenset({"keys/default/alice.age"})
    ),
    "a key file with a key under another's name": make_folder(0, alice=ALICE).having(
        keys__default__alice_dot_age=wrap_keys(
            [GroupKey(group_key(0).key_id, date(0), secret(1))], [recipient_of(ALICE)]
        )
    ),
    "a key file that is no age file": make_folder(0, alice=ALICE).having(
        keys__default__alice_dot_age=b"<<<<<<< HEAD\n"
    ),
    "a key file that is cut off": make_folder(0, alice=ALICE).having(
        keys__default__alice_dot_age=make_folder(0, alice=ALICE).files["keys/default/alice.age"][
            :-90
        ]
    ),
    "an empty key file": make_folder(0, alice=ALICE).having(keys__default__alice_dot_age=b""),
    "epochs in conflict": MemoryFolder(
        make_folder(1, alice=ALICE).files, refused=frozenset({"keys/default/epochs"})
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_version_that_is_broken_does_not_keep_a_later_one_from_opening(
    broken: MemoryFolder,
) -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [broken, make_folder(0, alice=ALICE)])
    assert opened(ring, 0)
    alone = GroupKeyring(Somebody(ALICE), lambda: [broken])
    assert not opened(alone, 0)


@pytest.mark.parametrize("name", ["recipients/bob.pub", "keys/default/bob.age"])
def test_another_reader_s_file_in_conflict_does_not_keep_one_s_own_from_opening(name: str) -> None:
    files = make_folder(0, alice=ALICE, bob=BOB).files
    ring = GroupKeyring(Somebody(ALICE), lambda: [MemoryFolder(files, refused=frozenset({name}))])
    assert opened(ring, 0)


def test_an_error_for_a_missing_key_says_what_was_wrong_with_the_folder() -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [BROKEN["a key file that is a link"]])
    error = refused(ring)
    assert "keys/default/alice.age is refused" in " ".join((error.message, *error.hints))


def test_what_was_wrong_with_a_version_is_told() -> None:
    ring = GroupKeyring(
        Somebody(ALICE), lambda: [BROKEN["a key file with a key under another's name"]]
    )
    assert ring.for_prefix(prefix(0)) is None
    assert [error.message for error in ring.troubles] == [
        f"key {group_key(0).key_id} of the group does not match its id"
    ]


def test_history_is_searched_for_a_key_that_no_current_version_lists() -> None:
    asked = []

    def history(group: str) -> list[MemoryFolder]:
        asked.append(group)
        return [make_folder(0), make_folder(0, 1, alice=ALICE)]

    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(2)], history=history)
    assert opened(ring, 1)
    assert opened(ring, 0)
    assert asked == ["default"]


def test_history_is_not_searched_for_a_key_that_was_not_encrypted_to_the_reader() -> None:
    """Otherwise each checkout by somebody outside the group would search the whole history."""
    ring = GroupKeyring(Somebody(BOB), lambda: [make_folder(0, alice=ALICE)], history=never)
    assert not opened(ring, 0)


@pytest.mark.parametrize("broken", list(BROKEN.values())[:3], ids=list(BROKEN)[:3])
def test_an_old_version_that_is_broken_does_not_keep_an_older_one_from_opening(
    broken: MemoryFolder,
) -> None:
    good = make_folder(0, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), list, history=lambda _: [broken, good])
    assert opened(ring, 0)


def test_an_identity_that_was_named_and_cannot_be_used_is_told_and_stops_no_checkout() -> None:
    class Unusable(Nobody):
        def __iter__(self) -> Iterator[Identity]:
            raise NoKeyError("SEALEDFILES_KEY: no key that can be used")

    ring = GroupKeyring(Unusable(), lambda: [make_folder(0, alice=ALICE)])
    assert ring.for_prefix(prefix(0)) is None
    assert [error.message for error in ring.troubles] == [
        "SEALEDFILES_KEY: no key that can be used"
    ]
    with pytest.raises(NoKeyError):
        ring.key("default", group_key(0).key_id)


def test_other_bytes_under_the_name_of_a_cached_key_are_refused() -> None:
    """Somebody who generates both keys can, with much effort, give them the same 80-bit id."""
    other = GroupKey(group_key(1).key_id, date(1), secret(9))
    ring = GroupKeyring(
        Somebody(ALICE), lambda: [make_folder(0, 1, alice=ALICE)], cached=[("default", other)]
    )
    assert not opened(ring, 0)
    assert [error.message for error in ring.troubles] == [
        f"key {other.key_id} of default differs from the key seen before"
    ]
    assert ring.key("default", other.key_id) == other


# -- a key file wrapped around a chosen key


def chosen(*, with_line: bool) -> MemoryFolder:
    """The folder that somebody with push access but without a key creates, who knows alice's public key."""
    folder = make_folder(0, alice=ALICE)
    files = {"keys__default__alice_dot_age": wrap_keys([group_key(9)], [recipient_of(ALICE)])}
    if with_line:
        line = reference.epoch_line("default", secret(9), date(9), "rotated", secret(0))
        proof = line.rpartition(" ")[2]
        line = line.replace(proof, reference.base64url(reference.hmac(secret(9), b"guess")))
        files["keys__default__epochs"] = epochs(0) + f"{line}\n".encode()
    return folder.having(**files)


@pytest.mark.parametrize("with_line", [False, True])
def test_nothing_is_sealed_with_a_key_that_somebody_chose(with_line: bool) -> None:
    folder = chosen(with_line=with_line)
    alone = GroupKeyring(Somebody(ALICE), lambda: [folder])
    with pytest.raises((TamperedError, NoKeyError)):
        alone.current("default")
    cached = GroupKeyring(Somebody(ALICE), lambda: [folder], cached=[("default", group_key(0))])
    if with_line:
        assert isinstance(refused(cached), TamperedError)
    else:
        assert cached.current("default") == group_key(0)


@pytest.mark.parametrize("with_line", [False, True])
@pytest.mark.parametrize("cached", [True, False])
def test_nothing_is_opened_with_a_key_that_somebody_chose(with_line: bool, cached: bool) -> None:
    """Otherwise they could create tokens for any value, which would appear in every reader's working tree."""
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [chosen(with_line=with_line)],
        cached=[("default", group_key(0))] if cached else [],
        newest={"default": Seen(group_key(0).key_id, "main")},
    )
    assert not opened(ring, 9)


@pytest.mark.parametrize("cached", [True, False])
def test_a_whole_group_of_somebody_s_own_does_not_take_the_place_of_the_known_one(
    cached: bool,
) -> None:
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [make_folder(9, alice=ALICE)],
        cached=[("default", group_key(0))] if cached else [],
        newest={"default": Seen(group_key(0).key_id, "main")},
    )
    assert not opened(ring, 9)


# -- sealing


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_last_epoch_is_current_and_is_remembered(count: int) -> None:
    told = []
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [make_folder(*range(count), alice=ALICE)],
        remember=lambda group, key_id: told.append((group, key_id)),
    )
    assert ring.current("default") == group_key(count - 1)
    assert ring.current("default") == group_key(count - 1)
    assert told == [("default", group_key(count - 1).key_id)]
    assert ring.holds("default")


def test_values_are_sealed_with_the_current_key_of_the_group() -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, 1, alice=ALICE)])
    key = ring.sealing_key("default", FILE)
    assert key.prefix == prefix(1)
    assert ring.sealing_key("default", FILE) is key
    assert ring.for_prefix(prefix(1)) is key


def test_which_key_is_current_is_read_where_it_counts() -> None:
    old, new = make_folder(0, alice=ALICE), make_folder(0, 1, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [new, old], lambda: [old])
    assert ring.current("default") == group_key(0)


def test_the_current_key_is_found_behind_an_older_version() -> None:
    """MERGE_HEAD, of a branch that has not rotated, is read before the index."""
    old, new = make_folder(0, alice=ALICE), make_folder(0, 1, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [old, new], lambda: [new])
    assert ring.current("default") == group_key(1)


def test_it_is_determined_again_when_the_folder_changes() -> None:
    folder = make_folder(0, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder])
    assert ring.sealing_key("default", FILE).prefix == prefix(0)
    folder.files.update(make_folder(0, 1, alice=ALICE).files)
    assert ring.current("default") == group_key(0)
    ring.forget_current()
    assert ring.sealing_key("default", FILE).prefix == prefix(1)


def test_the_epochs_of_a_group_and_the_folder_they_stand_in() -> None:
    folder = make_folder(0, 1, alice=ALICE)
    ring = GroupKeyring(Nobody(), lambda: [MemoryFolder({}), folder])
    where, lines = ring.epochs("default")
    assert where is folder
    assert [line.key_id for line in lines] == [group_key(0).key_id, group_key(1).key_id]


def test_a_group_that_does_not_exist() -> None:
    ring = GroupKeyring(Nobody(), lambda: [make_folder(0, alice=ALICE)])
    error = refused(ring, "ops")
    assert isinstance(error, NoKeyError)
    assert error.message == "the group ops does not exist"
    assert not ring.holds("ops")


def test_without_a_key_the_error_says_who_can_help_and_what_was_checked() -> None:
    ring = GroupKeyring(Somebody(CAROL), lambda: [make_folder(0, alice=ALICE, bob=BOB)])
    error = refused(ring)
    assert isinstance(error, NoKeyError)
    assert error.message == "no key for the group default is available"
    assert error.hints == (
        "readers of default who can grant access: alice, bob",
        "looked at 1 keys",
    )
    assert not ring.holds("default")


# -- what is refused


def ring_with(folder: MemoryFolder, newest: int | None = None, where: str = "main") -> GroupKeyring:
    seen = {} if newest is None else {"default": Seen(group_key(newest).key_id, where)}
    return GroupKeyring(
        Somebody(ALICE),
        lambda: [folder],
        cached=[("default", group_key(number)) for number in range(6)],
        newest=seen,
        remember=lambda *_: pytest.fail("what was refused was remembered"),
    )


def with_epochs(data: bytes) -> MemoryFolder:
    return make_folder(0, alice=ALICE).having(keys__default__epochs=data)


LINES = epochs(0, 1, 2).splitlines(keepends=True)
REFUSED = {
    "lines in another order": b"".join([LINES[0], LINES[2], LINES[1]]),
    "a line left out": LINES[0] + LINES[2],
    "a fork": epochs(0, 1) + epochs(0, 2).splitlines(keepends=True)[1],
    "a line that is not proved": LINES[0] + LINES[1][:-5] + b"AAAA\n",
    "a line of another group": epochs(0, 1, group="ops"),
    "an empty file": b"",
    "conflict markers": b"<<<<<<< HEAD\n" + LINES[0],
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_epochs_that_are_not_proved_are_refused(data: bytes) -> None:
    ring = ring_with(with_epochs(data))
    error = refused(ring)
    assert isinstance(error, TamperedError)
    assert error.message.startswith(".sealedfiles/keys/default/epochs: ")
    with pytest.raises(TamperedError):
        ring.holds("default")
    with pytest.raises(TamperedError):
        ring.sealing_key("default", FILE)


def test_a_conflict_in_the_epochs_that_count_is_refused_and_not_got_round() -> None:
    """A later version of the folder would make an older key the current one."""
    conflict = MemoryFolder({}, refused=frozenset({"keys/default/epochs"}))
    good = make_folder(0, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [good], lambda: [conflict, good])
    assert isinstance(refused(ring), TamperedError)


def test_a_key_that_was_not_encrypted_to_the_reader_is_refused() -> None:
    """Somebody created an epoch without encrypting it, or an earlier one, to this reader."""
    for missing in (0, 1, 2):
        held = [group_key(number) for number in range(3) if number != missing]
        folder = make_folder(0, 1, 2, alice=ALICE).having(
            keys__default__alice_dot_age=wrap_keys(held, [recipient_of(ALICE)])
        )
        error = refused(GroupKeyring(Somebody(ALICE), partial(list, [folder])))
        assert isinstance(error, TamperedError)
        assert (
            f"the key of line {missing + 1} is not among the keys encrypted to you" in error.message
        )


def test_a_way_back_behind_the_newest_epoch_seen_is_refused() -> None:
    error = refused(ring_with(make_folder(0, alice=ALICE), newest=1, where="feature/x"))
    assert isinstance(error, TamperedError)
    assert error.message.endswith(f"the newest key seen, {group_key(1).key_id} (feature/x)")
    assert any("sealedfiles sync --forget default" in hint for hint in error.hints)


def test_a_fork_from_the_newest_epoch_seen_is_refused() -> None:
    """A removed reader still has key 0 and can create a valid line that follows it."""
    fork = make_folder(0, 3, alice=ALICE)
    error = refused(ring_with(fork, newest=1))
    assert isinstance(error, TamperedError)
    assert "do not descend from the newest key seen" in error.message


def test_another_chain_altogether_is_refused() -> None:
    assert isinstance(refused(ring_with(make_folder(5, alice=ALICE), newest=0)), TamperedError)


@pytest.mark.parametrize("newest", [0, 1])
def test_the_newest_epoch_seen_may_have_a_successor(newest: int) -> None:
    seen = {"default": Seen(group_key(newest).key_id, "main")}
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, 1, alice=ALICE)], newest=seen)
    assert ring.current("default") == group_key(1)


OTHER = {"ops": Seen(group_key(5).key_id, "main")}
"""The memory of a clone that has used another group."""


def test_nothing_is_sealed_to_a_group_that_is_new_here_until_somebody_says_that_it_is_right() -> (
    None
):
    told = []
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [make_folder(0, alice=ALICE)],
        newest=OTHER,
        remember=lambda *epoch: told.append(epoch),
    )
    error = refused(ring)
    assert isinstance(error, TamperedError)
    assert error.message.startswith("the group default is new in this clone")
    assert error.hints[-1].endswith("sealedfiles unlock --accept default")
    assert told == []
    ring.accept("another")
    assert isinstance(refused(ring), TamperedError)
    assert not ring.holds("default")
    ring.accept("default")
    assert ring.current("default") == group_key(0)
    assert told == [("default", group_key(0).key_id)]


def test_the_first_group_of_a_clone_is_trusted() -> None:
    ring = GroupKeyring(Somebody(ALICE), lambda: [make_folder(0, alice=ALICE)])
    assert ring.current("default") == group_key(0)


def test_nothing_is_opened_of_a_group_that_is_new_here_until_somebody_says_that_it_is_right() -> (
    None
):
    """Anyone with push access can create a group, encrypt its key to every reader, and replace tokens by
    their own: their values would appear in every working tree."""
    ring = GroupKeyring(
        Somebody(ALICE), lambda: [make_folder(9, group="evil", alice=ALICE)], newest=OTHER
    )
    assert not opened(ring, 9, "evil")
    ring.accept("default")
    assert not opened(ring, 9, "evil")
    ring.accept("evil")
    assert opened(ring, 9, "evil")


def test_a_fork_from_the_newest_epoch_seen_is_named_when_its_tokens_are_met() -> None:
    """A removed reader forks at their last key, encrypts a new key to the remaining readers, and creates
    tokens."""
    ring = GroupKeyring(
        Somebody(ALICE),
        lambda: [make_folder(0, 3, alice=ALICE)],
        cached=CACHED,
        newest={"default": Seen(group_key(1).key_id, "main")},
    )
    opened(ring, 3)
    assert ring.troubles


def test_a_way_back_behind_what_this_process_has_seen_is_refused() -> None:
    """One filter process serves all picks of a rebase."""
    folder = make_folder(0, 1, alice=ALICE)
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder])
    assert ring.current("default") == group_key(1)
    folder.files.update(make_folder(0, alice=ALICE).files)
    ring.forget_current()
    assert isinstance(refused(ring), TamperedError)


# -- locked


def test_a_locked_ring_opens_nothing() -> None:
    ring = GroupKeyring(Nobody(), never, cached=CACHED, locked=True)
    assert ring.locked
    assert not opened(ring, 0)
    assert ring.key("default", group_key(0).key_id) is None
    assert ring.groups() == []
    assert not ring.is_member("default")
    assert ring.troubles == []


def test_a_locked_ring_seals_nothing() -> None:
    ring = GroupKeyring(Nobody(), never, cached=CACHED, locked=True)
    error = refused(ring)
    assert isinstance(error, NoKeyError)
    assert error.message == "this clone is locked"
    assert error.hints == ("unlock it: sealedfiles unlock",)
    assert not ring.holds("default")
    with pytest.raises(NoKeyError):
        ring.sealing_key("default", FILE)


# -- secrets


def test_no_secret_shows_in_what_is_printed_of_a_ring() -> None:
    ring = GroupKeyring(
        Somebody(ALICE), lambda: [make_folder(0, 1, alice=ALICE)], cached=CACHED[:1]
    )
    ring.current("default")
    shown = repr(ring) + str(ring) + repr(vars(ring))
    assert group_key(1).key_id in shown
    for number in (0, 1):
        assert b64encode(secret(number)).decode() not in shown
        assert repr(secret(number))[2:-1] not in shown
        assert secret(number).hex() not in shown
    assert ALICE.text
    assert ALICE.text[16:] not in shown


def test_a_key_that_a_file_holds_and_the_epochs_do_not_list_is_not_taken() -> None:
    """Otherwise the author of a key file could add their own key and seal values with it."""
    held = [group_key(0), group_key(9)]
    folder = make_folder(0, alice=ALICE).having(
        keys__default__alice_dot_age=wrap_keys(held, [recipient_of(ALICE)])
    )
    ring = GroupKeyring(Somebody(ALICE), lambda: [folder])
    assert opened(ring, 0)
    assert not opened(ring, 9)


def test_a_line_of_the_epochs_that_is_not_proved_opens_nothing() -> None:
    """Reading alone must verify it, because values are trusted before anything is sealed."""
    folder = make_folder(0, 1, alice=ALICE)
    data = folder.files["keys/default/epochs"]
    for word in (b" rotated ", b" revoked "):
        changed = data.replace(b" rotated ", word)
        ring = GroupKeyring(
            Somebody(ALICE), partial(list, [folder.having(keys__default__epochs=changed)])
        )
        assert opened(ring, 1) == (changed == data)
        assert bool(ring.troubles) == (changed != data)


def test_a_flood_of_key_files_costs_a_bounded_number_of_tries() -> None:
    """Anyone with push access can add files; the reader's own file comes first."""
    folder = make_folder(0, alice=ALICE, bob=BOB)
    flood = {f"keys/default/r{n}.age": b"x" * 100 for n in range(20_000)}
    folder.files.update(flood)
    mallory = Counting(MALLORY)
    ring = GroupKeyring(Somebody(mallory), lambda: [folder])
    assert ring.key("default", group_key(0).key_id) is None
    assert len(folder.reads) < 3000
    assert any("too many key files to try" in one.message for one in ring.troubles)
    assert GroupKeyring(Somebody(ALICE), lambda: [folder]).current("default") == group_key(0)
