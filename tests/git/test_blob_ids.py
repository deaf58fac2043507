"""The memo of file ids: it saves reading blobs, and never changes which ids are in use."""

from __future__ import annotations

import os
import stat
from hashlib import sha1
from multiprocessing import Process
from typing import TYPE_CHECKING

import pytest
from check.toy import APP, TEXT, Toy
from hypothesis import given
from hypothesis import strategies as st
from keys.kit import group_key

from sealedfiles.git import blob_ids
from sealedfiles.git.blob_ids import NAME, BlobIds
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.git.used_ids import UsedIds
from sealedfiles.keys.state import CloneFiles
from sealedfiles.model.token import file_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = b"key"
ID = b"AbCd_-09"
MANY = 200
NEW, OLD = "secrets/new.yaml", "secrets/old.yaml"


def blobs(count: int, prefix: str = "") -> list[bytes]:
    return [sha1(f"{prefix}{number}".encode()).hexdigest().encode() for number in range(count)]


def memo(folder: Path, key: bytes = KEY, files: int = 4) -> BlobIds:
    return BlobIds(str(folder), key, files)


def filled(folder: Path, key: bytes = KEY, prefix: str = "") -> list[bytes]:
    """Save a memo in which each of many blobs has ``ID``, and return the blobs as they are stored."""
    one = memo(folder, key)
    for blob in blobs(MANY, prefix):
        one.add(blob, {ID})
    one.save()
    return [blob[:32] for blob in blobs(MANY, prefix)]


# -- the file


@pytest.mark.parametrize("few", [0, 1, 1000])
def test_another_process_finds_what_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """However many searches there are."""
    monkeypatch.setattr(blob_ids, "_FEW_SEARCHES", few)
    folder = tmp_path / "state"
    one = memo(folder)
    found_ids: list[set[bytes]] = [{ID, b"other-id"}, set(), *[{b"other-id"}] * (MANY - 2)]
    for blob, ids in zip(blobs(MANY), found_ids, strict=True):
        one.add(blob, ids)
        one.add(blob, ids)
    one.save()
    for found in (one, memo(folder)):
        assert found.known == {blob[:32] for blob in blobs(MANY)}
        assert found.holders(ID) == [blobs(1)[0][:32]]
        assert len(found.holders(b"other-id")) == MANY - 1
        assert found.holders(b"nowhere1") == []
    if os.name == "posix":
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sets(st.sampled_from("abcdefgh"), max_size=4))),
    st.integers(0, 9),
)
def test_every_holder_is_found_before_and_after_many_searches(
    added: list[tuple[int, set[str]]], few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blob_ids, "_FEW_SEARCHES", few)
        patch.setattr(blob_ids, "_MOST_IDS", 2)
        one = BlobIds("", b"", 0)
        expected: dict[bytes, set[bytes]] = {}
        for number, names in added:
            blob = b"%032d" % number
            ids = {name.encode() * 8 for name in names}
            expected.setdefault(blob, ids)
            one.add(blob + b"rest", ids)
            for identity in ids:
                holders = {blob for blob, known in expected.items() if identity in known}
                assert set(one.holders(identity)) == holders
        assert one.known == expected.keys()


def test_more_blobs_are_added(tmp_path: Path) -> None:
    first = filled(tmp_path)
    second = filled(tmp_path, prefix="more")
    assert memo(tmp_path).holders(ID) == first + second


def test_for_few_new_blobs_it_is_not_written(tmp_path: Path) -> None:
    filled(tmp_path)
    before = (tmp_path / NAME).stat()
    one = memo(tmp_path)
    one.add(b"f" * 40, {ID})
    one.save()
    assert (tmp_path / NAME).stat() == before


def test_it_does_not_count_with_other_keys(tmp_path: Path) -> None:
    known = filled(tmp_path)
    assert memo(tmp_path, b"other").known == set()
    assert memo(tmp_path, b"other").holders(ID) == []
    assert memo(tmp_path).holders(ID) == known


@pytest.mark.parametrize("reason", ["no key", "CI", "the folder", "the file"])
def test_if_it_cannot_be_written_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    folder = tmp_path / "state"
    if reason == "CI":
        monkeypatch.setenv("CI", "true")
    elif reason == "the folder":
        folder.write_text("")
    elif reason == "the file":
        (folder / NAME).mkdir(parents=True)
    filled(folder, b"" if reason == "no key" else KEY)
    assert not (folder / NAME).is_file()
    assert memo(folder).known == set()


@given(at=st.integers(0, 8100), bit=st.integers(0, 7), is_cut=st.booleans())
def test_a_damaged_file_is_empty_and_is_replaced(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, is_cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("state")
    known = filled(folder)
    data = bytearray((folder / NAME).read_bytes())
    at %= len(data)
    if is_cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    (folder / NAME).write_bytes(data)
    assert memo(folder).known == set()
    filled(folder)
    assert memo(folder).holders(ID) == known


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_ids, "_SPARE", 0)
    filled(tmp_path)
    assert len(memo(tmp_path, files=MANY // 2).known) == MANY
    assert memo(tmp_path, files=MANY // 2 - 1).known == set()


def test_a_blob_of_many_ids_is_not_stored(tmp_path: Path) -> None:
    filled(tmp_path)
    one = memo(tmp_path)
    one.add(b"e" * 40, {b"%08d" % number for number in range(16)})
    one.add(b"f" * 40, {b"%08d" % number for number in range(17)})
    assert one.holders(b"%08d" % 16) == [b"f" * 32]
    for blob in blobs(MANY, "more"):
        one.add(blob, set())
    one.save()
    assert b"e" * 32 in memo(tmp_path).known
    assert b"f" * 32 not in memo(tmp_path).known


def test_processes_replace_each_other_s_file(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    processes = [Process(target=filled, args=(tmp_path, KEY, name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    found = memo(tmp_path).known
    every = {name: {blob[:32] for blob in blobs(MANY, name)} for name in names}
    assert any(known <= found for known in every.values())
    assert found <= set().union(*every.values())


# -- the ids in use


@pytest.fixture
def unlocked(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A clone whose keys are cached, with a memo of the ids of its files."""
    monkeypatch.setattr(blob_ids, "_FEW", 0)
    keys = [("default", group_key(1)), ("production", group_key(2))]
    CloneFiles(toy.path / ".git/sealedfiles").write_keys(keys)
    assert free_id(toy, NEW) == file_id(NEW.encode())
    assert (toy.path / ".git/sealedfiles" / NAME).exists()
    return toy


def used(toy: Toy) -> UsedIds:
    repository = find_repository(toy.path)
    assert repository is not None
    return UsedIds(Clone(repository, is_filter=True))


def free_id(toy: Toy, path: str) -> str:
    ids = used(toy)
    try:
        return ids.free_id(path.encode())
    finally:
        ids._clone.close()


def rename(toy: Toy) -> None:
    toy.git("mv", APP, "secrets/renamed.yaml")


def test_a_known_blob_is_not_read(unlocked: Toy) -> None:
    rename(unlocked)
    oid = unlocked.git("rev-parse", ":secrets/renamed.yaml").strip()
    (unlocked.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert free_id(unlocked, APP) == file_id(APP.encode(), 1)


def _delete(file: Path) -> None:
    file.unlink()


def _damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"!")


def _forge(file: Path) -> None:
    """Replace it with what another program would write: the blobs are known, and have no ids."""
    known = memo(file.parent, b"another key")
    known.add(file.read_bytes()[32:64], set())
    known.save()


@pytest.mark.parametrize("change", [_delete, _damage, _forge])
def test_without_a_valid_memo_the_blobs_are_read(
    unlocked: Toy, change: Callable[[Path], None]
) -> None:
    rename(unlocked)
    change(unlocked.path / ".git/sealedfiles" / NAME)
    assert free_id(unlocked, APP) == file_id(APP.encode(), 1)


def test_what_changed_since_is_read(unlocked: Toy) -> None:
    unlocked.write(OLD, unlocked.sealed(TEXT, NEW))
    unlocked.stage()
    assert free_id(unlocked, NEW) == file_id(NEW.encode(), 1)
    unlocked.git("rm", "--quiet", "--cached", OLD)
    assert free_id(unlocked, NEW) == file_id(NEW.encode())


def test_the_index_may_change_while_the_filter_runs(unlocked: Toy) -> None:
    ids = used(unlocked)
    assert not ids.is_used_elsewhere(NEW.encode(), unlocked.sealed(TEXT, NEW))
    unlocked.write(OLD, unlocked.sealed(TEXT, NEW))
    unlocked.stage()
    assert ids.is_used_elsewhere(NEW.encode(), unlocked.sealed(TEXT, NEW))
    assert ids.free_id(NEW.encode()) == file_id(NEW.encode(), 1)
    ids._clone.close()


def test_the_same_blob_at_another_path_holds_its_id(unlocked: Toy) -> None:
    unlocked.write(OLD, unlocked.read())
    unlocked.stage()
    assert free_id(unlocked, APP) == file_id(APP.encode(), 1)


def test_only_sealed_files_hold_ids(unlocked: Toy) -> None:
    unlocked.write("copy.txt", unlocked.read())
    unlocked.git("rm", "--quiet", "--cached", APP)
    unlocked.git("add", "copy.txt")
    assert free_id(unlocked, APP) == file_id(APP.encode())
    unlocked.write(".gitattributes", "*.txt filter=sealedfiles\nsecrets/** filter=sealedfiles\n")
    assert free_id(unlocked, APP) == file_id(APP.encode(), 1)
