"""Starting editors: on Windows without a shell, which would interpret file names as commands."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sealedfiles
from sealedfiles.app.edit.editor import EditorCommand
from sealedfiles.errors import SealedFilesError

PACKAGE = Path(sealedfiles.__file__).parent


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, dict[str, object]]]:
    """The commands started on Windows, where every program is found in one folder."""
    calls: list[tuple[object, dict[str, object]]] = []

    class Process:
        def __init__(self, command: object, **options: object) -> None:
            calls.append((command, options))

        def wait(self, *_: object) -> int:
            return 0

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(shutil, "which", lambda name: f"C:/bin/{name}.cmd")
    return calls


def test_on_windows_no_shell_reads_the_name_of_a_file(
    started: list[tuple[object, dict[str, object]]], tmp_path: Path
) -> None:
    EditorCommand("code --wait", "VISUAL").run(tmp_path / "a&calc.yaml")
    ((command, options),) = started
    assert command == ["C:/bin/code.cmd", "--wait", "a&calc.yaml"]
    assert not options.get("shell")
    assert options["cwd"] == tmp_path


def test_on_windows_an_editor_that_is_missing_is_named(
    started: list[tuple[object, dict[str, object]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(SealedFilesError, match="was not found"):
        EditorCommand("none", "VISUAL").run(tmp_path / "a.yaml")


@pytest.mark.slow
def test_only_variables_that_are_commands_by_definition_are_given_to_a_shell() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                is_false = isinstance(node.value, ast.Constant) and node.value.value is False
                found += [] if is_false else [file.name]
    # SEALEDFILES_KEY_CMD, and the option --with of rotate-value, which the user gives.
    assert set(found) == {"locations.py", "handover.py"}
