"""Other scanners get the texts of a scan through their standard input."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sealedfiles.app.scan.engines import PROGRAMS, Engine
from sealedfiles.errors import SealedFilesError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghp_" + "oHwLMeaZqo9DZDNjN1GTPdVKsb1DS2S5yXB6"

# Finds the word "leak"; as the real programs do, it prints its report at its end.
SCRIPT = """#!{python}
import json, os, sys
assert not any(name.startswith("BETTERLEAKS_") for name in os.environ)
lines = sys.stdin.buffer.read().split(b"\\n")
found = [at + 1 for at, line in enumerate(lines) if b"leak" in line]
print({report})
sys.exit({status})
"""
REPORTS = {
    "betterleaks": 'json.dumps({"findings": [{"rule_id": "r", "match": {"value": "leak"}, '
    '"location": {"start_line": at}} for at in found] or None})',
    "gitleaks": 'json.dumps([{"RuleID": "r", "Secret": "leak", "StartLine": at} for at in found])',
}


def install(folder: Path, name: str, report: str, status: int = 0) -> None:
    script = folder / name
    script.write_text(SCRIPT.format(python=sys.executable, report=report, status=status))
    script.chmod(0o755)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("BETTERLEAKS_VALIDATE", "1")


def found(engine: Engine) -> list[tuple[Any, ...]]:
    return [(one.context, one.name, one.line, one.token.text) for one in engine.finish()]


@pytest.mark.parametrize("name", PROGRAMS)
def test_findings_are_those_of_the_files(tmp_path: Path, name: str) -> None:
    install(tmp_path, name, REPORTS[name])
    engine = Engine(name, tmp_path)
    assert found(engine) == []
    engine.feed("a", b"x", 1, b"one\ntwo le")
    engine.feed("a", b"x", 2, b"ak\nthree")  # the next window of the same file
    engine.end_file()
    engine.feed("b", b"y", 1, b"leak")
    engine.end_file()
    engine.feed("c", b"z", 1, b"\x00leak")
    engine.feed("c", b"z", 100, b"text\nleak\n")
    engine.end_file()
    assert found(engine) == [
        ("a", b"x", 2, b"leak"),
        ("b", b"y", 1, b"leak"),
        ("c", b"z", 101, b"leak"),
    ]
    engine.feed("d", b"", 7, b"leak")
    assert found(engine) == [("d", b"", 7, b"leak")]
    engine.feed("d", b"", 7, b"nothing")
    assert found(engine) == []


@pytest.mark.parametrize(
    ("report", "status"), [(REPORTS["gitleaks"], 2), ("'[{}]'", 0), ("'text'", 0), ("''", 0)]
)
def test_a_program_that_fails_is_an_error(tmp_path: Path, report: str, status: int) -> None:
    install(tmp_path, "gitleaks", report, status)
    engine = Engine("gitleaks", tmp_path)
    engine.feed("a", b"x", 1, b"text")
    with pytest.raises(SealedFilesError, match="gitleaks failed"):
        found(engine)


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="gitleaks was not found on PATH"):
        Engine("gitleaks", tmp_path)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_real_program(tmp_path: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    engine = Engine(name, tmp_path)
    for number in range(3):
        engine.feed(number, b"x", 1, f"some text\nexport T={TOKEN[:-1]}{number}\n".encode())
        engine.end_file()
    results = list(engine.finish())
    assert [(one.context, one.line) for one in results] == [(0, 2), (1, 2), (2, 2)]
    assert json.dumps([one.token.text.decode() for one in results]).count(TOKEN[:-1]) == 3
