"""Rules and patterns of SOPS, and how Go spells numbers."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from sealedfiles.app.sops.reading import Selected
from sealedfiles.app.sops.scalars import float_text, literal_of, value_of_literal
from sealedfiles.app.sops.selection import file_pattern, key_globs, rules_for
from sealedfiles.app.sops.tokens import Value
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.errors import FormatError
from sealedfiles.model.paths import PathPattern, key_step
from sealedfiles.model.wildmatch import FilePattern

KEYS = ["data", "stringData", "metadata", "password", "db_password", "password_old", "tls.crt", "x"]


@pytest.mark.parametrize(
    "regex",
    [
        "^(data|stringData)$",
        "^data$",
        "data",
        "password",
        "^password|x$",
        "(?:data|x)",
        "^.*_password$",
        "^db.*",
        r"^tls\.crt$",
        "data$|^x",
    ],
)
def test_a_regular_expression_becomes_patterns_that_match_the_same_keys(regex: str) -> None:
    globs = key_globs(regex)
    assert globs is not None
    patterns = [PathPattern(glob) for glob in globs]
    for key in KEYS:
        found = any(pattern.matches(key_step(key)) for pattern in patterns)
        assert found == bool(re.search(regex, key)), key


@pytest.mark.parametrize(
    "regex", ["^(?i)data$", "[a-z]+", "a{2}", "((a))", "", "a\\d", "^(a|(b))$"]
)
def test_other_regular_expressions_are_named(regex: str) -> None:
    assert key_globs(regex) is None


@pytest.mark.parametrize(
    ("regex", "matching", "other"),
    [
        (
            r"secrets/.*\.yaml$",
            ["secrets/a.yaml", "secrets/b/c.yaml", "x/secrets/a.yaml"],
            ["a.yaml"],
        ),
        (r"^secrets/[^/]*\.yaml$", ["secrets/a.yaml"], ["secrets/b/c.yaml", "x/secrets/a.yaml"]),
        (r"\.enc\.json$", ["a.enc.json", "b/c.enc.json"], ["a.json"]),
        (r"secrets/", ["secrets/a", "secrets/b/c"], ["other/a"]),
        (r"secrets/.*", ["secrets/a", "secrets/b/c"], ["other/a"]),
        (r"^prod\.env$", ["prod.env"], ["dev.env"]),
        (r".*", ["a", "b/c"], []),
    ],
)
def test_a_path_becomes_a_pattern(regex: str, matching: list[str], other: list[str]) -> None:
    found = file_pattern(regex)
    assert found is not None
    pattern = FilePattern(found)
    assert [path for path in matching if not pattern.matches(path)] == [], found
    assert [path for path in other if pattern.matches(path)] == [], found


@pytest.mark.parametrize("regex", ["(a|b)/.*", "a{2}", "[ab].yaml", r"\d+"])
def test_other_paths_are_named(regex: str) -> None:
    assert file_pattern(regex) is None


def test_a_rule_that_selects_other_values_is_not_used() -> None:
    data, name = key_step("data"), key_step("name")
    right = Selected([data], [name])
    rules = (NewRule(("**.data.**",)), NewRule(plain=True))
    assert rules_for(("encrypted_regex", "^data$"), right) == (rules, True)
    listed = (NewRule(("name",), plain=True),)
    assert rules_for(("encrypted_regex", "^dat$"), right) == (listed, False)
    assert rules_for(("encrypted_regex", "^(?i)data$"), right) == (listed, False)
    assert rules_for(("unencrypted_suffix", "me"), right) == (
        (NewRule(("**.*me.**",), plain=True),),
        True,
    )


@pytest.mark.parametrize(
    ("literal", "kind", "spelled"),
    [
        ("8080", "int", "8080"),
        ("0x1F", "int", "31"),
        ("010", "int", "8"),
        ("1_000", "int", "1000"),
        ("25.0", "float", "25"),
        ("-0", "float", "-0"),
        ("1e21", "float", "1000000000000000000000"),
        (".inf", "float", "+Inf"),
        ("true", "bool", "True"),
        ("yes", "str", "yes"),
        ("'1'", "str", "1"),
        ("1.2.3", "str", "1.2.3"),
        ("-", "str", "-"),
        (".", "str", "."),
        ("e5", "str", "e5"),
        ("_5", "str", "_5"),
        ("1.", "float", "1"),
        (".5e1", "float", "5"),
    ],
)
def test_scalars_are_typed_and_spelled_as_in_go(literal: str, kind: str, spelled: str) -> None:
    value = value_of_literal(literal, "yaml")
    assert value is not None
    assert (value.type, value.data.decode()) == (kind, spelled)


def test_a_large_float_stays_a_float() -> None:
    value = Value("float", float_text(1.5e21).encode())
    assert yaml.safe_load(literal_of(value, "yaml") or "") == 1.5e21
    assert json.loads(literal_of(value, "json") or "") == 1.5e21
    assert literal_of(Value("float", b"25"), "yaml") == "25"  # as SOPS writes it


def test_what_only_go_can_spell_is_left_to_sops() -> None:
    assert value_of_literal("~", "yaml") is None
    for literal in ("2024-01-01", "!!str 1", "&a x", "2024-01-01T00:00:00Z", "09"):
        with pytest.raises(FormatError):
            value_of_literal(literal, "yaml")
    assert float_text(-0.0) == "-0"
    assert float_text(1e-7) == "0.0000001"
