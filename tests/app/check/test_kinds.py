"""The kinds of findings: stable codes, each explained, the same in code and documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.kinds import ERROR, KINDS, WARNING, explanation, with_tables
from sealedfiles.app.check.output import as_sarif

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| `([a-z-]+)` \| (error|warning) \| (.*) \| (.*) \|")


def test_the_documentation_has_the_same_table() -> None:
    text = (ROOT / "docs/check.md").read_text(encoding="utf-8")
    assert with_tables(text) == text, "run: python -m sealedfiles.app.check.kinds docs/check.md"
    rows = [match.groups() for match in map(ROW.fullmatch, text.split("\n")) if match]
    assert rows == [(one.code, one.severity, one.what, one.how_to_fix) for one in KINDS.values()]


def test_sarif_rules_are_the_same_list() -> None:
    findings = [Finding(code, b"a.yaml", "what") for code in KINDS]
    rules = as_sarif(findings)["runs"][0]["tool"]["driver"]["rules"]
    assert [
        (
            rule["id"],
            rule["defaultConfiguration"]["level"],
            rule["shortDescription"]["text"],
            rule["fullDescription"]["text"],
            rule["help"]["text"],
        )
        for rule in rules
    ] == [kind[:5] for kind in KINDS.values()]


def test_the_list_has_no_placeholder_that_nothing_fills() -> None:
    for kind in KINDS.values():
        assert "{" not in (kind.what + kind.why + kind.how_to_fix).replace("${NAME}", "")
        assert "{" not in kind.fix.replace("{file}", "")


def test_every_kind_of_finding_is_one_that_the_code_can_find() -> None:
    modules = [
        one
        for folder in ("check", "scan")
        for one in (ROOT / "sealedfiles/app" / folder).glob("*.py")
        if one.name != "kinds.py"
    ]
    source = "".join(one.read_text(encoding="utf-8") for one in modules)
    assert [code for code in KINDS if f'"{code}"' not in source] == []


@pytest.mark.parametrize("code", KINDS)
def test_codes_are_short_words(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+|[a-z]{5,}", code)
    assert KINDS[code].severity in (ERROR, WARNING)


@pytest.mark.parametrize("code", KINDS)
def test_an_explanation_says_what_why_and_how(code: str) -> None:
    kind = KINDS[code]
    text = " ".join(explanation(kind).split())
    for part in (kind.what, kind.why, kind.how_to_fix, f"finding: {code}"):
        assert " ".join(part.split()) in text
    assert max(map(len, explanation(kind).split("\n"))) <= 88
