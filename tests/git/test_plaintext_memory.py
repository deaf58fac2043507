"""The record of plaintext that a checkout wrote: its content and its file."""

from __future__ import annotations

import os
import stat
import sys
from multiprocessing import Process
from typing import TYPE_CHECKING

import pytest

from sealedfiles.errors import GitError
from sealedfiles.git import plaintext_memory
from sealedfiles.git.plaintext_memory import NAME, PlaintextMemory
from sealedfiles.git.plaintext_records import (
    RETIRED,
    comment_record,
    comment_records,
    content_record,
    value_records,
)
from sealedfiles.model.paths import key_step
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.comment_lines import PlacedComment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMIT, OTHER = "ab" * 20, "cd" * 20


def noted(folder: Path, *values: str, commit: str = "") -> PlaintextMemory:
    memory = PlaintextMemory(folder)
    memory.note([(b"key", value) for value in values], commit=commit)
    return memory


def origin(memory: PlaintextMemory, value: str) -> str | None:
    return memory.origin(*value_records(b"key", value))


def test_it_begins_empty(tmp_path: Path) -> None:
    memory = PlaintextMemory(tmp_path / "state")
    assert not memory
    assert not memory.has_value(b"key", "value")
    assert origin(memory, "value") is None
    memory.note([])
    assert not (tmp_path / "state").exists()


def test_it_holds_values_by_key_path_and_comments_and_contents(tmp_path: Path) -> None:
    PlaintextMemory(tmp_path).note(
        [(b"key", "value")], [PlacedComment("comment")], [b"content"], COMMIT
    )
    memory = PlaintextMemory(tmp_path)
    assert memory
    assert memory.has_value(b"key", "value")
    assert memory.has_comment(PlacedComment(" comment"))
    assert memory.has_content(b"content")
    assert not memory.has_value(b"other", "value")
    assert not memory.has_value(b"key", "comment")
    assert not memory.has_comment(PlacedComment("value"))
    assert not memory.has_content(b"comment")
    assert origin(memory, "value") == COMMIT
    assert memory.origin(comment_record("comment")) == COMMIT
    assert memory.origin(content_record(b"content")) == COMMIT


@pytest.mark.parametrize("text", ["db\\ pass=s3cr3t-old", ": s3cr3t-old", "- 's3cr3t-old'"])
def test_a_retired_value_and_comment_are_found_as_each_other_whatever_the_key(
    tmp_path: Path, text: str
) -> None:
    """No entry is found in a comment with an unusual key."""
    comment, path = PlacedComment(text), key_step("db pass")
    memory = PlaintextMemory(tmp_path / "value")
    memory.note_retired([(path, "s3cr3t-old")])
    assert memory.origin(*(RETIRED + one for one in comment_records(comment))) is not None
    memory = PlaintextMemory(tmp_path / "comment")
    memory.note_retired([], comments=[comment])
    assert memory.has_retired_value(path, "s3cr3t-old")
    assert not memory.has_retired_value(path, "s3cr3t-own")


def test_each_value_has_its_own_commit(tmp_path: Path) -> None:
    noted(tmp_path, "a", commit=COMMIT)
    noted(tmp_path, "b")
    noted(tmp_path, "c", commit=OTHER)
    memory = PlaintextMemory(tmp_path)
    assert [origin(memory, one) for one in "abc"] == [COMMIT, "", OTHER]
    memory.forget([(b"key", "a")])
    memory = PlaintextMemory(tmp_path)
    assert [origin(memory, one) for one in "abc"] == [None, "", OTHER]
    assert not memory.has_value(b"key", "a")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_its_file_is_private_and_holds_no_value(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    noted(folder, "value")
    assert stat.S_IMODE(os.stat(folder / NAME).st_mode) == 0o600
    assert b"value" not in (folder / NAME).read_bytes()


def test_two_clones_have_different_hashes(tmp_path: Path) -> None:
    noted(tmp_path / "a", "value")
    noted(tmp_path / "b", "value")
    first, second = ((tmp_path / one / NAME).read_text().split("\n")[2] for one in "ab")
    assert first != second


def test_another_process_is_seen(tmp_path: Path) -> None:
    memory = noted(tmp_path, "a")
    noted(tmp_path, "b")
    assert memory.has_value(b"key", "b")
    memory.note([(b"key", "c")])
    assert all(PlaintextMemory(tmp_path).has_value(b"key", one) for one in "abc")


def _note_many(folder: Path, name: str) -> None:
    for number in range(50):
        noted(folder, f"{name}{number}")


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_processes_that_note_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [Process(target=_note_many, args=(tmp_path, name)) for name in "abcd"]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    memory = PlaintextMemory(tmp_path)
    wanted = [f"{name}{number}" for name in "abcd" for number in range(50)]
    assert [one for one in wanted if not memory.has_value(b"key", one)] == []


def test_the_oldest_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plaintext_memory, "LIMIT", 8)
    for number in range(30):
        noted(tmp_path, f"v{number}")
    memory = PlaintextMemory(tmp_path)
    assert not memory.has_value(b"key", "v0")
    assert all(memory.has_value(b"key", f"v{number}") for number in range(22, 30))
    assert len((tmp_path / NAME).read_text().split()) < 20


def test_a_value_that_is_noted_again_adds_nothing(tmp_path: Path) -> None:
    noted(tmp_path, "a")
    before = (tmp_path / NAME).read_bytes()
    noted(tmp_path, "a", "a")
    assert (tmp_path / NAME).read_bytes() == before


@pytest.mark.parametrize("end", [b"", b"0123", b"\n= ab", b"\n\xff\0"])
def test_an_unfinished_line_is_left_out(tmp_path: Path, end: bytes) -> None:
    noted(tmp_path, "a")
    with (tmp_path / NAME).open("ab") as file:
        file.write(end)
    noted(tmp_path, "b")
    memory = PlaintextMemory(tmp_path)
    assert memory.has_value(b"key", "a")
    assert memory.has_value(b"key", "b")


def test_a_file_that_is_not_ours_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"something\nelse\n")
    assert not PlaintextMemory(tmp_path)
    noted(tmp_path, "a")
    assert PlaintextMemory(tmp_path).has_value(b"key", "a")


def test_a_lost_record_is_a_warning_and_not_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_bytes(b"")
    memory = noted(tmp_path / "state", "a", "b")
    memory.note([(b"key", "c")])
    assert capsys.readouterr().err.count("warning: ") == 1
    with pytest.raises(GitError, match="could not be written"):
        memory.has_value(b"key", "a")
    (tmp_path / "state").unlink()
    later = noted(tmp_path / "state", "a")
    with pytest.raises(GitError, match="could not be written"):
        later.has_value(b"key", "b")
    later.complete()
    assert later.has_value(b"key", "a")
    assert not later.has_value(b"key", "b")


def test_a_record_that_was_written_in_part_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk that becomes full does it."""
    memory = noted(tmp_path / "state", "a")
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, text: write(handle, text[:9]))
    memory.note([(b"key", "b")])
    with pytest.raises(GitError, match="could not be written"):
        memory.has_value(b"key", "b")


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    """Otherwise one `sudo git pull` would make everything that a stranger wrote the user's own."""
    (tmp_path / NAME).mkdir()
    memory = PlaintextMemory(tmp_path)
    questions: list[Callable[[], object]] = [
        lambda: bool(memory),
        lambda: memory.has_value(b"key", "a"),
        lambda: memory.has_comment(PlacedComment("a")),
        lambda: memory.has_content(b"a"),
        lambda: memory.has_retired_value(b"key", "a"),
        lambda: origin(memory, "a"),
        lambda: memory.forget([(b"key", "a")]),
    ]
    for question in questions:
        with pytest.raises(GitError, match="cannot be read"):
            question()


def test_a_file_that_goes_away_is_forgotten(tmp_path: Path) -> None:
    memory = noted(tmp_path, "a")
    assert memory
    (tmp_path / NAME).unlink()
    assert not memory
    memory.note([(b"key", "b")])
    assert memory.has_value(b"key", "b")
    assert not PlaintextMemory(tmp_path).has_value(b"key", "a")


def test_forgetting_a_file_forgets_all_of_it(tmp_path: Path) -> None:
    memory = PlaintextMemory(tmp_path)
    data = b"key: value  # comment\n"
    memory.note([(b"key", "value"), (b"other", "value")], [PlacedComment(" comment")], [data])
    memory.forget_file(b"key: 'value'  # comment\n", describe_file(b"a.yaml"))
    assert memory.has_content(data)
    memory.forget_file(data, describe_file(b"a.yaml"))
    assert not memory.has_content(data)
    assert not memory.has_comment(PlacedComment("comment"))
    assert memory.has_value(b"other", "value")
