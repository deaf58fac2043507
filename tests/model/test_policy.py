from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import PolicyError
from sealedfiles.model import policy as policy_module
from sealedfiles.model.allowance import Allow
from sealedfiles.model.paths import ITEM, ROOT, key_step
from sealedfiles.model.policy import DEFAULT_GROUP, NAME, FileRules, Policy, parse_policy
from sealedfiles.model.policy_changes import differences, only_tracks_more

EXAMPLE = b"""\
version: 1
rules:                       # the first rule that matches a value decides
  - files: "deploy/**"
    values: "production.**"
    group: production
  - files: "k8s/*.yaml"
    values: ["apiVersion", "kind", "metadata.**"]
    plain: true
  - files: "certs/**"
    format: whole
"""


def path(*steps: str | None) -> bytes:
    return b"".join(ITEM if step is None else key_step(step) for step in steps)


def rules_for(file: str, *rules: str) -> FileRules:
    """Parse a policy with *rules*, each in flow style."""
    lines = "".join(f"- {rule}\n" for rule in rules)
    return parse_policy(f"version: 1\nrules:\n{lines}".encode()).for_file(file)


def test_the_first_rule_that_matches_a_value_decides() -> None:
    rules = rules_for(
        "a.yaml",
        "{files: a.yaml, values: x.y, group: one}",
        "{files: '*.yaml', values: x.**, group: two}",
        "{files: a.yaml, group: three}",
        "{files: a.yaml, group: never}",
    )
    assert rules.group_of(path("x", "y")) == "one"
    assert rules.group_of(path("x", "z")) == "two"
    assert rules.group_of(path("y")) == "three"
    assert rules.group_of(ROOT) == "three"


def test_a_value_that_no_rule_matches_is_sealed_to_default() -> None:
    rules = rules_for("a.yaml", "{files: a.yaml, values: x, group: one}", "{files: b, plain: true}")
    assert rules.group_of(path("y")) == DEFAULT_GROUP == "default"


def test_a_file_that_no_rule_matches_is_sealed_to_default() -> None:
    rules = rules_for("b", "{files: a, plain: true}")
    assert rules.group_of(path("y")) == DEFAULT_GROUP
    assert rules.whole_groups() == [DEFAULT_GROUP]
    assert rules.format is None
    assert rules.uniform


def test_a_rule_without_a_group_is_for_default() -> None:
    rules = rules_for("a", "{files: a, values: x}", "{files: a, group: other}")
    assert rules.group_of(path("x")) == DEFAULT_GROUP


def test_plain_values_have_no_group() -> None:
    rules = rules_for("a", "{files: a, values: [x, y.**], plain: true}", "{files: a, plain: false}")
    assert rules.group_of(path("x")) is None
    assert rules.group_of(path("y", None, "z")) is None
    assert rules.group_of(path("z")) == DEFAULT_GROUP


def test_a_value_below_a_merge_key_has_the_rule_for_where_it_is_used() -> None:
    rules = rules_for(
        "a",
        "{files: a, values: x.y, group: g, max_age: 90d}",
        "{files: a, values: [x.*.z, x.<<.p], group: h}",
        "{files: a, values: x.*.y, group: h}",
        "{files: a, plain: true}",
    )
    assert rules.group_of(path("x", "<<", "y")) == "g"
    assert rules.group_of(path("x", "<<", None, "y")) == "g"
    assert rules.group_of(path("<<", "x", "y")) == "g"
    assert rules.lifetime_of(path("x", "<<", "y")) == rules.lifetime_of(path("x", "y")) is not None
    # The rules for its own path seal it too.
    assert rules.group_of(path("x", "<<", "p")) == rules.group_of(path("x", "<<", "z")) == "h"
    assert rules.group_of(path("x", "<<", "q")) is None


def test_several_patterns_of_files_are_each_enough() -> None:
    policy = parse_policy(b"version: 1\nrules: [{files: ['*.a', /b/**], group: g}]")
    groups = {file: policy.for_file(file).group_of(ROOT) for file in ("x/1.a", "b/c/d", "c")}
    assert groups == {"x/1.a": "g", "b/c/d": "g", "c": DEFAULT_GROUP}


def test_the_format_is_that_of_the_first_rule_for_the_file_that_names_one() -> None:
    rules = (
        "{files: b, format: json}",
        "{files: a, values: x, group: g}",
        "{files: a, values: y, format: dotenv}",
        "{files: '*', format: whole}",
    )
    assert rules_for("a", *rules).format == "dotenv"
    assert rules_for("b", *rules).format == "json"
    assert rules_for("c", *rules).format == "whole"


def test_the_example_of_the_design() -> None:
    policy = parse_policy(EXAMPLE)
    deploy = policy.for_file("deploy/eu/app.yaml")
    assert deploy.group_of(path("production", "db", "password")) == "production"
    assert deploy.group_of(path("staging", "db", "password")) == DEFAULT_GROUP
    k8s = policy.for_file("k8s/secret.yaml")
    assert k8s.group_of(path("metadata", "labels", "app")) is None
    assert k8s.group_of(path("data", "password")) == DEFAULT_GROUP
    assert policy.for_file("k8s/x/secret.yaml").group_of(path("kind")) == DEFAULT_GROUP
    assert policy.for_file("certs/a.p12").format == "whole"
    assert policy.groups() == ["default", "production"]


def test_every_group_that_a_rule_names_is_listed_and_default() -> None:
    text = (
        b"version: 1\nrules: [{files: a, group: z}, {files: a, group: b}, {files: a, plain: true}]"
    )
    assert parse_policy(text).groups() == ["b", "default", "z"]
    assert Policy([]).groups() == ["default"]


@pytest.mark.parametrize(
    ("rules", "groups"),
    [
        ([], ["default"]),
        (["{files: a}"], ["default"]),
        (["{files: a, group: z}"], ["z"]),
        (["{files: a, values: x, group: z}"], ["default", "z"]),
        (["{files: a, values: x, group: z}", "{files: a, group: b}"], ["b", "z"]),
        (["{files: a, values: x, group: z}", "{files: b, group: b}"], ["default", "z"]),
        (["{files: a, group: b}", "{files: a, group: never}"], ["b"]),
        (["{files: a, values: x, group: z}", "{files: a, plain: true}"], ["z"]),
        (["{files: a, values: x, plain: true}", "{files: a, group: b}"], ["b"]),
        (["{files: a, values: x, plain: true}"], ["default"]),
        (["{files: a, values: x, plain: true}", "{files: a, plain: true}"], []),
        (["{files: a, plain: true}", "{files: a, group: b}"], []),
        (["{files: a, values: x, group: b}", "{files: a, values: y, group: b}"], ["b", "default"]),
    ],
)
def test_a_whole_file_goes_to_the_groups_of_its_rules_up_to_the_first_for_all_values(
    rules: list[str], groups: list[str]
) -> None:
    assert rules_for("a", *rules).whole_groups() == groups


@pytest.mark.parametrize(
    ("rules", "uniform"),
    [
        ([], True),
        (["{files: a, group: g}"], True),
        (["{files: a, plain: true}", "{files: a, values: x}"], True),
        (["{files: a, values: x}"], False),
        (["{files: b, values: x}", "{files: a}"], True),
    ],
)
def test_rules_are_uniform_where_all_values_go_the_same_way(
    rules: list[str], uniform: bool
) -> None:
    assert rules_for("a", *rules).uniform == uniform


@pytest.mark.parametrize(
    "text", ["version: 1", "version: 1\nrules:", "version: 1\nrules: []", "version: 1\nrules: ~"]
)
def test_a_policy_without_rules(text: str) -> None:
    assert parse_policy(text.encode()).rules == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", "", "reads policies with `version: 1`"),
        ("rules: []", "", "reads policies with `version: 1`"),
        ("version: 2", "", "reads policies with `version: 1`"),
        ("version: 1.0", "", "reads policies with `version: 1`"),
        ("version: [1]", ":1", "expected a scalar value"),
        ("version: 1\nrule: []", ":2", "unknown key"),
        ("version: 1\nversion: 1", ":2", "is repeated"),
        ("version: 1\nrules: {files: a}", ":2", "expected a list"),
        ("version: 1\nrules: ''", ":2", "expected a list"),
        ("- version: 1", ":1", "expected a mapping"),
        ("version: 1\nrules:\n- a", ":3", "expected a mapping"),
        ("version: 1\nrules:\n- [files, a]", ":3", "expected a mapping"),
        ("version: 1\nrules:\n- group: g", ":3", "needs `files`"),
        ("version: 1\nrules:\n- files: a\n  gruop: g", ":4", "unknown key"),
        ("version: 1\nrules:\n- files: a\n  palin: true", ":4", "unknown key"),
        ("version: 1\nrules:\n- files: a\n  files: b", ":4", "is repeated"),
        ("version: 1\nrules:\n- files: a\n  ? [x]\n  : 1", ":4", "expected a scalar value"),
        ("version: 1\nrules:\n- files: a\n  group: Prod", ":4", "a group name"),
        ("version: 1\nrules:\n- files: a\n  group: ''", ":4", "a group name"),
        ("version: 1\nrules:\n- files: a\n  group:", ":4", "a group name"),
        ("version: 1\nrules:\n- files: a\n  group: [g]", ":4", "expected a scalar value"),
        ("version: 1\nrules:\n- files: a\n  group: a/b", ":4", "a group name"),
        ("version: 1\nrules:\n- files: a\n  group: ..", ":4", "a group name"),
        ("version: 1\nrules:\n- files: a\n  plain: yes", ":4", "`plain` must be true or false"),
        ("version: 1\nrules:\n- files: a\n  plain: true\n  group: g", ":3", "not both"),
        ("version: 1\nrules:\n- files: a\n  format: csv", ":4", "`format` must be one of"),
        ("version: 1\nrules:\n- files: a/", ":3", "matches a folder; to match its files, use a/**"),
        ("version: 1\nrules:\n- files:", ":3", "is empty"),
        ("version: 1\nrules:\n- files: []", ":3", "an empty list matches nothing"),
        ("version: 1\nrules:\n- files:\n  - a\n  - '!b'", ":5", "is negative"),
        ("version: 1\nrules:\n- files: {a: b}", ":3", "expected a scalar value"),
        ("version: 1\nrules:\n- files: a\n  values: []", ":4", "an empty list matches nothing"),
        ("version: 1\nrules:\n- files: a\n  values:\n  - x\n  - y.", ":6", "ends in a dot"),
        ("version: 1\nrules: }", ":2", "does not parse as YAML"),
        ("version: 1\n---\nversion: 1", ":2", "does not parse as YAML"),
        ("version: 1\nrules: *a", ":2", "does not parse as YAML"),
        ("version: 1\x00", "", "does not parse as YAML"),
    ],
)
def test_what_a_policy_cannot_mean_is_an_error_with_its_line(
    text: str, line: str, message: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.encode(), ".sealedfiles/policy.yaml")
    assert caught.value.message.startswith(f".sealedfiles/policy.yaml{line}: ")
    assert message in caught.value.message


def test_a_policy_that_is_no_text_is_an_error() -> None:
    for data in (b"\xff\xfe\xfd", b"\x80", b"version: \xe9", "version: 1".encode("utf-16")):
        with pytest.raises(PolicyError, match="is not UTF-8"):
            parse_policy(data)


@pytest.mark.slow
def test_a_policy_that_is_too_large_is_not_parsed() -> None:
    rules = b"  - files: '*.yaml'\n"
    largest = (EXAMPLE + rules * (1 << 18))[: 256 << 10]
    parse_policy(largest[: largest.rindex(b"\n")])
    with pytest.raises(PolicyError, match="larger than 256 KB, so it is not read"):
        parse_policy(b"[" * (256 << 10) + b"[")


NESTED = {"flow": "[", "block": "- ", "mappings": "{a: "}


@pytest.mark.parametrize("opening", NESTED.values(), ids=NESTED)
def test_a_policy_that_is_nested_deeply_is_an_error(opening: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(b"version: 1\nrules:\n" + opening.encode() * 2000)


def test_a_policy_that_is_nested_without_end_is_an_error_and_no_crash() -> None:
    """In a process of its own: a pull request must not be able to end a checkout halfway."""
    code = """
from sealedfiles.errors import PolicyError
from sealedfiles.model.policy import parse_policy
try:
    parse_policy(b"version: 1\\nrules:\\n" + b"- " * 200_000)
except PolicyError:
    print("refused")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.stdout.strip() == b"refused", run.stderr.decode()


def test_a_list_that_holds_itself_is_an_error() -> None:
    with pytest.raises(PolicyError):
        parse_policy(b"version: 1\nrules: &a [*a]")


def test_aliases_stand_for_what_they_name() -> None:
    text = b"version: 1\nrules: [{files: &f [a, b], group: g}, {files: *f}]"
    assert [rule.covers("b") for rule in parse_policy(text).rules] == [True, True]


@given(st.binary(max_size=60))
def test_bytes_are_a_policy_or_refused_as_one(data: bytes) -> None:
    with contextlib.suppress(PolicyError):
        parse_policy(b"version: 1\nrules: " + data)


@given(st.text("versionrules:filpagt1 \n-[]{}'\"*&!|>", max_size=60))
def test_text_is_a_policy_or_refused_as_one(text: str) -> None:
    with contextlib.suppress(PolicyError):
        parse_policy(f"version: 1\nrules:\n- files: a\n  {text}".encode())


@pytest.mark.parametrize("name", ["a", "0", "default", "team-a", "a.b_c-d", "7eleven"])
def test_names(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "A", ".a", "-a", "_a", "a b", "a/b", "a:b", "ä", "a\n", "..", "٣"]
)
def test_what_is_no_name(name: str) -> None:
    assert not NAME.fullmatch(name)


@pytest.mark.parametrize("values", ["", "''", "['']"])
def test_an_empty_pattern_of_values_is_an_error(values: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(f"version: 1\nrules:\n- files: a\n  values: {values}\n  group: g".encode())


@pytest.mark.parametrize(
    "pattern", ["*a" * 5 + "b", "*a*a*a/*a*a*b/x", "**/a/" * 3 + "b", "**/*a*a/**/x*a*b"]
)
def test_a_tracked_pattern_that_git_may_never_finish_matching_is_an_error(pattern: str) -> None:
    with pytest.raises(PolicyError, match=r"has too many stars for git before 2\.41"):
        parse_policy(f"version: 1\ntracked: ['{pattern}']\n".encode())


@pytest.mark.parametrize("pattern", ["*-*-*.*", "**/*/*/*/*/*/*.env", "**/a/**/b/**"])
def test_a_tracked_pattern_may_have_stars(pattern: str) -> None:
    assert parse_policy(f"version: 1\ntracked: ['{pattern}']\n".encode()).tracked == (pattern,)


# -- what `check` may find


def allows(*entries: str) -> list[Allow]:
    lines = "".join(f"- {entry}\n" for entry in entries)
    return parse_policy(f"version: 1\nallow:\n{lines}".encode()).allows


def test_an_allowed_finding_is_one_of_a_kind_in_a_file() -> None:
    (allow,) = allows("{finding: plain-value, files: ['a/*', b.env], reason: x}")
    assert allow.covers("plain-value", b"a/b.yaml", path("x"))
    assert allow.covers("plain-value", b"x/b.env", None)
    assert not allow.covers("plain-file", b"a/b.yaml", None)
    assert not allow.covers("plain-value", b"c.yaml", path("x"))


def test_an_allowed_finding_may_be_one_of_certain_values() -> None:
    (allow,) = allows("{finding: plain-value, files: a, values: x.**, reason: x}")
    assert allow.covers("plain-value", b"a", path("x", "y"))
    assert not allow.covers("plain-value", b"a", path("y"))
    assert not allow.covers("plain-value", b"a", None)


def test_what_is_allowed_is_told_apart_by_all_but_its_reason() -> None:
    one, same, other = allows(
        "{finding: plain-value, files: a, reason: x}",
        "{reason: y, files: [a], finding: plain-value}",
        "{finding: plain-value, files: [a, b], reason: x}",
    )
    assert one.words == same.words != other.words
    assert [allow.line for allow in (one, same, other)] == [3, 4, 5]


@pytest.mark.parametrize(
    "entry",
    [
        "{finding: plain-value, files: a}",
        "{finding: plain-value, files: a, reason: ''}",
        "{finding: plain-value, files: a, reason: ' '}",
        "{finding: plain-value, reason: x}",
        "{files: a, reason: x}",
        "{finding: 'Plain Value', files: a, reason: x}",
        "{finding: plain-value, files: 'a/', reason: x}",
        "{finding: plain-value, files: a, values: 'x.', reason: x}",
        "{finding: plain-value, files: a, values: [], reason: x}",
        "{finding: plain-value, files: a, reason: x, group: y}",
        "plain-value",
    ],
)
def test_what_is_allowed_needs_a_kind_files_and_a_reason(entry: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml:3: "):
        allows(entry)


def test_the_reader_for_recovery() -> None:
    assert parse_policy(b"version: 1\n").recovery is None
    assert parse_policy(b"version: 1\nrecovery: safe\n").recovery == "safe"


@pytest.mark.parametrize("name", ["", "Safe", "../safe", "[a]", "{a: b}", "a b"])
def test_what_is_no_reader_for_recovery_is_an_error_with_its_line(name: str) -> None:
    with pytest.raises(PolicyError, match=":2: "):
        parse_policy(f"version: 1\nrecovery: {name}\n".encode())


def test_the_schemes_of_secret_references() -> None:
    assert parse_policy(b"version: 1\n").resolve == ()
    assert parse_policy(b"version: 1\nresolve:\n").resolve == ()
    policy = parse_policy(b"version: 1\nresolve: [vault, env, vault]\n")
    assert policy.resolve == ("env", "vault")
    assert policy.all_sealed().resolve == ()


@pytest.mark.parametrize(
    "schemes", ["vault", "[exec]", "[[vault]]", "{vault: true}", "[vault, Env]"]
)
def test_an_unknown_scheme_is_an_error_with_its_line(schemes: str) -> None:
    with pytest.raises(PolicyError, match=":2: "):
        parse_policy(f"version: 1\nresolve: {schemes}\n".encode())


def test_a_policy_that_allows_other_schemes_is_another_one() -> None:
    old, new = (
        parse_policy(f"version: 1\ntracked: [a]\nresolve: [{schemes}]\n".encode())
        for schemes in ("vault, op", "vault, env")
    )
    assert only_tracks_more(old, old)
    assert not only_tracks_more(new, old)
    assert differences(new, old) == ["- resolve op", "+ resolve env"]


def test_the_rules_of_very_many_files_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_module, "_KEPT_FILES", 3)
    policy = parse_policy(b"version: 1\nrules:\n- {files: 'a*', group: one}\n")
    for name in ("a1", "b1", "a2", "b2", "a3", "a1", "b2"):
        expected = "one" if name.startswith("a") else "default"
        assert policy.for_file(name).group_of(b"key") == expected
        assert policy.for_file(name) is policy.for_file(name)
        assert len(policy._files) <= 3
