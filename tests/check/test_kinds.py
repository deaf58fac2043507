"""The kinds of findings: stable codes, each explained, the same in code and documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealedfiles.check.kinds import ERROR, KINDS, WARNING, explanation

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| `([a-z-]+)` \| (error|warning) \| (.*) \| (.*) \|")


def test_the_documentation_has_the_same_table() -> None:
    text = (ROOT / "docs/check.md").read_text(encoding="utf-8")
    rows = [match.groups() for match in map(ROW.fullmatch, text.split("\n")) if match]
    assert rows == [(one.code, one.severity, one.what, one.mend) for one in KINDS.values()]


def test_every_kind_of_finding_is_one_that_the_code_can_find() -> None:
    modules = [one for one in (ROOT / "sealedfiles/check").glob("*.py") if one.name != "kinds.py"]
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
    for part in (kind.what, kind.why, kind.mend, f"finding: {code}"):
        assert " ".join(part.split()) in text
    assert max(map(len, explanation(kind).split("\n"))) <= 88
