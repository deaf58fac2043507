"""Texts with conflict markers: each side is read as the file that it would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from documents import (
    DEFAULT,
    ENV,
    JSON,
    NOBODY,
    YAML,
    at,
    mint,
    opened,
    reasons,
    seal,
    tokens,
    unseal,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import NoKeyError
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable

every_format = pytest.mark.parametrize("path", [YAML, JSON, ENV])


def conflict(ours: str, theirs: str, base: str | None = None) -> str:
    middle = "" if base is None else f"||||||| base\n{base}"
    return f"<<<<<<< ours\n{ours}{middle}=======\n{theirs}>>>>>>> theirs\n"


def entry(path: str, key: str, literal: str) -> str:
    """Return the line of a sealed value."""
    token = mint(path, at(key), literal)
    return {YAML: f'{key}: "{token}"\n', JSON: f'"{key}": "{token}",\n', ENV: f"{key}={token}\n"}[
        path
    ]


def shown(path: str, key: str, literal: str) -> str:
    return {YAML: f"{key}: {literal}\n", JSON: f'"{key}": {literal},\n', ENV: f"{key}={literal}\n"}[
        path
    ]


def framed(path: str, body: str) -> str:
    return "{\n" + body + '"end": []\n}\n' if path == JSON else body


@every_format
@pytest.mark.parametrize("with_base", [False, True])
def test_values_of_all_sides_are_opened(path: str, with_base: bool) -> None:
    def text(write: Callable[[str, str, str], str]) -> str:
        base = write(path, "a", "3") if with_base else None
        body = write(path, "x", "9") + conflict(write(path, "a", "1"), write(path, "a", "2"), base)
        return framed(path, body + write(path, "y", "8"))

    result = opened(path, text(entry))
    assert result.data == text(shown).encode()
    assert result.problems == []
    if path != ENV:  # there the markers are lines that are to be sealed
        assert seal(path, result.data, text(entry)) == text(entry).encode()


@every_format
def test_what_is_refused_on_one_side_is_refused_on_all(path: str) -> None:
    """A shared line that is below another key on one of the sides."""
    if path == ENV:
        pytest.skip("a .env file has no nesting")
    token = mint(path, at("a", "k"), "1")
    heads = {
        YAML: ("a:\n", "b:\n", f'  k: "{token}"\n'),
        JSON: ('"a":\n', '"b":\n', f'{{"k": "{token}"}},\n'),
    }
    ours, theirs, rest = heads[path]
    text = framed(path, conflict(ours, theirs) + rest)
    result = opened(path, text)
    assert result.data == text.encode()
    assert [problem.reason for problem in result.problems] == ["moved"]


def test_a_side_that_does_not_parse_stays_sealed() -> None:
    good, bad = mint(YAML, at("a"), "1"), mint(YAML, at("b"), "2")
    text = conflict(f'a: "{good}"\n', f'b: "{bad}"\n  c: ]\n')
    result = opened(YAML, text)
    assert result.data == text.replace(f'"{good}"', "1").encode()
    assert [(problem.reason, problem.line) for problem in result.problems] == [("broken", 4)]


@every_format
def test_a_token_of_another_key_on_one_side_is_named(path: str) -> None:
    wrong = entry(path, "a", "1").replace("a", "q", 1)
    text = framed(path, conflict(wrong, entry(path, "b", "2")))
    result = opened(path, text)
    assert result.data == text.replace(entry(path, "b", "2"), shown(path, "b", "2")).encode()
    assert len(result.problems) == 1
    assert result.problems[0].line == (3 if path == JSON else 2)


def test_a_value_torn_by_a_marker_is_not_opened() -> None:
    """The anchor is in a part that the sides share, its token in the part of one side."""
    token = mint(YAML, at("k"), "&a hunter22")
    text = f'k: &a\n<<<<<<< x\n "{token}"\n=======\n other\n>>>>>>> y\n'
    result = opened(YAML, text)
    assert result.data == text.encode()
    assert [problem.reason for problem in result.problems] == ["misplaced"]


def test_multi_line_literals_keep_their_place_on_each_side() -> None:
    one, two = mint(YAML, at("a"), "|\n  x\n  y"), mint(YAML, at("a"), "|\n  z")
    text = conflict(f'a: "{one}"\n', f'a: "{two}"\n') + f'b: "{mint(YAML, at("b"), "1")}"\n'
    wanted = conflict("a: |\n  x\n  y\n", "a: |\n  z\n") + "b: 1\n"
    assert unseal(YAML, text) == wanted.encode()
    assert seal(YAML, wanted, text) == text.encode()


# Sealing such a text


@pytest.mark.parametrize("path", [YAML, JSON])
def test_plaintext_with_markers_is_sealed_whole(path: str) -> None:
    text = framed(path, conflict(shown(path, "a", "1"), shown(path, "a", "2")))
    sealed = seal(path, text)
    assert is_whole(sealed)
    assert unseal(path, sealed) == text.encode()


def test_in_an_env_file_the_markers_are_sealed_too() -> None:
    text = conflict("A=1\n", "A=2\n")
    sealed = seal(ENV, text)
    assert len(tokens(sealed)) == 5
    assert unseal(ENV, sealed) == text.encode()


@pytest.mark.parametrize("path", [YAML, JSON])
def test_without_a_key_a_conflict_between_tokens_passes(path: str) -> None:
    """git cleans conflicted files for `git diff`, which must not fail."""
    text = framed(
        path, conflict(entry(path, "a", "1"), entry(path, "a", "2"), entry(path, "a", "3"))
    )
    assert seal(path, text, keys=NOBODY) == text.encode()
    with pytest.raises(NoKeyError):
        seal(path, text.replace(entry(path, "a", "2"), shown(path, "a", "2")), keys=NOBODY)


def test_a_reader_of_another_group_gets_the_same_conflict_back() -> None:
    policy = '{files: "**", values: p, group: production}'
    token = mint(YAML, at("p"), "1", group="production")
    text = conflict(entry(YAML, "a", "1"), entry(YAML, "a", "2")) + f'p: "{token}"\n'
    result = opened(YAML, text, keys=DEFAULT)
    assert result.data == (conflict("a: 1\n", "a: 2\n") + f'p: "{token}"\n').encode()
    assert seal(YAML, result.data, text, policy=policy, keys=DEFAULT) == text.encode()


# The markers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n", []),
        ("<<<<<<< \nx\n=======\ny\n>>>>>>> \n", ["x\n", "y\n"]),
        ("1\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n2\n", ["1\nx\n2\n", "1\ny\n2\n"]),
        ("<<<<<<<\r\nx\r\n=======\r\ny\r\n>>>>>>>", ["x\r\n", "y\r\n"]),
        ("<<<<<<<\nx\n|||||||\nz\n=======\ny\n>>>>>>>\n", ["x\n", "y\n", "z\n"]),
        ("=======\n<<<<<<<\nx\n=======\ny\n>>>>>>>\n", ["=======\nx\n", "=======\ny\n"]),
        ("<<<<<<<\n=======\n>>>>>>>\n", ["", ""]),
        ("<<<<<<<\nx\n", []),
        ("<<<<<<<\nx\n>>>>>>>\n", []),
        ("<<<<<<<\n<<<<<<<\n=======\n>>>>>>>\n", []),
        ("<<<<<<<\n=======\n=======\n>>>>>>>\n", []),
        ("<<<<<<<x\n=======\n>>>>>>>\n", []),
        ("<<<<<<<<\n=======\n>>>>>>>\n", []),
        (" <<<<<<<\n=======\n>>>>>>>\n", []),
        ("<<<<<<<< a\nx\n========\ny\n>>>>>>>> b\n", ["x\n", "y\n"]),
        ("<<<<<<<<\nx\n=======\n========\ny\n>>>>>>>>\n", ["x\n=======\n", "y\n"]),
    ],
)
def test_the_sides_are_those_that_git_would_take(text: str, expected: list[str]) -> None:
    assert [side.text for side in sides_of(text)] == expected


LINES = st.sampled_from(
    [
        "a\n",
        "b",
        "\n",
        "<<<<<<< x\n",
        "=======\n",
        ">>>>>>> y\n",
        "||||||| z\n",
        "<<<<<<<\r\n",
        "=======\r",
    ]
)


@given(st.lists(LINES, max_size=14).map("".join))
def test_every_character_of_a_side_is_found_in_the_text(text: str) -> None:
    for side in sides_of(text):
        origins = [side.origin(at) for at in range(len(side.text))]
        assert origins == sorted(set(origins))
        assert "".join(text[at] for at in origins) == side.text


@every_format
@given(data=st.data())
def test_any_markers_round_trip(path: str, data: st.DataObject) -> None:
    entries = [entry(path, key, literal) for key in "ab" for literal in ("1", '"x"', "2")]
    entries += [shown(path, "a", "1"), f"# {mint(path, at(), ' n', kind=1)}\n", "&a\n", "k:\n"]
    markers = ["<<<<<<< x\n", "=======\n", ">>>>>>> y\n", "||||||| z\n"]
    lines = st.one_of(st.sampled_from(entries), st.sampled_from(markers))
    parts = data.draw(st.lists(lines, max_size=5))
    text = framed(
        path, "".join([*parts, conflict("".join(data.draw(st.lists(lines, max_size=2))), "")])
    )
    result = opened(path, text)
    assert result.opened + len(result.problems) == len(tokens(text))
    if seal(path, text) == text.encode():  # all of it was sealed
        assert seal(path, result.data, text) == text.encode()


def test_lines_of_a_conflict_are_named_by_their_place_in_the_whole() -> None:
    token = mint(YAML, at("a"), "1")
    text = "x: []\n" + conflict("y: []\n", f'q: "{token}"\n')
    assert reasons(opened(YAML, text)) == [("moved", 5, "")]
