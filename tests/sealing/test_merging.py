"""Merging sealed files by their values, not by their tokens."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from documents import (
    ALL,
    DEFAULT,
    ENV,
    EVERY,
    INI,
    JSON,
    NDJSON,
    NOBODY,
    PROPERTIES,
    STRUCTURED,
    TFVARS,
    TOML,
    WHOLE,
    XML,
    YAML,
    Keyring,
    at,
    contents,
    described,
    groups,
    mint,
    opened,
    seal,
    texts,
    tokens,
    unseal,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sealedfiles.model.token import split
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.merge import Merged, Style, draft, merge_files
from sealedfiles.sealing.merge.checking import Expectations
from sealedfiles.sealing.merge.pairing import Pairing
from sealedfiles.sealing.merge.units import read_version

if TYPE_CHECKING:
    from collections.abc import Sequence

few = settings(max_examples=60)
every_format = pytest.mark.parametrize("path", STRUCTURED)
each_format = pytest.mark.parametrize("path", EVERY)

OLD, NEW = Keyring(default=0, production=0), Keyring(default=1, production=1)
"""Before and after a rotation of the keys."""

THREE = {
    YAML: "one: alpha-1\ntwo: alpha-2\nthree: alpha-3\n",
    JSON: '{\n  "one": "alpha-1",\n  "two": "alpha-2",\n  "three": "alpha-3"\n}\n',
    ENV: "one=alpha-1\ntwo=alpha-2\nthree=alpha-3\n",
    TFVARS: 'one = "alpha-1"\ntwo = "alpha-2"\nthree = "alpha-3"\n',
    PROPERTIES: "one=alpha-1\ntwo=alpha-2\nthree=alpha-3\n",
    INI: "one = alpha-1\ntwo = alpha-2\nthree = alpha-3\n",
    NDJSON: '{"one": "alpha-1"}\n{"two": "alpha-2"}\n{"three": "alpha-3"}\n',
    TOML: 'one = "alpha-1"\ntwo = "alpha-2"\nthree = "alpha-3"\n',
    XML: '<r\n  one="alpha-1"\n  two="alpha-2"\n  three="alpha-3"\n/>\n',
}
"""Three values on neighbouring lines."""


def sealed(path: str, base: str, *sides: str, policy: str = "", keys: Keyring = ALL) -> list[bytes]:
    """Seal versions as their authors do, each based on the version that it was derived from."""
    first = seal(path, base, policy=policy, keys=keys) if base else b""
    return [first, *(seal(path, side, first, policy=policy, keys=keys) for side in sides)]


def base_and_sides(versions: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    base, ours, theirs = versions
    return base, ours, theirs


def merge(
    path: str, *versions: bytes, policy: str = "", keys: Keyring = ALL, **style: Any
) -> Merged:
    """Merge base, ours and theirs, sealed."""
    file, rules = described(path, policy)
    merged = merge_files(*base_and_sides(versions), file, rules, keys, Style(**style))
    assert merged is not None
    return merged


def merge_or_none(path: str, *versions: bytes) -> Merged | None:
    """Merge base, ours and theirs; None if they cannot be merged."""
    file, rules = described(path)
    return merge_files(*base_and_sides(versions), file, rules, ALL, Style())


def merged(path: str, base: str, ours: str, theirs: str, **style: Any) -> tuple[str, int]:
    """Merge texts; return the result as in a working tree, and the number of conflicts."""
    result = merge(path, *sealed(path, base, ours, theirs), **style)
    shown = opened(path, result.data)
    assert shown.problems == []
    return shown.data.decode(), result.conflicts


def clean(path: str, base: str, ours: str, theirs: str) -> str:
    """Merge texts that do not conflict, in both directions."""
    text, conflicts = merged(path, base, ours, theirs)
    assert conflicts == 0
    other, conflicts = merged(path, base, theirs, ours)
    assert conflicts == 0
    assert Counter(contents(path, other)) == Counter(contents(path, text))
    return text


def conflict(ours: str, theirs: str, base: str | None = None) -> str:
    middle = "" if base is None else f"||||||| base\n{base}"
    return f"<<<<<<< ours\n{ours}{middle}=======\n{theirs}>>>>>>> theirs\n"


# -- values on neighbouring lines


@each_format
def test_changes_of_neighbouring_values_merge(path: str) -> None:
    text = THREE[path]
    ours, theirs = text.replace("alpha-1", "ours"), text.replace("alpha-2", "theirs")
    assert clean(path, text, ours, theirs) == ours.replace("alpha-2", "theirs")


@each_format
def test_every_token_is_that_of_a_side(path: str) -> None:
    text = THREE[path]
    versions = sealed(
        path, text, text.replace("alpha-1", "ours"), text.replace("alpha-2", "theirs")
    )
    base, ours, theirs = (tokens(version) for version in versions)
    result = tokens(merge(path, *versions).data)
    assert result == [ours[0], theirs[1], base[2]]


@each_format
def test_the_same_change_of_both_sides_is_no_conflict(path: str) -> None:
    text = THREE[path]
    both = text.replace("alpha-2", "both")
    assert clean(path, text, both, both.replace("alpha-3", "theirs")) == both.replace(
        "alpha-3", "theirs"
    )


@each_format
def test_a_change_next_to_one_that_was_removed_or_added(path: str) -> None:
    lines = THREE[path].splitlines(keepends=True)
    two = next(line for line in lines if "two" in line)
    text = "".join(lines)
    without = text.replace(two, "")
    more = text.replace(two, two + two.replace("two", "new").replace("alpha-2", "ours"))
    for ours in (without, more):
        for word in ("alpha-1", "alpha-3"):
            theirs = text.replace(word, "theirs")
            assert clean(path, text, ours, theirs) == ours.replace(word, "theirs")


@each_format
def test_different_keys_that_both_add_at_one_place_are_both_kept_ours_first(path: str) -> None:
    text = THREE[path]
    last = next(line for line in text.splitlines(keepends=True) if "three" in line)
    new = {
        name: last.replace("three", name).replace("alpha-3", f"{name}-value")
        for name in ("ours", "theirs")
    }
    if path == JSON:
        sides = [text.replace(last, last[:-1] + ",\n" + new[name]) for name in new]
        expected = text.replace(last, f"{last[:-1]},\n{new['ours'][:-1]},\n{new['theirs']}")
    else:
        sides = [text.replace(last, last + new[name]) for name in new]
        expected = text.replace(last, last + new["ours"] + new["theirs"])
    result, conflicts = merged(path, text, *sides)
    assert conflicts == 0
    assert result == expected


@each_format
def test_a_key_that_both_add_with_different_values_is_a_conflict(path: str) -> None:
    text = THREE[path]
    line = next(line for line in text.splitlines(keepends=True) if "two" in line)
    sides = [
        text.replace(line, line + line.replace("two", "new").replace("alpha-2", word))
        for word in ("ours", "theirs")
    ]
    result, conflicts = merged(path, text, *sides)
    assert conflicts == 1
    new = [line.replace("two", "new").replace("alpha-2", word) for word in ("ours", "theirs")]
    assert result == text.replace(line, line + conflict(*new))


def test_what_belongs_to_a_mapping_comes_before_a_new_mapping() -> None:
    text = "a:\n  x: 1\nb: 2\n"
    ours = text.replace("b:", "c:\n  z: 4\nb:")
    theirs = text.replace("b:", "  y: 3\nb:")
    expected = "a:\n  x: 1\n  y: 3\nc:\n  z: 4\nb: 2\n"
    assert clean(YAML, text, ours, theirs) == expected


def test_values_on_one_line_merge() -> None:
    text = '{"a": 1, "b": [2, 3], "c": {"d": 4}}'
    ours, theirs = text.replace("1", "10").replace("4", "40"), text.replace("3", "30")
    assert clean(JSON, text, ours, theirs) == '{"a": 10, "b": [2, 30], "c": {"d": 40}}'
    assert clean(YAML, text, ours, theirs) == '{"a": 10, "b": [2, 30], "c": {"d": 40}}'


# -- conflicts


@each_format
def test_a_value_changed_on_both_sides_is_a_conflict_of_its_line_only(path: str) -> None:
    text = THREE[path]
    ours = text.replace("alpha-2", "ours-2").replace("alpha-3", "ours-3")
    theirs = text.replace("alpha-2", "theirs-2").replace("alpha-1", "theirs-1")
    line = next(line for line in text.splitlines(keepends=True) if "two" in line)
    lines = [line.replace("alpha-2", word) for word in ("ours-2", "theirs-2")]
    expected = text.replace("alpha-1", "theirs-1").replace("alpha-3", "ours-3")
    result, conflicts = merged(path, text, ours, theirs)
    assert (result, conflicts) == (expected.replace(line, conflict(*lines)), 1)
    result, _ = merged(path, text, ours, theirs, kind="diff3")
    assert result == expected.replace(line, conflict(lines[0], lines[1], base=line))


def test_on_a_line_with_many_values_only_the_one_in_conflict_differs() -> None:
    text = '{"a": 1, "b": 2, "c": 3}\n'
    ours, theirs = text.replace("1", "10").replace("2", "20"), text.replace("1", "11")
    result, _ = merged(JSON, text, ours, theirs.replace("3", "30"))
    lines = ['{"a": 10, "b": 20, "c": 30}\n', '{"a": 11, "b": 20, "c": 30}\n']
    assert result == conflict(*lines)


@each_format
def test_a_value_removed_here_and_changed_there_is_a_conflict(path: str) -> None:
    text = THREE[path]
    line = next(line for line in text.splitlines(keepends=True) if "two" in line)
    ours, theirs = text.replace(line, ""), text.replace("alpha-2", "theirs")
    result, conflicts = merged(path, text, ours, theirs)
    assert conflicts == 1
    assert result == text.replace(line, conflict("", line.replace("alpha-2", "theirs")))


def test_a_comma_that_one_side_needs_is_inside_the_conflict() -> None:
    text = THREE[JSON]
    three = '  "three": "alpha-3"\n'
    ours = text.replace(",\n" + three, "\n")
    theirs = text.replace("alpha-3", "theirs")
    result, conflicts = merged(JSON, text, ours, theirs)
    assert conflicts == 1
    two = '  "two": "alpha-2"'
    more = f"{two},\n{three}".replace("alpha-3", "theirs")
    assert result == text.replace(f"{two},\n{three}", conflict(f"{two}\n", more))


@pytest.mark.parametrize(("size", "kind"), [(7, "merge"), (7, "diff3"), (11, "zdiff3")])
def test_markers_have_the_size_and_the_labels_that_git_says(size: int, kind: str) -> None:
    versions = sealed(ENV, "A=secret-1\n", "A=secret-2\n", "A=secret-3\n")
    labels: dict[str, Any] = {"ours": "HEAD", "base": "abc", "theirs": "feature\n\x1b[2J"}
    lines = merge(ENV, *versions, size=size, kind=kind, **labels).data.decode().split("\n")
    assert lines[0] == "<" * size + " HEAD"
    assert lines[-2] == ">" * size + " feature  [2J"
    assert ("|" * size + " abc" in lines) == (kind != "merge")


def test_a_conflict_in_a_file_with_windows_line_endings_has_them_too() -> None:
    text = THREE[YAML].replace("\n", "\r\n")
    result, _ = merged(
        YAML, text, text.replace("alpha-2", "ours"), text.replace("alpha-2", "theirs")
    )
    expected = conflict("two: ours\n", "two: theirs\n").replace("\n", "\r\n")
    assert result == text.replace("two: alpha-2\r\n", expected)


def test_in_the_short_style_the_base_is_shown_in_full() -> None:
    text = "a: 1\np: base-1\nq: base-2\nz: 9\n"
    ours, theirs = (
        "a: 1\n" + "".join(f"{key}: new-{key}\n" for key in keys) + "z: 9\n"
        for keys in ("bcd", "bed")
    )
    shown, _ = merged(YAML, text, ours, theirs, kind="zdiff3")
    inner = conflict("c: new-c\n", "e: new-e\n", base="p: base-1\nq: base-2\n")
    assert shown == f"a: 1\nb: new-b\n{inner}d: new-d\nz: 9\n"
    shown, _ = merged(YAML, text, ours, theirs, kind="diff3")
    assert shown.startswith("a: 1\n<<<<<<< ours\nb: new-b\nc: new-c\nd: new-d\n||||||| base\np:")


@each_format
@pytest.mark.parametrize("favor", ["ours", "theirs"])
def test_a_favoured_side_wins_in_conflicts_only(path: str, favor: str) -> None:
    text = THREE[path]
    ours = text.replace("alpha-2", "ours").replace("alpha-1", "our-own")
    theirs = text.replace("alpha-2", "theirs").replace("alpha-3", "their-own")
    result, conflicts = merged(path, text, ours, theirs, favor=favor)
    assert conflicts == 0
    assert result == (
        text.replace("alpha-2", favor).replace("alpha-1", "our-own").replace("alpha-3", "their-own")
    )


# -- keys that were renamed, moved, taken elsewhere

RENAMED = {
    YAML: ("two:", "second:"),
    JSON: ('"two":', '"second":'),
    ENV: ("two=", "export SECOND="),
    TFVARS: ("two =", "second ="),
    PROPERTIES: ("two=", "second="),
    INI: ("two =", "second ="),
    NDJSON: ('"two":', '"second":'),
    TOML: ("two =", "second ="),
    XML: ("two=", "second="),
}


@each_format
def test_a_key_renamed_here_and_its_value_changed_there(path: str) -> None:
    old, new = RENAMED[path]
    text = THREE[path]
    ours, theirs = text.replace(old, new), text.replace("alpha-2", "theirs")
    assert clean(path, text, ours, theirs) == ours.replace("alpha-2", "theirs")


@each_format
def test_a_line_moved_here_and_its_value_changed_there(path: str) -> None:
    text = THREE[path]
    lines = text.splitlines(keepends=True)
    two = next(line for line in lines if "two" in line)
    first = next(line for line in lines if "one" in line)
    ours = text.replace(two, "").replace(first, two + first)
    theirs = text.replace("alpha-2", "theirs")
    assert clean(path, text, ours, theirs) == ours.replace("alpha-2", "theirs")


NESTED = """\
database:
  user: alpha-user
  password: alpha-password
cache: alpha-cache
"""


def test_a_mapping_renamed_here_and_its_values_changed_and_added_to_there() -> None:
    ours = NESTED.replace("database", "db")
    theirs = NESTED.replace("alpha-user", "theirs").replace("cache", "  port: 5432\ncache", 1)
    expected = ours.replace("alpha-user", "theirs").replace("cache", "  port: 5432\ncache", 1)
    assert clean(YAML, NESTED, ours, theirs) == expected


def test_a_text_reindented_here_and_a_value_changed_there() -> None:
    ours = "app:\n" + re.sub("^", "  ", NESTED.removesuffix("\n"), flags=re.MULTILINE) + "\n"
    theirs = NESTED.replace("alpha-user", "theirs")
    assert clean(YAML, NESTED, ours, theirs) == ours.replace("alpha-user", "theirs")


def test_a_json_text_reformatted_here_and_a_value_changed_there() -> None:
    text = '{"a": {"b": "alpha-1", "c": "alpha-2"}}'
    ours = json.dumps(json.loads(text), indent=2)
    theirs = text.replace("alpha-2", "theirs")
    assert clean(JSON, text, ours, theirs) == ours.replace("alpha-2", "theirs")


def test_other_line_endings_here_and_a_value_changed_there() -> None:
    ours, theirs = THREE[ENV].replace("\n", "\r\n"), THREE[ENV].replace("alpha-2", "theirs")
    assert clean(ENV, THREE[ENV], ours, theirs) == ours.replace("alpha-2", "theirs")


@each_format
def test_a_key_that_both_have_renamed_is_a_conflict(path: str) -> None:
    text = THREE[path]
    result, conflicts = merged(
        path, text, text.replace("two", "second"), text.replace("two", "2nd")
    )
    assert conflicts == 1
    ours, theirs = result.split("=======")
    assert "second" in ours
    assert "2nd" in theirs
    assert result.count("alpha-2") == 2


def test_a_short_value_is_not_taken_for_that_of_another_key() -> None:
    """`debug` was removed and `verbose` added elsewhere; both happen to be `true`."""
    text = "debug: true\na: one\nb: two\nc: three\nd: four\n"
    ours = "a: one\nb: two\nc: three\nd: four\nverbose: true\n"
    result, conflicts = merged(YAML, text, ours, text.replace("true", "false"))
    assert conflicts == 1
    assert "verbose: true\n" in result


def test_two_renamed_keys_with_one_value_are_ambiguous() -> None:
    text = "a: alpha-same\nb: alpha-same\nc: alpha-1\nd: alpha-2\n"
    ours = "c: alpha-1\nd: alpha-2\nx: alpha-same\ny: alpha-same\n"
    _, conflicts = merged(YAML, text, ours, text.replace("a: alpha-same", "a: theirs"))
    assert conflicts == 1


@pytest.mark.parametrize("kind", ["merge", "diff3"])
def test_below_a_mapping_that_both_have_renamed_every_token_opens(kind: str) -> None:
    sides = [NESTED.replace("database", word) for word in ("db", "data")]
    result, conflicts = merged(YAML, NESTED, *sides, kind=kind)
    assert conflicts == 1
    assert result.count("alpha-user") == (3 if kind == "diff3" else 2)
    assert result.count("alpha-cache") == 1


def test_a_mapping_that_both_add_in_different_places_is_not_there_twice() -> None:
    text = "a: 1\nb: 2\nc: 3\n"
    ours, theirs = "mail:\n  host: ours\n" + text, text + "mail:\n  user: theirs\n"
    result, conflicts = merged(YAML, text, ours, theirs)
    assert conflicts == 2
    assert result == (
        conflict("mail:\n  host: ours\n", "") + text + conflict("", "mail:\n  user: theirs\n")
    )


def test_an_entry_added_next_to_a_key_is_not_added_inside_it() -> None:
    """Ours now has a mapping there, with a key of the same name in it."""
    text = '{\n  "h": "alpha-1",\n  "f": "alpha-2"\n}\n'
    ours = text.replace('"f": "alpha-2"', '"f": {\n    "g": "ours-1",\n    "f": "ours-2"\n  }')
    theirs = text.replace('  "f"', '  "c": {\n    "a": "theirs"\n  },\n  "f"')
    assert merged(JSON, text, ours, theirs)[1] == 1
    for favor, version in (("ours", ours), ("theirs", theirs)):
        result, _ = merged(JSON, text, ours, theirs, favor=favor)
        assert json.loads(result) == json.loads(version)


def test_a_line_added_here_is_not_a_line_moved_there() -> None:
    lines = ["A=1", "B=2", "A=1", "# note"]
    text, ours, theirs = (
        "".join(f"{line}\n" for line in some)
        for some in (
            [*lines, "C=3"],
            [*lines, "B=2", "C=3"],
            ["# note", *lines[:3], "C=3"],
        )
    )
    result, conflicts = merged(ENV, text, ours, theirs)
    assert conflicts == 2
    assert (_resolved(result, "ours"), _resolved(result, "theirs")) == (
        "".join(f"{line}\n" for line in (*lines[:3], "# note", "B=2", "C=3")),
        theirs,
    )


def _resolved(text: str, side: str) -> str:
    """Return *text* with *side* chosen in each conflict."""
    pattern = r"<<<<<<< ours\n((?:.*\n)*?)=======\n((?:.*\n)*?)>>>>>>> theirs\n"
    return re.sub(pattern, r"\1" if side == "ours" else r"\2", text)


LINES = {ENV: "{}={}\n", YAML: "{}: {}\n", TOML: '{} = "{}"\n'}


@pytest.mark.parametrize("path", LINES)
def test_each_side_of_a_conflict_has_every_key_and_the_edits_of_its_user(path: str) -> None:
    """Also if one side moved the lines that the other side changed."""
    before = {f"k{number}": f"alpha-{number}" for number in range(6)}

    def text(keys: Sequence[str], new: dict[str, str]) -> str:
        return "".join(LINES[path].format(key, new.get(key, before[key])) for key in keys)

    @few
    @given(*[st.permutations([*before]), st.sets(st.sampled_from([*before]))] * 2)
    def holds(one: list[str], mine: set[str], other: list[str], yours: set[str]) -> None:
        ours, theirs = (
            {key: f"{who}-{key}" for key in some} for who, some in (("our", mine), ("their", yours))
        )
        result, _ = merged(path, text([*before], {}), text(one, ours), text(other, theirs))
        for side, own, far in (("ours", ours, theirs), ("theirs", theirs, ours)):
            values = contents(path, _resolved(result, side))
            found = {key: literal.strip('"') for key, literal in values}
            assert len(found) == len(values)
            wanted = {
                at(key): {own[key]} if key in own else {before[key], far.get(key, before[key])}
                for key in before
            }
            assert found.keys() == wanted.keys()
            assert all(found[key] in wanted[key] for key in wanted), (found, result)

    holds()


# -- lists

USERS = """\
users:
  - name: anna
    token: alpha-anna
  - name: bert
    token: alpha-bert
"""


def test_an_item_changed_here_and_one_added_or_removed_there() -> None:
    more = USERS.replace("users:\n", "users:\n  - name: zoe\n    token: alpha-zoe\n")
    less = USERS.replace("  - name: anna\n    token: alpha-anna\n", "")
    for theirs in (more, less):
        ours = USERS.replace("alpha-bert", "ours")
        assert clean(YAML, USERS, ours, theirs) == theirs.replace("alpha-bert", "ours")


def test_what_is_added_to_an_item_that_the_other_side_removes_goes_to_no_other_item() -> None:
    ours = USERS.replace("  - name: bert\n    token: alpha-bert\n", "")
    theirs = USERS + "    role: admin\n"
    result, conflicts = merged(YAML, USERS, ours, theirs)
    assert conflicts == 1
    assert result == ours + conflict("", "  - name: bert\n    token: alpha-bert\n    role: admin\n")


def test_an_item_that_replaces_another_gets_nothing_of_it() -> None:
    """Even if their values happen to look the same."""
    text = "users:\n- name: anna\n  pin: 1\n- name: bert\n  pin: 2\n"
    ours = "users:\n- name: bert\n  pin: 2\n- name: zoe\n  pin: 1\n"
    _, conflicts = merged(YAML, text, ours, text.replace("pin: 1", "pin: 5"))
    assert conflicts == 1


def test_the_same_for_a_key_without_a_value() -> None:
    """`y` was added to `a`, which no longer exists in ours."""
    text = "p:\n  q: 1\na:\n  x: 1\nb: 2\n"
    ours, theirs = text.replace("a:\n  x: 1\n", ""), text.replace("  x: 1\n", "  x: 1\n  y:\n")
    result, conflicts = merged(YAML, text, ours, theirs)
    assert conflicts == 1
    assert result == ours.replace("b:", conflict("", "a:\n  x: 1\n  y:\n") + "b:")


def test_items_added_on_both_sides_are_not_identified() -> None:
    text = "l:\n- alpha-1\n"
    _, conflicts = merged(YAML, text, f"{text}- new\n", f"{text}- new\n- more\n")
    assert conflicts == 1
    assert clean(YAML, text, f"{text}- new\n", f"{text}- new\n") == f"{text}- new\n"


def test_equal_items_are_different_tokens() -> None:
    text = "l:\n- alpha-1\n- alpha-2\n"
    versions = sealed(YAML, text, text.replace("l:", "m:"), text.replace("l:\n", "l:\n- alpha-1\n"))
    result = merge(YAML, *versions)
    assert result.conflicts == 0
    assert unseal(YAML, result.data) == b"m:\n- alpha-1\n- alpha-1\n- alpha-2\n"
    assert len(set(tokens(result.data))) == 3


@pytest.mark.parametrize("path", [YAML, JSON])
def test_items_that_both_add_at_one_place_are_a_conflict(path: str) -> None:
    base = "l:\n- alpha-1\n- alpha-2\n" if path == YAML else '{"l": [\n"alpha-1",\n"alpha-2"\n]}\n'
    more = "- alpha-2\n- {}\n" if path == YAML else '"alpha-2",\n"{}"\n'
    old = "- alpha-2\n" if path == YAML else '"alpha-2"\n'
    result, conflicts = merged(
        path, base, *(base.replace(old, more.format(word)) for word in ("ours", "theirs"))
    )
    assert conflicts == 1
    assert result.count("alpha-2") == 1


def test_items_changed_and_added_in_different_places_merge() -> None:
    text = "l:\n- alpha-1\n- alpha-2\n- alpha-3\n"
    ours = text.replace("l:\n", "l:\n- ours\n")
    theirs = text.replace("alpha-3", "theirs")
    assert clean(YAML, text, ours, theirs) == "l:\n- ours\n- alpha-1\n- alpha-2\n- theirs\n"


# -- values of several lines

CERTIFICATE = "cert: |\n  BEGIN\n  alpha-1\n  alpha-2\n  alpha-3\n  END\nother: alpha-4\n"


def test_changes_of_different_lines_of_a_value_merge() -> None:
    ours = CERTIFICATE.replace("alpha-1", "ours")
    theirs = CERTIFICATE.replace("alpha-3", "theirs").replace("alpha-4", "theirs-4")
    assert clean(YAML, CERTIFICATE, ours, theirs) == theirs.replace("alpha-1", "ours")


def test_the_same_in_multi_line_quotes_and_with_windows_line_endings() -> None:
    text = 'KEY="one\r\ntwo\r\nthree\r\nfour"\r\nB=1\r\n'
    ours, theirs = text.replace("one", "ours"), text.replace('four"', 'four\r\ntheirs"')
    assert clean(ENV, text, ours, theirs) == theirs.replace("one", "ours")


def test_changes_of_one_line_of_a_value_are_a_conflict_of_the_value() -> None:
    ours, theirs = (CERTIFICATE.replace("alpha-2", word) for word in ("ours", "theirs"))
    result, conflicts = merged(YAML, CERTIFICATE, ours, theirs)
    assert conflicts == 1
    assert result.startswith("<<<<<<< ours\ncert: |\n  BEGIN\n")
    assert result.endswith("  END\n>>>>>>> theirs\nother: alpha-4\n")


# -- the sealed form


def rotated(path: str, text: str) -> bytes:
    """Return a text as sealed after a rotation."""
    return seal(path, text, keys=NEW)


def key_ids(data: bytes) -> list[str]:
    return [split(token).key_id for token in tokens(data)]


@each_format
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_side_that_was_rotated_merges_with_one_that_was_edited(path: str, is_ours: bool) -> None:
    """The author of the new value may have been removed from the group: it does not get the new key
    unseen."""
    text = THREE[path]
    edited = text.replace("alpha-2", "edited")
    base, edit = sealed(path, text, edited, keys=OLD)
    new = rotated(path, text)
    sides = (new, edit) if is_ours else (edit, new)
    result = merge(path, base, *sides, keys=NEW)
    assert result.conflicts == 0
    assert unseal(path, result.data, keys=NEW).decode() == edited
    assert tokens(result.data) == [tokens(new)[0], tokens(edit)[1], tokens(new)[2]]


@each_format
def test_a_renamed_key_beside_an_edit_is_sealed_with_the_key_of_who_made_the_value(
    path: str,
) -> None:
    old, new = RENAMED[path]
    text = THREE[path]
    base, edit = sealed(path, text, text.replace("alpha-2", "edited"), keys=OLD)
    renamed = seal(path, text.replace(old, new), keys=NEW)
    result = merge(path, base, renamed, edit, keys=NEW)
    assert result.conflicts == 0
    assert unseal(path, result.data, keys=NEW).decode() == text.replace(old, new).replace(
        "alpha-2", "edited"
    )
    ids = [key_ids(one)[1] for one in (result.data, edit)]
    assert ids[0] == ids[1]


def test_parts_of_one_value_under_two_keys_conflict() -> None:
    base, edit = sealed(YAML, CERTIFICATE, CERTIFICATE.replace("alpha-1", "edited"), keys=OLD)
    ours = rotated(YAML, CERTIFICATE.replace("alpha-3", "ours"))
    assert merge(YAML, base, ours, edit, keys=NEW).conflicts == 1
    assert merge(YAML, base, rotated(YAML, CERTIFICATE), edit, keys=NEW).conflicts == 0


@each_format
def test_rotation_alone_is_no_change_of_values(path: str) -> None:
    base = seal(path, THREE[path], keys=OLD)
    new = rotated(path, THREE[path])
    for versions in ((base, new, base), (base, base, new), (base, new, new)):
        assert merge(path, *versions, keys=NEW) == Merged(new, 0)


def test_a_rotation_here_a_renamed_key_and_a_new_one_there() -> None:
    base, theirs = sealed(
        YAML, NESTED, NESTED.replace("database", "db") + "new: alpha-new\n", keys=OLD
    )
    result = merge(YAML, base, rotated(YAML, NESTED), theirs, keys=NEW)
    assert result.conflicts == 0
    shown = opened(YAML, result.data, keys=NEW)
    assert shown.problems == []
    assert shown.data.decode() == NESTED.replace("database", "db") + "new: alpha-new\n"


MOVED = "{files: '**', values: ['two', 'r.@two'], group: production}"


@each_format
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_value_moved_to_a_group_here_and_changed_there_is_a_conflict(
    path: str, is_ours: bool
) -> None:
    """Otherwise a merge would give the new password to readers who should no longer have it."""
    text = THREE[path]
    base, edit = sealed(path, text, text.replace("alpha-2", "edited"))
    moved = seal(path, text, policy=MOVED)
    sides = (moved, edit) if is_ours else (edit, moved)
    for policy in ("", MOVED):
        result = merge(path, base, *sides, policy=policy)
        assert result.conflicts == 1
        assert sorted(groups(result.data)) == ["default"] * 3 + ["production"]
        assert opened(path, result.data).problems == []


@each_format
def test_a_value_moved_to_a_group_here_and_another_one_changed_there(path: str) -> None:
    text = THREE[path]
    base, edit = sealed(path, text, text.replace("alpha-1", "edited"))
    moved = seal(path, text, policy=MOVED)
    for sides in ((moved, edit), (edit, moved)):
        result = merge(path, base, *sides)
        assert result.conflicts == 0
        assert groups(result.data) == ["default", "production", "default"]


def test_a_new_group_counts_for_more_than_a_new_key() -> None:
    text = THREE[YAML]
    base = seal(YAML, text, keys=OLD)
    moved = seal(YAML, text, policy=MOVED, keys=OLD)
    for sides in ((rotated(YAML, text), moved), (moved, rotated(YAML, text))):
        assert groups(merge(YAML, base, *sides, keys=NEW).data)[1] == "production"


@each_format
def test_without_keys_values_are_merged_by_their_tokens(path: str) -> None:
    text = THREE[path]
    versions = sealed(
        path, text, text.replace("alpha-1", "ours"), text.replace("alpha-2", "theirs")
    )
    assert merge(path, *versions, keys=NOBODY) == merge(path, *versions)
    versions = sealed(path, text, *(text.replace("alpha-2", word) for word in ("ours", "theirs")))
    result = merge(path, *versions, keys=NOBODY)
    assert result == merge(path, *versions)
    assert result.conflicts == 1


def test_values_of_a_group_that_is_not_held_stay_tokens() -> None:
    text = THREE[YAML]
    versions = sealed(
        YAML,
        text,
        text.replace("alpha-1", "ours").replace("alpha-2", "ours-2"),
        text.replace("alpha-3", "theirs"),
        policy=MOVED,
    )
    result = merge(YAML, *versions, policy=MOVED, keys=DEFAULT)
    assert result == merge(YAML, *versions, policy=MOVED)
    assert b"ours-2" in unseal(YAML, result.data)


@pytest.mark.parametrize("is_ours", [True, False])
def test_ids_of_a_file_that_one_side_has_resealed_do_not_mix(is_ours: bool) -> None:
    """After a rename that git did not detect, the tokens have the id of another file."""
    text = THREE[YAML]
    new = text.replace("alpha-2", "edited") + "new: alpha-4\n"
    base, edited = sealed("old/name.yaml", text, new)
    resealed = seal(YAML, text)
    result = merge(YAML, base, *((resealed, edited) if is_ours else (edited, resealed)))
    assert result.conflicts == 0
    shown = opened(YAML, result.data)
    assert shown.problems == []
    assert shown.data.decode() == new
    assert {split(token).file_id for token in tokens(result.data)} == {
        split(token).file_id for token in tokens(resealed)
    }


def test_tokens_in_a_wrong_place_are_merged_as_the_text_that_they_are() -> None:
    stray = mint(YAML, at("elsewhere"), "stray-value")
    base = seal(YAML, f'{THREE[YAML]}copy: "{stray}"\n')
    ours = seal(YAML, f'{THREE[YAML].replace("alpha-1", "ours")}copy: "{stray}"\n', base)
    theirs = seal(YAML, f'{THREE[YAML].replace("alpha-2", "theirs")}copy: "{stray}"\n', base)
    result = merge(YAML, base, ours, theirs)
    assert result.conflicts == 0
    assert stray in tokens(result.data)
    assert b"stray-value" not in unseal(YAML, result.data)


# -- nothing comes out plain


def test_what_one_side_has_sealed_and_the_other_one_opened_comes_out_sealed() -> None:
    text = THREE[YAML]
    base, theirs = sealed(YAML, text, text.replace("alpha-3", "theirs"))
    two = tokens(base)[1]
    ours = base.replace(f'"{two}"'.encode(), b"alpha-2")
    for sides in ((ours, theirs), (theirs, ours)):
        result = merge(YAML, base, *sides, policy="{files: '**', plain: true}")
        assert two in tokens(result.data)
        assert b"alpha" not in result.data


@pytest.mark.parametrize("policy", ["", "{files: '**', plain: true}"])
def test_a_value_that_its_side_has_in_plaintext_never_becomes_a_token(policy: str) -> None:
    """Anyone with push access could have written it: as a token it would look like a reader's."""
    text = THREE[YAML]
    base, theirs = sealed(YAML, text, text.replace("alpha-3", "theirs"))
    ours = base.replace(f'"{tokens(base)[1]}"'.encode(), b"typed-in-a-web-editor")
    for sides in ((ours, theirs), (theirs, ours)):
        result = merge(YAML, base, *sides, policy=policy)
        assert result.conflicts == 0
        assert b"typed-in-a-web-editor" in result.data
        assert set(tokens(result.data)) <= {*tokens(base), *tokens(theirs)}


def test_nor_does_an_item_of_a_list() -> None:
    text = 'l: [{"a": "x", "b": "y"}]\n'
    base = seal(YAML, text)
    theirs = text.replace('"b": "y"', '"c": "z"').encode()
    result = merge(YAML, base, base, theirs)
    assert set(tokens(result.data)) <= set(tokens(base))
    assert b'"z"' in result.data


def test_lines_in_plaintext_are_not_merged_into_a_file_that_is_sealed_whole() -> None:
    text = b"".join(b"line %d\n" % number for number in range(9))
    base = seal(WHOLE, text)
    ours = seal(WHOLE, text.replace(b"line 1", b"ours"), base)
    theirs = text.replace(b"line 8", b"theirs")
    assert merge_or_none(WHOLE, base, ours, theirs) is None
    merged = merge_or_none(WHOLE, base, text.replace(b"line 1", b"ours"), theirs)
    assert merged is not None
    assert b"ours" in merged.data
    assert b"theirs" in merged.data


def test_a_new_key_below_a_renamed_one_stays_with_its_group_whatever_the_rules_say() -> None:
    policy = "{files: '**', values: 'database.**', group: production}\n{files: '**', plain: true}"
    base, theirs = sealed(
        YAML, NESTED, NESTED.replace("cache", "  port: alpha-port\ncache", 1), policy=policy
    )
    ours = seal(YAML, NESTED.replace("database", "db"), policy=policy.replace("database", "db"))
    result = merge(YAML, base, ours, theirs, policy=policy)
    assert b"alpha-port" not in result.data
    assert b"db:" in result.data
    shown = unseal(YAML, result.data).decode()
    assert "  port: alpha-port\n" in shown
    assert result.conflicts or groups(result.data) == ["production"] * 3


def test_a_sealed_comment_stays_sealed_whichever_side_it_comes_from() -> None:
    text = "A=alpha-value\nB=alpha-other\nC=alpha-third\n"
    base = seal(ENV, text)
    commented = seal(ENV, text.replace("B=", "#B="), base)
    assert b"alpha" not in commented
    edited = seal(ENV, text.replace("alpha-third", "edited"), base)
    for sides in ((commented, edited), (edited, commented)):
        result = merge(ENV, base, *sides)
        assert result.conflicts == 0
        assert b"alpha" not in result.data
        assert unseal(ENV, result.data) == b"A=alpha-value\n#B=alpha-other\nC=edited\n"


def test_renaming_unreadable_keys_does_not_place_a_new_value() -> None:
    """The tokens below the renamed key cannot be decrypted there, and no new token is created for it
    unseen."""
    base, ours = sealed(YAML, NESTED, NESTED.replace("cache", "  port: alpha-port\ncache", 1))
    theirs = base.replace(b"database:", b"public:")
    for sides in ((ours, theirs), (theirs, ours)):
        result = merge(YAML, base, *sides)
        assert result.conflicts
        port = tokens(ours)[2]
        assert port in tokens(result.data)
    edited = seal(YAML, NESTED.replace("alpha-user", "edited"), base)
    assert merge(YAML, base, edited, theirs).conflicts
    other = seal(YAML, NESTED.replace("alpha-cache", "edited"), base)
    result = merge(YAML, base, other, theirs)
    assert result.conflicts == 0
    assert tokens(result.data)[:2] == tokens(base)[:2], "they wait for rebind"


def test_a_comment_that_one_side_has_sealed_and_the_other_one_not_comes_out_sealed() -> None:
    text = "A=alpha-value\nC=alpha-third\n"
    commented = text.replace("C=", "#B=alpha-other\nC=")
    base, there = sealed(ENV, text, commented.replace("value", "edited"))
    here = base.replace(b"C=", b"#B=alpha-other\nC=")
    for sides in ((here, there), (there, here)):
        result = merge(ENV, base, *sides)
        assert result.conflicts == 0
        assert b"alpha" not in result.data


def test_a_result_that_is_not_sealed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regardless of the cause."""
    text = THREE[YAML]
    versions = sealed(
        YAML, text, text.replace("alpha-1", "ours"), text.replace("alpha-2", "theirs")
    )
    monkeypatch.setattr(draft, "seal_file", lambda plain, *_: plain)
    file, rules = described(YAML)
    result = merge_files(*base_and_sides(versions), file, rules, ALL, Style())
    assert result is None or b"alpha" not in result.data


def test_a_policy_that_cannot_be_read_opens_nothing() -> None:
    text = THREE[YAML]
    versions = sealed(
        YAML, text, text.replace("alpha-1", "ours"), text.replace("alpha-2", "theirs")
    )
    file, _ = described(YAML)
    merged = merge_files(*base_and_sides(versions), file, None, ALL, Style())
    assert merged is not None
    assert len(tokens(merged.data)) == 3
    assert (
        unseal(YAML, merged.data)
        == text.replace("alpha-1", "ours").replace("alpha-2", "theirs").encode()
    )


# -- files that have no values to compare


def test_files_sealed_whole_are_merged_line_by_line() -> None:
    text = "".join(f"alpha-{number}\n" for number in range(6))
    ours, theirs = text.replace("alpha-1", "ours"), text.replace("alpha-4", "theirs")
    result = merge(WHOLE, *sealed(WHOLE, text, ours, theirs))
    assert result.conflicts == 0
    assert is_whole(result.data)
    assert unseal(WHOLE, result.data).decode() == ours.replace("alpha-4", "theirs")


def test_a_conflict_in_a_file_sealed_whole_is_sealed_with_its_markers() -> None:
    versions = sealed(WHOLE, "alpha\n", "ours\n", "theirs\n")
    result = merge(WHOLE, *versions)
    assert result.conflicts == 1
    assert is_whole(result.data)
    assert unseal(WHOLE, result.data).decode() == conflict("ours\n", "theirs\n")
    favored = merge(WHOLE, *versions, favor="theirs")
    assert (unseal(WHOLE, favored.data), favored.conflicts) == (b"theirs\n", 0)


def test_a_file_sealed_whole_that_one_side_has_changed_and_the_other_one_rotated() -> None:
    base, edit = sealed(WHOLE, "alpha\n", "edited\n", keys=OLD)
    new = seal(WHOLE, "alpha\n", keys=NEW)
    for sides in ((new, edit), (edit, new)):
        result = merge(WHOLE, base, *sides, keys=NEW)
        assert result.conflicts == 0
        assert unseal(WHOLE, result.data, keys=NEW) == b"edited\n"
        assert key_ids(result.data) == key_ids(new)


def test_a_binary_file_that_both_have_changed_is_not_merged() -> None:
    versions = sealed(WHOLE, "alpha\x00\n", "ours\x00\n", "theirs\x00\n")
    file, rules = described(WHOLE)
    assert merge_files(*base_and_sides(versions), file, rules, ALL, Style()) is None
    assert merge(WHOLE, versions[0], versions[1], versions[0]) == Merged(versions[1], 0)


def test_a_file_sealed_whole_that_cannot_be_decrypted_is_not_merged() -> None:
    versions = sealed(WHOLE, "alpha\n", "ours\n", "theirs\n")
    file, rules = described(WHOLE)
    assert merge_files(*base_and_sides(versions), file, rules, NOBODY, Style()) is None


def test_a_side_that_does_not_parse_is_merged_line_by_line_and_sealed_whole() -> None:
    text = NESTED + "".join(f"k{number}: alpha\n" for number in range(5))
    half = text.replace("database:", "database: [")
    theirs = text.replace("k3: alpha", "k3: theirs")
    result = merge(YAML, *sealed(YAML, text, half, theirs))
    assert is_whole(result.data)
    assert unseal(YAML, result.data).decode() == half.replace("k3: alpha", "k3: theirs")


def test_a_base_with_conflict_markers_of_a_merge_before_counts_as_lines() -> None:
    """git merges several bases into one, including conflicts."""
    text = THREE[YAML]
    versions = sealed(YAML, text, text.replace("alpha-2", "left"), text.replace("alpha-2", "right"))
    base = merge(YAML, *versions, size=9).data
    ours, theirs = (
        seal(YAML, text.replace("alpha-2", "settled").replace("alpha-3", word))
        for word in ("alpha-3", "theirs")
    )
    result = merge(YAML, base, ours, theirs)
    assert result == Merged(theirs, 0)


def test_files_without_a_common_ancestor() -> None:
    for path in STRUCTURED:
        text = THREE[path]
        ours, theirs = seal(path, text), seal(path, text.replace("alpha-2", "theirs"))
        result = merge(path, b"", ours, theirs)
        assert result.conflicts == 1
        assert merge(path, b"", ours, ours) == Merged(ours, 0)


def expectations(text: str, ours: str, theirs: str) -> Expectations:
    file, _ = described(YAML)
    assert file.format is not None
    versions = [read_version(version, file, ALL) for version in sealed(YAML, text, ours, theirs)]
    base, own, far = (version for version in versions if version)
    return Expectations(file.format, (base, own, far), (Pairing(base, own), Pairing(base, far)))


def test_a_change_missing_from_the_result_is_detected() -> None:
    text = THREE[YAML]
    check = expectations(text, text.replace("alpha-1", "ours"), f"{text}new: alpha-4\n")
    assert check.lost([]) == {at(key) for key in ("one", "two", "three", "new")}


def test_so_is_the_change_of_a_value_that_the_other_side_has_removed() -> None:
    text = THREE[YAML]
    removed = "".join(line for line in text.splitlines(True) if "alpha-1" not in line)
    check = expectations(text, removed, text.replace("alpha-1", "theirs"))
    assert check.lost([]) == {at(key) for key in ("one", "two", "three")}


# -- properties

WORDS = st.sampled_from(["seven77", "eight88", "nine9999", "8", "true"])


@st.composite
def edits(draw: st.DrawFn, text: str) -> str:
    """Change lines as people do: edit, rename, remove, copy, move."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    for _ in range(draw(st.integers(0, 3)) if lines else 0):
        number = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["edit", "rename", "remove", "copy", "move"]))
        if change == "edit":
            lines[number] = re.sub(r"\w+(?=\W*$)", draw(WORDS), lines[number])
        elif change == "rename":
            lines[number] = re.sub(r"\w+", draw(WORDS), lines[number], count=1)
        elif change == "copy":
            lines.insert(number, lines[draw(st.integers(0, len(lines) - 1))])
        else:
            line = lines.pop(number)
            if change == "move":
                lines.insert(draw(st.integers(0, len(lines))), line)
        if not lines:
            break
    return "".join(lines)


@st.composite
def versions(draw: st.DrawFn, path: str) -> list[bytes]:
    text = draw(texts(path))
    three = text, draw(edits(text)), draw(edits(text))
    made = sealed(path, *three)
    # What does not come back from sealing at all is a matter of other tests.
    assume([unseal(path, one).decode() for one in made] == list(three))
    return made


@every_format
def test_a_change_of_one_side_is_the_result_byte_for_byte(path: str) -> None:
    @few
    @given(versions(path))
    def holds(three: list[bytes]) -> None:
        base, ours, theirs = three
        assert merge(path, base, ours, base) == Merged(ours, 0)
        assert merge(path, base, base, theirs) == Merged(theirs, 0)
        assert merge(path, base, ours, ours) == Merged(ours, 0)

    holds()


@every_format
def test_any_merge_can_be_decrypted_and_is_symmetric(path: str) -> None:
    @few
    @given(versions(path), st.sampled_from(["merge", "diff3", "zdiff3"]))
    def holds(three: list[bytes], kind: str) -> None:
        base, ours, theirs = three
        # A last backslash of a .env file would continue with the line that is added after it.
        assume(not any(unseal(path, one).endswith(b"\\") for one in three))
        there, back = merge(path, *three, kind=kind), merge(path, base, theirs, ours, kind=kind)
        # Where equal lines repeat, one order of the sides can align them, and the other cannot.
        assume(bool(there.conflicts) == bool(back.conflicts))
        if there.conflicts:
            if kind == "merge" and not any(map(is_whole, three)):
                assert opened(path, there.data).problems == []
            there, back = (merge(path, *three, favor=side) for side in ("ours", "theirs"))
            assert all(bool(m.conflicts) == bool(m.refusal) for m in (there, back))
            return
        assert opened(path, there.data).problems == []
        if not is_whole(there.data) and there.data.strip():
            values = [Counter(contents(path, unseal(path, m.data))) for m in (there, back)]
            assert values[0] == values[1]

    holds()


@every_format
def test_edits_of_different_values_never_conflict(path: str) -> None:
    """In any layout: one side changes every second value, the other side the others."""

    @few
    @given(texts(path), st.data())
    def holds(text: str, data: st.DataObject) -> None:
        file, _ = described(path)
        assert file.format is not None
        body = text.removeprefix("\ufeff")
        spans = file.format.scan(body).values if body.strip() else []
        # Which of two equal values of one key was edited may be unknown.
        distinct = {(one, body[start:end]) for start, end, one in spans}
        assume(1 < len(spans) == len(distinct) and "&" not in body)
        numbers = data.draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans)))

        def edited(*sides: bool) -> str:
            out: list[str] = []
            at = 0
            for number, ((start, end, _), side) in enumerate(zip(spans, numbers, strict=True)):
                new = f'"edited{number}"' if side in sides else body[start:end]
                out += body[at:start], new
                at = end
            return text[: len(text) - len(body)] + "".join(out) + body[at:]

        made = [edited(True), edited(False), edited(True, False)]
        for one in made:
            new = one.removeprefix("\ufeff")
            assume(len(file.format.scan(new).values) == len(spans))
        three = sealed(path, text, *made[:2])
        assume(not any(map(is_whole, three)))
        result = merge(path, *three)
        assert result.conflicts == 0
        assert unseal(path, result.data).decode() == made[2]

    holds()


@every_format
def test_no_value_is_ever_in_plaintext(path: str) -> None:
    @few
    @given(versions(path), st.sampled_from(["merge", "diff3"]), st.sampled_from([ALL, NOBODY]))
    def holds(three: list[bytes], kind: str, keys: Keyring) -> None:
        file, rules = described(path)
        result = merge_files(*base_and_sides(three), file, rules, keys, Style(kind=kind))
        if result is None:
            return
        lines = result.data.split(b"\n")
        markers = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
        kept = b"\n".join(line for line in lines if not line.startswith(markers))
        # An anchor, also of a side that was sealed whole, is structure, as keys are.
        kept = re.sub(rb"[&*](?:seven77|eight88)", b"", kept)
        for word in (b"seven77", b"eight88", b"nine9999", b"hunter22"):
            assert kept.count(word) <= sum(version.count(word) for version in three)

    holds()


@pytest.mark.slow
def test_a_large_file_is_merged_without_a_step_for_every_pair_of_lines() -> None:
    """Eight thousand values, all of them changed on one side."""
    text = "".join(f"key{number}: value{number}\n" for number in range(8000))
    ours = re.sub("value", "other", text)
    theirs = text + "new: value\n"
    result = merge(YAML, *sealed(YAML, text, ours, theirs))
    assert (unseal(YAML, result.data).decode(), result.conflicts) == (ours + "new: value\n", 0)


ELEMENTS = """\
<config>
  <server>
    <id>one</id>
    <password>alpha-1</password>
  </server>
  <server>
    <id>two</id>
    <password>alpha-2</password>
  </server>
  <mail host="h" password="alpha-3"/>
</config>
"""
SERVER = "  <server>\n    <id>three</id>\n    <password>new-3</password>\n  </server>\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<config>\n", "<config>\n" + SERVER),
        ("  <mail", SERVER + "  <mail"),
        ("alpha-1", "ours"),
        ("<id>one</id>", "<!-- <id>one</id> -->"),
        ('"alpha-3"/>', '"alpha-3">\n    <to>x</to>\n  </mail>'),
        ("  <server>\n    <id>one</id>\n    <password>alpha-1</password>\n  </server>\n", ""),
    ],
)
@pytest.mark.parametrize(("there", "value"), [("alpha-2", "theirs"), ('"h"', '"i"')])
def test_elements_of_one_name_merge_like_the_items_of_a_list(
    old: str, new: str, there: str, value: str
) -> None:
    """Also if positions change, or an element is no longer the only one of its name."""
    ours, theirs = ELEMENTS.replace(old, new), ELEMENTS.replace(there, value)
    assert clean(XML, ELEMENTS, ours, theirs) == ours.replace(there, value)
    assert clean(XML, ELEMENTS, theirs, ours) == ours.replace(there, value)
