"""The output of findings as text, as JSON, and as SARIF."""

from __future__ import annotations

import json

import pytest

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.kinds import KINDS
from sealedfiles.app.check.output import as_json, as_lines, as_sarif, summary
from sealedfiles.model.paths import key_step

PLAIN = Finding("plain-value", b"a b/\xc3\xa9#.yaml", "in plaintext", 3, key_step("x.y"))
HOSTILE = Finding("bad-policy", b"\x1b]0;x\x07\n\xff", "evil\x1b[2J\nsealedfiles: all is well")
OLD = Finding("old-key", b"a.env", "3 tokens of default", 2, key_step("A"), commit="c" * 40)
ALLOWED = PLAIN._replace(reason="known to all")


def test_a_line_has_place_key_what_code_and_command() -> None:
    assert as_lines([PLAIN]) == [
        'a b/é#.yaml:3: "x.y": in plaintext [plain-value] -> sealedfiles status --fix'
    ]
    assert as_lines([OLD]) == [
        "a.env:2: A: warning: 3 tokens of default (commit cccccccccccc) [old-key] -> sealedfiles reseal a.env"
    ]


def test_a_file_in_a_command_is_quoted_for_the_shell() -> None:
    finding = Finding("old-key", b"a b;$(c).env", "x")
    assert as_lines([finding])[0].endswith("-> sealedfiles reseal 'a b;$(c).env'")


def test_what_is_allowed_is_not_written_for_people() -> None:
    assert as_lines([ALLOWED]) == []
    assert (
        summary([ALLOWED], 2)
        == "checked 2 sealed files: no problems found; allowed by the policy: 1"
    )


def test_nothing_that_a_terminal_acts_on_is_written() -> None:
    (line,) = as_lines([HOSTILE])
    assert line.isprintable()
    assert "\\x1b[2J" in line
    for data in (as_json([HOSTILE]), as_sarif([HOSTILE])):
        assert "\x1b" not in json.dumps(data, ensure_ascii=False).replace("\\u001b", "")


def test_many_of_one_kind_in_one_file_are_counted() -> None:
    lines = as_lines([PLAIN._replace(line=n) for n in range(1, 15)])
    assert len(lines) == 11
    assert lines[-1] == "a b/é#.yaml: and 4 more like it [plain-value] (--json has all)"


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        ([], "checked 1 sealed file: no problems found"),
        ([PLAIN], "checked 1 sealed file: 1 error"),
        ([OLD, OLD], "checked 1 sealed file: 2 warnings"),
        (
            [PLAIN, OLD, ALLOWED],
            "checked 1 sealed file: 1 error, 1 warning; allowed by the policy: 1",
        ),
    ],
)
def test_a_summary(findings: list[Finding], text: str) -> None:
    assert summary(findings, 1) == text


def test_a_summary_of_files_that_are_not_sealed() -> None:
    assert summary([], 0) == "no sealed files: no problems found"
    assert summary([PLAIN], 0) == "1 error"


def test_data_for_programs() -> None:
    data = json.loads(json.dumps(as_json([PLAIN, ALLOWED, OLD, HOSTILE])))
    assert data["findings"][0] == {
        "code": "plain-value",
        "severity": "error",
        "path": "a b/é#.yaml",
        "line": 3,
        "key": '"x.y"',
        "commit": "",
        "message": "in plaintext",
        "fix": "sealedfiles status --fix",
        "allowed": "",
    }
    assert data["findings"][1]["allowed"] == "known to all"
    assert data["findings"][3]["path"] == "\x1b]0;x\x07\n\\xff"


def test_sarif_has_what_its_schema_requires() -> None:
    data = json.loads(json.dumps(as_sarif([OLD, PLAIN, ALLOWED, HOSTILE])))
    assert data["version"] == "2.1.0"
    assert data["$schema"].endswith("sarif-2.1.0.json")
    (run,) = data["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "sealedfiles"
    rules = driver["rules"]
    assert {rule["id"] for rule in rules} == {"old-key", "plain-value", "bad-policy"}
    for rule in rules:
        assert rule["shortDescription"]["text"] == KINDS[rule["id"]].what
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    assert len(run["results"]) == 4
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["region"]["startLine"] >= 1


def test_sarif_paths_are_relative_uris() -> None:
    uris = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for one in as_sarif([PLAIN, HOSTILE, PLAIN._replace(path=b"a:b/c.env")])["runs"][0][
            "results"
        ]
    ]
    assert uris == ["a%20b/%C3%A9%23.yaml", "%1B%5D0%3Bx%07%0A%FF", "a%3Ab/c.env"]


def test_sarif_has_what_is_allowed_as_suppressed() -> None:
    open_one, allowed = as_sarif([PLAIN, ALLOWED])["runs"][0]["results"]
    assert "suppressions" not in open_one
    assert allowed["suppressions"] == [{"kind": "external", "justification": "known to all"}]
