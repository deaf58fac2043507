"""Two spellings of one value are comparable, and other values are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.spelling import comparable, comparable_content

SPELLINGS = [
    ("0x1F40", "8000"),
    ("0o17500", "8000"),
    ("017500", "8000"),
    ("0b1010101", "85"),
    ("-0", "0"),
    ("1_000", "1000.0"),
    ("1E3", "1000"),
    (".Inf", "+.inf"),
    (".NaN", ".nan"),
    ("190:20:30", "685230"),
    ("Yes", "true"),
    ("OFF", "false"),
    ("~", "Null"),
    ("2001-12-14T21:59:43Z", "2001-12-14 21:59:43+00:00"),
    ("2001-12-14t21:59:43.10-05:00", "2001-12-15 02:59:43.1"),
    ("2001-12-14", "2001-12-14T00:00:00.000Z"),
    ("one\r\n  two ", "one\ntwo"),
]
DIFFERENT = ["", "0", "1", "-1", "0x11", "11", ".inf", "-.inf", "1:30", "true", "false", "null", "a", "A",
    "1.2.3", "2001-12-14", "2001-12-15", "2001-12-14T00:00:01Z", "2001-99-99", "--", "0xg", "09x"]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_value(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


def test_an_integer_stays_as_short_as_it_is() -> None:
    assert comparable("123456") == "123456"


def test_different_values() -> None:
    assert len({comparable(one) for one in DIFFERENT}) == len(DIFFERENT)


@given(st.one_of(st.text(), st.from_regex(r"[-+]?[0-9.:_xobte T-]{1,12}", fullmatch=True)))
def test_every_text_has_one(text: str) -> None:
    found = comparable(text)
    assert comparable(f" {text}\r\n") == found
    assert comparable(found) == found


def test_the_content_of_a_file() -> None:
    assert comparable_content(b"\xef\xbb\xbfa: 1\r\n") == comparable_content(b"a: 1\n")
    assert comparable_content(b"a: 1\n") != comparable_content(b"a: 2\n")
