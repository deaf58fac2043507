"""What sealing knows of a file: the lines of a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.file import LineNumbers, line_of


@given(st.text(alphabet="ab\r\n\x85"))
def test_line_numbers_are_those_of_one_offset_at_a_time(text: str) -> None:
    lines = LineNumbers(text)
    for at in range(len(text) + 1):
        if text[at - 1 : at + 1] != "\r\n":
            assert lines.of(at) == line_of(text, at)
