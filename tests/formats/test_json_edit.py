from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from corpus import real_files
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.json import edit as json_edit
from sealedfiles.formats.json.edit import JSON_EDITOR
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.place import Edit
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import ITEM, ROOT, key_step

if TYPE_CHECKING:
    from sealedfiles.model.address import Address

NESTED = """\
{
  "name": "app",
  "database": {
    "host": "localhost",
    "ports": [1, 2]
  },

  "users": [
    {"name": "alice"},
    {"name": "bob"}
  ]
}
"""


def assign(text: str, address: Address, value: Any) -> str:
    return JSON_EDITOR.assign(text, address, value)


def remove(text: str, *address: str | int) -> str:
    return JSON_EDITOR.remove(text, address)


# What a text means


def test_load_is_json_loads() -> None:
    text = '{"a": [1, 1.10, -0.0, 1e3, true, null, "\\ud800"], "b": NaN, "b": -Infinity}'
    assert repr(JSON_EDITOR.load(text)) == repr(json.loads(text))


def test_load_gives_numbers_as_they_are_written_if_asked() -> None:
    text = '[1.10, 1E+2, -0, NaN, -Infinity, "1", true]'
    written = ["1.10", "1E+2", "-0", "NaN", "-Infinity", "1", True]
    assert JSON_EDITOR.load(text, as_written=True) == written


@pytest.mark.parametrize("text", ["", " \n", '{"a": s3cr3t}', "[1,,]"])
def test_what_is_not_json_is_refused_with_its_place_and_without_its_values(text: str) -> None:
    for use in (
        JSON_EDITOR.load,
        JSON_EDITOR.addresses,
        lambda text: JSON_EDITOR.locate(text, ("a",)),
        lambda text: JSON_EDITOR.remove(text, ("a",)),
    ):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert refused.value.line
        assert "s3cr3t" not in refused.value.message


def test_a_number_that_python_does_not_read_is_named_by_its_place() -> None:
    text = '{"a": 1,\n "b": ' + "9" * 5000 + "}"
    with pytest.raises(FormatError, match="too many digits") as refused:
        JSON_EDITOR.load(text)
    assert (refused.value.line, refused.value.column) == (2, 7)
    assert JSON_EDITOR.load(text, as_written=True) == {"a": "1", "b": "9" * 5000}
    assert assign(text, ("a",), 2) == text.replace("1,", "2,")


def test_deep_nesting_is_read_or_refused_and_never_an_error_of_python() -> None:
    deep = "[" * 500 + "1" + "]" * 500
    assert JSON_EDITOR.addresses(deep) == [(0,) * 500]
    assert assign(deep, (0,) * 500, 2) == deep.replace("1", "2")
    too_deep = "[" * 5000 + "]" * 5000
    for use in (JSON_EDITOR.load, JSON_EDITOR.addresses):
        with pytest.raises(FormatError):
            use(too_deep)
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UsageError):
        assign("{}", ("a",), value)


# Where values stand


def test_addresses_are_those_of_strings_numbers_booleans_and_nulls_in_file_order() -> None:
    text = '{"a": {"b.c": [1, {}, [], {"d": null}]}, "e": "x", "": true}'
    addresses = [("a", "b.c", 0), ("a", "b.c", 3, "d"), ("e",), ("",)]
    assert JSON_EDITOR.addresses(text) == addresses
    assert JSON_EDITOR.addresses(" 1 ") == [()]


def test_of_equal_keys_the_last_has_the_address() -> None:
    text = '{"a": {"x": 1}, "b": 2, "a": {"y": 3}}'
    assert JSON_EDITOR.addresses(text) == [("b",), ("a", "y")]
    assert assign(text, ("a", "y"), 4) == text.replace("3", "4")
    with pytest.raises(NoSuchValueError):
        JSON_EDITOR.locate(text, ("a", "x"))


def test_locate_gives_the_span_that_sealing_has() -> None:
    spans = [JSON_EDITOR.locate(NESTED, address) for address in JSON_EDITOR.addresses(NESTED)]
    assert spans == JSON.scan(NESTED).values


def test_locate_gives_all_of_a_collection() -> None:
    start, end, path = JSON_EDITOR.locate(NESTED, ("users", 1))
    assert NESTED[start:end] == '{"name": "bob"}'
    assert path == key_step("users") + ITEM
    assert JSON_EDITOR.locate(" {} \n", ()) == (1, 3, ROOT)


def test_a_wrong_address_names_the_nearest() -> None:
    addresses: list[Address] = [("database", "hots"), ("users", 2), ("users", "name"), ("name", 0)]
    for address in addresses:
        with pytest.raises(NoSuchValueError) as refused:
            JSON_EDITOR.locate(NESTED, address)
        assert refused.value.hints
    with pytest.raises(NoSuchValueError) as refused:
        JSON_EDITOR.remove(NESTED, ("database", "hots"))
    assert "there is database.host" in refused.value.hints


# Changing what is there


@pytest.mark.parametrize(
    ("text", "address", "value", "result"),
    [
        ('{"a": 1,  "b":2 }', ("b",), 3, '{"a": 1,  "b":3 }'),
        ('{"a": "x"}\r\n', ("a",), None, '{"a": null}\r\n'),
        ('{"a": 1, "a": 2}', ("a",), 3, '{"a": 1, "a": 3}'),
        ("[1,\n2]", (0,), 'x\n"y"', '["x\\n\\"y\\"",\n2]'),
        (" 1 ", (), True, " true "),
        ("1\n", (), {"a": [1]}, '{\n  "a": [\n    1\n  ]\n}\n'),
        ('{"a":1}\n', (), {"b": [1, {}]}, '{"b":[1,{}]}\n'),
        ('{"a": {"x": 1}}', ("a",), {"y": [1, 2]}, '{"a": {"y": [1, 2]}}'),
        ('{\n\t"a": 1\n}', ("a",), {"x": [1]}, '{\n\t"a": {\n\t\t"x": [\n\t\t\t1\n\t\t]\n\t}\n}'),
        ('{\n  "a": [\n    1\n  ]\n}', ("a",), [2, 3], '{\n  "a": [\n    2,\n    3\n  ]\n}'),
        ('{\n  "a": [1]\n}', ("a",), [2, 3], '{\n  "a": [2, 3]\n}'),
        ('{\n  "a": {"x": 1}\n}', ("a",), {"y": 2}, '{\n  "a": {"y": 2}\n}'),
        ('{\n  "a": [\n  ]\n}', ("a",), [], '{\n  "a": [\n  ]\n}'),
        ('{\n  "a": [ 1 ]\n}', ("a",), [], '{\n  "a": []\n}'),
    ],
)
def test_only_the_literal_is_replaced(text: str, address: Address, value: Any, result: str) -> None:
    assert assign(text, address, value) == result


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": 1.10}', 1.1), ('{"a": "\\u0041"}', "A"), ('{"a": [1,2 ]}', [1, 2])],
)
def test_a_value_that_is_there_already_keeps_its_spelling(text: str, value: Any) -> None:
    assert assign(text, ("a",), value) == text


def test_equal_in_python_is_not_the_same() -> None:
    assert assign('{"a": 1}', ("a",), True) == '{"a": true}'
    assert assign('{"a": 1}', ("a",), 1.0) == '{"a": 1.0}'


@pytest.mark.parametrize(
    ("text", "value", "literal"),
    [
        ('{"a": "x"}', "é😀", '"é😀"'),
        ('{"a": "\\u00e9"}', "ü😀", '"\\u00fc\\ud83d\\ude00"'),
        ('{"a": "x", "b": "\\u00e9"}', "ü", '"\\u00fc"'),
        ('{"a": "x", "b": "\\u00e9", "c": "é"}', "ü", '"ü"'),
        ('{"a": "\\u00e9", "c": "é"}', "ü", '"\\u00fc"'),
        ('{"a": "x\\u0001"}', "é\x01", '"é\\u0001"'),
        ('{"a": "x"}', "\ud800 \u2028\x7f\x85", '"\\ud800 \\u2028\\u007f\\u0085"'),
        ('{"a": "x/y"}', "/z", '"/z"'),
        ('{"a": "http:\\/\\/x"}', "/z", '"\\/z"'),
        ('{"a": "x"}', '\b\f\n\r\t"\\/', '"\\b\\f\\n\\r\\t\\"\\\\/"'),
    ],
)
def test_strings_have_the_escapes_that_the_file_has(text: str, value: str, literal: str) -> None:
    start, end, _ = JSON_EDITOR.locate(text, ("a",))
    assert assign(text, ("a",), value) == text[:start] + literal + text[end:]


# Making what is missing


@pytest.mark.parametrize(
    ("text", "address", "result"),
    [
        ("{}", ("a",), '{\n  "a": 1\n}'),
        ("{}\r\n", ("a",), '{\r\n  "a": 1\r\n}\r\n'),
        ('{"a": 0}', ("b",), '{"a": 0, "b": 1}'),
        ('{"a":0}\n', ("b",), '{"a":0,"b":1}\n'),
        ('{ "a" : 0 }', ("b", "c"), '{ "a" : 0, "b" : { "c" : 1 } }'),
        ('{"a":{}}', ("a", "b"), '{"a":{"b":1}}'),
        ('{"a":[0]}', ("a", 1), '{"a":[0,1]}'),
        ("[0, 0]", (2,), "[0, 0, 1]"),
        ("[]", (0,), "[\n  1\n]"),
        ('{\n    "a": 0\n}\n', ("b",), '{\n    "a": 0,\n    "b": 1\n}\n'),
        ('{\r\n\t"a": 0\r\n}', ("b",), '{\r\n\t"a": 0,\r\n\t"b": 1\r\n}'),
        ('{\r  "a": 0\r}', ("b",), '{\r  "a": 0,\r  "b": 1\r}'),
        ('{\n"a": 0\n}', ("b", "c"), '{\n"a": 0,\n"b": {\n"c": 1\n}\n}'),
        ('{\n  "a": {}\n}', ("a", "b"), '{\n  "a": {\n    "b": 1\n  }\n}'),
        ('{\n  "a": {\n  }\n}', ("a", "b"), '{\n  "a": {\n    "b": 1\n  }\n}'),
        ('{\n  "a": [{}]\n}', ("a", 0, "b"), '{\n  "a": [{"b": 1}]\n}'),
        ('{\n  "a": 0,\n\n  "b": 0\n}', ("c",), '{\n  "a": 0,\n\n  "b": 0,\n  "c": 1\n}'),
        ('{\n  "a": 0, \n  "b": 0\n}', ("c",), '{\n  "a": 0, \n  "b": 0,\n  "c": 1\n}'),
        ('{ "a": 0\n, "b": 0\n}', ("c",), '{ "a": 0\n, "b": 0\n, "c": 1\n}'),
        ('{"a": 0,\n "b": 0}', ("c",), '{"a": 0,\n "b": 0,\n "c": 1}'),
        ("[0, 0,\n 0, 0]", (4,), "[0, 0,\n 0, 0, 1]"),
        ('{\n  "a":\n    0\n}', ("b",), '{\n  "a":\n    0,\n  "b": 1\n}'),
        (
            '[{\n  "a": 0\n}]',
            (1, "a"),
            '[{\n  "a": 0\n}, {\n  "a": 1\n}]',
        ),
        (
            '{\n  "a": 0\n}',
            ("b", "c", 0, "d"),
            '{\n  "a": 0,\n  "b": {\n    "c": [\n      {\n        "d": 1\n      }\n    ]\n  }\n}',
        ),
        ('{"a\\n": 0}', ("é\n",), '{"a\\n": 0, "é\\n": 1}'),
    ],
)
def test_a_missing_key_is_made_as_its_neighbours_are(
    text: str, address: Address, result: str
) -> None:
    assert assign(text, address, 1) == result


@pytest.mark.parametrize(
    ("text", "address", "result"),
    [
        ("", (), "1\n"),
        ("", ("a", 0), '{\n  "a": [\n    1\n  ]\n}\n'),
        (" \r\n\r\n", ("a",), '{\r\n  "a": 1\r\n}\r\n'),
    ],
)
def test_an_empty_text_becomes_a_document(text: str, address: Address, result: str) -> None:
    assert assign(text, address, 1) == result


def test_a_list_of_scalars_is_written_as_the_lists_of_the_file_are() -> None:
    assert '\n  "new": [3, 4]\n' in assign(NESTED, ("new",), [3, 4])
    assert '\n  "new": [\n    [],\n    3\n  ]\n' in assign(NESTED, ("new",), [[], 3])


@pytest.mark.parametrize(
    ("text", "address", "message"),
    [
        ('{"a": "s3cr3t"}', ("a", "b"), "a is a value"),
        ('{"a": null}', ("a", 0), "a is a value"),
        ('{"a": {}}', ("a", 0), r"a is an object, and \[0\]"),
        ('{"a": [1]}', ("a", "b"), r"a is a list: .* \[1\]"),
        ('{"a": [1]}', ("a", 2), r"a is a list: .* \[1\]"),
        ('{"a": [1]}', ("b", 1), r"begins with the item \[0\]"),
        ("", (1,), r"begins with the item \[0\]"),
    ],
)
def test_an_address_through_something_else_is_refused(
    text: str, address: Address, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        assign(text, address, 1)
    assert "s3cr3t" not in refused.value.message


@pytest.mark.parametrize("text", ["", "{}", '{"a": 1}'])
def test_a_value_that_json_cannot_hold_is_refused(text: str) -> None:
    for value in ({1, 2}, {"a": b""}, {1: 2}, 10**5000):
        with pytest.raises(UsageError):
            assign(text, ("a",), value)


def test_a_value_too_deep_for_its_place_is_refused() -> None:
    with pytest.raises(UsageError, match="keys that are too long"):
        assign("{}", ("a",), {"k" * 3000: {"k" * 3000: 1}})
    value: Any = 1
    for _ in range(600):
        value = {"key": value}
    with pytest.raises(UsageError, match="too deep"):
        assign("{}", ("a",), value)


def test_what_is_no_json_is_not_changed() -> None:
    with pytest.raises(FormatError):
        assign('{"a": 1', ("a",), 1)


def test_a_change_that_reaches_further_than_it_should_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '{"a": 1, "b": {}, "c": 2}'
    end = len(text)
    for wrong in [(6, end, '9, "c": 3}'), (6, end, '9, "b": [], "c": 2}'), (6, 7, "8")]:
        monkeypatch.setattr(json_edit, "assigned", lambda *_, wrong=wrong: Edit(*wrong))
        with pytest.raises(FormatError, match="without changing other values"):
            assign(text, ("a",), 9)


# Removing


@pytest.mark.parametrize(
    ("text", "address", "result"),
    [
        ('{"a": 1}', ("a",), "{}"),
        ('{\n  "a": 1\n}\n', ("a",), "{}\n"),
        ("[ 1 ]", (0,), "[]"),
        ('{"a": 1, "b": 2, "c": 3}', ("a",), '{"b": 2, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', ("b",), '{"a": 1, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', ("c",), '{"a": 1, "b": 2}'),
        ('{\n  "a": 1,\n  "b": [\n    2\n  ],\n  "c": 3\n}', ("a",), '{\n  "b": [\n    2\n  ],\n  "c": 3\n}'),
        ('{\n  "a": 1,\n  "b": [\n    2\n  ],\n  "c": 3\n}', ("b",), '{\n  "a": 1,\n  "c": 3\n}'),
        ('{\n  "a": 1,\n  "b": [\n    2\n  ],\n  "c": 3\n}', ("c",), '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}'),
        ('{\r\n  "a": 1,\r\n  "b": 2\r\n}', ("a",), '{\r\n  "b": 2\r\n}'),
        ('{\n  "a": 1,\n\n  "b": 2,\n\n  "c": 3\n}', ("b",), '{\n  "a": 1,\n\n\n  "c": 3\n}'),
        ('{\n  "a": 1,\n\n  "b": 2\n}', ("b",), '{\n  "a": 1\n}'),
        ('{ "a": 1\n, "b": 2\n, "c": 3\n}', ("a",), '{ "b": 2\n, "c": 3\n}'),
        ('{ "a": 1\n, "b": 2\n, "c": 3\n}', ("b",), '{ "a": 1\n, "c": 3\n}'),
        ('{"a": 1,\n "b": 2, "c": 3,\n "d": 4}', ("b",), '{"a": 1,\n "c": 3,\n "d": 4}'),
        ('{"a": 1,\n "b": 2, "c": 3,\n "d": 4}', ("c",), '{"a": 1,\n "b": 2,\n "d": 4}'),
        ('{"a": {"b": 1}}', ("a", "b"), '{"a": {}}'),
        ("[1, 1, 2]", (1,), "[1, 2]"),
    ],
)  # fmt: skip
def test_a_key_goes_with_its_comma_and_its_lines(text: str, address: Address, result: str) -> None:
    assert remove(text, *address) == result


def test_of_equal_keys_all_go() -> None:
    assert remove('{"a": 1, "b": 2, "a": 3, "a": 4}', "a") == '{"b": 2}'


def test_the_whole_document_is_not_removed() -> None:
    with pytest.raises(UsageError, match="the whole document"):
        remove("{}")


# Any text


KEYS = st.text('ab"\\\n\x00é\ud800\U0001f600:,/', max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KEYS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(KEYS, children, max_size=3),
    max_leaves=8,
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    indents: list[int | str | None] = [None, 0, 2, 4, "\t"]
    indent = draw(st.sampled_from(indents))
    separators = draw(st.sampled_from([None, (",", ":"), (", ", " : ")]))
    ascii_only = draw(st.booleans())
    text = json.dumps(draw(VALUES), indent=indent, separators=separators, ensure_ascii=ascii_only)
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n"])))
    text = text.replace("{}", draw(st.sampled_from(["{}", "{ }", "{\n}"])))
    # Equal keys.
    return text.replace('"b":', '"a":') if draw(st.booleans()) else text


def collections(data: Any, above: Address = ()) -> dict[Address, Any]:
    """Return every object and list of *data* by its address."""
    found = {above: data} if isinstance(data, (dict, list)) else {}
    children = data.items() if isinstance(data, dict) else enumerate(data) if found else ()
    for step, child in children:
        found |= collections(child, (*above, step))
    return found


def with_value(data: Any, address: Address, value: Any) -> Any:
    for step in reversed(range(len(address))):
        node = data
        for one in address[:step]:
            node = node[one]
        if isinstance(node, list):
            value = [*node[: int(address[step])], value, *node[int(address[step]) + 1 :]]
        else:
            value = {**node, address[step]: value}
    return value


def differences(before: str, after: str) -> tuple[str, str]:
    """Return what stands between the common beginning and the common end."""
    start = common_start(before, after)
    end = common_start(before[start:][::-1], after[start:][::-1])
    return before[start : len(before) - end], after[start : len(after) - end]


def common_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


@settings(deadline=None)
@given(st.data(), texts(), VALUES)
def test_assign_then_load_gives_the_value_back_and_all_others_as_they_were(
    data: st.DataObject, text: str, value: Any
) -> None:
    before = json.loads(text)
    address = data.draw(st.sampled_from([(), *JSON_EDITOR.addresses(text), *collections(before)]))
    after = assign(text, address, value)
    assert repr(JSON_EDITOR.load(after)) == repr(with_value(before, address, value))
    start, end, path = JSON_EDITOR.locate(text, address)
    assert after.startswith(text[:start])
    assert after.endswith(text[end:])
    assert JSON_EDITOR.locate(after, address)[::2] == (start, path)


@settings(deadline=None)
@given(st.data(), texts(), KEYS, VALUES)
def test_a_key_that_is_made_is_all_that_is_added(
    data: st.DataObject, text: str, key: str, value: Any
) -> None:
    before = json.loads(text)
    found = collections(before)
    if not found:
        return
    address = data.draw(st.sampled_from(list(found)))
    collection = found[address]
    step = len(collection) if isinstance(collection, list) else key
    if isinstance(collection, dict) and key in collection:
        return
    after = assign(text, (*address, step), value)
    expected = with_value(before, (*address, step), value)
    assert repr(JSON_EDITOR.load(after)) == repr(expected)
    gone, _ = differences(text, after)
    assert not gone.strip() or not collection
    # ... and goes again without a trace, but for blanks in an empty object.
    again = JSON_EDITOR.remove(after, (*address, step))
    assert json.loads(again) == before
    if collection:
        assert again == text


@settings(deadline=None)
@given(st.data(), texts())
@example(None, '{"a": 1, "b": 2, "a": 3}')
def test_remove_takes_the_key_and_nothing_else(data: st.DataObject | None, text: str) -> None:
    before = json.loads(text)
    found = [
        (*address, step)
        for address, collection in collections(before).items()
        for step in (collection if isinstance(collection, dict) else range(len(collection)))
    ]
    if not found:
        return
    address = data.draw(st.sampled_from(found)) if data else ("a",)
    after = JSON_EDITOR.remove(text, address)
    parent = collections(before)[address[:-1]]
    del parent[address[-1]]
    assert repr(JSON_EDITOR.load(after)) == repr(before)
    if after.count('"a"') >= text.count('"a"') - 1:
        assert differences(text, after)[1] == ""


@settings(deadline=None)
@given(texts())
def test_every_value_that_has_an_address_is_found_and_loaded(text: str) -> None:
    data = json.loads(text)
    for address in JSON_EDITOR.addresses(text):
        value = value_at(data, address)[1]
        start, end, _ = JSON_EDITOR.locate(text, address)
        assert repr(json.loads(text[start:end])) == repr(value)


def test_real_files_are_changed_at_any_place() -> None:
    chosen = random.Random(4)
    files = [data for path, data in real_files().items() if path.suffix == ".json"]
    for data in files[:60]:
        text = data.decode("utf-8-sig")
        before = JSON_EDITOR.load(text)
        for address in chosen.sample(JSON_EDITOR.addresses(text) or [()], 1):
            value = chosen.choice(["new", 1.5, None, {"a": [1, {}]}])
            after = assign(text, address, value)
            assert JSON_EDITOR.load(after) == with_value(before, address, value)
            if address:
                assert differences(text, remove(text, *address))[1] == ""
        parent = chosen.choice(list(collections(before) or [()]))
        if isinstance(collections(before).get(parent), dict):
            after = assign(text, (*parent, "a new key"), "new")
            assert JSON_EDITOR.load(after) == with_value(before, (*parent, "a new key"), "new")


def test_what_a_text_is_does_not_hang_on_the_string_that_was_read_first() -> None:
    """Scans are kept: an equal text may come as another object."""
    text = "[\n\n 1,\n\n 2\n\n]"
    assert JSON_EDITOR.load(text) == [1, 2]
    copy = "".join(list(text))
    assert copy is not text
    assert JSON_EDITOR.remove(copy, (1,)) == "[\n\n 1\n\n]"
