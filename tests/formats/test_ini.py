"""INI files: the grammar compared with configparser, and edits."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.ini.edit import INI_EDITOR
from sealedfiles.formats.ini.format import INI
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import LONGEST, show

if TYPE_CHECKING:
    from sealedfiles.model.address import Address

FRAGMENTS = [
    *(
        "a",
        "b c",
        "d",
        "=",
        " = ",
        ": ",
        ":",
        " ",
        "  ",
        "\t",
        "[s]",
        "[t u]",
        "[",
        "]",
        "#",
        ";",
        "; c\n",
        "x",
        "é",
    ),
    *(
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\n  ",
        "\n    ",
        "\r",
        "flag\n",
        "a = 1\n",
        "  b = 2\n",
        "[s]\n",
        "# c\n",
    ),
    *("'", '"q"', "%(a)s", "y;z", "\\", "\x0b", "\x85", "\xa0"),
]


def read_by_configparser(text: str) -> dict[str, dict[str, str | None]]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text.replace("\r\n", "\n").replace("\r", "\n"))
    return {name: dict(parser[name]) for name in parser.sections()}


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
@example("a =\n  # c\n  x\n\n   y\n# d\n z\nb = 1\n")
@example("  a = 1\n  b\n   c\n d: e\n")
@example("a =\n\n  x\n")
def test_it_reads_what_configparser_reads(text: str) -> None:
    text = f"[first]\n{text}"
    try:
        wanted = read_by_configparser(text)
        found: Any = INI_EDITOR.load(text)
    except (configparser.Error, AttributeError, FormatError):
        return  # see the tests of what is refused; configparser fails with text below a flag
    for section, keys in wanted.items():
        for key, value in keys.items():
            if value is not None and not re.search(r"\s[#;]", key):
                # A line `d=` after a value without a key may be the end of base64.
                got = found[section][key] if value else found[section].get(key, "")
                assert got == value, (section, key)


def test_values_of_every_kind() -> None:
    text = 'top=1\n[s]\na : x ; y\nb=\n  # c\n  one\n\n  two>=1\nflag\n  more\n[git "x"] # z\n\tk = v\n= v\nMIIE\nab==\nab==\n'
    values = INI.scan(text).values
    assert [(show(path), text[start:end]) for start, end, path in values] == [
        ("top", "1"),
        ("s.a", "x ; y"),
        ("s.b", "one\n\n  two>=1"),
        ("s", "flag\n  more"),
        ('"git \\"x\\"".k', "v"),
        ('"git \\"x\\""', "= v"),
        ('"git \\"x\\""', "MIIE"),
        ('"git \\"x\\""', "ab=="),
        ('"git \\"x\\""', "ab=="),
    ]
    assert [text[start:end] for start, end in INI.scan(text).comments()] == [" c", " z"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[a] s3cr3t = 1\n", 1, 1),
        ("a=1\n[b\n", 2, 1),
        ("[]\n", 1, 1),
        ("a = 1\n  b = s3cr3t\n", 2, 3),
        ("a = 1\n\n  b : s3cr3t\n", 3, 3),
        ("a = 1\n  [s3cr3t]\n", 2, 3),
        ("[a]\n>>>>>>> s3cr3t\n", 2, 1),
        (f"[{'k' * LONGEST}]\n", 1, 1),
        (f"[a]\n{'k' * LONGEST}=1\n", 2, 1),
        ("[s]\nurl = x\\\npw = s3cr3t\n", 2, 1),
        ("s3cr3t\\\\\\\n\n[s]\n", 1, 1),
    ],
)
def test_what_programs_read_differently_is_refused(text: str, line: int, column: int) -> None:
    for use in (INI.scan, INI_EDITOR.load, INI_EDITOR.addresses):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert (refused.value.line, refused.value.column) == (line, column)
        assert "s3cr3t" not in refused.value.message


TEXT = "debug=1\n\n[s]\n  a = x ; y\n  b =\n     one\n     two\n\n[t]\nflag\n[s]\nc: 3\n"


@pytest.mark.parametrize(
    ("address", "value", "old", "new"),
    [
        (("s", "a"), "z", "x ; y", "z"),
        (("s", "b"), "one", "b =\n     one\n     two", "b = one"),
        (("s", "c"), "3\n4", "c: 3", "c: 3\n    4"),
        (("debug",), True, "debug=1", "debug=true"),
        (("s", "n"), "v", "c: 3\n", "c: 3\nn: v\n"),
        (("t", "n"), "v", "[t]\n", "[t]\nn: v\n"),
        (("u v", "n"), "v", "c: 3\n", "c: 3\n\n[u v]\nn: v\n"),
        (("top",), "v", "debug=1\n", "debug=1\ntop=v\n"),
    ],
)
def test_a_change_touches_only_its_lines(address: Address, value: Any, old: str, new: str) -> None:
    changed = INI_EDITOR.assign(TEXT, address, value)
    assert changed == TEXT.replace(old, new)
    loaded = value_at(INI_EDITOR.load(changed), address)[1]
    assert loaded == ("true" if value is True else value)


def test_keys_and_sections_are_removed() -> None:
    assert INI_EDITOR.remove(TEXT, ("s", "b")) == TEXT.replace("  b =\n     one\n     two\n", "")
    assert INI_EDITOR.remove(TEXT, ("s",)) == "debug=1\n\n[t]\nflag\n"
    for address in (("x",), ("s", "x"), ("t", "flag")):
        with pytest.raises(NoSuchValueError):
            INI_EDITOR.remove(TEXT, address)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        (("s", "a"), None),
        (("s", "a"), [1]),
        (("s", "a"), " x"),
        (("s", "a"), "x\n# y"),
        (("s", "a"), "x\nkey = y"),
        (("s", "#k"), "x"),
        (("s", "k=l"), "x"),
        (("s", "k", "l"), "x"),
        (("s",), "x"),
        (("debug", "k"), "x"),
        (("u]", "k"), "x"),
        (("s", 0), "x"),
    ],
)
def test_what_the_format_cannot_represent_is_refused(address: Address, value: Any) -> None:
    with pytest.raises(UsageError):
        INI_EDITOR.assign(TEXT, address, value)


@given(st.text("ab =:#;\n[]'\"é", max_size=8), st.sampled_from(INI_EDITOR.addresses(TEXT)))
def test_a_value_reads_back_or_is_refused(value: str, address: Address) -> None:
    try:
        new = INI_EDITOR.assign(TEXT, address, value)
    except UsageError:
        return
    loaded = value_at(INI_EDITOR.load(new), address)[1]
    assert loaded == value
