from __future__ import annotations

import os
import stat
import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from sealedfiles.errors import TamperedError
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.state import CloneFiles, LookedAt, Seen
from sealedfiles.util import atomic

from .kit import group_key, secret

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [("default", group_key(0)), ("default", group_key(1)), ("ops.eu", group_key(2))]
WRONG = GroupKey(group_key(0).key_id, group_key(0).date, secret(1)).line
"""Another key under the name of the first."""


@pytest.fixture
def state(tmp_path: Path) -> CloneFiles:
    return CloneFiles(tmp_path / ".git" / "sealedfiles")


def test_a_new_clone_remembers_nothing_and_makes_no_folder_by_being_asked(
    state: CloneFiles,
) -> None:
    assert not state.locked
    assert state.cached_keys() == []
    assert state.newest() == {}
    state.forget_keys()
    state.set_locked(locked=False)
    assert not state.folder.exists()


def test_keys_are_read_as_they_were_written(state: CloneFiles) -> None:
    state.write_keys(KEYS)
    assert state.cached_keys() == KEYS
    state.write_keys(KEYS[:1])
    assert state.cached_keys() == KEYS[:1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(state: CloneFiles) -> None:
    before = os.umask(0)
    try:
        state.write_keys(KEYS)
        state.remember("default", Seen("a" * 16, "main"))
        state.set_locked(locked=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700
    assert sorted(file.name for file in state.folder.iterdir()) == [
        "keys",
        "locked",
        "newest",
        "opened",
    ]
    for file in state.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("value", ["true", "1", "false"])
def test_keys_are_not_written_on_a_build_machine(
    state: CloneFiles, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CI", value)
    state.write_keys(KEYS)
    assert not state.folder.exists()
    state.remember("default", Seen("a" * 16, "main"))
    assert state.newest()


def test_forgetting_the_keys_leaves_the_newest_epochs_and_the_mark(state: CloneFiles) -> None:
    state.write_keys(KEYS)
    state.remember("default", Seen("a" * 16, "main"))
    state.set_locked(locked=True)
    state.forget_keys()
    assert state.cached_keys() == []
    assert state.newest() == {"default": Seen("a" * 16, "main")}
    assert state.locked


@pytest.mark.parametrize("name", ["held", "ids", "unchanged"])
def test_forgetting_the_keys_removes_what_was_made_with_them(state: CloneFiles, name: str) -> None:
    state.write_keys(KEYS)
    (state.folder / name).write_bytes(b"made with the keys")
    state.forget_keys()
    assert not (state.folder / name).exists()


def test_the_mark_of_a_lock_is_left_and_removed(state: CloneFiles) -> None:
    for locked in (True, True, False, False, True):
        state.set_locked(locked)
        assert state.locked == locked
        assert CloneFiles(state.folder).locked == locked


def test_the_newest_epoch_of_each_group_is_remembered_with_its_place(state: CloneFiles) -> None:
    state.remember("ops", Seen("b" * 16, "feature/a branch with spaces"))
    state.remember("default", Seen("a" * 16, "main"))
    state.remember("default", Seen("c" * 16, "größe"))
    assert CloneFiles(state.folder).newest() == {
        "default": Seen("c" * 16, "größe"),
        "ops": Seen("b" * 16, "feature/a branch with spaces"),
    }


def test_where_an_epoch_was_first_seen_is_kept_and_nothing_is_written_again(
    state: CloneFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.remember("default", Seen("a" * 16, "main"))
    monkeypatch.setattr(atomic, "replace", lambda *_: pytest.fail("it was written again"))
    state.remember("default", Seen("a" * 16, "other"))
    assert state.newest()["default"].where == "main"


def test_a_folder_that_cannot_be_written_does_not_stop_a_git_command(
    state: CloneFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(atomic, "replace", fail)
    state.remember("default", Seen("a" * 16, "main"))
    state.write_retired("default", ["b" * 16])
    # What was seen counts for the rest of this process.
    assert state.newest() == {"default": Seen("a" * 16, "main")}
    assert state.retired() == {"default": {"b" * 16}}
    assert CloneFiles(state.folder).newest() == {}


def test_in_ci_what_was_seen_is_not_written(
    state: CloneFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.remember("ops", Seen("c" * 16, "main"))
    monkeypatch.setenv("CI", "true")
    state.remember("default", Seen("a" * 16, "main"))
    state.write_retired("default", ["b" * 16])
    state.note_looked_at("default", LookedAt("state", "commit", "", {"b" * 16: "c" * 40}))
    assert state.newest()["default"] == Seen("a" * 16, "main")
    assert state.retired() == {"default": {"b" * 16}}
    assert state.looked_at("default") == LookedAt("state", "commit", "", {"b" * 16: "c" * 40})
    later = CloneFiles(state.folder)
    assert (later.newest(), later.retired()) == ({"ops": Seen("c" * 16, "main")}, {})
    assert later.looked_at("default") is None


@pytest.mark.parametrize(
    "line",
    [
        "default x",
        "default",
        KEYS[0][1].line,
        f"default {KEYS[0][1].line} ",
        f"default {WRONG}",
    ],
)
def test_a_key_that_is_damaged_is_an_error_that_names_the_file_and_no_secret(
    state: CloneFiles, line: str
) -> None:
    state.write_keys(KEYS)
    with (state.folder / "keys").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(TamperedError) as caught:
        state.cached_keys()
    assert caught.value.message.startswith(str(state.folder / "keys"))
    assert caught.value.hints == ("create it again: sealedfiles unlock",)
    for number in (0, 1):
        assert b64encode(secret(number)).decode() not in str(caught.value)


def test_bytes_that_are_no_text_are_no_traceback(state: CloneFiles) -> None:
    state.write_keys(KEYS)
    (state.folder / "newest").write_bytes(b"default \xff\xfe\nx\n\n")
    assert state.newest()["default"].where == ""
    (state.folder / "keys").write_bytes(b"\xff\n")
    with pytest.raises(TamperedError):
        state.cached_keys()
