"""The reader of simple YAML agrees with PyYAML wherever it answers at all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.plain_yaml import compose

TYPICAL = """\
# A comment.
version: 1
tracked:
  - .env
  - "*.yaml"  # why
  - 'a b/**'
rules:
- files: ["a.yaml", 'b', c/d.env]
  values: production.**
  group: production
- files: k8s/*.yaml

  plain: true
allow:
    - finding: plain-value
      files: "x"
      reason: some words, with a comma (and more)
recovery: alice
more: []
"""

_WORDS = """- |a|key|:|: |#| #c|"|'|x: 1|[|]|, |{|}|&a |*a|!t |>|---|...|%|@|"q: r"|'s'|~|null|?|? |<<|é|.|*.b|1|-"""
WORDS = st.sampled_from(
    [*_WORDS.split("|"), "|", " ", "  ", "\n", "\n  ", "\n- ", "\n  - ", "\\", "\t", "\r"]
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "  ", "    ", "- ", "  - ", "   ", "      "]),
        st.sampled_from(["a:", "b:", "c: ", "c:  ", "-", ""]),
        st.sampled_from(
            ["", " d", "x", ' "y"', " [e, 'f']", " g # h", " i: j", " k:l", " #m", " a b"]
        ),
    ).map("".join),
    max_size=8,
).map("\n".join)


def simple(node: Any) -> object:
    """Return what a policy's reader sees of a node of either."""
    if node.id == "mapping":
        return node.start_mark.line, [(simple(key), simple(value)) for key, value in node.value]
    if node.id == "sequence":
        return node.start_mark.line, [simple(item) for item in node.value]
    return node.start_mark.line, node.value, bool(node.style)


def agrees(text: str) -> bool:
    """Return False if there is no answer."""
    data = text.encode("utf-8", "surrogatepass")
    node = compose(data)
    if node is None:
        return False
    expected = None
    with suppress(yaml.YAMLError):
        expected = yaml.compose(data, Loader=yaml.SafeLoader)
    assert expected is not None, text
    assert simple(node) == simple(expected), text
    return True


def test_typical_policies_are_read() -> None:
    assert agrees(TYPICAL)


@given(LINES)
def test_what_is_read_is_what_pyyaml_reads(text: str) -> None:
    agrees(text)


@given(st.lists(WORDS, max_size=14).map("".join))
def test_odd_texts_are_left_to_pyyaml_or_read_alike(text: str) -> None:
    agrees(text)


@given(st.integers(0, len(TYPICAL)), st.integers(0, 3), WORDS)
def test_so_is_a_changed_policy(at: int, removed: int, added: str) -> None:
    agrees(TYPICAL[:at] + added + TYPICAL[at + removed :])


OTHERS = """
a:
a: &x b
a: *x
a: |
a: {b: c}
- - a
a: é
a:\tb
"a": b
a: 'b''c'
a: "\\n"
--- a
a: [b
"""
LONG = ["", "# only a comment\n", "a: b\n  c\n", "a: b\n...\n", f"{'a' * 1100}: b\n"]
DEEP = "".join(f"{'  ' * depth}a:\n" for depth in range(30)) + "  " * 30 + "a: b\n"


@pytest.mark.parametrize("text", [*OTHERS.strip().split("\n"), *LONG, DEEP])
def test_other_constructs_have_no_answer(text: str) -> None:
    assert compose(text.encode()) is None
