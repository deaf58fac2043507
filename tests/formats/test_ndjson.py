"""NDJSON: its values and edits, line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.ndjson.edit import NDJSON_EDITOR
from sealedfiles.formats.ndjson.format import NDJSON
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import show

if TYPE_CHECKING:
    from sealedfiles.model.address import Address

TEXT = '{"a": 1, "b": ["x"]}\r\n\r\n "y" \r\n{}\r\n[1.10]'


def test_values_are_those_of_the_lines() -> None:
    values = NDJSON.scan(TEXT).values
    assert [(show(path), TEXT[start:end]) for start, end, path in values] == [
        ("a", "1"),
        ("b[]", '"x"'),
        (".", '"y"'),
        ("[]", "1.10"),
    ]
    assert NDJSON_EDITOR.load(TEXT) == [{"a": 1, "b": ["x"]}, "y", {}, [1.1]]
    assert NDJSON_EDITOR.load(TEXT, as_written=True) == [{"a": "1", "b": ["x"]}, "y", {}, ["1.10"]]
    assert NDJSON_EDITOR.addresses(TEXT) == [(0, "a"), (0, "b", 0), (1,), (3, 0)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": s3cr3t}', 1, 7),
        ("1\n\n[1,\n2]", 3, 4),
        ('1\r\n{"s3cr3t":\r1}', 2, 11),
        ("1 2", 1, 3),
        ("[01]", 1, 3),
        (f"1\n[{'9' * 5000}]", 2, 2),
    ],
)
def test_a_line_that_is_not_json_is_refused_with_its_place(
    text: str, line: int, column: int
) -> None:
    with pytest.raises(FormatError) as refused:
        NDJSON_EDITOR.load(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert "s3cr3t" not in refused.value.message


@pytest.mark.parametrize(
    ("address", "value", "line"),
    [
        ((0, "a"), "z", '{"a": "z", "b": ["x"]}\r\n'),
        ((0, "b", 1), 2, '"b": ["x", 2]}\r\n'),
        ((1,), {"c": [1]}, '\r\n{"c": [1]}\r\n'),
        ((2, "n", "m"), "v", '{"n": {"m": "v"}}\r\n'),
        ((4, "n"), {"m": None}, '[1.10]\r\n{"n": {"m": null}}\r\n'),
        ((4,), "v", '[1.10]\r\n"v"\r\n'),
    ],
)
def test_a_change_stays_on_its_line(address: Address, value: Any, line: str) -> None:
    new = NDJSON_EDITOR.assign(TEXT, address, value)
    assert line in new
    got = value_at(NDJSON_EDITOR.load(new), address)[1]
    assert got == value


def test_lines_and_keys_are_removed() -> None:
    assert NDJSON_EDITOR.remove(TEXT, (1,)) == '{"a": 1, "b": ["x"]}\r\n\r\n{}\r\n[1.10]'
    assert NDJSON_EDITOR.remove(TEXT, (0, "a")).startswith('{"b": ["x"]}\r\n')
    gone: list[Address] = [(4,), (2, "a"), ("a",)]
    for address in gone:
        with pytest.raises(NoSuchValueError):
            NDJSON_EDITOR.remove(TEXT, address)
    invalid: list[Address] = [(), ("a",), (5, "a")]
    for address in invalid:
        with pytest.raises(UsageError):
            NDJSON_EDITOR.assign(TEXT, address, 1)


@given(
    st.lists(
        st.none() | st.text(max_size=5) | st.dictionaries(st.text(max_size=3), st.integers()),
        max_size=3,
    )
)
def test_a_file_can_be_written_line_by_line(data: list[Any]) -> None:
    text = ""
    for number, one in enumerate(data):
        text = NDJSON_EDITOR.assign(text, (number,), one)
    assert [json.loads(line) for line in text.split("\n")[:-1]] == data
