"""The states of files show every change, and a filter process reads each once for a file that it filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.git.index import FileStates

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_sees_its_own_changes(tmp_path: Path) -> None:
    states, file = FileStates(), tmp_path / "policy.yaml"
    assert states.of(str(file)) is None
    file.write_text("a")
    before = states.of(str(file))
    assert before is not None
    file.write_text("ab")
    assert states.of(str(file)) not in (None, before)
    assert states.of(str(file / "below")) is None


def test_a_filter_reads_each_state_once_for_each_file(tmp_path: Path) -> None:
    states, file = FileStates(), tmp_path / "policy.yaml"
    states.refresh()
    assert states.of(str(file)) is None
    file.write_text("a")
    assert states.of(str(file)) is None
    states.refresh()
    assert states.of(str(file)) is not None
