"""Searching for many texts at once finds the same as searching for each."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held import matcher as matcher_module
from sealedfiles.app.held.matcher import SHORTEST, Matcher, pieces_of, samples_of

# Few letters, so that texts overlap and repeat.
texts = st.lists(st.text("ab", min_size=1, max_size=14).map(str.encode), max_size=8)


@given(texts=texts, data=st.text("ab", max_size=200).map(str.encode))
def test_it_finds_what_a_search_for_each_finds(texts: list[bytes], data: bytes) -> None:
    matcher: Matcher[int] = Matcher()
    for number, text in enumerate(texts):
        matcher.add(text, number)
    expected = {
        (data.find(text), text, texts.index(text))
        for text in texts
        if len(text) >= SHORTEST and text in data
    }
    assert set(matcher.find(data)) == expected
    assert len(list(matcher.find(data))) == len(expected)


@given(
    text=st.binary(min_size=SHORTEST, max_size=40), before=st.binary(max_size=9), after=st.binary()
)
def test_a_text_is_found_at_every_offset(text: bytes, before: bytes, after: bytes) -> None:
    matcher: Matcher[None] = Matcher()
    matcher.add(text, None)
    data = before + text + after
    assert [(at, found) for at, found, _ in matcher.find(data)] == [(data.find(text), text)]


@given(text=st.binary(min_size=SHORTEST, max_size=40), before=st.binary(max_size=9))
def test_a_text_is_found_across_parts(text: bytes, before: bytes) -> None:
    data = before + text
    with mock.patch.object(matcher_module, "_SAMPLES", 2):
        parts = list(samples_of(data))
        assert len(parts) == -(-len(data) // 6)
        assert all(len(part) <= 2 for part in parts)
    assert set().union(*parts) == set().union(*samples_of(data))
    assert not set(pieces_of(text)).isdisjoint(set().union(*parts))


def test_nothing_is_found_without_texts_and_in_nothing() -> None:
    matcher: Matcher[None] = Matcher()
    assert list(matcher.find(b"x" * 100)) == []
    matcher.add(b"secretvalue", None)
    assert list(matcher.find(b"")) == []
    assert list(matcher.find(b"secret")) == []
