"""Whatever a program reads at a key that the policy seals is judged by the rule for it."""

from __future__ import annotations

from configparser import RawConfigParser
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.formats.ini.format import INI
from sealedfiles.formats.xml.format import XML
from sealedfiles.model.paths import key_step
from sealedfiles.model.policy import FileRules, parse_policy

PATTERNS = st.sampled_from(["db.pass key", "db.Pass Key", "*.pass key", "**.PASS*", "db", "**"])
CASES = st.sampled_from(["pass key", "PASS KEY", "Pass \u212aey", "other"])
LINES = st.lists(st.tuples(st.sampled_from(["db", "DEFAULT", "else"]), CASES), max_size=5)


def rules_for(file: str, pattern: str, more: str = "") -> FileRules:
    rules = f"{{files: '*', values: '{pattern}', group: g{more}}}, {{files: '*', plain: true}}"
    return parse_policy(f"version: 1\nrules: [{rules}]".encode()).for_file(file)


@example([("db", "pass key"), ("db", "PASS KEY")], "db.pass key")
@example([("db", "other"), ("DEFAULT", "PASS KEY")], "db.pass key")
@given(LINES, PATTERNS)
def test_what_configparser_reads_in_an_ini_file(lines: list[tuple[str, str]], pattern: str) -> None:
    written = [f"[{section}]\n{key} = {number}\n" for number, (section, key) in enumerate(lines)]
    text = "".join(["[db]\n", *written])
    parser = RawConfigParser(strict=False)
    parser.read_string(text)
    read = parser.get("db", "pass key", fallback=None)
    rules = rules_for("app.ini", pattern)
    assert rules.group_of(key_step("db") + key_step("pass key")) == "g"
    for span in INI.scan(text).values:
        if text[span.start : span.end] == read:
            assert rules.group_of(span.path) == "g"


PREFIXES = st.lists(st.sampled_from(["", "a:", "b:"]), min_size=1, max_size=4)


@given(PREFIXES, st.sampled_from(["c.key", "b:c.a:key", "**.k*", 'c."b:key"', "c.*:key"]))
def test_what_is_found_in_xml_by_its_namespace(prefixes: list[str], pattern: str) -> None:
    elements = [f"<{prefix}key>{number}</{prefix}key>" for number, prefix in enumerate(prefixes)]
    text = f'<c xmlns="u" xmlns:a="u" xmlns:b="u"><other>x</other>{"".join(elements)}</c>'
    read = [one.text for one in ElementTree.fromstring(text).iterfind("{u}key")]
    assert len(read) == len(prefixes)
    rules = rules_for("app.xml", pattern)
    for span in XML.scan(text).values:
        is_key = text[span.start : span.end] in read
        assert rules.group_of(span.path) == ("g" if is_key else None)


def test_only_rules_that_seal_ignore_case_and_only_in_these_formats() -> None:
    upper, db = key_step("db") + key_step("KEY"), key_step("DB") + key_step("key")
    assert rules_for("a.ini", "db.key").group_of(upper) == "g"
    assert rules_for("a.INI", "db.key").group_of(db) == "g"
    assert rules_for("a.conf", "db.key", ", format: ini").group_of(upper) == "g"
    for other in (rules_for("a.yaml", "db.key"), rules_for("a.ini", "db.key", ", format: toml")):
        assert other.group_of(upper) is None
    plain = b"version: 1\nrules: [{files: '*', values: db.key, plain: true}]"
    assert parse_policy(plain).for_file("a.ini").group_of(upper) == "default"
