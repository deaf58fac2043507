from __future__ import annotations

import copy
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from corpus import real_files
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from yaml_texts import damaged, signs, texts

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.tree import find
from sealedfiles.formats.yaml.edit import YAML_EDITOR
from sealedfiles.formats.yaml.format import YAML
from sealedfiles.formats.yaml.tree import parse
from sealedfiles.model.address import NoSuchValueError, parse_address, show_address
from sealedfiles.model.paths import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.formats.base import Data
    from sealedfiles.model.address import Address


# Where values stand.


def addresses(text: str) -> list[str]:
    return [show_address(address) for address in YAML_EDITOR.addresses(text)]


def located(text: str, path: str) -> str:
    start, end, _ = YAML_EDITOR.locate(text, parse_address(path))
    return text[start:end]


TEXT = """\
base: &base {x: 1, "y.z": [a, 'b']}
one: *base
two:
  <<: *base
  w: &w !!str 3 # three
  v: *w
three:
empty: {}
script: |
  echo

"""


def test_addresses_are_those_of_scalars_in_file_order() -> None:
    assert addresses(TEXT) == [
        "base.x",
        'base."y.z"[0]',
        'base."y.z"[1]',
        "two.w",
        "two.v",
        "three",
        "script",
    ]
    assert addresses("a\n---\nb: 1\n") == ["[0]", "[1].b"]
    assert addresses("a: 1\na: 2\n") == ["a"]
    assert addresses("") == ["."]


@pytest.mark.parametrize(
    ("path", "literal"),
    [
        ("base.x", "1"),
        ('base."y.z"[1]', "'b'"),
        ('base."y.z"', "[a, 'b']"),
        ("base", "&base {x: 1, \"y.z\": [a, 'b']}"),
        ("two.w", "&w !!str 3"),
        ("two.v", "&w !!str 3"),
        ("two.x", "1"),
        ('two."y.z"[0]', "a"),
        ("one.x", "1"),
        ("three", ""),
        ("script", "|\n  echo"),
        (".", TEXT.rstrip()),
    ],
)
def test_a_value_is_located_where_its_source_is(path: str, literal: str) -> None:
    assert located(TEXT, path) == literal


def test_what_is_located_has_the_key_path_by_which_it_is_sealed() -> None:
    def path(address: str) -> str:
        return show(YAML_EDITOR.locate(TEXT, parse_address(address)).path)

    assert path("two.w") == "two.w"
    assert path("two.x") == path("one.x") == "base.x"
    assert path("base") == "base"
    assert path('base."y.z"[1]') == 'base."y.z"[]'


@pytest.mark.parametrize(
    ("text", "path", "literal"),
    [
        ("{'<<': 1, <<: {}}", "<<", "1"),
        ("{<<: {'<<': 1}}", "<<", "1"),
        ("{<<: {a: 1}, <<: {a: 2}}", "a", "2"),
        ("{<<: [{a: 1}, {a: 2}]}", "a", "1"),
        ("{a: 0, <<: {a: 1}}", "a", "0"),
        ("{<<: {a: 1}}", "<<.a", "1"),
    ],
)
def test_what_is_located_by_way_of_a_merge_key_is_what_is_loaded(
    text: str, path: str, literal: str
) -> None:
    assert located(text, path) == literal


@pytest.mark.parametrize("path", ["basé", "two.u", "base.x.y", "one[0]", 'base."y.z"[2]'])
def test_what_is_not_there_is_an_error_that_names_what_is(path: str) -> None:
    with pytest.raises(NoSuchValueError) as raised:
        located(TEXT, path)
    assert raised.value.hints


@pytest.mark.parametrize("text", ["a: b: c", "a: [", "a: *b", "a: !!int x", "a: &a [*a]"])
def test_a_text_that_cannot_be_read_is_not_changed(text: str) -> None:
    for change in (
        lambda: YAML_EDITOR.assign(text, ("a",), 1),
        lambda: YAML_EDITOR.remove(text, ("a",)),
        lambda: YAML_EDITOR.locate(text, ("a",)),
    ):
        with pytest.raises(FormatError) as raised:
            change()
        assert raised.value.line == 1


# Any change of any text.

_WORDS = ["word", "5432", "yes", "it's", "a: b # c", "x\ny\n", "x\ny", "  lead", "trail ", "\n\nx"]
_WORDS += ["\x00\x85\u2028é😀", "", '#!/bin/sh\n\techo "$1"\n', " x\n  y\n", "x\n\n y\n\n\n", "\t"]
_WORDS += [
    "a\r\nb",
    "---",
    "...",
    "? x",
    "&a b",
    "*a",
    "!t",
    "|",
    "x\n# y\n",
    "[a",
    "a,b",
    "k:",
    "-",
]
_WORDS += ["http://x:1/?y#z", "sealed:v1:default:x", "<<", "null", "\ufeffx", "{{ x }}", "%x", "@x"]
_scalars = st.one_of(
    st.sampled_from(_WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.integers(-5, 10**20) | st.floats() | st.booleans() | st.none(),
)
_keys = st.sampled_from(_WORDS)
values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=5,
)


def places(data: Data, above: Address = ()) -> Iterator[Address]:
    """Yield every address in *data*."""
    yield above
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*above, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from places(value, (*above, number))


def at(data: Any, address: Address) -> Any:
    for step in address:
        data = data[step]
    return data


def with_value(data: Data, address: Address, value: Data) -> Data:
    """Return *data* with *value* at *address*, in a list at most one behind its end."""
    if not address:
        return value
    new = copy.deepcopy(data)
    inner, last = at(new, address[:-1]), address[-1]
    if isinstance(inner, list) and last == len(inner):
        inner.append(value)
    else:
        inner[last] = value
    return new


def without_value(data: Data, address: Address) -> Data:
    new = copy.deepcopy(data)
    del at(new, address[:-1])[address[-1]]
    return new


def is_independent(text: str) -> bool:
    """Tell whether no value of *text* is in two places."""
    return not parse(text).aliases and "<<" not in text


def lines(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r|\Z)", text)


def comment_spans(text: str) -> list[tuple[int, int]]:
    """Return the comments, also of a text that is sealed whole because YAML 1.1 ends one of them earlier."""
    return YAML.scan(re.sub("[\x85\u2028\u2029]", "é", text)).comments()


def comments(text: str) -> list[str]:
    return [text[start:end] for start, end in comment_spans(text)]


def read(text: str) -> Data:
    try:
        return YAML_EDITOR.load(text)
    except FormatError:
        assume(False)
        raise


def changed(text: str, address: Address, *value: Data) -> str:
    """Return *text* with the value, or without any; a refusal is no failure here."""
    try:
        if value:
            return YAML_EDITOR.assign(text, address, value[0])
        return YAML_EDITOR.remove(text, address)
    except (UsageError, FormatError):
        assume(False)
        raise


any_text = st.one_of(texts(), texts(), texts(), damaged(), signs)


@pytest.mark.slow
@given(any_text, values, st.data())
@settings(max_examples=100)
def test_what_is_assigned_is_what_is_read_and_all_else_stays(
    text: str, value: Data, data: st.DataObject
) -> None:
    old = read(text)
    address = data.draw(st.sampled_from(list(places(old))))
    assume("<<" not in address)
    new = changed(text, address, value)
    found = YAML_EDITOR.load(new)
    assert repr(at(found, address)) == repr(value)
    if is_independent(text):
        assert repr(found) == repr(with_value(old, address, value))
    way, missing = find(parse(text).root, address)
    if way and not missing:
        # Nothing outside of the lines from the key to the end of the value is touched.
        start, end = way[-1][1].key_start, way[-1][1].value.end
        before, after = lines(text[:start])[:-1], lines(text[end:])[1:]
        assert new.startswith("".join(before))
        assert new.endswith("".join(after))


def test_a_text_with_a_comment_that_ends_earlier_in_yaml_1_1_is_not_changed() -> None:
    text = "&a key:\n\n plain\n on#no\n \n and on\n*a : word #\x85\n"
    with pytest.raises(FormatError, match=r"a comment contains U\+0085"):
        YAML_EDITOR.assign(text, ("a new key",), "word")


@pytest.mark.slow
@given(any_text, values, st.sampled_from([(), ("deep", 0)]), st.data())
@settings(max_examples=100)
def test_what_is_missing_is_made_and_all_else_stays(
    text: str, value: Data, below: Address, data: st.DataObject
) -> None:
    old = read(text)
    above = data.draw(st.sampled_from(list(places(old))))
    assume("<<" not in above)
    inner = at(old, above)
    step = len(inner) if isinstance(inner, list) else "a new key"
    new = changed(text, (*above, step, *below), value)
    found = YAML_EDITOR.load(new)
    assert repr(at(found, (*above, step, *below))) == repr(value)
    if is_independent(text) and isinstance(inner, (dict, list)):
        expected: Data = {"deep": [value]} if below else value
        assert with_value(old, (*above, step), expected) == found or "nan" in repr(value)
    node, missing = find(parse(text).root, above)
    container = node[-1][1].value if node else parse(text).root
    if container.entries and not container.flow and not missing:
        # Lines are added; none is changed, but for the end of the last one.
        added = iter(lines(new))
        assert all(any(line.rstrip() == one.rstrip() for one in added) for line in lines(text))
        assert comments(text) == [one for one in comments(new) if one in comments(text)]


@pytest.mark.slow
@given(any_text, st.data())
@settings(max_examples=100)
def test_what_is_removed_is_gone_and_all_else_stays(text: str, data: st.DataObject) -> None:
    old = read(text)
    address = data.draw(st.sampled_from(list(places(old))[1:] or [()]))
    new = changed(text, address)
    found = YAML_EDITOR.load(new)
    if is_independent(text):
        assert repr(found) == repr(without_value(old, address))
    way, _ = find(parse(text).root, address)
    node, entry = way[-1]
    start = min(one.key_start for one in node.entries if one is entry or one.key == address[-1])
    above = [text[a:b] for a, b in comment_spans(text) if b < start]
    assert comments(new)[: len(above)] == above


@pytest.mark.slow
def test_real_files_can_be_changed_anywhere() -> None:
    """A key set, a key added, a key removed: refused only what would reach other places."""
    chance = random.Random(7)
    tried = refused = 0
    for data in real_files().values():
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        try:
            old = YAML_EDITOR.load(text)
        except FormatError:
            continue
        address = chance.choice(list(places(old)))
        words: list[Data] = [*_WORDS, 5, {"k": ["v", {"w": "x\ny\n"}]}]
        value = chance.choice(words)
        inner = at(old, address)
        added = (*address, len(inner) if isinstance(inner, list) else "a new key")
        is_one = is_independent(text)
        tried += 1
        try:
            new = YAML_EDITOR.assign(text, address, value)
            assert not is_one or YAML_EDITOR.load(new) == with_value(old, address, value)
            if isinstance(inner, (dict, list)):
                new = YAML_EDITOR.assign(text, added, value)
                assert not is_one or YAML_EDITOR.load(new) == with_value(old, added, value)
                assert [line for line in lines(text) if line not in lines(new)][1:] == []
            if address:
                new = YAML_EDITOR.remove(text, address)
                assert not is_one or YAML_EDITOR.load(new) == without_value(old, address)
        except UsageError as error:
            refused += 1
            assert re.search("alias|merge|anchor|documents", error.message)
    assert refused < tried / 20
    assert tried > 50
