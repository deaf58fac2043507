from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import FormatError
from sealedfiles.formats.json.format import JSON
from sealedfiles.model.paths import ITEM, ROOT, key_step, steps


def token(number: int) -> str:
    return f"sealed:v1:default:{'a' * 16}:{'b' * 8}:{number:064d}"


def seal(text: str) -> str:
    """Put a token in the place of every value."""
    sealed, at = [], 0
    for number, (start, end, _) in enumerate(JSON.scan(text).values):
        sealed += [text[at:start], JSON.write_token(text[start:end], token(number))]
        at = end
    return "".join([*sealed, text[at:]])


def found(text: str) -> list[tuple[list[str | None], str]]:
    return [(steps(path), text[start:end]) for start, end, path in JSON.scan(text).values]


class Members(list[tuple[str, Any]]):
    """An object as json.loads found it, duplicates and all."""


class Number(str):
    __slots__ = ()


def load(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=Members,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
    )


def scalars(value: Any, path: bytes = ROOT) -> list[tuple[bytes, Any]]:
    if isinstance(value, Members):
        return [s for key, member in value for s in scalars(member, path + key_step(key))]
    if isinstance(value, list):
        return [s for element in value for s in scalars(element, path + ITEM)]
    return [(path, value)]


KEYS = st.text('ab"\\\n\x00é\ud800\U0001f600:,', max_size=3)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | KEYS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4),
    max_leaves=12,
)


@st.composite
def valid_texts(draw: st.DrawFn) -> str:
    indent = draw(st.none() | st.integers(0, 2) | st.sampled_from(["\t", "\r", " \r\n"]))
    ascii_only = draw(st.booleans())
    text = json.dumps(draw(DOCUMENTS), indent=indent, ensure_ascii=ascii_only)
    return text.replace('"b"', '"a"') if draw(st.booleans()) else text


# fmt: off
FRAGMENTS = [
    "{", "}", "[", "]", ":", ",", "{}", "[]", '"', '"a"', "'", "\\", "é", "٣",
    r'"\u12"', r'"\ud800"', r'"\x"', r'"\/"', '"\x01"', '"\x7f"',
    "1", "-", "0", "01", "1.", ".5", "1e5", "1E+", "e",
    "true", "tru", "null", "NaN", "-NaN", "Infinity", "-Infinity",
    " ", "\n", "\r", "\t", "\x0b", "\xa0", "\x00", "\ufeff",
]
# fmt: on
ANY_TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join)


@st.composite
def damaged_texts(draw: st.DrawFn) -> str:
    text = draw(valid_texts())
    at = draw(st.integers(0, len(text)))
    return (
        text[:at] + draw(st.sampled_from(["", *FRAGMENTS])) + text[at + draw(st.integers(0, 2)) :]
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": "x", "b": 1}', [(["a"], '"x"'), (["b"], "1")]),
        ("[true, false, null]", [([None], "true"), ([None], "false"), ([None], "null")]),
        (
            "[-0.5e+10, NaN, -Infinity]",
            [([None], "-0.5e+10"), ([None], "NaN"), ([None], "-Infinity")],
        ),
        ('{"a": {"b": [{"c": ""}]}}', [(["a", "b", None, "c"], '""')]),
        ('{"a": {}, "b": [ ], "c": [[], 1]}', [(["c", None], "1")]),
        ('{"a": 1, "a": 2}', [(["a"], "1"), (["a"], "2")]),
        ('{"": 1}', [([""], "1")]),
        (r'{"\u00e9\n\"\/": 1}', [(['é\n"/'], "1")]),
        (r'{"\ud83d\ude00": 1, "\ud800": 2}', [(["😀"], "1"), (["\ud800"], "2")]),
        ('{"a":"}]:,\\"#//"}', [(["a"], '"}]:,\\"#//"')]),
        (' "alone" ', [([], '"alone"')]),
        ("\t1\r\n", [([], "1")]),
        ("{}", []),
        ('{\r\n\t"a" :\r1\r\n}\n', [(["a"], "1")]),
        ('{"\u2028\x85": "\u2028\x85"}', [(["\u2028\x85"], '"\u2028\x85"')]),
    ],
)
def test_every_scalar_is_a_value(text: str, values: list[tuple[list[str | None], str]]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        (" \n ", 2, 2),
        ("[1,,]", 1, 4),
        ("[1 2]", 1, 4),
        ('{"a": 1 "b": 2}', 1, 9),
        ('{"a" 1}', 1, 6),
        ("{a: 1}", 1, 2),
        ('{"a": }', 1, 7),
        ("[01]", 1, 3),
        ("[1", 1, 3),
        ('{"a": {}', 1, 9),
        ("[[]}", 1, 4),
        ("1\n2\n", 2, 1),
        ('{"a": 1}\n{"a": 2}\n', 2, 1),
        ("# no comments\n1", 1, 1),
        ('{\n"a": "un\n}', 2, 9),
        ('{\r\n"a": "\\x"}', 2, 7),
        ('{\r"é\U0001f600": tru}', 2, 7),
        ("[\n\r\n\r\n\r x]", 5, 2),
        ("[\x0b1]", 1, 2),
        ("\ufeff1", 1, 1),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(FormatError) as refused:
        JSON.scan(text)
    assert (refused.value.line, refused.value.column) == (line, column)


@pytest.mark.parametrize(
    "text", ['{"hunter2": "hunter2', '{"hunter2": hunter2}', '{"hunter2" "hunter2"}', "hunter2"]
)
def test_an_error_message_holds_nothing_of_the_text(text: str) -> None:
    with pytest.raises(FormatError) as refused:
        JSON.scan(text)
    assert "hunter2" not in refused.value.message


@settings(deadline=None)
@given(ANY_TEXTS | damaged_texts() | valid_texts())
@example("[\x1c1]")
@example('["\\u00e"]')
@example('["\t"]')
@example('["\x1f"]')
def test_what_json_loads_accepts_is_accepted_and_nothing_else_but_comments_and_commas(
    text: str,
) -> None:
    try:
        expected = scalars(load(text))
    except json.JSONDecodeError:
        try:
            strict = JSON.scan(text).strict
        except FormatError:
            return
        # Taken for its comments and trailing commas alone (test_jsonc.py).
        assert strict != text
        json.loads(strict)
    else:
        values = JSON.scan(text).values
        assert [(path, load(text[start:end])) for start, end, path in values] == expected


@settings(deadline=None)
@given(valid_texts())
def test_a_sealed_text_has_the_same_paths_and_every_value_of_it_is_a_token(text: str) -> None:
    sealed = seal(text)
    values = JSON.scan(sealed).values
    assert [v.path for v in values] == [v.path for v in JSON.scan(text).values]
    for number, (start, end, _) in enumerate(values):
        match = JSON.sealed_value.fullmatch(sealed, start, end)
        assert match is not None
        assert match["token"] == token(number)
        assert json.loads(sealed[start:end]) == token(number)
    assert [path for path, _ in scalars(load(sealed))] == [path for path, _ in scalars(load(text))]


@settings(deadline=None)
@given(valid_texts())
def test_the_literals_in_place_of_the_tokens_are_the_text_again(text: str) -> None:
    literals = iter([text[start:end] for start, end, _ in JSON.scan(text).values])
    assert JSON.sealed_value.sub(lambda _: next(literals), seal(text)) == text


def test_deep_nesting_is_refused_before_it_costs_anything() -> None:
    nested = "[" * 800 + "1" + "]" * 800
    assert found(nested) == [([None] * 800, "1")]
    for opening in ("[", '{"a":', '[{"a":'):
        with pytest.raises(FormatError, match="keys that are too long"):
            JSON.scan(opening * 100_000)


def test_a_number_may_be_longer_than_python_reads() -> None:
    assert found("9" * 10_000) == [([], "9" * 10_000)]


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"plain"', "plain"),
        (r'"a\"\\\/\b\f\n\r\té"', 'a"\\/\b\f\n\r\té'),
        (r'"\u00e9\ud83d\ude00\udc00"', "é😀\udc00"),
        ('""', ""),
        ("1.50", "1.50"),
        ("true", "true"),
        ("null", "null"),
        (r'"no \x literal"', r'"no \x literal"'),
    ],
)
def test_decode_resolves_the_escapes_of_strings_only(literal: str, text: str) -> None:
    assert JSON.decode(literal) == text


def test_a_token_without_its_quotes_is_no_sealed_value() -> None:
    assert JSON.sealed_value.search(f'{{"a": "x {token(0)}"}}') is None
    assert JSON.sealed_value.search(f"{{\"a\": '{token(0)}'}}") is None


def test_strict_json_has_no_comments() -> None:
    assert JSON.scan('{"a": "# // /* */"}').comments() == []
