"""Rules, attributes and files that are inconsistent, and findings that the policy allows."""

from __future__ import annotations

import pytest

from check.toy import APP, ATTRIBUTES, RULES, TEXT, Toy

POLICY = ".sealedfiles/policy.yaml"


def test_a_rule_for_a_file_that_no_attribute_covers(toy: Toy) -> None:
    toy.policy(f"{RULES}\n- {{files: 'conf/*.yaml', group: production}}")
    toy.write("conf/a.yaml", toy.sealed("a: 1\n", "conf/a.yaml"))
    toy.write("conf/b.yaml", "b: open\n")
    toy.commit()
    assert toy.found() == ["no-attribute conf/a.yaml:1", "plain-value conf/b.yaml:1 b"]


def test_only_the_values_that_the_rule_is_for_are_meant(toy: Toy) -> None:
    toy.policy(f"{RULES}\n- {{files: 'conf/*', values: 'production.**', group: production}}")
    toy.write("conf/a.yaml", "name: a\nport: 80\n")
    toy.write("conf/README.md", "Hello.\n")
    toy.write("conf/b.yaml", "name: a\nproduction: {pin: open}\n")
    toy.commit()
    assert toy.found() == [
        "no-attribute conf/README.md:1",
        "plain-value conf/b.yaml:2 production.pin",
    ]


def test_a_certificate_that_a_rule_seals_whole_and_no_attribute_covers(toy: Toy) -> None:
    toy.policy(f"{RULES}\n- {{files: 'certs/**', format: whole}}")
    toy.write("certs/key.pem", b"\xff")
    toy.commit()
    assert toy.found() == ["no-attribute certs/key.pem:1", "plain-file certs/key.pem:1"]


@pytest.mark.parametrize("pattern", ["**", "*", "**/*"])
def test_a_rule_for_all_files_says_only_which_group(toy: Toy, pattern: str) -> None:
    toy.policy(f"{RULES}\n- {{files: '{pattern}', group: default}}")
    toy.write("README.md", "Hello.\n")
    toy.write("mkdocs.yml", "site: x\n")
    toy.commit()
    assert toy.found() == []


def test_a_line_that_leaves_a_file_out_is_somebody_s_decision(toy: Toy) -> None:
    toy.policy(f"{RULES}\n- {{files: '*.json', group: default}}")
    toy.write(".gitattributes", ATTRIBUTES + "*.json filter=sealedfiles\npackage.json -filter\n")
    toy.write("package.json", '{"name": "x"}')
    toy.commit()
    assert toy.found() == ["unused-rule .sealedfiles/policy.yaml:4"]


def test_a_plain_pattern_needs_no_rule(toy: Toy) -> None:
    toy.write("a.env", toy.sealed("A=1\n", "a.env"))
    toy.commit()
    assert toy.found() == []


def test_a_sealed_file_that_neither_rule_nor_attribute_is_for(toy: Toy) -> None:
    toy.write("sealed-by-hand.yaml", toy.sealed(TEXT, "sealed-by-hand.yaml"))
    toy.write("doc.md", toy.token("user").replace(":default:", ":example:"))
    toy.commit()
    assert toy.found() == ["no-attribute sealed-by-hand.yaml:1"]


def test_a_removed_attribute(toy: Toy) -> None:
    toy.write(".gitattributes", "*.env filter=sealedfiles\n")
    assert toy.staged() == ["lost-pattern .gitattributes", f"uncovered {APP}:1"]
    toy.commit()
    assert toy.found("HEAD^!") == ["lost-pattern .gitattributes", f"uncovered {APP}:1"]
    assert toy.found() == [f"no-attribute {APP}:1"]


@pytest.mark.parametrize(
    "lines", ["app.yaml -filter\n", "*.yaml !filter\n", "* filter=lfs\n", "*.yaml filter\n"]
)
def test_an_attribute_overridden_in_a_later_line(toy: Toy, lines: str) -> None:
    toy.write("secrets/.gitattributes", lines)
    assert toy.staged() == [f"uncovered {APP}:1"]


def test_attributes_as_a_symbolic_link(toy: Toy) -> None:
    toy.git("mv", ".gitattributes", "attributes")
    (toy.path / ".gitattributes").symlink_to("attributes")
    assert toy.staged() == [
        "lost-pattern .gitattributes",
        "lost-pattern .gitattributes",
        "symlink .gitattributes",
        f"uncovered {APP}:1",
    ]


def test_attributes_of_this_clone_alone_do_not_count(toy: Toy) -> None:
    """Other clones do not have the patterns that this clone mirrors, or the user's own attributes file."""
    toy.write(".git/info/attributes", "* filter=sealedfiles\n")
    toy.write(".gitattributes", "")
    assert f"uncovered {APP}:1" in toy.staged()


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("rule", "is_unused"),
    [
        ("{files: 'secrets/*', values: db.user}", False),
        ("{files: 'secrets/*', values: db.usr}", True),
        ("{files: 'secret/*'}", True),
        ("{files: 'secrets/*', values: name}", True),
        ("{files: 'secrets/*', values: db.none, format: yaml}", False),
        ("{files: 'secrets/*', values: ['**.*token*', '**.*Token*']}", False),
        ("{files: 'secrets/*', values: '**.*token*'}", True),
        ("{files: 'secrets/*', values: [db.one, db.two]}", True),
        ("{files: 'secret/*', values: ['**.*token*', '**.*Token*']}", True),
        ("{files: 'secrets/*'}", False),
    ],
)
def test_a_rule_that_matches_nothing(toy: Toy, rule: str, is_unused: bool) -> None:
    toy.policy(f"{RULES}\n- {rule}")
    toy.commit()
    assert toy.found() == (["unused-rule .sealedfiles/policy.yaml:4"] if is_unused else [])
    assert toy.found(history=True) == [], "a commit that prepares for a file is nothing"
    assert toy.found(paths=(b"secrets",)) == [], "not all files were looked at"


def test_rules_for_a_file_whose_values_are_not_seen_are_used(toy: Toy) -> None:
    toy.policy(f"{RULES}\n- {{files: 'secrets/*.pem', values: a, group: default}}")
    toy.write("secrets/a.pem", toy.sealed(b"\xff", "secrets/a.pem"))
    toy.commit()
    assert toy.found() == []


# -- what is allowed


ALLOW = """\
allow:
  - finding: plain-value
    files: "secrets/*"
    values: [db.user, 'list[]']
    reason: >-
      everybody knows
      these
"""


def test_a_finding_that_the_policy_allows(toy: Toy) -> None:
    toy.policy(more=ALLOW)
    toy.write(APP, TEXT)
    toy.commit()
    assert toy.found() == [f"plain-value {APP}:4 db.password"]
    allowed = [one for one in toy.findings() if one.reason]
    assert [(one.shown_key, one.reason) for one in allowed] == [
        ("db.user", "everybody knows these")
    ]


@pytest.mark.parametrize("old", ["plain-value", '"secrets/*"', "db.user"])
def test_what_is_allowed_is_that_and_nothing_else(toy: Toy, old: str) -> None:
    toy.policy(more=ALLOW.replace(old, "other"))
    toy.write(APP, TEXT)
    toy.commit()
    assert f"plain-value {APP}:3 db.user" in toy.found()


def test_a_value_unsealed_on_purpose(toy: Toy) -> None:
    allow = f"allow:\n- {{finding: sealed-before, files: '{APP}', reason: no secrets any more}}\n"
    toy.policy("- {files: '**', plain: true}", allow)
    toy.write(APP, TEXT)
    assert toy.staged() == [f"new-allow {POLICY}:5"]
    toy.commit()
    assert toy.found() == []


def test_what_is_not_allowed_any_more_is_found(toy: Toy) -> None:
    toy.policy(more=ALLOW)
    toy.edit(toy.token("user"), "open")
    toy.commit()
    toy.policy()
    toy.commit()
    assert f"plain-value {APP}:3 db.user" in toy.found("HEAD")


def test_an_allowance_is_new_once_and_again_when_it_grows(toy: Toy) -> None:
    toy.policy(more=ALLOW)
    assert toy.staged() == [f"new-allow {POLICY}:5"]
    assert "everybody knows these" in toy.findings(staged=True)[0].what
    toy.commit()
    toy.policy(more=ALLOW.replace("everybody", "somebody"))
    assert toy.staged() == []
    toy.policy(more=ALLOW.replace('"secrets/*"', '"**"'))
    assert toy.staged() == [f"new-allow {POLICY}:5"]


def test_an_allowance_for_what_is_no_finding(toy: Toy) -> None:
    toy.policy(more=ALLOW.replace("plain-value", "plain-valeu"))
    toy.commit()
    assert toy.found() == [f"unknown-allow {POLICY}:5"]


def test_the_rule_for_all_other_values_is_for_those_that_may_come(toy: Toy) -> None:
    rules = f"{RULES}\n- {{files: 'secrets/*', values: 'db.**'}}\n- {{files: 'secrets/*'}}"
    toy.policy(rules)
    toy.commit()
    assert toy.found() == []
    toy.policy(f"{rules}\n- {{files: 'secrets/*'}}")
    toy.commit()
    assert toy.found() == ["unused-rule .sealedfiles/policy.yaml:6"]
