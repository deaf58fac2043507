"""How long values may be used, by the rules of a policy."""

from __future__ import annotations

import pytest

from sealedfiles.errors import PolicyError
from sealedfiles.model.lifetime import Lifetime, strictest
from sealedfiles.model.paths import ROOT, key_step
from sealedfiles.model.policy import FileRules, parse_policy
from sealedfiles.model.policy_changes import differences, only_tracks_more

JANUARY = 1_801_353_600
"""2027-01-31, 00:00 UTC."""


def rules_for(file: str, *rules: str) -> FileRules:
    text = "version: 1\nrules:\n" + "".join(f"- {rule}\n" for rule in rules)
    return parse_policy(text.encode()).for_file(file)


def test_the_rule_that_decides_for_a_value_says_how_long_it_may_be_used() -> None:
    rules = rules_for(
        "a",
        "{files: a, values: day, max_age: 1d, generate: hex:32}",
        "{files: a, values: week, max_age: 2w, group: g}",
        "{files: a, values: any}",
        "{files: a, values: date, expires: 2027-01-31}",
        "{files: a, values: '**.month', max_age: 3m}",
        "{files: '*', max_age: 1y}",
    )
    found = {
        name: rules.lifetime_of(key_step(name))
        for name in ("day", "week", "any", "date", "month", "else")
    }
    assert found == {
        "day": Lifetime(1, None, "hex:32"),
        "week": Lifetime(14),
        "any": None,
        "date": Lifetime(None, JANUARY),
        "month": Lifetime(90),
        "else": Lifetime(365),
    }
    assert strictest(rules.whole_lifetimes()) == Lifetime(1, JANUARY)
    assert rules_for("a", "{files: b, max_age: 1d}").lifetime_of(ROOT) is None
    assert rules_for("a", "{files: a}", "{files: a, max_age: 1d}").whole_lifetimes() == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        *(
            (f"max_age: {age}", "such as `90d`")
            for age in ("90", "0d", "d", "-1d", "1 d", "1.5y", "1h", "999999d")
        ),
        *(
            (f"expires: {date}", "such as `2027-01-31`")
            for date in (
                "2027-02-30",
                "2027-1-31",
                "31.1.2027",
                "2027-01-31T00:00:00Z",
                "90d",
                "''",
            )
        ),
        ("generate: hex", "`generate` must be hex:32"),
        ("generate: [hex:32]", "expected a scalar value"),
        *(
            (f"plain: true\n  {entry}", "not to `plain`")
            for entry in ("max_age: 1d", "expires: 2027-01-31", "generate: uuid")
        ),
    ],
)
def test_anything_else_is_an_error_with_its_line(entry: str, words: str) -> None:
    text = f"version: 1\nrules:\n- files: a\n  {entry}\n"
    with pytest.raises(PolicyError, match=rf"^p:{text.count(chr(10))}: ") as caught:
        parse_policy(text.encode(), "p")
    assert words in caught.value.message


def test_a_change_of_them_is_a_change_of_the_policy() -> None:
    old, new = (
        parse_policy(f"version: 1\ntracked: [a]\nrules: [{{files: a, generate: {spec}}}]".encode())
        for spec in ("uuid", "hex:16")
    )
    assert not only_tracks_more(new, old)
    assert differences(new, old) == [
        "- rule files: a, generate: uuid",
        "+ rule files: a, generate: hex:16",
    ]
