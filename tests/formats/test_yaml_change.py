from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("yaml_tools")

from yaml_tools import seal, token  # noqa: E402

from sealedfiles.errors import FormatError, UsageError  # noqa: E402
from sealedfiles.formats.yaml.edit import YAML_EDITOR  # noqa: E402
from sealedfiles.formats.yaml.format import YAML  # noqa: E402
from sealedfiles.model.address import NoSuchValueError, parse_address  # noqa: E402

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data


def assign(text: str, path: str, value: Data) -> str:
    return YAML_EDITOR.assign(text, parse_address(path), value)


def remove(text: str, path: str) -> str:
    return YAML_EDITOR.remove(text, parse_address(path))


def refused(text: str, path: str, value: Data) -> str:
    """Return why *value* is refused."""
    with pytest.raises(UsageError) as raised:
        assign(text, path, value)
    return raised.value.message


def kept(text: str, path: str) -> str:
    """Return why what stands at *path* is not removed."""
    with pytest.raises(UsageError) as raised:
        remove(text, path)
    return raised.value.message


# A value in the place of another: style, place and comment stay.


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("word", "other word", "other word"),
        ("word", "http://x/?a=b#c", "http://x/?a=b#c"),
        ("word", "--flag", "--flag"),
        ("word", "10.0.0.1", "10.0.0.1"),
        ("word", "it's", "it's"),
        ("word", "", '""'),
        ("word", "5432", '"5432"'),
        ("word", "0x1F", '"0x1F"'),
        ("word", "1e3", '"1e3"'),
        ("word", ".5", '".5"'),
        ("word", "null", '"null"'),
        ("word", "yes", '"yes"'),
        ("word", "No", '"No"'),
        ("word", "12:30", '"12:30"'),
        ("word", "1_000", '"1_000"'),
        ("word", "2001-12-14", '"2001-12-14"'),
        ("word", "<<", '"<<"'),
        ("word", "a: b", '"a: b"'),
        ("word", "a:", '"a:"'),
        ("word", "a #b", '"a #b"'),
        ("word", "- a", '"- a"'),
        ("word", "---", '"---"'),
        ("word", "'a'", "\"'a'\""),
        ("word", "*a", '"*a"'),
        ("word", " a", '" a"'),
        ("word", "a ", '"a "'),
        ("word", 'a"b\\c', 'a"b\\c'),
        ("word", '"b\\', '"\\"b\\\\"'),
        ("word", "a\tb", '"a\\tb"'),
        ("word", "a\r\nb", '"a\\r\\nb"'),
        ("word", "\x00\x7f\x85\u2028\ufeff", '"\\u0000\\u007f\\u0085\\u2028\\ufeff"'),
        ("word", "é😀", "é😀"),
        ("word", "\U000e0001", '"\\U000e0001"'),
        ("word", token(), f'"{token()}"'),
        ("'word'", "it's", "'it''s'"),
        ("'word'", " 5 # ", "' 5 # '"),
        ("'word'", "a\tb", '"a\\tb"'),
        ("'word'", "a\nb", '"a\\nb"'),
        ('"word"', "other", '"other"'),
        ('"word"', "a\nb\n", '"a\\nb\\n"'),
        ("many\n  lines\n\n  of text", "one", "one"),
        ("'many\n  lines'", "one", "'one'"),
        ("word", 5, "5"),
        ("'word'", 5, "5"),
        ("word", -1.5, "-1.5"),
        ("word", 1e16, "1.0e+16"),
        ("word", 1e-7, "1.0e-07"),
        ("word", math.inf, ".inf"),
        ("word", -math.inf, "-.inf"),
        ("word", True, "true"),
        ("word", None, "null"),
        ("5", "five", "five"),
        ("word", {}, "{}"),
        ("word", [], "[]"),
        ("[a, b]", "word", "word"),
        ("[a, b]", ["c", {"d": "e"}, []], "[c, {d: e}, []]"),
        ("{a: 'b'}", {"c": "d"}, "{c: d}"),
        ("&x word", "other", "&x other"),
        ("&x", "other", "&x other"),
        ("&x\n  word", "other", "&x\n  other"),
        ("!t word", "other", "!t other"),
        ("!t &x word", ["other"], "&x\n  - other"),
        ("!!str word", "5", '!!str "5"'),
        ("!!str word", 5, "5"),
        ("!!int 5", "word", "word"),
        ("&x !!int 5", 6, "&x !!int 6"),
        ("&x !!int 5", 6.5, "&x 6.5"),
        ("!!binary aGk=", "no!", "no!"),
        ("! word", "5", '! "5"'),
        ("! word", 5, "5"),
    ],
)
def test_a_value_is_written_in_the_style_of_the_one_before(old: str, value: Data, new: str) -> None:
    text = "# top\na:  {}\t # c\nb: 1\n"
    before, after = text.replace("{}", old), text.replace("{}", new)
    if isinstance(value, list) and value and "[" not in old:
        after = "# top\na:  &x\t # c\n  - other\nb: 1\n"
    assert assign(before, "a", value) == after


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("|\n  a\n  b\n", "c\n", "|\n  c\n"),
        ("|\n    a\n", "b\nc\n", "|\n    b\n    c\n"),
        ("| # of the header\n  a\n", "b", "|- # of the header\n  b\n"),
        ("|2-\n    a\n", "b\n", "|\n    b\n"),
        ("|\n  a\n", "  b\nc\n", "|2\n    b\n  c\n"),
        ("|\n  a\n", "\n\nb\n\nc\n", "|\n\n\n  b\n\n  c\n"),
        ("|\n  a\n", "b\n\n\n", "|+\n  b\n\n\n"),
        ("|+\n  a\n\n\n", "b\n\n\n", "|+\n  b\n\n\n"),
        ("|+\n  a\n\n\n", "b\n\n\n\n", "|+\n  b\n\n\n\n"),
        ("|+\n  a\n\n\n", "b\n", "|\n  b\n\n\n"),
        ("|+\n  a\n\n\n", "b\n\n", '"b\\n\\n"\n\n\n'),
        ("|\n  a\n\n\n", "# b: c\n- d\n", "|\n  # b: c\n  - d\n\n\n"),
        (">\n  a\n  b\n", "c d\n", ">\n  c d\n"),
        (">-\n  a\n", "c\nd", "|-\n  c\n  d\n"),
        ("|\n  a\n", "\tb\n c\n", "|\n  \tb\n   c\n"),
        ("|\n  a\n", "é\xa0😀\u200d\n", "|\n  é\xa0😀\u200d\n"),
        ("|\n  a\n", "a\n  \nb", '"a\\n  \\nb"\n'),
        ("|\n  a\n", "a\rb\n", '"a\\rb\\n"\n'),
        ("|\n  a\n", "\n", '"\\n"\n'),
        ("|\n  a\n", "", '""\n'),
        ("| # of the header\n  a\n", 5, "5 # of the header\n"),
        ("word # c\n", "a\nb\n", "| # c\n  a\n  b\n"),
        ("5\n", "a\nb", "|-\n  a\n  b\n"),
        ("\n", "a\nb", "|-\n  a\n  b\n"),
        ("\n  word\n", "a\nb", "\n  |-\n  a\n  b\n"),
        ("[word]\n", "a\nb", "|-\n  a\n  b\n"),
        ("word\n  # below\n", "a\nb", '"a\\nb"\n  # below\n'),
    ],
)
def test_lines_are_written_as_a_block(old: str, value: Data, new: str) -> None:
    for end in ("b: 1\n", "---\nb\n"):
        path = "a" if end == "b: 1\n" else "[0].a"
        assert assign(f"a: {old}{end}".replace("a: \n", "a:\n"), path, value) == (
            f"a: {new}{end}".replace("a: \n", "a:\n")
        )


def test_in_brackets_lines_are_written_in_double_quotes() -> None:
    assert assign("a: [b, 'c']\n", "a[0]", "d\ne\n") == "a: [\"d\\ne\\n\", 'c']\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "new"),
    [
        ('{"a":1,"b":2}', "a", 3, '{"a":3,"b":2}'),
        ('{"a":1,"b":2}', "a", "x", '{"a":"x","b":2}'),
        ('{"a":"x"}', "a", ["y", {"b": None}], '{"a":["y", {"b": null}]}'),
        ("{a: b, c: d}", "a", "x, y", '{a: "x, y", c: d}'),
        ("[a,b]", "[1]", "http://x", '[a,"http://x"]'),
        ("{a: , b}", "a", "x", "{a: x , b}"),
        ("{a: , b}", "b", "x", "{a: , b: x}"),
        ("[a: 1]", "[0].a", "x", "[a: x]"),
        ("[*a , &a b]", "[1]", "x", None),
        ("[&a b, *a ]", "[1]", "x", "[&a b, x ]"),
        ("[&a b, *a ]", "[0]", ["x"], "[&a [x], *a ]"),
    ],
)
def test_in_brackets_everything_stays_on_its_line(
    text: str, path: str, value: Data, new: str | None
) -> None:
    if new is None:
        with pytest.raises(FormatError):
            assign(text, path, value)
    else:
        assert assign(text, path, value) == new


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_new_lines_end_as_the_others_do(line_end: str) -> None:
    text = "a:\n  b: word\nc: 1\n".replace("\n", line_end)
    new = assign(text, "a.b", "x\ny\n")
    assert new == "a:\n  b: |\n    x\n    y\nc: 1\n".replace("\n", line_end)
    assert YAML_EDITOR.load(new) == {"a": {"b": "x\ny\n"}, "c": 1}
    new = assign(new, "a.d", {"e": [1]})
    lines = "a:\n  b: |\n    x\n    y\n  d:\n    e:\n      - 1\nc: 1\n"
    assert new == lines.replace("\n", line_end)


def test_what_is_there_already_is_not_written_anew() -> None:
    text = 'a: 0x10\nb: "it\\x27s"\nc: {d: [1.50, ~]}\n'
    cases: list[tuple[str, Data]] = [("a", 16), ("b", "it's"), ("c", {"d": [1.5, None]})]
    for path, value in cases:
        assert assign(text, path, value) == text
    assert assign("a: 1\n", "a", True) == "a: true\n"
    assert assign("a: 1\n", "a", 1.0) == "a: 1.0\n"


# Collections.


@pytest.mark.parametrize(
    ("text", "path", "value", "new"),
    [
        ("a: word # c\nb: 1\n", "a", {"x": 1}, "a: # c\n  x: 1\nb: 1\n"),
        ("a:\nb: 1\n", "a", {"x": {"z": []}}, "a:\n  x:\n    z: []\nb: 1\n"),
        ("a:\n    b:\n        c: 1\n", "a.b", {"x": {"z": 1}}, None),
        ("- word\n- b\n", "[0]", {"x": 1, "z": 2}, "- x: 1\n  z: 2\n- b\n"),
        ("- word\n", "[0]", ["x", ["z"]], "- - x\n  - - z\n"),
        ("-\n", "[0]", {"x": 1}, "- x: 1\n"),
        ("- &a word\n", "[0]", {"x": 1}, "- &a\n  x: 1\n"),
        ("a:\n  word\nb: 1\n", "a", ["x"], "a:\n  - x\nb: 1\n"),
        ("a:\n- x\nb: 1\n", "b", ["z"], "a:\n- x\nb:\n- z\n"),
        ("a:\n    - x\nb: 1\n", "b", ["z"], "a:\n    - x\nb:\n    - z\n"),
        ("word\n", ".", {"x": 1}, "x: 1\n"),
        ("--- word\n", ".", {"x": [1]}, "---\nx:\n  - 1\n"),
        ("a: [x]\n", "a", {"x": 1}, "a: {x: 1}\n"),
        ("a: []\n", "a", ["x"], "a:\n  - x\n"),
        ("a: {x: 1} # c\n", "a", 5, "a: 5 # c\n"),
        ("a: # c\n  # of x\n  x: 1 # d\n# e\nb: 1\n", "a", "word", "a: word # c\n# e\nb: 1\n"),
        ("a: &a\n  x: 1\nb: 1\n", "a", "word", "a: &a word\nb: 1\n"),
        ("a: !t\n  x: 1\nb: 1\n", "a", "word", "a: word\nb: 1\n"),
        ("a: !t\n  x: 1\nb: 1\n", "a", {"z": 2}, "a: !t\n  z: 2\nb: 1\n"),
        ("a:\n    x: 1\nb:\n  y: 1\n", "a", {"z": 2}, "a:\n    z: 2\nb:\n  y: 1\n"),
        ("a:\n- x\n- y\nb: 1\n", "a", ["z"], "a:\n- z\nb: 1\n"),
        ("a:\n- x\n- y\nb: 1\n", "a", {"z": 1}, "a:\n  z: 1\nb: 1\n"),
        ("- x: 1\n  y: 2\n- z\n", "[0]", "word", "- word\n- z\n"),
        ("- x: 1 # c\n- z\n", "[0]", "word", "- word # c\n- z\n"),
        ("- x: 1\n  y: 2\n", "[0]", {"k": ["l", "m"]}, "- k:\n    - l\n    - m\n"),
        ("- - x\n  - y\n", "[0]", [1], "- - 1\n"),
        ("? a\n: word\n", "a", {"x": 1}, "? a\n:\n  x: 1\n"),
        ("? a\n? b\n", "a", "x", "? a\n: x\n? b\n"),
        ("? a # c\n? b\n", "a", ["x"], "? a # c\n:\n  - x\n? b\n"),
        ("a: |\n  text\nb: 1\n", "a", {"x": 1}, "a:\n  x: 1\nb: 1\n"),
        ("a: 1\n", ".", "word", "word\n"),
        ("a: 1\n", ".", {"b": "x\ny"}, "b: |-\n  x\n  y\n"),
    ],
)
def test_a_structure_is_laid_out_as_its_neighbourhood_is(
    text: str, path: str, value: Data, new: str | None
) -> None:
    expected = "a:\n    b:\n        x:\n            z: 1\n" if new is None else new
    assert assign(text, path, value) == expected


def test_a_new_string_is_quoted_as_all_its_neighbours_are() -> None:
    assert assign("a: 'x'\nb: 1\n", "c", "y") == "a: 'x'\nb: 1\nc: 'y'\n"
    assert assign('a: "x"\nb: 1\n', "c", ["y"]) == 'a: "x"\nb: 1\nc:\n  - "y"\n'
    assert assign("a: 'x'\nb: y\n", "c", "z") == "a: 'x'\nb: y\nc: z\n"
    assert assign(f'a: "{token()}"\n', "c", "z") == f'a: "{token()}"\nc: z\n'
    assert assign('{"a": 1}\n', "b", "c") == '{"a": 1, "b": "c"}\n'
    assert assign("'a': 1\n", "b", "c") == "'a': 1\n'b': c\n"


@pytest.mark.parametrize("key", ["yes", "1", "", "a: b", "- a", "é b", "a\nb", "#", "<<", "[", "~"])
def test_any_key_can_be_written(key: str) -> None:
    for text in ("a: 1\n", "{a: 1}\n", "", "- a\n"):
        address: tuple[str | int, ...] = (1, key) if text == "- a\n" else (key,)
        new = YAML_EDITOR.assign(text, address, "v")
        span = YAML_EDITOR.locate(new, address)
        assert new[span.start : span.end] == "v"


# Keys that are missing.


@pytest.mark.parametrize(
    ("text", "path", "new"),
    [
        ("a: 1 # c\n", "b", "a: 1 # c\nb: v\n"),
        ("a: 1", "b", "a: 1\nb: v"),
        ("a:\n  b: 1\n\n# of c\nc: 1\n", "a.x", "a:\n  b: 1\n  x: v\n\n# of c\nc: 1\n"),
        ("a:\n    b: |\n      t\n\nc: 1\n", "a.x", "a:\n    b: |\n      t\n    x: v\n\nc: 1\n"),
        ("a:\n  b: |+\n    t\n\nc: 1\n", "a.x", "a:\n  b: |+\n    t\n\n  x: v\nc: 1\n"),
        ("a: |+\n  t\n\n", "x", "a: |+\n  t\n\nx: v\n"),
        ("- |2\n    t\n     \n", "[1]", "- |2\n    t\n     \n- v\n"),
        ("a: |-\n  t", "x", "a: |-\n  t\nx: v"),
        ("b: 1\na: |\n  t", "x", "b: 1\nx: v\na: |\n  t"),
        ("a:\n  b: 1\n", "x.w[0].z", "a:\n  b: 1\nx:\n  w:\n    - z: v\n"),
        ("a:\n    b: 1\n", "x.z", "a:\n    b: 1\nx:\n    z: v\n"),
        ("a:\n- b\n", "a[1]", "a:\n- b\n- v\n"),
        ("a:\n- b\n", "a[1].x[0]", "a:\n- b\n- x:\n  - v\n"),
        ("- a: 1\n  b: 2\n- c\n", "[0].x", "- a: 1\n  b: 2\n  x: v\n- c\n"),
        ("- - a\n  - b\n- c\n", "[0][2]", "- - a\n  - b\n  - v\n- c\n"),
        ("a:\nb: 1\n", "a.x", "a:\n  x: v\nb: 1\n"),
        ("a:\nb: 1\n", "a[0]", "a:\n  - v\nb: 1\n"),
        ("a: &a # c\nb: 1\n", "a.x", "a: &a # c\n  x: v\nb: 1\n"),
        ("- \n- b\n", "[0].x", "- x: v\n- b\n"),
        ("a:\n  b:\n", "a.b.c.d", "a:\n  b:\n    c:\n      d: v\n"),
        ("a: {}\nb: 1\n", "a.x.z", "a:\n  x:\n    z: v\nb: 1\n"),
        ("a: [] # c\n", "a[0]", "a: # c\n  - v\n"),
        ("a: { # c\n  }\n", "a.x", "a: {x: v # c\n  }\n"),
        ("a: [{}]\n", "a[0].x", "a: [{x: v}]\n"),
        ("a: {b: 1}\n", "a.x.z[0]", "a: {b: 1, x: {z: [v]}}\n"),
        ("a: {b: 1,}\n", "a.x", "a: {b: 1, x: v,}\n"),
        ("a: {b: }\n", "a.x", "a: {b: , x: v }\n"),
        ("a: [b, c]\n", "a[2]", "a: [b, c, v]\n"),
        ("a: [b: 1]\n", "a[0].x", "a: [{b: 1, x: v}]\n"),
        ("a: [\n  b, # c\n  d # e\n  ]\n", "a[2]", "a: [\n  b, # c\n  d, # e\n  v\n  ]\n"),
        ('{\n\t"a": 1\n}\n', "x", '{\n\t"a": 1,\n\t"x": "v"\n}\n'),
        ("{\n  a: 1,\n}\n", "x", "{\n  a: 1,\n  x: v,\n}\n"),
        ("{\n  a: 1 }\n", "x", "{\n  a: 1, x: v }\n"),
        ("", "x.z", "x:\n  z: v\n"),
        ("", "[0]", "- v\n"),
        ("", ".", "v\n"),
        ("# c", "x", "# c\nx: v"),
        ("# c\n\n", "x", "# c\n\nx: v\n"),
        ("# c\n  ", "x", "# c\nx: v\n"),
        ("---\n", "x", "---\nx: v\n"),
        ("--- # c\n", "x", "--- # c\nx: v\n"),
        ("---", "x", "---\nx: v"),
        ("---\n...\n", "x", "---\nx: v\n...\n"),
        ("---\na: 1\n...\n", "x", "---\na: 1\nx: v\n...\n"),
        ("a: 1\n---\nb: 1\n", "[0].x", "a: 1\nx: v\n---\nb: 1\n"),
        ("a: 1\n---\n---\nb: 1\n", "[1].x", "a: 1\n---\nx: v\n---\nb: 1\n"),
        ("  a: 1\n", "x", "  a: 1\n  x: v\n"),
        ("? a\n: b\n", "x", "? a\n: b\nx: v\n"),
        ("? a\n", "x", "? a\nx: v\n"),
    ],
)
def test_a_missing_key_is_made_at_the_end_of_what_it_belongs_to(
    text: str, path: str, new: str
) -> None:
    assert assign(text, path, "v") == new


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("a: 1\n", "a.b", "not a mapping or a list"),
        ("a: ''\n", "a.b", "not a mapping or a list"),
        ("a: ~\n", "a[0]", "not a mapping or a list"),
        ("a: !!str\n", "a.b", "not a mapping or a list"),
        ("a: 1\n", "[0]", "is a mapping"),
        ("- a\n", "b", r"position \[1\]"),
        ("- a\n", "[2]", r"position \[1\]"),
        ("a:\n", "a[1]", r"item \[0\]"),
        ("a: 1\n---\nb\n", "a", "2 documents"),
        ("a: 1\n---\nb\n", "[2]", "2 documents"),
        ("a: 1\n---\nb\n", ".", "2 documents"),
    ],
)
def test_what_cannot_be_made_is_refused(text: str, path: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        assign(text, path, "v")


@pytest.mark.parametrize(
    "value", ["\ud83d", {"\ud83d": 1}, {1: 2}, b"bytes", {"a": [object()]}, [10**5000]]
)
def test_what_yaml_cannot_hold_is_refused(value: Data) -> None:
    assert "cannot represent" in refused("a: 1\n", "a", value)


def test_too_much_is_refused() -> None:
    deep: Data = {}
    for _ in range(50):
        deep = [{"k": deep}]
    for text in ("a: 1\n", "a: [1]\n"):
        assert YAML_EDITOR.load(assign(text, "a", deep)) == {"a": deep}
    assert "too deeply" in refused("a: 1\n", "a", [deep])
    assert "too long" in refused("a: 1\n", "k" * 1500, "v")


# Aliases and merges.


SHARED = """\
base: &base
  x: 1
  y: {z: 2}
one: *base
two:
  <<: *base
  w: 3
"""


def test_a_merged_key_is_added_to_the_mapping_itself() -> None:
    assert assign(SHARED, "two.x", 5) == SHARED + "  x: 5\n"
    assert "merged from" in refused(SHARED, "two.y.z", 5)


def test_nothing_is_changed_through_an_alias() -> None:
    assert "one is an alias (line 4)" in refused(SHARED, "one.x", 5)
    assert assign(SHARED, "one", 5) == SHARED.replace("*base\ntwo", "5\ntwo")


def test_a_value_with_an_anchor_keeps_it() -> None:
    assert assign("a: &x 1\nb: *x\n", "a", "word") == "a: &x word\nb: *x\n"
    assert assign(SHARED, "base.x", 5) == SHARED.replace("x: 1", "x: 5")
    assert assign(SHARED, "base", {"q": 1}) == SHARED.replace("  x: 1\n  y: {z: 2}\n", "  q: 1\n")
    assert "merged into another mapping in line 6" in refused(SHARED, "base", 5)


def test_an_anchor_that_is_in_use_does_not_vanish() -> None:
    text = "a:\n  b: &x 1\n  c: 2\nd: *x\n"
    for reason in (refused(text, "a", 5), kept(text, "a"), kept(text, "a.b")):
        assert "anchor (line 2)" in reason
        assert "line 4" in reason
    assert remove(text, "a.c") == "a:\n  b: &x 1\nd: *x\n"
    assert remove(text, "d") == "a:\n  b: &x 1\n  c: 2\n"
    assert remove("a:\n  b: &x 1\n  c: *x\nd: 1\n", "a") == "d: 1\n"


def test_an_anchored_key_in_use_does_not_vanish() -> None:
    assert "anchor" in kept("&x a: 1\nb: *x\n", "a")


def test_what_is_another_places_is_not_removed() -> None:
    assert "merged from" in kept(SHARED, "two.x")
    assert "alias" in kept(SHARED, "one.x")
    assert remove(SHARED, "two.<<") == SHARED.replace("  <<: *base\n", "")
    assert remove(SHARED + "  x: 5\n", "two.x") == SHARED


# Removing.


@pytest.mark.parametrize(
    ("text", "path", "new"),
    [
        ("a: 1 # c\nb: 2\n", "a", "b: 2\n"),
        ("a: 1\n# of b\nb: 2 # c\n# of d\nd: 3\n", "b", "a: 1\n# of b\n# of d\nd: 3\n"),
        ("a: 1\nb: 2", "b", "a: 1"),
        ("a: 1\nb:\n  c: 1 # x\n\n  # y\n  d: 2\n\ne: 3\n", "b", "a: 1\n\ne: 3\n"),
        ("a: |\n  x\n\n  y\n\nb: 1\n", "a", "\nb: 1\n"),
        ("b: 1\na: |+\n  x\n\n\nc: 1\n", "a", "b: 1\n\n\nc: 1\n"),
        ("c: |+\n  x\na: |+\n  x\n\n", "a", "c: |+\n  x\n"),
        ("a: |\n  x\nb: 1", "b", "a: |\n  x\n"),
        ("a: |-\n  x\nb: 1", "b", "a: |-\n  x"),
        ("b: 1\na: |2\n    x\n     \nc: 1\n", "a", "b: 1\n     \nc: 1\n"),
        ("a: |\n  x\nb:\n  c: 1\n  # d\n# e\n", "b", "a: |\n  x\n# e\n"),
        ("a: x\n  y\nb: 1\n", "a", "b: 1\n"),
        ("a: 1\nb: 2\na: 3\n", "a", "b: 2\n"),
        ("a:\n  b: 1\nc: 2\n", "a.b", "a: {}\nc: 2\n"),
        ("a: &x # c\n  # of b\n  b: 1\nc: 2\n", "a.b", "a: &x {} # c\n  # of b\nc: 2\n"),
        ("a: # c\n- b\n", "a[0]", "a: [] # c\n"),
        ("a: 1 # c\n", "a", "{}\n"),
        ("# c\n- a\n# d\n", "[0]", "# c\n[]\n# d\n"),
        ("--- # c\na: 1\n...\n", "a", "--- # c\n{}\n...\n"),
        ("a: 1\n---\nb: 1\n", "[1].b", "a: 1\n---\n{}\n"),
        ("- a: 1\n  b: 2\n", "[0].a", "- b: 2\n"),
        ("- a: 1\n\n  b: 2\n", "[0].a", "- b: 2\n"),
        ("- a: 1 # x\n  # of b\n  b: 2\n", "[0].a", "-\n  # of b\n  b: 2\n"),
        ("- a: 1\n  b: 2\n", "[0].b", "- a: 1\n"),
        ("- a: 1\n- b\n", "[0].a", "- {}\n- b\n"),
        ("- a: 1\n  b: 2\n- c\n", "[0]", "- c\n"),
        ("- - a\n  - b\n", "[0][0]", "- - b\n"),
        ("- - a\n- b\n", "[0][0]", "- []\n- b\n"),
        ("- a\n# c\n- b\n", "[1]", "- a\n# c\n"),
        ("? a\n: b\nc: 1\n", "a", "c: 1\n"),
        ("? a\n? b # c\n? d\n", "b", "? a\n? d\n"),
        ("? |\n  a\n: b\nc: 1\n", '"a\\u000a"', "c: 1\n"),
        ("? a\n: b: 1\n  c: 2\n", "a.b", "? a\n: c: 2\n"),
        ("a:\nb: 1\n", "a", "b: 1\n"),
        ("a: *x\n", "a", None),
        ("{a: 1, b: 2, c: 3}", "a", "{b: 2, c: 3}"),
        ("{a: 1, b: 2, c: 3}", "b", "{a: 1, c: 3}"),
        ("{a: 1, b: 2, c: 3}", "c", "{a: 1, b: 2}"),
        ("{a: 1, b: 2,}", "b", "{a: 1,}"),
        ("{ a: 1 }", "a", "{}"),
        ("[a: 1]", "[0].a", "[{}]"),
        ("{a, b}", "b", "{a}"),
        ("[ # c\n a ]", "[0]", "[ # c\n  ]"),
        ("[\n a, # c\n b, # d\n e\n]", "[1]", "[\n a, # c\n e\n]"),
        ("[\n a, # c\n b # d\n]", "[1]", "[\n a # c\n]"),
        ("[\n a,\n b,\n]", "[1]", "[\n a,\n]"),
        ("[a, # c\n b]", "[0]", "[ # c\n b]"),
        ("[a, # c\n b]", "[1]", "[a # c\n ]"),
        ("[ a\n, b\n, c\n]", "[1]", "[ a\n, c\n]"),
    ],
)
def test_a_key_is_removed_with_its_lines(text: str, path: str, new: str | None) -> None:
    if new is None:
        with pytest.raises(FormatError):
            remove(text, path)
    else:
        assert remove(text, path) == new


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_lines_are_removed_with_their_line_end(line_end: str) -> None:
    text = "a: 1\nb:\n  c: 2\n  d: 3\ne: 4".replace("\n", line_end)
    assert remove(text, "b.c") == "a: 1\nb:\n  d: 3\ne: 4".replace("\n", line_end)
    assert remove(text, "e") == "a: 1\nb:\n  c: 2\n  d: 3".replace("\n", line_end)
    text = "a: |\n  x\nb:\n  c: 1\n\n  # d\n\ne: 1\n".replace("\n", line_end)
    assert remove(text, "b") == "a: |\n  x\n\ne: 1\n".replace("\n", line_end)


def test_nothing_to_remove_names_what_is_there() -> None:
    with pytest.raises(NoSuchValueError) as raised:
        remove("server:\n  port: 1\n", "server.prot")
    assert raised.value.hints == ("there is server.port",)


@pytest.mark.parametrize(("text", "path"), [("a: 1\n", "."), ("a\n---\nb\n", "[0]")])
def test_a_whole_document_is_not_removed(text: str, path: str) -> None:
    assert "document" in kept(text, path)


# What is sealed.


def test_tokens_come_through_every_change() -> None:
    text = seal("a: 1\nb: &x\n  c: 'd'\n  e: |\n    f\n\ng: [h, i] # j\nk: *x\n")
    tokens = [text[v.start : v.end] for v in YAML.scan(text).values]
    for new in (
        assign(text, "b.new", "v"),
        assign(text, "g[2]", "v"),
        assign(text, "k", "v"),
        assign(text, "new.deep", "v"),
    ):
        found = [new[v.start : v.end] for v in YAML.scan(new).values]
        assert [one for one in found if one != "v"] == tokens
    less = remove(text, "b.c")
    assert [less[v.start : v.end] for v in YAML.scan(less).values] == tokens[:1] + tokens[2:]
    changed = assign(text, "b.c", "v")
    assert changed == text.replace(tokens[1], '"v"')
