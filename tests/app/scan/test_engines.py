"""Other scanners get the texts of a scan through their standard input."""

from __future__ import annotations

import json
import os
import shutil
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from sealedfiles.app.scan import engines
from sealedfiles.app.scan.engines import Engine
from sealedfiles.app.scan.programs import PROGRAMS
from sealedfiles.errors import SealedFilesError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghp_" + "oHwLMeaZqo9DZDNjN1GTPdVKsb1DS2S5yXB6"

# Finds the word "leak", and prints the report that the real program prints at its end.
SCRIPT = """#!{python}
import json, os, sys
assert not any(name.startswith("BETTERLEAKS_") for name in os.environ)
data = sys.stdin.buffer.read()
lines = data.split(b"\\n")
found = [at + 1 for at, line in enumerate(lines) if b"leak" in line]
documents = [json.loads(line) for line in lines if line.startswith(b"{{")]
with open({folder!r} + "/runs", "ab") as runs:
    runs.write(json.dumps(sys.argv[1:]).encode() + b"\\n")
print({report})
sys.exit({status})
"""
REPORTS = {
    "betterleaks": 'json.dumps({"findings": [{"rule_id": "r", "match": {"value": "leak"}, '
    '"location": {"start_line": at}} for at in found] or None})',
    "gitleaks": 'json.dumps([{"RuleID": "r", "Secret": "leak", "StartLine": at} for at in found])',
    # The last document first: it scans them at the same time.
    "trufflehog": '"\\n".join(json.dumps({"SourceMetadata": {"Data": {"JsonEnumerator": '
    '{"metadata": json.dumps(one["metadata"])}}}, "DetectorName": "r", "DecoderName": "PLAIN", '
    '"Verified": False, "Raw": "leak"}) for one in documents[::-1] if "leak" in one["data"])',
    "ggshield": 'json.dumps({"id": "1", "type": "docset", "scans": [{"id": "<stdin>", '
    '"type": "docset", "entities_with_incidents": [{"mode": "FILE", "filename": one["id"], '
    '"incidents": [{"type": "r", "occurrences": [{"match": "leak", "type": "apikey", '
    '"line_start": at + 1, "line_end": at + 1} for at, line in enumerate(one["content"].split("\\n"))'
    ' if "leak" in line]}]} for each in documents for one in each["documents"]]}]})',
}


def install(folder: Path, name: str, report: str, status: int = 0) -> None:
    script = folder / name
    script.write_text(
        SCRIPT.format(python=sys.executable, folder=str(folder), report=report, status=status)
    )
    script.chmod(0o755)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("BETTERLEAKS_VALIDATE", "1")


def found(engine: Engine) -> list[tuple[Any, ...]]:
    return sorted((one.context, one.name, one.line, one.token.text) for one in engine.finish())


@pytest.mark.parametrize("name", PROGRAMS)
def test_findings_are_those_of_the_files(tmp_path: Path, name: str) -> None:
    install(tmp_path, name, REPORTS[name])
    engine = Engine(name, tmp_path)
    assert found(engine) == []
    engine.feed("a", b"x", 1, b"", b"one\ntwo le")
    engine.feed("a", b"x", 1, b"one\ntwo le", b"ak\nthree")  # the next window of the same file
    engine.end_file()
    engine.end_file()
    engine.feed("b", b"y", 1, b"", b"leak")
    engine.end_file()
    engine.feed("c", b"z", 1, b"", b"\x00leak")
    engine.feed("c", b"z", 100, b"", b"text\nleak\n")
    engine.end_file()
    assert found(engine) == [
        ("a", b"x", 2, b"leak"),
        ("b", b"y", 1, b"leak"),
        ("c", b"z", 101, b"leak"),
    ]
    engine.feed("d", b"", 7, b"", b"leak")
    assert found(engine) == [("d", b"", 7, b"leak")]
    engine.feed("d", b"", 7, b"", b"nothing")
    assert found(engine) == []
    runs = (tmp_path / "runs").read_text().split("\n")[:-1]
    assert [tuple(json.loads(run)) for run in runs] == [PROGRAMS[name].arguments] * 3


@pytest.mark.parametrize("name", PROGRAMS)
def test_much_text_is_sent_in_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(engines, "_BATCH", 10)
    install(tmp_path, name, REPORTS[name])
    engine = Engine(name, tmp_path)
    # The second window begins a batch, and has the end of the first one.
    engine.feed("a", b"", 1, b"", b"one\n..... le")
    engine.feed("a", b"", 1, b"one\n..... le", b"ak\n.....")
    engine.end_file()
    engine.feed("b", b"", 1, b"", b"leak")
    assert found(engine) == [("a", b"", 2, b"leak"), ("b", b"", 1, b"leak")]
    assert (tmp_path / "runs").read_text().count("\n") == 3


@pytest.mark.parametrize("name", ["betterleaks", "gitleaks"])
def test_a_program_that_reads_one_text_gets_each_byte_once(tmp_path: Path, name: str) -> None:
    install(tmp_path, name, REPORTS[name])
    engine = Engine(name, tmp_path)
    engine.feed("a", b"", 1, b"", b"leak\n")
    engine.feed("a", b"", 1, b"leak\n", b"end")
    assert found(engine) == [("a", b"", 1, b"leak")]


def test_the_line_of_a_secret_that_is_encoded(tmp_path: Path) -> None:
    secret = TOKEN.encode()
    install(tmp_path, "trufflehog", REPORTS["trufflehog"].replace('"leak"}', f'"{TOKEN}"}}'))
    engine = Engine("trufflehog", tmp_path)
    engine.feed("a", b"", 10, b"", b"leak\n" + b64encode(b"x" + secret))
    engine.feed("b", b"", 20, b"", b"leak\n\n" + secret)
    engine.feed("c", b"", 30, b"", b"leak\n\n\n" + secret[::-1])
    assert [one[2] for one in found(engine)] == [11, 22, 30]


def test_what_ggshield_sent(tmp_path: Path) -> None:
    install(
        tmp_path,
        "ggshield",
        REPORTS["ggshield"].replace("for each in documents", "for each in documents[1:]"),
    )
    engine = Engine("ggshield", tmp_path)
    assert engine.is_remote
    for number in range(3):
        engine.feed(number, b"", 1, b"", b"text")
    assert found(engine) == []
    sent, unscanned = engine.notes()
    assert sent.message == "ggshield sent 3 texts to GitGuardian"
    assert unscanned.message == "ggshield did not scan 1 text"
    engine.withheld = 2
    assert engine.notes()[0].message.endswith(
        "; not sent, because of sealed values or their size: 2 texts"
    )


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "ggshield"])
def test_other_programs_send_nothing(tmp_path: Path, name: str) -> None:
    install(tmp_path, name, REPORTS[name])
    engine = Engine(name, tmp_path)
    engine.feed("a", b"", 1, b"", b"text")
    assert found(engine) == []
    assert not engine.is_remote
    assert engine.notes() == []


@pytest.mark.parametrize(
    ("name", "report", "status"),
    [
        ("gitleaks", REPORTS["gitleaks"], 2),
        ("gitleaks", "'[{}]'", 0),
        ("gitleaks", "'text'", 0),
        ("gitleaks", "''", 0),
        ("gitleaks", "'null'", 0),
        ("trufflehog", "'{}'", 0),
        ("trufflehog", "''", 1),
        ("trufflehog", REPORTS["trufflehog"].replace("json.dumps(one[", "json.dumps(7 + one["), 0),
        ("ggshield", "'{}'", 0),
        ("ggshield", "''", 0),
    ],
)
def test_a_program_that_fails_is_an_error(
    tmp_path: Path, name: str, report: str, status: int
) -> None:
    install(tmp_path, name, report, status)
    engine = Engine(name, tmp_path)
    engine.feed("a", b"x", 1, b"", b"text leak")
    with pytest.raises(SealedFilesError, match=f"{name} failed") as caught:
        found(engine)
    assert PROGRAMS[name].check in caught.value.hints[0]


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="gitleaks was not found on PATH"):
        Engine("gitleaks", tmp_path)


@pytest.mark.parametrize("name", ["betterleaks", "gitleaks", "trufflehog"])
def test_the_real_program(tmp_path: Path, name: str) -> None:
    if shutil.which(name) is None:
        # trufflehog is not in a registry that CI installs from.
        if name != "trufflehog" and os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
            pytest.fail(f"{name} is missing, and SEALEDFILES_REQUIRE_REAL_PARTS is 1")
        pytest.skip(f"{name} is not installed")
    engine = Engine(name, tmp_path)
    for number in range(3):
        engine.feed(number, b"x", 1, b"", f"some text\nexport T={TOKEN[:-1]}{number}\n".encode())
        engine.end_file()
    results = list(engine.finish())
    assert [(one.context, one.line) for one in results] == [(0, 2), (1, 2), (2, 2)]
    assert json.dumps([one.token.text.decode() for one in results]).count(TOKEN[:-1]) == 3
