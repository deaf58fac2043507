from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.paths import (
    ITEM,
    ROOT,
    PathPattern,
    json_string,
    key_step,
    last_key,
    merged_path,
    show,
    steps,
)


def joined(text: str) -> str:
    """Two surrogates that make a pair are one character, as in every text that was decoded."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


any_text = st.text(st.characters(), max_size=8).map(joined)
"""Lone surrogates and control characters too."""

any_steps = st.lists(st.none() | any_text, max_size=5)


def encode(path: list[str | None]) -> bytes:
    return b"".join(ITEM if step is None else key_step(step) for step in path)


def test_the_encoded_form_is_kind_length_and_text() -> None:
    item = b"s\x00\x00\x00\x00"
    assert encode(["a", None, "é"]) == key_step("a") + item + key_step("é")
    assert key_step("é") == b"k\x00\x00\x00\x02\xc3\xa9"
    assert encode([]) == ROOT == b""


@given(any_steps)
def test_steps_are_what_was_encoded(path: list[str | None]) -> None:
    assert steps(encode(path)) == path


@pytest.mark.parametrize(
    ("path", "merged"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "<<", "b"], ["a", "b"]),
        (["<<", None, "a", None, "<<", "b"], ["a", None, "b"]),
        (["<<", "<<", None, "a"], ["a"]),
        (["a", "<<"], ["a", "<<"]),
        (["a", "<<", None], ["a", "<<", None]),
        (["<<", None, None, "a"], ["<<", None, None, "a"]),
        (["<<x", "a"], ["<<x", "a"]),
        (["k\0\0\0\2<<", "a"], ["k\0\0\0\2<<", "a"]),
    ],
)
def test_a_merged_path_is_that_at_which_a_program_finds_the_value(
    path: list[str | None], merged: list[str | None]
) -> None:
    assert merged_path(encode(path)) == encode(merged)


@given(any_steps, any_steps)
def test_different_paths_have_different_encodings(
    one: list[str | None], other: list[str | None]
) -> None:
    assert (encode(one) == encode(other)) == (one == other)


def test_a_lone_surrogate_is_a_key_like_others() -> None:
    assert key_step("\ud83d") == b"k\x00\x00\x00\x03\xed\xa0\xbd"
    assert steps(key_step("\ud83d")) == ["\ud83d"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ([], "."),
        (["a"], "a"),
        (["database", "password"], "database.password"),
        (["users", None, "token"], "users[].token"),
        ([None], "[]"),
        ([None, None, "a"], "[][].a"),
        (["data", "tls.crt"], 'data."tls.crt"'),
        (["a b"], '"a b"'),
        ([""], '""'),
        (["*"], '"*"'),
        (["x[0]"], '"x[0]"'),
        (['say "hi"'], '"say \\"hi\\""'),
        (["back\\slash"], '"back\\\\slash"'),
        (["größe", "ключ"], "größe.ключ"),
        (["\x1b[31m"], '"\\u001b[31m"'),
        (["a\nb"], '"a\\u000ab"'),
        (["\u202eevil"], '"\\u202eevil"'),
        (["\ud83d"], '"\\ud83d"'),
        (["\U000e0001"], '"\\udb40\\udc01"'),
    ],
)
def test_a_path_is_shown_as_people_write_it(path: list[str | None], shown: str) -> None:
    assert show(encode(path)) == shown


@given(any_steps)
def test_nothing_that_a_terminal_could_act_on_is_shown(path: list[str | None]) -> None:
    assert show(encode(path)).isprintable()


@given(any_steps, any_steps)
def test_different_paths_are_shown_differently(
    one: list[str | None], other: list[str | None]
) -> None:
    assert (show(encode(one)) == show(encode(other))) == (one == other)


@given(any_text)
def test_a_quoted_text_is_a_json_string(text: str) -> None:
    assert json.loads(json_string(text)) == text


@pytest.mark.parametrize(
    ("path", "key"),
    [([], None), ([None], None), (["a"], "a"), (["a", None], "a"), (["a", None, "b"], "b")],
)
def test_the_last_key(path: list[str | None], key: str | None) -> None:
    assert last_key(encode(path)) == key


# -- patterns


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", ["a"]),
        ("a.b", ["a", "b"]),
        ("users[].token", ["users", None, "token"]),
        ("[].a", [None, "a"]),
        ("[][]", [None, None]),
        ('data."tls.crt"', ["data", "tls.crt"]),
        ('"say \\"hi\\""', ['say "hi"']),
        ('"back\\\\slash"', ["back\\slash"]),
        ('""', [""]),
        ('"*"', ["*"]),
        ("*", ["a"]),
        ("*", [""]),
        ("*", ["a.b"]),
        ("*_KEY", ["API_KEY"]),
        ("*_KEY", ["_KEY"]),
        ("API_*", ["API_\n"]),
        ("a*c*e", ["abcde"]),
        ("**", []),
        ("**", ["a"]),
        ("**", ["a", None, "b"]),
        ("a.**", ["a"]),
        ("a.**", ["a", "b", None]),
        ("**.password", ["password"]),
        ("**.password", ["a", None, "password"]),
        ("a.**.z", ["a", "z"]),
        ("a.**.z", ["a", "b", "c", "z"]),
        ("größe", ["größe"]),
        ("a b", ["a b"]),
        ("a+(b)?^$|{2}", ["a+(b)?^$|{2}"]),
    ],
)
def test_a_pattern_matches_whole_paths(pattern: str, path: list[str | None]) -> None:
    assert PathPattern(pattern).matches(encode(path))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", []),
        ("a", ["b"]),
        ("a", ["A"]),
        ("a", ["a", "b"]),
        ("a", ["b", "a"]),
        ("a", ["a", None]),
        ("a.b", ["a.b"]),
        ("a.b", ["a", None, "b"]),
        ('"a.b"', ["a", "b"]),
        ("*", []),
        ("*", [None]),
        ("*", ["a", "b"]),
        ('"*"', ["a"]),
        ("[]", ["a"]),
        ("[]", []),
        ("users[].token", ["users", "token"]),
        ("a.**", ["b"]),
        ("a.**", ["ab"]),
        ("a.**", []),
        ("**.password", ["password", "x"]),
        ("**.password", ["my_password"]),
        ("a.**.z", ["a"]),
        ("a**", ["a", "b"]),
        ("a?", ["ab"]),
        ("a.b", ["axb"]),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, path: list[str | None]) -> None:
    assert not PathPattern(pattern).matches(encode(path))


@pytest.mark.parametrize(
    "pattern",
    [".", "a.", ".a", "a..b", "[", "]", "a]", "[0]", "users[]token", '"', '"a', 'a"b"', '"a"b'],
)
def test_what_is_no_pattern_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not valid from|ends in a dot|lacks a dot)"):
        PathPattern(pattern)


@given(st.text(max_size=12))
def test_a_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        pattern = PathPattern(text)
    except ValueError:
        return
    pattern.matches(encode(["a", None]))


printable = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=8).filter(
    str.isprintable
)


@given(
    path=st.lists(st.none() | printable, min_size=1, max_size=4),
    other=st.lists(st.none() | printable, min_size=1, max_size=4),
)
def test_a_path_as_it_is_shown_is_the_pattern_for_exactly_that_path(
    path: list[str | None], other: list[str | None]
) -> None:
    pattern = PathPattern(show(encode(path)))
    assert pattern.matches(encode(path))
    assert pattern.matches(encode(other)) == (path == other)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    path=st.lists(any_text, min_size=1, max_size=3),
    other=st.lists(any_text, min_size=1, max_size=3),
)
def test_a_step_in_quotes_is_taken_as_it_is(path: list[str], other: list[str]) -> None:
    pattern = PathPattern(".".join(quoted(step) for step in path))
    assert pattern.matches(encode([*path]))
    assert pattern.matches(encode([*other])) == (path == other)


@given(any_text)
def test_two_stars_match_every_path_and_one_star_every_key(text: str) -> None:
    assert PathPattern("**").matches(encode([text, None, text]))
    assert PathPattern("*").matches(encode([text]))


@given(any_text, st.text("ab", min_size=1, max_size=3))
def test_a_star_stands_for_any_characters(text: str, end: str) -> None:
    pattern = PathPattern(f"*{end}")
    assert pattern.matches(encode([text])) == text.endswith(end)
    assert pattern.matches(encode([text + end]))


@pytest.mark.parametrize(("pattern", "key"), [("*a", "\x00"), ("*b", "\x01")])
def test_a_star_knows_nothing_of_how_paths_are_compared(pattern: str, key: str) -> None:
    assert not PathPattern(pattern).matches(encode([key]))


@pytest.mark.parametrize("key", ["\x00", "\x01", "\x02"])
def test_a_bare_step_with_a_control_character_is_a_key(key: str) -> None:
    assert PathPattern(key).matches(encode([key]))


@pytest.mark.parametrize("key", ["a\nb", "\u00a0", "\ud83d", "\U000e0001"])
def test_a_path_with_escapes_as_it_is_shown_is_a_pattern_too(key: str) -> None:
    assert PathPattern(show(encode([key]))).matches(encode([key]))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*a" * 30 + "b", ["a" * 200]), ("**." + "*.**." * 30 + "b", ["a"] * 100)],
)
def test_no_pattern_takes_years(pattern: str, path: list[str | None]) -> None:
    """It comes with a pull request."""
    assert not PathPattern(pattern).matches(encode(path))


@pytest.mark.parametrize(
    ("pattern", "covered", "others"),
    [
        ("a", [["a"], ["a", None], ["a", "b"], ["a", None, "b"]], [["b"], ["b", "a"]]),
        ("a[]", [["a"], ["a", None], ["a", None, None], ["a", None, "b"]], [["a", "b"]]),
        ("a.b", [["a", "b"], ["a", None, "b"], [None, "a", "b", "c"]], [["a"], ["a", None]]),
        ("a[].b", [["a", None, "b"], ["a", "b"], ["a", "b", None]], [["a", None, "c"]]),
        ("*", [["a"], ["a", "b"], ["a", None], [None, "a"]], [[], [None]]),
        ("**.a", [["a"], ["b", None, "a", None]], [["b"]]),
    ],
)
def test_a_list_or_mapping_in_the_place_of_what_is_sealed(
    pattern: str, covered: list[list[str | None]], others: list[list[str | None]]
) -> None:
    sealing = PathPattern(pattern, below=True)
    assert all(sealing.matches(encode(path)) for path in covered)
    assert not any(sealing.matches(encode(path)) for path in others)
    assert sum(PathPattern(pattern).matches(encode(path)) for path in covered) < len(covered)
