"""Each distinct line is searched once, until too many are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.scan import searched_lines
from sealedfiles.app.scan.searched_lines import SearchedLines

if TYPE_CHECKING:
    import pytest

texts = st.lists(st.sampled_from([b"", b"a", b"b", b"leak 1", b"leak 2", b"c\r"])).map(b"\n".join)


def search(lines: SearchedLines, data: bytes) -> set[bytes]:
    """Search *data* for the word "leak" as a scan does; return the new lines."""
    new = lines.new_in(data)
    lines.add(new, [b"leak"] if b"leak" in data else [])
    return set(new.text.split(b"\n")) - {b""}


def test_lines_and_paragraphs_are_new_once() -> None:
    lines = SearchedLines()
    assert search(lines, b"a\nb\n\nc\nd\n") == {b"a", b"b", b"c", b"d"}
    assert search(lines, b"a\nb\n\nc\nd\n") == set()
    assert search(lines, b"d\na\n\nc\nnew\n") == {b"new"}
    assert search(lines, b"new") == set()
    assert lines.new_in(b"a\nb\n\nc\nd\n").paragraphs == []
    assert lines.new_in(b"b\na\n\nc\nd\n").paragraphs == [b"b\na"]


@given(st.lists(texts))
def test_a_line_that_has_a_text_is_new_each_time(many: list[bytes]) -> None:
    lines = SearchedLines()
    seen: set[bytes] = set()
    for data in many:
        own = set(data.split(b"\n")) - {b""}
        leaks = {line for line in own if b"leak" in line}
        assert search(lines, data) == (own - seen) | leaks
        seen |= own


def test_a_text_with_nul_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = SearchedLines()
    for _ in range(2):
        assert search(lines, b"\x00a\nb") == {b"\x00a", b"b"}
    monkeypatch.setattr(searched_lines, "_IS_UNIQUE", False)
    for _ in range(2):
        assert search(lines, b"a") == {b"a"}


def test_the_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searched_lines, "_MOST", 100)
    lines = SearchedLines()
    for number in range(1000):
        assert search(lines, b"%d" % number) == {b"%d" % number}
        assert len(lines._known) <= 100
    assert search(lines, b"999") == set()
    assert search(lines, b"1") == {b"1"}
