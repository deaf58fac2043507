"""JSON with comments and trailing commas: values, comments, and changes by hand's rules."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealedfiles.errors import FormatError
from sealedfiles.formats.json.edit import JSON_EDITOR
from sealedfiles.formats.json.format import JSON

SETTINGS = """\
{
  // for local work
  "Conn": { "Default": "Server=.;Password=s3cr3t" }, // why
  "Logging": { "Level": "Debug", }, /* trailing comma */
  "list": [
    1, // one
    2 // two
  ],
  "empty": {
    // nothing
  },
  /* "a": 1,
     "b": "c" */
  "url": "http://x//y /* no comment */" // last
}
"""

any_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["//", "/*", "*/"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
gaps: st.SearchStrategy[str] = st.sampled_from(
    ["", " ", "\n", "/* c */", "/**/", "// c\n", "\r\n", '/* , ] " */', "//\r", "/*\n*/"]
)

commas = st.sampled_from(["", ","])


@st.composite
def jsonc_texts(draw: st.DrawFn) -> tuple[str, Any]:
    """Make a text with comments and trailing commas in all places where they may be, and what it means."""
    data = draw(any_data)

    def written(value: Any) -> str:
        before, after = draw(gaps), draw(gaps)
        if isinstance(value, dict):
            parts = [
                f"{draw(gaps)}{json.dumps(k)}{draw(gaps)}:{written(v)}" for k, v in value.items()
            ]
        elif isinstance(value, list):
            parts = [written(item) for item in value]
        else:
            return before + json.dumps(value, ensure_ascii=False) + after
        last = draw(commas) if parts else ""
        inner = ",".join(parts) + last + draw(gaps)
        return before + ("{%s}" if isinstance(value, dict) else "[%s]") % inner + after

    return written(data), data


def test_values_and_comments() -> None:
    scan = JSON.scan(SETTINGS)
    assert [SETTINGS[a:b] for a, b, _ in scan.values] == [
        '"Server=.;Password=s3cr3t"',
        '"Debug"',
        "1",
        "2",
        '"http://x//y /* no comment */"',
    ]
    assert [SETTINGS[a:b] for a, b in scan.comments()] == [
        " for local work",
        " why",
        " trailing comma",
        " one",
        " two",
        " nothing",
        ' "a": 1,\n     "b": "c"',
        " last",
    ]


@settings(deadline=None)
@given(jsonc_texts())
def test_the_values_are_those_of_the_same_text_without_comments(made: tuple[str, Any]) -> None:
    text, data = made
    scan = JSON.scan(text)
    assert len(scan.strict) == len(text)
    assert json.loads(scan.strict) == JSON_EDITOR.load(text) == data
    assert [one.path for one in scan.values] == [
        one.path for one in JSON.scan(json.dumps(data)).values
    ]
    for start, _ in scan.comments():
        assert text[start - 2 : start] in ("//", "/*")
    assert [v for v in scan.values if not text[v.start : v.end].strip()] == []
    # A sealed comment is a comment of the same extent.
    comments = scan.comments()
    sealed, at = "", 0
    for start, end in comments:
        sealed, at = sealed + text[at:start] + " token", end
    sealed += text[at:]
    again = JSON.scan(sealed)
    assert [sealed[a:b] for a, b in again.comments()] == [" token"] * len(comments)
    assert [one.path for one in again.values] == [one.path for one in scan.values]


@settings(deadline=None)
@given(jsonc_texts(), any_data, st.data())
def test_changes_touch_no_other_value_and_no_comment_elsewhere(
    made: tuple[str, Any], value: Any, picks: st.DataObject
) -> None:
    text, data = made
    if not isinstance(data, dict):
        return
    key = picks.draw(st.sampled_from([*data, "new key"]))
    try:
        changed = JSON_EDITOR.assign(text, (key,), value)
    except FormatError:
        return  # a layout that cannot be followed is refused, and nothing is changed
    assert JSON_EDITOR.load(changed) == {**data, key: value}
    if key in data:
        del data[key]
        try:
            removed = JSON_EDITOR.remove(text, (key,))
        except FormatError:
            return
        assert JSON_EDITOR.load(removed) == data


CHANGES = [
    ("assign", ("new",), "v", "// last\n}", ', // last\n  "new": "v"\n}'),
    ("assign", ("list", 2), 3, "2 // two\n", "2, // two\n    3\n"),
    ("assign", ("Logging", "x"), 1, '"Debug", }', '"Debug", "x": 1, }'),
    ("assign", ("empty", "x"), 1, "// nothing\n", '// nothing\n    "x": 1\n'),
    ("assign", ("list", 0), 9, "1, // one", "9, // one"),
    ("remove", ("list", 1), None, "1, // one\n    2 // two\n", "1 // one\n"),
    ("remove", ("list", 0), None, "    1, // one\n", ""),
    (
        "remove",
        ("Conn",),
        None,
        '  "Conn": { "Default": "Server=.;Password=s3cr3t" }, // why\n',
        "",
    ),
]


@pytest.mark.parametrize(("what", "address", "value", "old", "new"), CHANGES)
def test_changes_keep_comments_and_commas(
    what: str, address: Any, value: Any, old: str, new: str
) -> None:
    if what == "assign":
        changed = JSON_EDITOR.assign(SETTINGS, address, value)
    else:
        changed = JSON_EDITOR.remove(SETTINGS, address)
    expected = SETTINGS.replace(old, new).replace('y /* no comment */" ,', 'y /* no comment */",')
    assert changed == expected


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 1}",
        "{a: 1}",
        "{a: 1, // x\n}",
        '{"a": 1 /* no end',
        '{"a": 1} // \u2028 "b": 2',
        "[,]",
        "[1,,]",
        '{,"a": 1}',
        '{"a":,}',
        '{"a": 1,},',
        '{"a": .5, // x\n}',
        '{"a": 0x1F, // x\n}',
        '["a\\\nb", // x\n]',
        "# x\n1",
        "1 / 2",
        '{"a": 1} /',
        "//",
    ],
)
def test_the_rest_of_json5_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        JSON.scan(text)


@pytest.mark.parametrize("piece", ["/*", '\\"', "//", '"', ",", "[,", "*/", '/* " ', "{//\n"])
def test_hostile_texts_take_linear_time(piece: str) -> None:
    start = time.process_time()
    with pytest.raises(FormatError):
        JSON.scan(f'["a" // x\n{piece * 100_000}')
    JSON.commented(f'"a": 1 {piece * 100_000}')
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("comment", "values", "always"),
    [
        (' "a": "b"', ['"b"'], True),
        (' "a": 1, "b": true,', ["1", "true"], True),
        ('\n * "a": "b",\n * "c": null\n ', ['"b"', "null"], True),
        (' { "a": "b" }', ['"b"'], True),
        (' see "a": b', ["b"], False),
        (' "a": "\\u0062" is it', ['"\\u0062"'], True),
        (" for local work", [], False),
        (' "a"', ['"a"'], True),
        (' "a", "b" ],', ['"a", "b" ],'], True),
        (' "a" is it', [], False),
        (' ["a",', ['["a",'], True),
        (" [1] see", [], True),
        (' "a": [', [], True),
        (' "a": { "b": {', ['{ "b": {'], True),
        (' "\\x": 1', [], True),
        ('"a": "no end', ['"no end'], True),
    ],
)
def test_what_a_comment_would_be_without_its_signs(
    comment: str, values: list[str], always: bool
) -> None:
    assert [comment[a:b] for a, b, _ in JSON.commented(comment).values] == values
    assert JSON.commented(comment).is_entry == always
