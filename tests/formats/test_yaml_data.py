from __future__ import annotations

import json
import math
import re
import sys
from typing import Any

import pytest
import yaml
from corpus import real_files
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml_texts import damaged, signs, texts

from sealedfiles.errors import FormatError
from sealedfiles.formats.yaml.data import load


def typed(data: object) -> str:
    """Return what tells 1 from 1.0 and from true, and makes two that are no number equal."""
    return repr(data)


# Scalars.


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0777", 777),
        ("0o17", 15),
        ("-0o17", "-0o17"),
        ("0xFf", 255),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1.", 1.0),
        ("1.50", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        (".", "."),
        ("1e", "1e"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("+.Inf", math.inf),
        (".nan", math.nan),
        (".NaN", math.nan),
        ("-.nan", "-.nan"),
        ("inf", "inf"),
        ("1e999", math.inf),
        ("2001-12-14", "2001-12-14"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("٣", "٣"),
    ],
)
def test_a_plain_scalar_is_what_the_core_schema_of_yaml_12_says(source: str, value: object) -> None:
    assert typed(load(f"- {source}")) == typed([value])


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n    1", "1"),
        (">-\n    a\n    b", "a b"),
        ('""', ""),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ud83d"),
        ('"a\tb"', "a\tb"),
        ("a\tb", "a\tb"),
        ("a\x85b", "a\x85b"),
        ('"a\u2028b"', "a\u2028b"),
        ("|\n    \ta\n      b\tc\n    \t\n", "\ta\n  b\tc\n\t\n"),
        ("|2\n      a\tb\n   c", "    a\tb\n c"),
        (">\n    a\tb\n    c\x85\n\n    d\n     e\n", "a\tb c\x85\nd\n e\n"),
        ("|+\n    a\t\n\n\n", "a\t\n\n\n"),
    ],
)
def test_any_other_scalar_is_its_text(source: str, value: str) -> None:
    assert load(f"- {source}") == [value]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("!!str 1", "1"),
        ("!!str", ""),
        ("! 1", "1"),
        ("!!int '3'", 3),
        ("!!float 3", 3.0),
        ("!!float '0x10'", 16.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!binary aGk=", "aGk="),
        ("!<tag:yaml.org,2002:int> '4'", 4),
        ("!Ref 5", 5),
        ("!Ref '5'", "5"),
        ("!!timestamp 2001-12-14", "2001-12-14"),
        ("!set {a, b}", {"a": None, "b": None}),
        ("!!omap [a: 1]", [{"a": 1}]),
    ],
)
def test_a_tag_counts_if_it_is_of_the_core_schema(source: str, value: object) -> None:
    assert typed(load(f"- {source}")) == typed([value])


@pytest.mark.parametrize(
    "source", ["!!int x", "!!int 1.5", "!!float x", "!!bool yes", "!!null x", "1" * 5000]
)
def test_a_scalar_that_is_not_what_it_claims_is_an_error_with_its_place(source: str) -> None:
    with pytest.raises(FormatError) as raised:
        load(f"a: 1\nb: {source}\n")
    assert (raised.value.line, raised.value.column) == (2, 4)


def test_as_written_numbers_are_their_source() -> None:
    text = "[1.10, 0o17, -.inf, !!int '3', !!float 1, 1e3, true, null, '1', x, 0777]"
    written = ["1.10", "0o17", "-.inf", "3", "1", "1e3", True, None, "1", "x", "0777"]
    assert load(text, as_written=True) == written
    assert load("1" * 5000, as_written=True) == "1" * 5000


# Structure.


def test_keys_are_text_as_it_is_written() -> None:
    text = '1: a\n0x1: b\ntrue: c\n~: d\n: e\n\'q"\': f\n"\\ud83d\\ude00": g\n&k x: h\n'
    assert load(text) == dict(
        zip(["1", "0x1", "true", "~", "", 'q"', "😀", "x"], "abcdefgh", strict=True)
    )


def test_of_equal_keys_the_last_one_wins() -> None:
    assert load("a: 1\nb: 2\n'a': 3\n") == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# c\n", None),
        ("---\n", None),
        ("---\n---\na\n", [None, "a"]),
        ("a: 1\n---\n- b\n...\n", [{"a": 1}, ["b"]]),
        ("{}", {}),
        ("a: []", {"a": []}),
    ],
)
def test_several_documents_are_a_list_and_none_is_null(text: str, data: object) -> None:
    assert load(text) == data


MERGES = """\
base: &base {x: 1, y: 2}
more: &more {y: 3, z: 4}
"""


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("{<<: *base, y: 5}", {"x": 1, "y": 5}),
        ("{y: 5, <<: *base}", {"x": 1, "y": 5}),
        ("{<<: [*more, *base]}", {"x": 1, "y": 3, "z": 4}),
        ("{<<: [*base, *more]}", {"x": 1, "y": 2, "z": 4}),
        ("{<<: {a: {<<: *base}}, b: 6}", {"a": {"x": 1, "y": 2}, "b": 6}),
        ("{<<: {}, <<: []}", {}),
        ("{'<<': *base}", {"<<": {"x": 1, "y": 2}}),
        ("{<<: word}", {"<<": "word"}),
        ("{<<: [*base, word]}", {"<<": [{"x": 1, "y": 2}, "word"]}),
        ("{<<: }", {"<<": None}),
    ],
)
def test_mappings_are_merged_and_other_values_of_that_key_are_not(
    source: str, data: object
) -> None:
    found = load(f"{MERGES}here: {source}\n")
    assert isinstance(found, dict)
    assert found["here"] == data


def test_an_alias_is_what_its_anchor_was_at_that_place() -> None:
    text = "&k a: &x 1\nb: *x\nc: &x [2]\nd: [*x, *k]\n*k : 5\n"
    assert load(text) == {"a": 5, "b": 1, "c": [2], "d": [[2], "a"]}


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a\n  b: [{c: *a}]\n", "&a {<<: *a}"])
def test_an_alias_inside_of_its_own_anchor_is_an_error(text: str) -> None:
    with pytest.raises(FormatError, match="a part of") as raised:
        load(text)
    assert raised.value.line == len(text.split("\n")) - text.endswith("\n")


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(FormatError, match="aliases that add more than 1000000 values") as raised:
        load("\n".join(lines))
    assert raised.value.line == 6
    many = "a: &a [" + "x, " * 1000 + "]\n" + "".join(f"b{n}: *a\n" for n in range(500))
    assert len(str(load(many))) > 500_000


def test_what_is_nested_too_deeply_is_an_error_also_where_aliases_make_it_so() -> None:
    text = "[" * 200 + "]" * 200
    assert json.loads(json.dumps(load(text))) == load(text)
    for deeper in ("[" * 300 + "]" * 300, f"- &a {text}\n- {'[' * 100}*a{']' * 100}\n"):
        with pytest.raises(FormatError, match="nested more than 250 levels deep"):
            load(deeper)


@pytest.mark.parametrize("text", ["a: b: c", "[a", "a: *b", "{? [a] : b}", "\x01", "a: 'b"])
def test_what_is_no_yaml_is_an_error(text: str) -> None:
    with pytest.raises(FormatError):
        load(text)


# Against others.


_finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _finite | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    ),
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
)
@settings(max_examples=150)
@example({"😀": "\udc00\ud800", "": "\x7f\x85\u2028\ufeff\uffff"}, True, None)
def test_json_means_what_it_means_to_json(data: Any, is_ascii: bool, indent: Any) -> None:
    text = json.dumps(data, ensure_ascii=is_ascii or not _is_yaml(data), indent=indent)
    assert typed(load(text)) == typed(data)


def _is_yaml(data: object) -> bool:
    """Tell whether YAML allows all the characters as they are: it has fewer than JSON."""
    text = json.dumps(data, ensure_ascii=False)
    return all(char.isprintable() for char in text)


class CoreLoader(yaml.SafeLoader):
    """PyYAML told of the core schema: an independent way to the same."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ARG002
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _resolver(name: str, pattern: str, starts: list[str]) -> None:
    regex = re.compile(f"(?:{pattern})\\Z")
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", regex, starts)


_resolver("null", "~|null|Null|NULL|", ["~", "n", "N", ""])
_resolver("bool", "true|True|TRUE|false|False|FALSE", [*"tTfF"])
_resolver("int", "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"])
_resolver("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"])
_resolver("merge", "<<", [*"<"])
CoreLoader.add_multi_constructor("!", lambda loader, _, node: _plainly(loader, node))
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: _int(node.value))
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def _int(text: str) -> int:
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


def _plainly(loader: Any, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_object(
        yaml.ScalarNode(
            loader.resolve(yaml.ScalarNode, node.value, (not node.style, False)), node.value
        )
    )


def test_real_files_mean_what_they_mean_to_pyyaml() -> None:
    compared = 0
    for path, data in real_files().items():
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        try:
            expected = list(yaml.load_all(text, Loader=CoreLoader))
            found = load(text)
        except (yaml.YAMLError, FormatError):
            continue
        assert typed(found if len(expected) > 1 else [found]) == typed(expected), path
        compared += 1
    assert compared > 50


@pytest.mark.slow
@given(st.one_of(texts(), damaged(), signs))
@settings(max_examples=150)
def test_what_a_text_means_does_not_depend_on_the_parser(text: str) -> None:
    def outcome() -> str | None:
        try:
            return typed(load(text))
        except FormatError:
            return None

    fast = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "yaml._yaml", None)
        assert outcome() == fast
