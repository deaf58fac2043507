"""A pattern that is compiled when it is used."""

from __future__ import annotations

import re

import pytest

from sealedfiles.util.lazy_pattern import lazy_pattern


def test_it_behaves_like_the_compiled_pattern() -> None:
    compiled, lazy = re.compile("(a+)b", re.IGNORECASE), lazy_pattern("(a+)b", re.IGNORECASE)
    for text in ("AAb", "b", "xaB"):
        expected = compiled.search(text)
        found = lazy.search(text)
        assert (found and found.groups()) == (expected and expected.groups())
        assert (lazy.fullmatch(text) is None) == (compiled.fullmatch(text) is None)
    assert lazy.sub("-", "xabyAB") == "x-y-"
    assert lazy.pattern == compiled.pattern
    assert lazy.groups == 1
    assert lazy_pattern(rb"\d").findall(b"1a2") == [b"1", b"2"]


def test_it_is_compiled_at_its_first_use_and_each_method_is_kept() -> None:
    wrong = lazy_pattern("(")
    with pytest.raises(re.error):
        wrong.match("a")
    lazy = lazy_pattern("a")
    assert "match" not in vars(lazy)
    assert lazy.match("a")
    assert "match" in vars(lazy)


def test_it_has_no_special_methods_of_a_pattern() -> None:
    with pytest.raises(AttributeError):
        _ = lazy_pattern("a").__deepcopy__
