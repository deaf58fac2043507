"""JSON that is read and written again without a change of its numbers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.remote.exact_json import Number, dumps, loads

NUMBERS = ["0", "-0", "1.10", "1e400", "1E-5", "12345678901234567890", "1234567890123456.78901"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.sampled_from(NUMBERS).map(Number),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_nothing_changes(value: object, ensure_ascii: bool) -> None:
    text = dumps(value, ensure_ascii=ensure_ascii)
    assert loads(text) == value
    assert dumps(loads(text), ensure_ascii=ensure_ascii) == text
    json.loads(text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": 1, "a": 2}', "{", ""])
def test_what_would_not_come_back_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as json.loads
        loads(text)


def test_half_a_surrogate_pair_can_be_encoded() -> None:
    assert dumps(["\ud800 \u00e9"], ensure_ascii=False).encode() == b'["\\ud800 \\u00e9"]'


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_written_as_it_was(number: str) -> None:
    assert dumps({"a": [loads(number)], "b": number}) == f'{{"a": [{number}], "b": "{number}"}}'
