from __future__ import annotations

import io
import os
import random
import re
from typing import Any
from unittest import mock

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Span
from sealedfiles.formats.dotenv.edit import DOTENV_EDITOR
from sealedfiles.formats.dotenv.format import DOTENV
from sealedfiles.formats.dotenv.python import bindings
from sealedfiles.formats.dotenv.values import read
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import ROOT, key_step

PEM = "-----BEGIN X-----\nAb+/cd==\n-----END X-----"


def assign(text: str, key: str, value: Any) -> str:
    return DOTENV_EDITOR.assign(text, (key,), value)


def remove(text: str, key: str) -> str:
    return DOTENV_EDITOR.remove(text, (key,))


def load(text: str) -> Any:
    return DOTENV_EDITOR.load(text)


def located(text: str, key: str) -> str:
    start, end, _ = DOTENV_EDITOR.locate(text, (key,))
    return text[start:end]


# What a text means


def test_load_is_what_python_dotenv_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "h")
    text = "A='1' # c\nB\nHOST=x\nC=${A}${HOST}${NO:-d}\nD: 1\n"
    assert load(text) == {"A": "1", "B": None, "HOST": "x", "C": "1xd"}
    assert load(text) == dotenv_values(stream=io.StringIO(text))
    assert DOTENV_EDITOR.load("A=1.10", as_written=True) == {"A": "1.10"}


def test_addresses_are_the_keys_that_have_a_value_in_any_dialect() -> None:
    text = 'B=1\nA: 2\nexport C=\nX\nexport Y\nB=3\n\'a k\'=4\n"q"y\nD="x"y\n'
    assert DOTENV_EDITOR.addresses(text) == [("B",), ("A",), ("C",), ("a k",), ("D",)]


def test_lines_without_a_key_have_no_address() -> None:
    line = "Q" * 40
    text = f"{line}\nabc==\nuser:pa=ss\n=x\nA={PEM}\n`x\ny=1`\n"
    assert DOTENV_EDITOR.addresses(text) == [("A",), ("y",)]
    with pytest.raises(NoSuchValueError) as refused:
        DOTENV_EDITOR.locate(text, ("abc",))
    assert refused.value.hints == ("there is A", "there is y")


def test_locate_gives_the_span_that_sealing_has() -> None:
    text = f"A=1\nB='x\ny' # c\nC=one # c\nD: 2\nE={PEM}\nF=\\\nx\nA=3\n"
    spans = [DOTENV_EDITOR.locate(text, address) for address in DOTENV_EDITOR.addresses(text)]
    assert sorted(spans) == DOTENV.scan(text).values[1:]
    assert located(text, "C") == "one # c"


def test_locate_gives_an_empty_span_where_there_is_no_value() -> None:
    assert DOTENV_EDITOR.locate("A=\nB=1", ("A",)) == Span(2, 2, key_step("A"))
    assert DOTENV_EDITOR.locate("export A\n", ("A",)) == Span(8, 8, key_step("A"))


def test_locate_gives_the_whole_text() -> None:
    assert DOTENV_EDITOR.locate("A=1\n", ()) == (0, 4, ROOT)


def test_of_equal_keys_the_last_is_found() -> None:
    text = "A=1\nA='2'\nA: 3\n"
    assert located(text, "A") == "'2'"
    assert assign(text, "A", "4") == "A=1\nA='4'\nA: 3\n"


def test_a_wrong_key_names_the_nearest() -> None:
    with pytest.raises(NoSuchValueError) as refused:
        DOTENV_EDITOR.locate("DATABASE_URL=1\nX=2\n", ("DATABSE_URL",))
    assert refused.value.hints == ("there is DATABASE_URL",)
    for address in [("X", "y"), (0,), ("Y",)]:
        for use in (DOTENV_EDITOR.locate, DOTENV_EDITOR.remove):
            with pytest.raises(NoSuchValueError):
                use("X=2", address)


# Changing what is there


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("A=old\nB=1", "new", "A=new\nB=1"),
        ("B=1\n  export\tA = old \r\n", "new", "B=1\n  export\tA = new \r\n"),
        ("A=old # c\n", "new", "A=new # c\n"),
        ('A="old" # c\n', "new", 'A="new" # c\n'),
        ("A='old'# c\n", "new", "A='new'# c\n"),
        ("A='old'", "it's", 'A="it\'s"'),
        ('A="old"', 'a "b"', "A='a \"b\"'"),
        ('A="old"', "a$b", "A='a$b'"),
        ("A=old", "x y", 'A="x y"'),
        ("A=old words", "new words", "A=new words"),
        (r'A="a\nb"', "1\n2", r'A="1\n2"'),
        ("A='x\ny' # c\nB=1", "1\n2", "A='1\n2' # c\nB=1"),
        ("A='x\ny' # c\nB=1", "z", "A='z' # c\nB=1"),
        ("A=x\r\nB=1\r\n", "1\n2", 'A="1\\n2"\r\nB=1\r\n'),
        ("A=", "new", "A=new"),
        ("A= # c", "new", "A=new # c"),
        ("A=  \nB=1", "x y", 'A="x y"\nB=1'),
        ("A = \nB=1", "new", "A = new\nB=1"),
        ("A=x", "", "A="),
        ('A="x"', "", 'A=""'),
        ("A\nB=1", "new", "A=new\nB=1"),
        ("A # c", "new", "A=new # c"),
        ("export A\nB=1", "new", "export A=new\nB=1"),
        ("A: old\nB=1", "new", "A=new\nB=1"),
        ('A="x"y\nB=1', "new", 'A="new"\nB=1'),
        ("A=`x\ny=1`\nB=1", "new", 'A="new"\nB=1'),
        (f"A={PEM}\nB=1", "new", "A=new\nB=1"),
        ("A=x\\\ny\nB=1", "new", "A=new\nB=1"),
        ("A=C:\\x\\\nB=1", "new", "A=new\nB=1"),
        ("B=C:\\x\\\nA=1", "new", "B=C:\\x\\\nA=new"),
        ("A=x\nB=${A}\nA=y", "new", "A=x\nB=${A}\nA=new"),
        ("A=x\nA", "new", "A=x\nA=new"),
    ],
)
def test_what_is_there_keeps_its_style_and_its_comment(text: str, value: str, result: str) -> None:
    assert assign(text, "A", value) == result
    assert load(result)["A"] == value
    assert assign(result, "A", value) == result


def test_a_key_of_any_name_can_be_changed() -> None:
    for text in ("'a k'=1", "a[0]=1", "É=1", "a.b-c=1", "1=1", "export=1"):
        (key,) = load(text)
        assert assign(text, key, "2") == text[:-1] + "2"


def test_a_value_with_variables_is_replaced_by_what_it_stood_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST", "h")
    assert assign("A=${HOST}", "A", "h") == "A=h"


# Making what is missing


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", "N=x\n"),
        ("A=1", "A=1\nN=x\n"),
        ("A=1\n\n# c\n", "A=1\n\n# c\nN=x\n"),
        ("A=1\r\n", "A=1\r\nN=x\r\n"),
        ("A=1\rB=2\r", "A=1\rB=2\rN=x\r"),
        ("export A=1\nexport B=2\n", "export A=1\nexport B=2\nexport N=x\n"),
        ("export A=1\nB=2\n", "export A=1\nB=2\nN=x\n"),
        ("A=C:\\x\\", "A=C:\\x\\\n\nN=x\n"),
        ('A="x\n', 'A="x\nN=x\n'),
    ],
)
def test_a_new_key_goes_to_the_end(text: str, result: str) -> None:
    assert assign(text, "N", "x") == result


@pytest.mark.parametrize("key", ["a b", "", "1A", "A=B", "A#", "é", "A\nB", "-A"])
def test_a_new_key_has_a_name_that_programs_read(key: str) -> None:
    with pytest.raises(UsageError, match="not a valid variable name"):
        assign("A=1\n", key, "x")


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("x", "x"),
        ("https://u:p@h/?a=b%20,c+d", '"https://u:p@h/?a=b%20,c+d"'),
        ("Ab+/cd==", "Ab+/cd=="),
        ("", ""),
        ("a b", '"a b"'),
        (" a ", '" a "'),
        ("a#b", '"a#b"'),
        ("it's", '"it\'s"'),
        ('a "b"', "'a \"b\"'"),
        ("a$b", "'a$b'"),
        ("$(x)`y`", "'$(x)`y`'"),
        (r"C:\new\x", r"'C:\new\x'"),
        ("a\\", r'"a\\"'),
        ("1\n2", '"1\n2"'),
        (PEM, f'"{PEM}"'),
        ("a\rb", r'"a\rb"'),
        ("é", '"é"'),
        ("a${B}c", '"a${:-$}{B}c"'),
    ],
)
def test_a_value_is_written_so_that_most_programs_read_it_alike(value: str, literal: str) -> None:
    assert assign("", "A", value) == f"A={literal}\n"
    assert load(f"A={literal}\n") == {"A": value}


@settings(deadline=None)
@given(st.text("ab 'xyz#=\n~*!é.:/\t", max_size=8) | st.text('ab "\\$`#xn\n', max_size=8))
def test_a_value_without_both_quotes_and_dollars_is_read_alike_everywhere(value: str) -> None:
    text = assign("", "A", value)
    in_python_only = value.endswith("\\") or "\\\\" in value or "\\'" in value
    for dialect in () if in_python_only else ("python", "node", "compose", "bash"):
        assert read(text, dialect) == {"A": value}, dialect


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (1.5, "1.5"), (True, "true"), (False, "false")]
)
def test_numbers_and_booleans_are_written_as_in_json(value: Any, text: str) -> None:
    assert assign("A='x'", "A", value) == f"A='{text}'"


def test_invalid_utf_8_is_refused() -> None:
    for value in (None, [1], {"a": 1}, [], 10**5000, "\ud800"):
        for text in ("", "A=1"):
            with pytest.raises(UsageError):
                assign(text, "A", value)
    for address in [(), ("A", "b"), (0,), ("A", 0)]:
        with pytest.raises(UsageError, match="has one level"):
            DOTENV_EDITOR.assign("A=1", address, "x")


def test_a_line_that_would_not_be_read_is_not_written() -> None:
    # python-dotenv would go on to the next quote.
    with pytest.raises(UsageError, match="cannot be written") as refused:
        assign("'A\n", "B", "it's")
    assert "it's" not in refused.value.message
    # A key that python-dotenv does not read at all.
    with pytest.raises(UsageError, match="cannot be written"):
        assign('"a k"=1\n', "a k", "x")


# Removing


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("A=1\nB=2\n", "B=2\n"),
        ("B=2\nA=1", "B=2\n"),
        ("B=2\r\n  export A='x\r\ny' # c\r\nC=3", "B=2\r\nC=3"),
        ("# about A\nA=1\n\nB=2\n", "# about A\n\nB=2\n"),
        ("A=1\nB=2\nA=3\nA: 4\nA\nexport A\n", "B=2\n"),
        ('A="x"y\nB=1', "B=1"),
        (f"A={PEM}\nB=1", "B=1"),
        ("A=`x\ny=1`\nB=1", "B=1"),
        ("A=x\\\ny\nB=1", "B=1"),
        ("A=C:\\x\\\nB=1", "B=1"),
        ("B=C:\\x\\\nA=1", "B=C:\\x\\\n"),
        ("A=", ""),
        ('B="x\nA=1\nC=2', 'B="x\nC=2'),
    ],
)
def test_a_key_goes_with_all_its_lines(text: str, result: str) -> None:
    assert remove(text, "A") == result


def test_lines_on_which_others_hang_stay() -> None:
    # Without A's quote that of B would end behind C.
    with pytest.raises(UsageError, match="cannot be removed"):
        remove('B="x\nA="y\nC=1\nD=2"\n', "A")


# Any text

FRAGMENTS = [
    *["A=", "B=", "A: ", "export ", "'k'=", "#", " # c", "=", "x", "y z", "${A}", "$A", " ", "é"],
    *["'", '"', "`", "\\", "\\\n", "\n", "\n", "\n", "'x'", '"x"', "A=1\n", "B='2 3' # d\n", "A\n"],
    *["-----BEGIN X-----", "-----END X-----", "abc==", "Q" * 40, '"a\\n"', "\x85"],
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=16).map("".join)
VALUES = st.text("ab '\"\\$`{}:-#=\n\r\tn~é\x85", max_size=8) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=6
)


def others(text: str, key: str) -> dict[str, str | None]:
    """Return what python-dotenv reads beside *key*, variables not replaced, keys alone left out."""
    values = {binding.key: binding.value for binding in bindings(text)}
    return {name: value for name, value in values.items() if name != key and value is not None}


def lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def is_part(fewer: list[str], more: list[str]) -> bool:
    remaining = iter(more)
    return all(line in remaining for line in fewer)


@settings(deadline=None)
@given(TEXTS, st.sampled_from("ABk"), VALUES)
@example("A=x\n", "A", "${x:-${y}")
@example("Q" * 40 + "\n", "B", "")
@example("", "A", "-----BEGIN ")
def test_assign_then_load_gives_the_value_back_and_all_others_as_they_were(
    text: str, key: str, value: str
) -> None:
    try:
        after = assign(text, key, value)
    except UsageError:
        # Only where quotes are open, or lines that mean nothing go on.
        assert set(text) & {"'", '"', "\\"}
        return
    assert load(after)[key] == value
    assert dotenv_values(stream=io.StringIO(after, newline=None))[key] == value
    assert others(after, key) == others(text, key)
    assert located(after, key) or not value
    assert assign(after, key, value) == after


@settings(deadline=None)
@given(TEXTS, st.sampled_from("ABk"))
def test_remove_takes_whole_lines_and_nothing_of_other_keys(text: str, key: str) -> None:
    try:
        after = remove(text, key)
    except UsageError:
        return
    assert key not in load(after)
    assert others(after, key) == others(text, key)
    assert is_part(lines(after), lines(text))
    with pytest.raises(NoSuchValueError):
        remove(after, key)


def plain_texts() -> st.SearchStrategy[str]:
    """Return .env files as people write them."""
    key = st.sampled_from(["A", "B", "DATABASE_URL", "api.key", "C1"])
    value = st.sampled_from(
        ["", "x", "'x y'", '"x # y"', "x # c", '"1\n2" # c', "C:\\x\\", "a#b", "${A}/x", "é", "`x`"]
    )
    line = st.one_of(
        st.builds("{}{}={}".format, st.sampled_from(["", "export "]), key, value),
        st.sampled_from(["", "# c", "  ", "#A=1"]),
    )
    end = st.sampled_from(["\n", "\r\n", "\r"])
    return st.builds(
        lambda lines, end, last: end.join(lines) + last * end, st.lists(line), end, st.booleans()
    )


@settings(deadline=None)
@given(plain_texts(), st.sampled_from(["A", "B", "NEW"]), VALUES)
@example('A=C:\\x\\\nA="1\n2" # c\n# c', "B", '"')
def test_what_people_write_is_always_changed(text: str, key: str, value: str) -> None:
    try:
        after = assign(text, key, value)
    except UsageError:
        # A backslash takes in the first line of a string, the second one opens a quote, and all spellings of
        # the value would close it: what is between them would be a value.
        assert re.search(r'\\(\r\n|\r|\n)[^\r\n]*"1\n2"', text)
        assert re.search(r'["\r]|\$\{', value)
        return
    assert load(after)[key] == value
    assert others(after, key) == others(text, key)
    if key in load(text):
        assert key not in load(remove(text, key))
        start, end, _ = DOTENV_EDITOR.locate(text, (key,))
        assert after.startswith(text[:start].rstrip())
        assert after.endswith(text[end:])


def test_a_big_file_is_changed_at_any_place() -> None:
    chosen = random.Random(4)
    text = "".join(f"KEY_{n}='{n}' # c\n" for n in range(2000))
    with mock.patch.dict(os.environ, clear=True):
        key = f"KEY_{chosen.randrange(2000)}"
        assert load(assign(text, key, "x y")) == load(text) | {key: "x y"}
        assert len(load(remove(text, key))) == 1999
