"""Brackets in YAML cost work that grows with their number, not with its square."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sealedfiles.formats.yaml.ruamel import ruamel_yaml

if TYPE_CHECKING:
    from collections.abc import Callable


def tokens(yaml: YAML, text: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    try:
        for token in yaml.scan(text):
            place = token.start_mark.index, token.end_mark.index
            found.append((type(token).__name__, *place, getattr(token, "value", None)))
    except YAMLError as error:
        found.append((str(error),))
    return found


PIECES = ["[", "]", "{", "}", ",", ": ", ":", "? ", "- ", "a", "\n", "\n ", " ", '"b"', "&c ", "*c"]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "d" * 600]), max_size=25).map("".join))
def test_the_scanner_finds_the_tokens_of_ruamel_yaml(text: str) -> None:
    assert tokens(ruamel_yaml(), text) == tokens(YAML(typ="safe", pure=True), text)


def lines_run(call: Callable[[], object]) -> int:
    count = 0

    def trace(_frame: object, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("source", ["[", "{a: ", "{", "[[a, "])
def test_nested_brackets_cost_linear_work(source: str) -> None:
    # On one line, where each of them may be the beginning of a key for 1024 characters.
    few, many = 900 // len(source) // 4, 900 // len(source)
    work = [lines_run(partial(tokens, ruamel_yaml(), source * n)) for n in (few, many)]
    assert work[1] < 6 * work[0]
