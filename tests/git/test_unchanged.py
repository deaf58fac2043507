"""The memo of unchanged files: it saves work, and never changes what clean returns."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from multiprocessing import Process
from typing import TYPE_CHECKING, cast

import pytest
from check.toy import APP, RULES, TEXT, Toy
from hypothesis import given
from hypothesis import strategies as st
from keys.kit import group_key

from sealedfiles.errors import PolicyError, UnprovedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter import unchanged
from sealedfiles.git.filter.clean_smudge import Filter
from sealedfiles.git.filter.unchanged import NAME, Unchanged
from sealedfiles.git.policy_in_force import DisputedRules
from sealedfiles.git.repository import find_repository
from sealedfiles.keys.state import CloneFiles
from sealedfiles.model.policy import FileRules, parse_policy
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.keys.group_keyring import GroupKeyring

PATH, PLAIN = APP.encode(), TEXT.encode()
NO_RULES = FileRules([])


class Ring:
    """The part of a keyring that a memo needs."""

    def __init__(self, *secrets: bytes) -> None:
        self._secrets = secrets

    def derive(self, info: bytes) -> bytes:
        return sha256(info + b"".join(self._secrets)).digest() if self._secrets else b""


def memo(folder: Path, *secrets: bytes, count: int = 4) -> Unchanged:
    ring = cast("GroupKeyring", Ring(*(secrets or (b"key",))))
    return Unchanged(folder, ring, lambda: count)


def rules(text: str) -> FileRules:
    return parse_policy(f"version: 1\nrules:\n{text}\n".encode()).for_file(APP)


def marks(count: int, prefix: str = "") -> list[bytes]:
    return [sha256(f"{prefix}{number}".encode()).digest()[:16] for number in range(count)]


# -- the file


def test_a_saved_mark_is_found_by_another_process(tmp_path: Path) -> None:
    one = memo(tmp_path / "state")
    mark = one.mark(PATH, NO_RULES, b"data", b"previous")
    assert mark not in one
    one.add(mark)
    assert mark in one
    assert mark not in memo(tmp_path / "state")
    one.save()
    assert mark in memo(tmp_path / "state")
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600


def test_a_mark_covers_all_that_the_result_depends_on(tmp_path: Path) -> None:
    plain = rules(f"  {RULES}")
    found = {
        memo(tmp_path, *keys).mark(path, some, data, previous)
        for keys in ([b"key"], [b"key", b"other"])
        for path in (PATH, b"a", b"a3:x")
        for some in (NO_RULES, plain, rules("  - {files: 'secrets/*', group: production}"))
        for data, previous in ((b"", b"ab"), (b"a", b"b"), (b"ab", b""), (b"b", b"a"))
    }
    assert len(found) == 2 * 3 * 3 * 4


def test_without_keys_and_before_the_policy_is_confirmed_there_is_no_mark(tmp_path: Path) -> None:
    locked = Unchanged(tmp_path, cast("GroupKeyring", Ring()), lambda: 1)
    disputed = DisputedRules(NO_RULES, NO_RULES, PolicyError("not confirmed"))
    for none in (
        locked.mark(PATH, NO_RULES, b"data", b"previous"),
        memo(tmp_path).mark(PATH, disputed, b"data", b"previous"),
    ):
        assert none == b""
        locked.add(none)
        assert none not in locked
    locked.save()
    assert not (tmp_path / NAME).exists()


@given(
    content=st.binary(max_size=3) | st.binary(min_size=8000, max_size=9000),
    cut=st.integers(0, 9000),
)
def test_a_damaged_file_holds_no_mark_and_is_used_again(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("state")
    known = marks(20)
    first = memo(folder)
    for mark in known:
        first.add(mark)
    first.save()
    file = folder / NAME
    file.write_bytes((content + file.read_bytes()[len(content) :])[:cut])
    damaged = memo(folder)
    assert not [mark for mark in marks(20, "other") if mark in damaged]
    for mark in known:
        damaged.add(mark)
    damaged.save()
    assert all(mark in memo(folder) for mark in known)


def test_its_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "_MOST", 1 << 15)
    for number in range(5):
        one = memo(tmp_path, count=10**6)
        for mark in marks(2000, f"{number} "):
            one.add(mark)
        one.save()
    assert (tmp_path / NAME).stat().st_size == 1 << 15
    newest = memo(tmp_path, count=10**6)
    assert sum(mark in newest for mark in marks(2000, "4 ")) > 1000


@pytest.mark.slow
def test_it_grows_with_the_number_of_files(tmp_path: Path) -> None:
    for count in (10, 10_000):
        one = memo(tmp_path, count=count)
        for mark in marks(count):
            one.add(mark)
        one.save()
        assert sum(mark in memo(tmp_path, count=count) for mark in marks(count)) > 0.99 * count
    size = (tmp_path / NAME).stat().st_size
    memo(tmp_path, count=10).save()
    assert (tmp_path / NAME).stat().st_size == size


def _save(folder: Path, name: str) -> None:
    for number in range(20):
        one = memo(folder)
        for mark in marks(20, f"{name} {number} "):
            one.add(mark)
        one.save()


def test_marks_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    processes = [Process(target=_save, args=(tmp_path, name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    known = {mark for name in names for n in range(20) for mark in marks(20, f"{name} {n} ")}
    data = (tmp_path / NAME).read_bytes()
    found = {data[at : at + 16] for at in range(0, len(data), 16)} - {bytes(16)}
    assert found
    assert found <= known


@pytest.mark.parametrize("obstacle", ["the folder", "the file"])
def test_if_it_cannot_be_read_or_written_nothing_fails(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "state"
    if obstacle == "the folder":
        folder.write_text("")
    else:
        (folder / NAME).mkdir(parents=True)
    one = memo(folder)
    one.add(marks(1)[0])
    one.save()
    assert marks(1)[0] not in memo(folder)


def test_nothing_is_stored_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    one = memo(tmp_path / "state")
    one.add(marks(1)[0])
    one.save()
    assert not (tmp_path / "state").exists()


# -- the filter


@pytest.fixture
def sealed_files(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The content of every file for which clean had to decrypt or seal something."""
    found: list[bytes] = []

    def seal(data: bytes, *args: object, **options: object) -> bytes:
        found.append(data)
        return seal_file(data, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("sealedfiles.sealing.seal.seal_file", seal)
    return found


@pytest.fixture
def unlocked(toy: Toy) -> Toy:
    """A clone whose keys are cached, in which clean has found APP unchanged."""
    cache(toy, default=1, production=2)
    assert clean(toy) == toy.read().encode()
    return toy


def cache(toy: Toy, **numbers: int) -> None:
    """Make these the cached keys."""
    state(toy).write_keys([(group, group_key(number)) for group, number in numbers.items()])


def state(toy: Toy) -> CloneFiles:
    return CloneFiles(toy.path / ".git/sealedfiles")


def clean(toy: Toy, data: bytes = PLAIN, path: bytes = PATH) -> bytes:
    """Return what `git add` of *data* stores, in a filter process of its own."""
    repository = find_repository(toy.path)
    assert repository is not None
    running = Filter(Clone(repository, is_filter=True))
    running.__dict__["_stores"] = True
    try:
        return running.clean(path, data)
    finally:
        running.close()


def test_an_unchanged_file_is_decrypted_once(unlocked: Toy, sealed_files: list[bytes]) -> None:
    before = unlocked.read().encode()
    assert clean(unlocked) == before
    assert sealed_files == []
    (state(unlocked).folder / NAME).unlink()
    assert clean(unlocked) == before
    assert clean(unlocked) == before
    assert sealed_files == [PLAIN]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alpha", b"beta"),
        (b"name", b"# note\nname"),
        (b"name: shop\n", b""),
        pytest.param(b"\n", b"\r\n", id="other attributes: git converts the line ends"),
    ],
)
def test_a_changed_file_is_sealed(
    unlocked: Toy, sealed_files: list[bytes], old: bytes, new: bytes
) -> None:
    changed = PLAIN.replace(old, new)
    first = clean(unlocked, changed)
    assert first != unlocked.read().encode()
    assert clean(unlocked, changed) == first
    assert sealed_files == [changed, changed]


def test_a_version_that_was_pushed_is_not_taken_for_another(
    unlocked: Toy, sealed_files: list[bytes]
) -> None:
    old = unlocked.read().encode()
    unlocked.write(APP, unlocked.sealed(PLAIN.replace(b"alpha", b"pushed"), before=old))
    unlocked.stage()
    clean(unlocked)
    assert sealed_files == [PLAIN]


@pytest.mark.parametrize("literal", ["hunter2-alpha", "'hunter2-alpha'"])
def test_plaintext_in_git_is_judged_each_time(
    unlocked: Toy, sealed_files: list[bytes], literal: str
) -> None:
    """Somebody who may have no key wrote it."""
    pushed = unlocked.read().replace(f'"{unlocked.token("password")}"', literal)
    unlocked.write(APP, pushed)
    unlocked.commit()
    data = PLAIN.replace(b"hunter2-alpha", literal.encode())
    for _ in range(2):
        assert clean(unlocked, data) == pushed.encode()
    assert sealed_files == [data, data]


def test_a_value_that_moved_out_of_a_retired_token_is_still_refused(unlocked: Toy) -> None:
    """What was found of the unchanged file says nothing about the changed one."""
    state(unlocked).write_retired("default", [group_key(1).key_id])
    unlocked.group("default", 1, 3)
    unlocked.commit()
    cache(unlocked, default=3, production=2)
    keys = [("default", group_key(1)), ("default", group_key(3)), ("production", group_key(2))]
    state(unlocked).write_keys(keys)
    assert clean(unlocked) == clean(unlocked) == unlocked.read().encode()
    with pytest.raises(UnprovedError):
        clean(unlocked, PLAIN.replace(b"password", b"passwd"))


def test_a_file_at_another_path_is_another_file(unlocked: Toy, sealed_files: list[bytes]) -> None:
    unlocked.write("secrets/copy.yaml", unlocked.read())
    unlocked.stage()
    clean(unlocked, path=b"secrets/copy.yaml")
    assert sealed_files == [PLAIN]


def test_other_rules_are_applied_at_once(unlocked: Toy, sealed_files: list[bytes]) -> None:
    unlocked.policy("")
    unlocked.stage()
    clean(unlocked)
    assert sealed_files == [PLAIN]


def test_rules_that_are_not_confirmed_have_no_mark(
    unlocked: Toy, sealed_files: list[bytes]
) -> None:
    unlocked.write(".sealedfiles/policy.yaml", "version: 1\nrules:\n- {files: '*', plain: true}\n")
    unlocked.stage()
    for _ in range(2):
        assert clean(unlocked) == unlocked.read().encode()
    assert sealed_files == [PLAIN, PLAIN]


def test_a_file_that_nothing_covers_any_more_stays_as_it_is(
    unlocked: Toy, sealed_files: list[bytes]
) -> None:
    unlocked.write(".gitattributes", "")
    unlocked.write(APP, PLAIN)
    unlocked.commit()
    assert clean(unlocked) == PLAIN
    assert sealed_files == []


def test_with_other_keys_no_mark_counts(unlocked: Toy, sealed_files: list[bytes]) -> None:
    """After a rotation, or after the keys of one group are gone."""
    before = unlocked.read().encode()
    unlocked.group("production", 2, 4)
    old = [("default", group_key(1)), ("production", group_key(2))]
    state(unlocked).write_keys([*old, ("production", group_key(4))])
    assert clean(unlocked) == before
    cache(unlocked, default=1)
    assert clean(unlocked) == before
    assert sealed_files == [PLAIN, PLAIN]


def test_the_memo_of_a_clone_with_other_keys_is_worthless(
    unlocked: Toy, sealed_files: list[bytes]
) -> None:
    foreign = (state(unlocked).folder / NAME).read_bytes()
    (state(unlocked).folder / NAME).unlink()
    cache(unlocked, default=1, production=2, other=7)
    (state(unlocked).folder / NAME).write_bytes(foreign)
    clean(unlocked)
    assert sealed_files == [PLAIN]


def test_a_locked_clone_uses_none(unlocked: Toy, sealed_files: list[bytes]) -> None:
    state(unlocked).set_locked(locked=True)
    assert clean(unlocked, unlocked.read().encode()) == unlocked.read().encode()
    assert len(sealed_files) == 1
    state(unlocked).forget_keys()
    assert not (state(unlocked).folder / NAME).exists()
