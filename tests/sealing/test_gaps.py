"""Blanks before an aligned comment do not reveal the length of the value before them."""

from __future__ import annotations

import re

import pytest
from documents import (
    ALL,
    ENV,
    JSON,
    PROPERTIES,
    YAML,
    at,
    contents,
    described,
    mint,
    opened,
    reasons,
    seal,
    tokens,
    unseal,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.merge import Style, merge_files

_BLANKS = st.text(" \t", min_size=1, max_size=12)
_YAML_VALUES = ["1", "hunter2", '"a b"', "'x'", "&x y", "!!str z", '"a\\n  b"', "{}", "x\xa0"]
_ENV_VALUES = ['"1"', "'hunter2'", "`x y`", '"a\nb"']


@pytest.mark.parametrize(
    ("path", "line", "values"),
    [
        (YAML, "k{0}: {1}{2}#{3}\n", _YAML_VALUES),
        (YAML, "- {{k: [a{0}, {1}{2}#{3}\n  ], b: 1}}\n", _YAML_VALUES[:-2]),
        (ENV, "K{0}={1}{2}#{3}\n", _ENV_VALUES),
        (ENV, "export K{0}: {1}{2}#{3}\n", _ENV_VALUES),
    ],
)
@given(data=st.data())
def test_one_blank_is_kept_and_everything_round_trips(
    path: str, line: str, values: list[str], data: st.DataObject
) -> None:
    lines = st.tuples(
        st.sampled_from(values), _BLANKS, st.sampled_from(["", " why", "x: 1", " # b"])
    )
    drawn = data.draw(st.lists(lines, min_size=1, max_size=4))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(line.format(number, *parts) for number, parts in enumerate(drawn))
    text = text.replace("\n", end)
    sealed = seal(path, text)
    assert not re.search(rb'[A-Za-z0-9_-]{64}"?[ \t]{2,}#', sealed)
    assert sealed.count(b"#") == text.count("#")
    assert unseal(path, sealed) == text.encode()
    assert seal(path, text, sealed) == sealed
    assert seal(path, sealed) == sealed
    assert [one for one, _ in contents(path, sealed)] == [one for one, _ in contents(path, text)]


def test_values_of_all_lengths_up_to_the_comments_look_alike() -> None:
    lines = ["pin: 1234         # a", "pin: bob          # a", "pin: hunter2long  # a"]
    found = {re.sub(r"[A-Za-z0-9_-]{64,}", "T", seal(YAML, f"{one}\n").decode()) for one in lines}
    assert len(found) == 1
    assert len({len(seal(YAML, f"{one}\n")) for one in lines}) == 1


OLD = [
    (YAML, 'a: "{}"    # why\nb: 1\n', "a", "1234"),
    (YAML, 'a: &x "{}" \t # why\nb: *x\n', "a", "&x 1234"),
    (YAML, "a: '{}'\t\t\t# why\n", "a", "1234"),
    (ENV, "A={}    # why\nB='1'\n", "A", '"1234"'),
]


@pytest.mark.parametrize(("path", "frame", "key", "literal"), OLD)
def test_tokens_that_were_made_without_the_blanks_open_and_stay(
    path: str, frame: str, key: str, literal: str
) -> None:
    stored = frame.format(mint(path, at(key), literal))
    result = opened(path, stored)
    assert result.problems == []
    plain = result.data.decode()
    assert literal in plain
    # The unchanged value keeps its token, also where something else has changed.
    assert tokens(stored)[0] in seal(path, plain, stored).decode()
    again = seal(path, plain + ("c: 3\n" if path == YAML else "C='3'\n"), stored).decode()
    assert again.startswith(stored.split("\n")[0])
    # A changed one gets a token that holds them.
    changed = plain.replace("1234", "5678")
    sealed = seal(path, changed, stored)
    assert re.search(rb"[\"']?[ \t]# why", sealed)
    assert not re.search(rb"[ \t]{2,}# why", sealed)
    assert unseal(path, sealed) == changed.encode()


@pytest.mark.parametrize(("path", "frame", "key", "literal"), OLD)
def test_a_merge_keeps_them_and_the_blanks(path: str, frame: str, key: str, literal: str) -> None:
    base = frame.format(mint(path, at(key), literal)).encode()
    more = b"c: 3\n" if path == YAML else b"C='3'\n"
    ours, theirs = base + b"\n\n# x\n", more + base
    file, rules = described(path)
    merged = merge_files(base, ours, theirs, file, rules, ALL, Style())
    assert merged is not None
    assert base.split(b"\n")[0] in merged.data
    plain = unseal(path, base)
    assert unseal(path, merged.data) == more + plain + b"\n\n# x\n"


def test_blanks_that_are_content_cannot_be_put_behind_a_token() -> None:
    """In a block scalar they are content, which somebody without a key must not be able to add."""
    for literal in ("|\n  text", "1234"):
        for frame in ('a: "{}"   \nb: 1\n', 'a: "{}"   #x\n'):
            stored = frame.format(mint(YAML, at("a"), literal))
            shown = opened(YAML, stored)
            if literal != "1234":
                assert shown.data == stored.encode()
                assert reasons(shown) == [("misplaced", 1, "a")]
            else:
                assert shown.problems == []


def test_a_literal_cannot_bring_more_than_blanks() -> None:
    for literal in ("1   # x", "1   \n", "1  \xa0"):
        stored = f'a: "{mint(YAML, at("a"), literal)}" # why\n'
        shown = opened(YAML, stored)
        if literal != "1  \xa0":  # a value of three characters
            assert shown.data == stored.encode()


def test_json_with_comments_has_them_too() -> None:
    text = '{"a": "x"    // why\n, "b": [1 \t/* why */, 2   // no\n]}\n'
    sealed = seal(JSON, text)
    assert re.sub(rb"sealed:[\w:-]+", b"T", sealed) == (
        b'{"a": "T" // why\n, "b": ["T"\t/* why */, "T" // no\n]}\n'
    )
    assert unseal(JSON, sealed) == text.encode()
    assert seal(JSON, text, sealed) == sealed
    old = mint(JSON, at("a"), '"x"')
    stored = f'{{"a": "{old}"    // why\n}}\n'
    assert unseal(JSON, stored) == b'{"a": "x"    // why\n}\n'
    assert seal(JSON, '{"a": "x"    // why\n}\n', stored) == stored.encode()


@pytest.mark.parametrize("sign", ["=", ":", " = ", ": "])
@pytest.mark.parametrize("colon", [":", "\\:"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_blanks_after_a_token_of_properties_are_not_part_of_it(
    sign: str, colon: str, end: str
) -> None:
    text = f"m=two\nn{sign}one{end}"
    sealed = seal(PROPERTIES, text).decode()
    token = tokens(sealed)[1]
    spaced = sealed.replace(token, token.replace(":", colon) + " \t")
    result = opened(PROPERTIES, spaced)
    assert (result.data.decode(), result.problems) == (text, [])
    assert seal(PROPERTIES, text, spaced).decode() == spaced


def test_blanks_after_a_value_of_properties_without_a_key_stay() -> None:
    text = "  key  \na=b==  \nabc \nAbCd== \t\n"
    sealed = seal(PROPERTIES, text)
    assert len(tokens(sealed)) == 4
    assert unseal(PROPERTIES, sealed).decode() == text
