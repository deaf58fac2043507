"""The information about a file that needs no key."""

from __future__ import annotations

import pytest
from documents import ENV, JSON, WHOLE, YAML, at, described, mint, seal, soups, texts, tokens
from hypothesis import assume, given
from hypothesis import strategies as st

from sealedfiles.model.paths import show
from sealedfiles.sealing.sealed_text import Inspection, inspect_file


def inspect(path: str, data: bytes | str, policy: str = "") -> Inspection:
    file, rules = described(path, policy)
    return inspect_file(data if isinstance(data, bytes) else data.encode(), file, rules)


@pytest.mark.parametrize("path", [YAML, JSON, ENV, WHOLE])
@given(data=st.data())
def test_nothing_of_a_sealed_file_is_plain(path: str, data: st.DataObject) -> None:
    plain = data.draw(st.one_of(soups(path), texts(path).map(str.encode)))
    assume(b"sealed:v" not in plain)
    for policy in ("", '{files: "**", values: a, plain: true}', '{files: "**", plain: true}'):
        seen = inspect(path, seal(path, plain, policy=policy), policy)
        assert seen.plain == []
        assert not seen.whole_plain


@pytest.mark.parametrize("path", [YAML, JSON, ENV])
@given(data=st.data())
def test_every_value_of_a_plain_file_is(path: str, data: st.DataObject) -> None:
    text = data.draw(texts(path))
    assume("sealed:v" not in text)
    seen = inspect(path, text)
    sealed = seal(path, text)
    assert seen.tokens == []
    if not seen.whole_plain:
        kinds = [token for token in tokens(sealed) if token]
        assert len(seen.plain) <= len(kinds)
        assert bool(seen.plain) == (sealed != text.encode()) or "#" in text


def test_a_plain_value_among_sealed_ones_is_found() -> None:
    sealed = seal(YAML, "a: 1\nb: {c: 2}\n").decode()
    half = sealed.replace(f'"{tokens(sealed)[1]}"', "hunter22")
    seen = inspect(YAML, half)
    assert [show(span.path) for span in seen.plain] == ["b.c"]
    assert [token.group for token in seen.tokens] == ["default"]


def test_values_that_the_rules_leave_plain_are_no_finding() -> None:
    assert inspect(YAML, "a: 1\n", '{files: "**", plain: true}') == Inspection([], [], False)
    assert inspect(WHOLE, b"\x00", '{files: "**", plain: true}') == Inspection([], [], False)


@pytest.mark.parametrize(
    ("path", "data"), [(WHOLE, b"\x00"), (YAML, b"a: ["), (JSON, b"{"), (YAML, b"a: \xff")]
)
def test_a_file_that_is_to_be_sealed_whole_and_is_not(path: str, data: bytes) -> None:
    assert inspect(path, data).whole_plain
    assert not inspect(path, seal(path, data)).whole_plain


@pytest.mark.parametrize("frame", ["a: x {}\n", "a: {} x\n", "a: |\n  {}\n  x\n"])
def test_a_token_inside_of_a_longer_value_is_plaintext(frame: str) -> None:
    assert len(inspect(YAML, frame.format(mint(YAML, at("a"), "1"))).plain) == 1


def test_an_empty_file_holds_nothing() -> None:
    assert inspect(YAML, b"") == Inspection([], [], False)


CONFLICT = "<<<<<<< a\n{}=======\n{}>>>>>>> b\n"


def test_a_merge_conflict_of_sealed_values_is_not_in_plaintext() -> None:
    """git writes such a text to the working tree in every conflict of a sealed file."""
    for path, text in (
        (YAML, "a: {}\n"),
        (JSON, '{{"a": {}}}\n'),
        ("a.jsonc", '{{"a": {},}} // x\n'),
    ):
        one, two = (seal(path, text.format(value)).decode() for value in ('"x"', '"y"'))
        file, rules = described(path)
        assert not inspect_file(CONFLICT.format(one, two).encode(), file, rules).whole_plain
        plain = text.format('"z"')
        for sides in ((one, plain), (plain, two), (plain, plain), (one, "{")):
            assert inspect_file(CONFLICT.format(*sides).encode(), file, rules).whole_plain


def test_a_conflict_marker_in_an_env_file_is_no_value_in_plaintext() -> None:
    """In .env, a line without an assignment is a value, but a marker is git's."""
    sealed = seal("a.env", "A=1\nB=2\n").decode()
    ours, theirs = sealed, seal("a.env", "A=1\nB=3\n").decode()
    first, rest = ours.split("\n", 1)
    conflict = f"{first}\n<<<<<<< HEAD\n{rest}=======\n{theirs.split(chr(10), 1)[1]}>>>>>>> x\n"
    file, rules = described("a.env")
    assert inspect_file(conflict.encode(), file, rules).plain == []
    leaked = conflict.replace("=======\n", "=======\nC=hunter22\n")
    (span,) = inspect_file(leaked.encode(), file, rules).plain
    assert leaked[span.start : span.end] == "hunter22"
