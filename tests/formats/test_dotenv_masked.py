"""What a dialect reads for a sealed variable comes from sealed values only."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import MASK
from sealedfiles.formats.dotenv.masked import dependent_on, set_in_plaintext
from sealedfiles.formats.dotenv.scan import DotenvScan
from sealedfiles.formats.dotenv.values import DIALECTS, PYTHON_BEFORE, read

_PIECES = [
    "A=",
    "B=",
    "\n",
    "\n",
    "x",
    " ",
    "#",
    "'",
    '"',
    "`",
    "\\",
    "export ",
    "=",
    ":",
    "$A",
    ";",
]
_PIECES += ["-----BEGIN X-----\n", "-----END X-----\n", "\t", "é", "\u2028", "\r\n"]


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
@example("#\u2028A=A=")
@example("'\n '=A=")
@example("\"A='\n '")
@example("A=\r\n'-----BEGIN X-----\n\t'")
def test_if_all_values_are_sealed_python_and_node_read_nothing_else(text: str) -> None:
    """Nothing but comments, which sealing refuses to store in plaintext then."""
    scan = DotenvScan(text)
    sealed = [(start, end) for start, end, _ in scan.values]
    refused = dependent_on(text, scan.comments())
    for dialect in ("python", "node", PYTHON_BEFORE):
        found = set_in_plaintext(text, sealed, dialect, {}, override=True)
        # The blanks between sealed lines are in plaintext, and are part of what spans these lines.
        names = {n for n, value in found if value and not re.search(r"\n\s|\s\n", n + value)}
        assert names <= refused.keys()


@given(
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
    st.sampled_from(DIALECTS),
)
def test_if_nothing_is_sealed_every_value_is_found_as_the_dialect_reads_it(
    text: str, dialect: str
) -> None:
    text = f"N={text}\nSECRET=evil\n"
    try:
        values = read(text, dialect)
    except FormatError:
        return
    found = set_in_plaintext(text, [], dialect, {}, override=True)
    assert found == [(name, value) for name, value in values.items() if value != ""]


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        ("python", f"{MASK} # why"),
        ("bash", f"{MASK} # why"),
        ("compose", f"{MASK} # why"),
    ],
)
def test_comments_are_no_plaintext(dialect: str, value: str) -> None:
    start = len("A=")
    sealed = [(start, start + len(MASK))]
    assert set_in_plaintext(f"A={value}\n", sealed, dialect, {}, override=True) == []


@pytest.mark.parametrize(
    ("dialect", "blank"),
    [
        ("docker", "\xa0"),
        ("docker", " "),
        ("docker", "\t"),
        ("bash", "\u2028"),
        ("docker", "\x85"),
        ("bash", "\x0c"),
    ],
)
def test_a_blank_that_a_dialect_reads_is_plaintext(dialect: str, blank: str) -> None:
    text = f"A={blank}{MASK}{'' if dialect == 'compose' else blank}\n"
    sealed = [(text.index(MASK), text.index(MASK) + len(MASK))]
    assert [name for name, _ in set_in_plaintext(text, sealed, dialect, {}, override=True)] == ["A"]


@pytest.mark.parametrize(("before", "after"), [("", "\x0b"), ("", "\r"), ("\t", "\x0b"), ("", "")])
def test_such_a_blank_is_found_beside_a_quote_that_may_take_in_more(
    before: str, after: str
) -> None:
    text = f"A={before}$'s3cr3t'{after}\nB='x'\n"
    sealed = [(one.start, one.end) for one in DotenvScan(text).values]
    found = set_in_plaintext(text, sealed, "docker", {}, override=True)
    read_as_text = (before + after).replace("\r", "")
    assert [name for name, _ in found] == (["A"] if read_as_text else [])


def test_a_line_of_a_sealed_value_is_no_name_without_a_value() -> None:
    text = "A=x\\\nmore\nB=y\"z\nC='x'\n# \"\n"
    sealed = [(one.start, one.end) for one in DotenvScan(text).values]
    assert set_in_plaintext(text, sealed, "python", {}, override=True, names=["A"]) == []
    found = set_in_plaintext(f"{text}more\n", sealed, "python", {}, override=True, names=["A"])
    assert found == [("more", None)]


def test_what_the_environment_provides_is_no_plaintext() -> None:
    assert set_in_plaintext("A\n", [], "docker", {"A": "1"}, override=True) == []
    assert set_in_plaintext("A=1\n", [], "docker", {}, override=True) == [("A", "1")]


@pytest.mark.parametrize(
    "value",
    [
        'x:"one\n#two"',
        "'one'\"two\n# three\"",
        "$'it\\'s\n# two'",
        '$"one\n# two"',
        'x\\"y"\n# z"',
        "it's\n# a comment, don't",
        "${X:-one\n# two}",
        "${HOME:+one\n# two}",
        '"${X:-"one\n# two"}"',
        'x\xa0#"one\n# two"',
    ],
)
def test_a_comment_that_a_quote_takes_in_is_plaintext(value: str) -> None:
    """Unless it is sealed, too: as clean does it."""
    text = f"A={value}\nC='1'\n"
    lines = DotenvScan(text).values
    assert any(text[span.start] == "#" for span in lines)
    some = [(span.start, span.end) for span in lines if text[span.start] != "#"]
    everything = [(span.start, span.end) for span in lines]
    environ = {"HOME": "/"}
    found = set_in_plaintext(text, some, "bash", environ, override=True)
    assert [name for name, _ in found] == ["A"]
    assert set_in_plaintext(text, everything, "bash", environ, override=True) == []


@pytest.mark.parametrize("line", ["evil=", "export evil", "'evil'=", "evil: x"])
def test_a_key_inside_a_value_is_plaintext_of_it(line: str) -> None:
    text = f"A=x:\"one\n{line}\ntwo\"\nC='1'\n"
    scan = DotenvScan(text)
    everything = [(span.start, span.end) for span in scan.values]
    some = [span for span in everything if "evil" not in text[slice(*span)]]
    for sealed in (some, everything) if line == "evil: x" else (some,):
        found = set_in_plaintext(text, sealed, "bash", {}, override=True)
        assert [name for name, _ in found] == ["A"]
    if line != "evil: x":
        assert set_in_plaintext(text, everything, "bash", {}, override=True) == []


@pytest.mark.parametrize(
    "plain", ["B=${X:-'a'}", "B=x;export D=evil", "B='a b'  # c", "# ${X", "B=${X:?no}"]
)
def test_plaintext_beside_such_a_value_is_no_part_of_it(plain: str) -> None:
    text = f'{plain}\nA=x"one\n#two"\nC=1\n'
    sealed = [(one.start, one.end) for one in DotenvScan(text).values if one.start > len(plain)]
    found = {name for name, _ in set_in_plaintext(text, sealed, "bash", {"X": "1"}, override=True)}
    assert found <= {"B", "D"}
