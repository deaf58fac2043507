from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.tracking.policy_edit import add_rule, remove_rules, set_recovery
from sealedfiles.app.tracking.policy_tracked import add_tracked, remove_tracked
from sealedfiles.errors import PolicyError
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Container

EMPTY = b"version: 1\nrules: []\n"
COMMENTED = """\
# The policy of the shop.
# Ask the operators before changing it.
version: 1

rules:
  # production first
  - files: "deploy/**"     # everything deployed
    values: "production.**"
    group: production

  # the frontend needs no secrets
  - files: ['a.yaml', b.yaml]   # two
    plain: true
  # certificates
  - files: "certs/**"
    format: whole
# nothing below this line
"""


def meaning(data: bytes) -> list[dict[str, Any]]:
    """Return the rules as another YAML parser reads them; they must also be a valid policy."""
    parse_policy(data)
    rules = yaml.load(data, Loader=yaml.CSafeLoader)["rules"] or []  # takes tabs before comments
    for one in rules:
        if isinstance(one.get("values"), str):
            one["values"] = [one["values"]]
    return rules


def rule(files: str | list[str], values: list[str] | None = None, **more: object) -> dict[str, Any]:
    return {"files": files, **({"values": values} if values else {}), **more}


def test_the_first_rule_of_all() -> None:
    assert add_rule(EMPTY, "*.env") == b'version: 1\nrules:\n  - files: "*.env"\n'


@pytest.mark.parametrize("text", ["version: 1", "version: 1\n", "version: 1\nrules:\n"])
def test_a_policy_that_has_no_list_of_rules_yet(text: str) -> None:
    assert meaning(add_rule(text.encode(), "a")) == [rule("a")]


def test_everything_that_a_rule_can_say() -> None:
    data = add_rule(EMPTY, "a", ["x.y"], group="g", file_format="json")
    data = add_rule(data, "b", ["x", "y"], plain=True)
    data = add_rule(data, "c", file_format="whole")
    assert meaning(data) == [
        rule("b", ["x", "y"], plain=True),
        rule("a", ["x.y"], group="g", format="json"),
        rule("c", format="whole"),
    ]


def test_a_rule_that_picks_out_values_goes_to_the_top_and_one_for_all_values_to_the_end() -> None:
    before = meaning(COMMENTED.encode())
    top = add_rule(COMMENTED.encode(), "a", ["x"], group="g")
    assert meaning(top) == [rule("a", ["x"], group="g"), *before]
    end = add_rule(COMMENTED.encode(), "a", group="g")
    assert meaning(end) == [*before, rule("a", group="g")]


def test_a_rule_for_the_same_values_of_the_same_files_takes_the_place_of_the_old_one() -> None:
    before = meaning(COMMENTED.encode())
    first = add_rule(COMMENTED.encode(), "deploy/**", ["production.**"], group="ops")
    assert meaning(first) == [rule("deploy/**", ["production.**"], group="ops"), *before[1:]]
    last = add_rule(COMMENTED.encode(), "certs/**", plain=True)
    assert meaning(last) == [*before[:2], rule("certs/**", plain=True)]


@pytest.mark.parametrize("flow", [False, True], ids=["in lines", "in flow style"])
def test_a_rule_keeps_how_old_its_values_may_be_unless_it_leaves_them_plain(flow: bool) -> None:
    lines = "\n    max_age: 90d  # or less\n    expires: 2027-01-31\n    generate: hex:32"
    text = COMMENTED.replace("group: production", f"group: production{lines}")
    if flow:
        keys = "max_age: 90d, expires: 2027-01-31, generate: hex:32"
        text = f"version: 1\nrules: [{{files: deploy/**, values: production.**, {keys}}}]\n"
    moved = add_rule(text.encode(), "deploy/**", ["production.**"], group="ops")
    kept = {"max_age": "90d", "expires": "2027-01-31", "generate": "hex:32"}
    assert meaning(moved)[0] == rule("deploy/**", ["production.**"], group="ops", **kept)
    assert flow or b"    max_age: 90d  # or less\n" in moved
    plain = add_rule(text.encode(), "deploy/**", ["production.**"], plain=True)
    assert meaning(plain)[0] == rule("deploy/**", ["production.**"], plain=True)


def test_other_values_of_the_same_files_are_another_rule() -> None:
    data = add_rule(COMMENTED.encode(), "deploy/**", ["staging.**"], plain=True)
    assert len(meaning(data)) == 4


def test_rules_are_removed_for_exactly_the_pattern() -> None:
    data = add_rule(COMMENTED.encode(), "deploy/**", group="ops")
    removed = remove_rules(data, "deploy/**")
    assert meaning(removed) == meaning(COMMENTED.encode())[1:]
    assert meaning(remove_rules(data, "deploy/*")) == meaning(data)
    assert meaning(remove_rules(EMPTY, "a")) == []


def test_removing_the_last_rule_leaves_a_policy() -> None:
    assert meaning(remove_rules(add_rule(EMPTY, "a"), "a")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": "new", "values": ["x"], "group": "g"},
        {"pattern": "new", "group": "g"},
        {"pattern": "new", "values": ["x", "y"], "plain": True, "file_format": "yaml"},
    ],
    ids=["at the top", "at the end", "everything"],
)
def test_adding_a_rule_changes_no_line_that_was_there(change: dict[str, Any]) -> None:
    lines = add_rule(COMMENTED.encode(), **change).decode().split("\n")
    there = iter(lines)
    assert all(line in there for line in COMMENTED.split("\n")), "\n".join(lines)


def test_rules_written_without_indentation_and_in_flow_style_are_taken_too() -> None:
    data = b"version: 1\nrules:\n- {files: a, group: g}\n- files: b\n  values: [x, y]\n"
    added = add_rule(data, "c")
    assert meaning(added) == [*meaning(data), rule("c")]
    assert b"{files: a, group: g}" in added


pattern_texts = st.text("ab*.#:'\"é {}&!-?,@%`", min_size=1, max_size=6)


@given(
    pattern=pattern_texts,
    values=st.lists(pattern_texts, max_size=3),
    group=st.none() | st.from_regex("[a-z0-9][a-z0-9._-]{0,5}", fullmatch=True),
    form=st.sampled_from([None, "yaml", "json", "dotenv", "whole"]),
)
def test_what_was_added_is_what_is_read_or_it_is_refused(
    pattern: str, values: list[str], group: str | None, form: str | None
) -> None:
    try:
        data = add_rule(COMMENTED.encode(), pattern, values, group, file_format=form)
    except PolicyError:
        return
    said = {"group": group, "format": form}
    added = rule(pattern, values, **{key: value for key, value in said.items() if value})
    before = meaning(COMMENTED.encode())
    assert meaning(data) == ([added, *before] if values else [*before, added])
    assert meaning(remove_rules(data, pattern)) == before


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": "!a"},
        {"pattern": "a/"},
        {"pattern": ""},
        {"pattern": "a", "values": ["x."]},
        {"pattern": "a", "group": "Capital"},
        {"pattern": "a", "file_format": "csv"},
    ],
)
def test_what_would_be_no_policy_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        add_rule(COMMENTED.encode(), **change)
    assert caught.value.hints == ("the policy was not changed",)


@pytest.mark.parametrize("text", ["", "version: 2", "rules: [", "version: 1\nrules:\n- x: y"])
def test_an_invalid_policy_is_not_changed(text: str) -> None:
    with pytest.raises(PolicyError):
        add_rule(text.encode(), "a")
    with pytest.raises(PolicyError):
        remove_rules(text.encode(), "a")


def test_removing_a_rule_keeps_the_comments_of_the_others() -> None:
    data = remove_rules(COMMENTED.encode(), "deploy/**")
    assert b"# the frontend needs no secrets\n  - files: ['a.yaml'" in data


@pytest.mark.parametrize("plain", [True, False])
def test_text_after_the_last_rule_is_kept(plain: bool) -> None:
    change = add_rule(COMMENTED.encode(), "certs/**", plain=True) if plain else None
    data = change or remove_rules(COMMENTED.encode(), "certs/**")
    assert data.endswith(b"# nothing below this line\n")


def test_line_endings_stay_as_they_are() -> None:
    data = add_rule(COMMENTED.replace("\n", "\r\n").encode(), "new")
    assert data.count(b"\n") == data.count(b"\r\n")


def test_scalars_are_quoted_only_where_they_must_be() -> None:
    data = add_rule(EMPTY, "deploy/prod.yaml", ["a b", "é.x"], group="true")
    data = add_rule(data, "[ab]/#1: 'x'", ["x\ty"], plain=True, file_format="json")
    assert data.decode() == (
        "version: 1\nrules:\n"
        '  - files: "[ab]/#1: \'x\'"\n    values: "x\\ty"\n    plain: true\n    format: json\n'
        '  - files: deploy/prod.yaml\n    values: [a b, é.x]\n    group: "true"\n'
    )


NEW = "  - files: n\n    group: g"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1", f"version: 1\nrules:\n{NEW}"),
        ("version: 1  # one\n# end\n", f"version: 1  # one\nrules:\n{NEW}\n# end\n"),
        ("---\nversion: 1\n...\n", f"---\nversion: 1\nrules:\n{NEW}\n...\n"),
        ("rules: # none\nversion: 1\n", f"rules: # none\n{NEW}\nversion: 1\n"),
        ("rules: null  # none\nversion: 1\n", f"rules:  # none\n{NEW}\nversion: 1\n"),
        ("version: 1\nrules: ~", f"version: 1\nrules:\n{NEW}"),
        ("version: 1\nrules:   []   # none\n# end", f"version: 1\nrules:   # none\n{NEW}\n# end"),
        ("version: 1\nrules: [  # a\n # b\n]\n", f"version: 1\nrules:  # a\n{NEW}\n # b\n"),
        ("version: 1\nrules:  # a\n  []\n# end\n", f"version: 1\nrules:  # a\n{NEW}\n# end\n"),
        ("version: 1\t# a\nrules:\t[]\t# b\n", f"version: 1\t# a\nrules:\t# b\n{NEW}\n"),
        ('version: 1\n"rules" : []\n', f'version: 1\n"rules" :\n{NEW}\n'),
        ("\ufeffversion: 1\nrules: []\n", f"\ufeffversion: 1\nrules:\n{NEW}\n"),
    ],
)
def test_a_list_without_rules_becomes_one_in_lines(before: str, after: str) -> None:
    assert add_rule(before.encode(), "n", group="g").decode() == after
    crlf = before.replace("\n", "\r\n").encode()
    if crlf != before.encode():
        assert add_rule(crlf, "n", group="g").decode() == after.replace("\n", "\r\n")


def test_a_rule_at_the_top_stands_above_the_comment_of_the_next() -> None:
    text = "version: 1\nrules:  # all\n  # of this list\n\n  # of a\n  - files: a\n"
    added = add_rule(text.encode(), "n", ["x"]).decode()
    assert added == text.replace("  # of a\n", "  - files: n\n    values: x\n  # of a\n")


def test_a_rule_at_the_end_stands_below_the_comment_within_the_last() -> None:
    text = "version: 1\nrules:\n- files: a\n  # group: old\n# end"
    added = add_rule(text.encode(), "n").decode()
    assert added == text.replace("# end", "- files: n\n# end")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules: # r\n- files: a # x\n# end\nversion: 1", "rules: [] # r\n# end\nversion: 1"),
        ("version: 1\nrules:\n  - files: a", "version: 1\nrules: []\n"),
        (
            "version: 1\nrules:\n\n  -\n    # within\n    files: a\n\n  # end\n",
            "version: 1\nrules: []\n\n    # within\n\n  # end\n",
        ),
        (
            "version: 1\nrules:\n- {files: a,\n   # within\n   plain: true}\n- files: b\n- files: a",
            "version: 1\nrules:\n   # within\n- files: b\n",
        ),
        (
            "version: 1\nrules:\n- files: a\n  values: |-\n    x\n\n# of b\n- files: b\n",
            "version: 1\nrules:\n\n# of b\n- files: b\n",
        ),
        (
            "version: 1\nrules:\n- files: b\n- values:\n    - x # -\n    - y\n  files: a\n# end",
            "version: 1\nrules:\n- files: b\n# end",
        ),
    ],
)
def test_removing_a_rule_removes_its_lines(before: str, after: str) -> None:
    assert remove_rules(before.encode(), "a").decode() == after
    assert remove_rules(after.encode(), "a").decode() == after


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("- files: a # 1\n  group: g # 2\n", {"group": "h"}, "- files: a # 1\n  group: h # 2\n"),
        (
            "- files: a # 1\n  group: g # 2\n",
            {"plain": True},
            "- files: a # 1\n  plain: true # 2\n",
        ),
        ("- files: a # 1\n  group: g # 2\n  # 3\n", {}, "- files: a # 1\n  # 2\n  # 3\n"),
        ("- files: a # 1\n\n  # 2", {"group": "g"}, "- files: a # 1\n  group: g\n\n  # 2"),
        ("-   files: a", {"plain": True, "file_format": "json"}, None),
        ("- group: g # 1\n  # 2\n  files: a # 3\n", {}, "- # 1\n  # 2\n  files: a # 3\n"),
        (
            "- format: json\n  group: g\n  files: a\n",
            {"group": "h", "file_format": "yaml"},
            "- format: yaml\n  group: h\n  files: a\n",
        ),
        ("- {files: 'a', group: g} # 1\n", {"plain": True}, "- {files: 'a', plain: true} # 1\n"),
        ("- {files: a,} # 1\n", {"group": "g"}, "- {files: a, group: g,} # 1\n"),
        ("- {group: g, format: json, files: a}\n", {}, "- {files: a}\n"),
        ('- {"group":"g", "files":"a", "plain":false}\n', {}, '- {"files":"a"}\n'),
        ("- {files: a, # 1\n   group: g} # 2\n", {"group": "h"}, None),
    ],
)
def test_a_rule_that_takes_anothers_place_changes_only_its_settings(
    before: str, change: dict[str, Any], after: str | None
) -> None:
    policy = "version: 1\n# top\nrules: # all\n{}"
    data = add_rule(policy.format(before).encode(), "a", **change)
    if after is not None:
        assert data.decode() == policy.format(after)
    said = dict(change)
    if "file_format" in said:
        said["format"] = said.pop("file_format")
    assert meaning(data) == [rule("a", **said)]
    assert comments(data) == comments(policy.format(before).encode())


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text",
    [
        "version: 1 # one\nrules: [{files: a, group: g}, {files: [b]}]\n# end\n",
        '{"version": 1, "rules": [{"files": "a", "group": "g"}, {"files": ["b"]}]}\n',
    ],
)
def test_a_list_in_flow_style_is_rewritten(text: str, eol: str) -> None:
    text = text.replace("\n", eol)
    old = meaning(text.encode())
    top = add_rule(text.encode(), "n", ["x"], plain=True)
    assert meaning(top) == [rule("n", ["x"], plain=True), *old]
    assert meaning(add_rule(text.encode(), "n", ["x", "y"])) == [rule("n", ["x", "y"]), *old]
    assert meaning(add_rule(text.encode(), "n")) == [*old, rule("n")]
    assert meaning(add_rule(text.encode(), "a")) == [rule("a"), old[1]]
    assert meaning(remove_rules(text.encode(), "a")) == old[1:]
    assert comments(top) == comments(text.encode())
    assert top.count(b"\n") == top.count(eol.encode())


def test_a_flow_style_policy_without_rules_gets_its_first() -> None:
    assert meaning(add_rule(b"{version: 1}", "a")) == [rule("a")]
    assert meaning(add_rule(b"{version: 1, rules: ~}", "a")) == [rule("a")]
    assert meaning(remove_rules(b"{version: 1, rules: [{files: a}]}", "a")) == []


def test_anchors_and_aliases_stay() -> None:
    text = b"version: 1\nrules:\n- &r {files: &f a, group: g}\n- values: x\n  files: *f\n- *r\n"
    assert add_rule(text, "n") == text + b"- files: n\n"
    changed = add_rule(text, "a", ["x"], group="h")
    assert changed == text.replace(b"files: *f\n", b"files: *f\n  group: h\n")


@pytest.mark.parametrize(
    "rules",
    [
        "- files: &f a\n- files: b\n  values: *f\n",
        "- files: |-\n    b\n- files: a\n    # deeper than the text above\n  plain: true\n",
    ],
)
def test_a_rule_that_cannot_be_cut_out_is_refused(rules: str) -> None:
    with pytest.raises(PolicyError) as caught:
        remove_rules(f"version: 1\nrules:\n{rules}".encode(), "a")
    assert caught.value.hints == ("the policy was not changed",)


def test_a_tag_and_its_rule_stay_as_they_are_in_flow_style() -> None:
    added = add_rule(b"version: 1\nrules: [!!seq {files: b}]\n", "a")
    assert added == b"version: 1\nrules: [!!seq {files: b}, {files: a}]\n"


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_byte_order_mark_stays(bom: str) -> None:
    text = f"{bom}version: 1\nrules:\n- files: b\n"
    assert add_rule(text.encode(), "a") == f"{text}- files: a\n".encode()


def test_a_text_in_which_two_parsers_see_other_rules_is_left_alone() -> None:
    """The policy is read by libyaml, for which U+0085 ends the comment."""
    text = "version: 1\nrules:\n- files: b # \x85- files: a\n"
    assert len(parse_policy(text.encode()).rules) == 2
    with pytest.raises(PolicyError) as caught:
        remove_rules(text.encode(), "a")
    assert caught.value.hints == ("the policy was not changed",)


def test_keys_marked_with_a_question_mark_are_refused() -> None:
    text = b"version: 1\nrules:\n- files: b\n- ? files\n  : a\n  ? group\n  : g\n"
    assert add_rule(text, "n") == text + b"- files: n\n"
    assert remove_rules(text, "a") == b"version: 1\nrules:\n- files: b\n"
    with pytest.raises(PolicyError) as caught:
        add_rule(text, "a", plain=True)
    assert caught.value.hints == ("the policy was not changed",)


def comments(data: bytes) -> list[str]:
    """Return the comments in a policy whose values contain no comment sign."""
    return re.findall("#[^\r\n]*", data.decode())


SETTINGS = ["", "group: g", "plain: true", "format: json"]
behind = st.sampled_from(["", " # same line", "\t# tab", "\t", "   # - files: x", "  "])
between = st.lists(
    st.sampled_from(["", "# left", "  # - files: a", "      # deep", "  "]), max_size=2
)


@st.composite
def written_rules(draw: st.DrawFn, indent: str) -> list[str]:
    """Return the lines of a rule in the styles that people use."""
    files = draw(st.sampled_from(["a", "'a'", '"b/**"', "[a, b]", "c # not: x"]))
    values = draw(st.sampled_from(["", "values: x", "values: ['x', y.**]", "values: [x]"]))
    setting = draw(st.sampled_from(SETTINGS))
    entries = [entry for entry in (f"files: {files}", values, setting) if entry]
    if "#" not in files and draw(st.booleans()):
        return [f"{indent}- {{{', '.join(entries)}}}{draw(behind)}"]
    entries = draw(st.permutations(entries))
    lines = []
    for number, entry in enumerate(entries):
        if number:
            lines += draw(between)
        lines.append(f"{indent}{'  ' if number else '- '}{entry}{draw(behind)}")
    return lines


class Written(NamedTuple):
    """A policy: the lines before its first rule, the lines of each rule, and the lines after each."""

    head: list[str]
    rules: list[tuple[list[str], list[str]]]
    eol: str
    end: str

    def data(self, without: Container[int] = ()) -> bytes:
        lines = [*self.head]
        for number, (own, below) in enumerate(self.rules):
            lines += [line for line in own if number not in without or is_comment(line)] + below
        return (self.eol.join(lines) + self.end).encode()


def is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


@st.composite
def written_policies(draw: st.DrawFn) -> Written:
    indent = draw(st.sampled_from(["", "  ", "    "]))
    head = [*draw(between), "version: 1" + draw(behind), *draw(between)]
    head += ["rules:" + draw(behind), *draw(between)]
    rules = draw(st.lists(st.tuples(written_rules(indent), between), min_size=1, max_size=4))
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    return Written(head, rules, eol, draw(st.sampled_from([eol, ""])))


changes = st.fixed_dictionaries(
    {"pattern": st.sampled_from(["a", "b/**", "*.env"])},
    optional={
        "values": st.sampled_from([["x"], ["x", "y.**"], ["n: #"]]),
        "file_format": st.sampled_from(["json", "whole"]),
    },
) | st.fixed_dictionaries({"pattern": st.just("a"), "group": st.sampled_from(["g", "h"])})


def without_file(rule: dict[str, Any], pattern: str, values: object) -> dict[str, Any]:
    """Return *rule* without *pattern* in its list of patterns, if it is for *values*."""
    files = rule["files"]
    if isinstance(files, str) or rule.get("values") != values or {*files} == {pattern}:
        return rule
    return {**rule, "files": [one for one in files if one != pattern]}


def equal(rules: list[dict[str, Any]]) -> list[str]:
    """Return *rules* so that a list of one pattern is that pattern, in any order."""
    found = []
    for one in rules:
        files = one["files"]
        same = {**one, "files": files[0] if len(files) == 1 else files}
        found.append(str(sorted(same.items(), key=str)))
    return sorted(found)


@given(written=written_policies(), change=changes, plain=st.booleans())
def test_a_change_is_exact_and_keeps_every_other_byte(
    written: Written, change: dict[str, Any], plain: bool
) -> None:
    data = written.data()
    old = meaning(data)
    said: dict[str, Any] = {key: change[key] for key in ("group", "values") if key in change}
    if plain:
        change["plain"] = said["plain"] = True
        said.pop("group", None)
    if "file_format" in change:
        said["format"] = change["file_format"]
    new = rule(change["pattern"], **said)
    same = [
        n
        for n, one in enumerate(old)
        if (one["files"], one.get("values")) == (new["files"], new.get("values"))
    ]
    changed = add_rule(data, **change)
    without = [without_file(one, new["files"], new.get("values")) for one in old]
    if without != old:
        others = [one for n, one in enumerate(without) if n not in same[:1]]
        assert equal(meaning(changed)) == equal([new, *others])
        return
    assert changed.count(b"\n") - changed.count(b"\r\n") == (
        0 if written.eol == "\r\n" else changed.count(b"\n")
    )
    if same:
        assert meaning(changed) == [*old[: same[0]], new, *old[same[0] + 1 :]]
        assert comments(changed) == comments(data)
        before = Written(written.head, written.rules[: same[0]], written.eol, written.eol).data()
        assert changed.startswith(before)
        rest = [([], written.rules[same[0]][1]), *written.rules[same[0] + 1 :]]
        assert changed.endswith(Written([], rest, written.eol, written.end).data())
    else:
        assert meaning(changed) == ([new, *old] if "values" in change else [*old, new])
        pairs = zip(data, changed, strict=False)
        kept = next((n for n, (a, b) in enumerate(pairs) if a != b), len(data))
        kept_below = len(data) - kept
        assert changed.endswith(data[kept:])
        assert changed[kept : len(changed) - kept_below].count(b"\n") == len(said) + 1


@given(written=written_policies(), pattern=st.sampled_from(["a", "b/**", "c"]))
def test_removing_takes_the_lines_of_the_rules_and_no_other_byte(
    written: Written, pattern: str
) -> None:
    data = written.data()
    old = meaning(data)
    gone = [n for n, one in enumerate(old) if one["files"] == pattern]
    kept = [one for one in old if one["files"] != pattern]
    removed = remove_rules(data, pattern)
    without = [without_file(one, pattern, one.get("values")) for one in kept]
    assert equal(meaning(removed)) == equal(without)
    if without != kept:
        return
    expected = written.data(without=gone)
    if gone and not kept:
        expected = re.sub(rb"(?m)^rules:", b"rules: []", expected)
    # A last line that goes leaves the line end of the one above.
    assert removed in (expected, expected + written.eol.encode())


ALLOW = """\
allow:   # these are known
  - finding: plain-value   # why
    files: "legacy/*.yaml"
    reason: "public keys only: see #12"
"""
"""What `sealedfiles check` lets pass; no command edits it."""


@pytest.mark.parametrize(
    "text",
    [
        f"version: 1\n{ALLOW}rules:\n  - files: a.yaml\n    group: x\n",
        f"version: 1\nrules:\n  - files: a.yaml\n    group: x\n{ALLOW}",
        f"version: 1\nrules: []\n{ALLOW}",
        f"version: 1\n{ALLOW}",
        f"{ALLOW}version: 1\nrules: null\n",
    ],
)
def test_what_is_allowed_stays_as_it_is(text: str) -> None:
    data = text.encode()
    for new in (
        add_rule(data, "b.yaml", ("x.**",), "production"),
        add_rule(data, "a.yaml", (), None, True),
        remove_rules(data, "a.yaml"),
        remove_rules(add_rule(data, "b.yaml"), "b.yaml"),
    ):
        assert ALLOW in new.decode()
        assert [allow.finding for allow in parse_policy(new).allows] == ["plain-value"]


# -- the reader for recovery


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1\nrules: []\n", "version: 1\nrecovery: safe\nrules: []\n"),
        (
            "rules: []\r\nversion: 1 # one\r\n",
            "rules: []\r\nversion: 1 # one\r\nrecovery: safe\r\n",
        ),
        ("version: 1", "version: 1\nrecovery: safe"),
        ("  version: 1\n  rules: []\n", "  version: 1\n  recovery: safe\n  rules: []\n"),
        ("{version: 1, rules: [{files: a}]}", "{version: 1, recovery: safe, rules: [{files: a}]}"),
        ("version: 1\nrules: [{files: a}]\n", "version: 1\nrecovery: safe\nrules: [{files: a}]\n"),
        ("version: 1\nrecovery: old   # the old\n", "version: 1\nrecovery: safe   # the old\n"),
        ("'recovery' : \"old\"\nversion: 1\n", "'recovery' : safe\nversion: 1\n"),
        ("version:\n  1 # one\n", "version:\n  1 # one\nrecovery: safe\n"),
    ],
)
def test_the_recovery_reader_is_named_below_the_version(before: str, after: str) -> None:
    assert set_recovery(before.encode(), "safe") == after.encode()
    assert parse_policy(after.encode()).recovery == "safe"


@pytest.mark.parametrize("name", ["null", "1", "1.5", "on", "2026-01-01", "a-b.c_d"])
def test_every_name_of_a_reader_can_be_the_one_for_recovery(name: str) -> None:
    data = set_recovery(EMPTY, name)
    assert parse_policy(data).recovery == name
    assert yaml.safe_load(data)["recovery"] == name, "for other readers of YAML it is a text too"


@given(written=written_policies(), name=st.sampled_from(["safe", "null"]))
def test_naming_it_changes_no_other_byte(written: Written, name: str) -> None:
    data = written.data()
    changed = set_recovery(data, name)
    assert meaning(changed) == meaning(data)
    lines, old = changed.split(b"\n"), data.split(b"\n")
    assert [line for line in lines if not line.startswith(b"recovery:")] == old
    assert set_recovery(changed, "other").count(b"recovery:") == 1


@pytest.mark.parametrize("text", ["rules: []\n", "version: 1\nrecovery: [a]\n", "- a\n"])
def test_a_policy_that_is_none_gets_no_reader_for_recovery(text: str) -> None:
    with pytest.raises(PolicyError):
        set_recovery(text.encode(), "safe")


@pytest.mark.parametrize("name", ["", "Alice", "../x", "a b"])
def test_an_invalid_name_is_not_written(name: str) -> None:
    with pytest.raises(PolicyError):
        set_recovery(EMPTY, name)


def test_an_anchor_that_is_needed_elsewhere_is_kept() -> None:
    text = b"version: 1\nrecovery: &who bob\nrules:\n  - files: a\n    group: *who\n"
    with pytest.raises(PolicyError):
        set_recovery(text, "safe")


def test_a_tab_before_a_comment_behind_the_dash_is_no_obstacle() -> None:
    data = b"version: 1\nrules:\n- group: g\t# tab\n  files: a\n"
    assert add_rule(data, "a", (), None, plain=False, file_format=None) == (
        b"version: 1\nrules:\n- # tab\n  files: a\n"
    )


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("blanks", ["\t", " \t", "\t "])
def test_a_tab_behind_a_setting_that_goes_is_no_obstacle(blanks: str, eol: str) -> None:
    data = f"version: 1\nrules:\n- group: g{blanks}\n  files: a\n".replace("\n", eol)
    wanted = "version: 1\nrules:\n-\n  files: a\n".replace("\n", eol)
    assert add_rule(data.encode(), "a") == wanted.encode()


def test_rules_for_several_patterns() -> None:
    several = add_rule(EMPTY, ("a", "b", "c"), ["x"], group="g")
    assert several == b"version: 1\nrules:\n  - files: [a, b, c]\n    values: x\n    group: g\n"
    assert meaning(add_rule(several, ("a", "b", "c"), ["x"], plain=True)) == [
        rule(["a", "b", "c"], ["x"], plain=True)
    ]
    one = add_rule(several, "b", ["x"], group="h")
    assert meaning(one) == [rule("b", ["x"], group="h"), rule(["a", "c"], ["x"], group="g")]
    assert meaning(add_rule(several, "b", ["y"])) == [
        rule("b", ["y"]),
        rule(["a", "b", "c"], ["x"], group="g"),
    ]
    removed = remove_rules(remove_rules(one, "b"), "c")
    assert removed == b"version: 1\nrules:\n  - files: a\n    values: x\n    group: g\n"
    block = b"version: 1\nrules:\n- files:\n  - a  # why\n  - b\n  plain: true\n"
    assert remove_rules(block, "a") == block.replace(b"  - a  # why\n", b"")
    flow = b"version: 1\nrules: [{files: [a, b]}, {files: b}]\n"
    assert meaning(remove_rules(flow, "b")) == [rule("a")]


# -- targets of push


TARGETS = """\
targets:  # of push
  production:
    to: vault://secret/orders
    from: a.yaml
    names: {a.b: C}
  # for the CI
  ci: {to: 'github://shop/orders', from: [a.yaml, b.env], keys: "x.**"}
"""
PARTS = ["tracked:\n  - a.yaml\n", "rules:\n  - files: a.yaml\n    group: g\n", TARGETS]


@pytest.mark.parametrize("order", list(permutations(PARTS)), ids=lambda _: "")
@pytest.mark.parametrize(
    "change",
    [
        lambda data: add_rule(data, "new/*.yaml", values=["p"], plain=True),
        lambda data: add_rule(data, "new/*.yaml", group="g"),
        lambda data: remove_rules(data, "a.yaml"),
        lambda data: set_recovery(data, "vault"),
        lambda data: add_tracked(data, ["new/*.yaml"]),
        lambda data: remove_tracked(data, ["a.yaml"]),
    ],
)
def test_every_change_keeps_the_targets(
    order: tuple[str, ...], change: Callable[[bytes], bytes]
) -> None:
    old = ("version: 1\n" + "".join(order)).encode()
    new = change(old)
    assert new != old
    assert parse_policy(new).targets == parse_policy(old).targets
    assert len(parse_policy(new).targets) == 2
    assert TARGETS.rstrip() in new.decode()
