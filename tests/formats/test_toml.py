"""TOML: its values, compared with Python's parser, and edits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.toml.edit import TOML_EDITOR
from sealedfiles.formats.toml.format import TOML
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import LONGEST, show

if TYPE_CHECKING:
    from sealedfiles.model.address import Address

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")


def values(text: str) -> dict[str, str]:
    return {show(path): text[start:end] for start, end, path in TOML.scan(text).values}


def test_every_kind_of_value_at_its_path() -> None:
    text = (
        "top = 1\n\"a b\".'c' = 0x_F\n".replace("_", "")
        + "[t]\nlist = [\n  'x',   # one\n  [2, { p = -1.5e3, q.r = true }],\n]\n"
        + 'm = """\n  "quoted" \\\n  end"""""\nl = \'\'\'a\'b\'\'\'\nd = 1979-05-27 07:32:00.5-07:00\n'
        + '[[users]]\nname = "n"\n[users.keys]\nt = 07:32:00\n[[users]]\nempty = [ ]\nnone = {}\n'
    )
    assert values(text) == {
        "top": "1",
        '"a b".c': "0xF",
        "t.list[]": "'x'",
        "t.list[][]": "2",
        "t.list[][].p": "-1.5e3",
        "t.list[][].q.r": "true",
        "t.m": '"""\n  "quoted" \\\n  end"""""',
        "t.l": "'''a'b'''",
        "t.d": "1979-05-27 07:32:00.5-07:00",
        "users[].name": '"n"',
        "users[].keys.t": "07:32:00",
    }


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = s3cr3t\n", 1, 5),
        ("a = 1\nb = 's3cr3t\n", 2, 5),
        ("a = 1 b = 's3cr3t'\n", 1, 7),
        ("a = [1,\n s3cr3t]\n", 2, 2),
        ("a = [1\n", 2, 1),
        ("[a\nb = 's3cr3t'", 1, 3),
        ("a = 1\rb = 's3cr3t'", 1, 6),
        ("a = '''s3cr3t''\n", 1, 5),
        ('a = "\\ud800"', 1, 5),
        ("a = 1 # \x07\n", 1, 9),
        ("s3cr3t", 1, 7),
    ],
)
def test_what_is_not_toml_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    for use in (TOML.scan, TOML_EDITOR.load, TOML_EDITOR.addresses):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert (refused.value.line, refused.value.column) == (line, column)
        assert "s3cr3t" not in refused.value.message


def test_a_path_that_is_too_long() -> None:
    assert len(values(f"{'k' * (LONGEST - 5)} = 1")) == 1
    for text in (f"{'k' * LONGEST} = []", f"[{'k' * LONGEST}]", f"a = {'[' * 900}{']' * 900}"):
        with pytest.raises(FormatError, match="too long"):
            TOML.scan(text)


PARTS = st.lists(
    st.sampled_from(
        [
            *(
                "a",
                "b",
                "a.b",
                '"a"',
                " = ",
                "=",
                "1",
                '"x"',
                "'y'",
                "[",
                "]",
                "{",
                "}",
                ", ",
                "#",
                " # c",
            ),
            *(
                "\n",
                "\n",
                "\r\n",
                "[a]\n",
                "[[a]]\n",
                "[a.b]\n",
                "a = 1\n",
                "b = [1, 2]\n",
                "c.d = {e = 1}\n",
            ),
            *(
                '"""',
                "'''",
                "\\",
                "\\n",
                "\\u00e9",
                "1979-05-27",
                "07:32:00",
                "T",
                "inf",
                "+",
                "-",
                "_",
                "0x1F",
            ),
            *("1.5", "e3", "true", "\t", "é", "\x07"),
        ]
    ),
    max_size=9,
).map("".join)
ENTRIES = st.lists(
    st.sampled_from(
        [
            *(
                "[a]",
                "[a.b]",
                "[[l]]",
                "[l.x]",
                "[[l.x]]",
                "a.b.c = 1",
                "b = {x = 1, y.z = 2}",
                "b.x = 1",
            ),
            *(
                "a = 1",
                "l = [1]",
                "x = 1",
                "[a.b.c]",
                "c.d = 1",
                "c.e = 2",
                "[c]",
                "[c.d]",
                "x.y = 1",
            ),
        ]
    ),
    max_size=6,
).map("\n".join)


def normal(data: Any) -> Any:
    """Return *data* with dates as nothing: their spelling is lost."""
    if isinstance(data, dict):
        return {key: normal(value) for key, value in data.items()}
    if isinstance(data, list):
        return [normal(value) for value in data]
    if isinstance(data, str | bool | int):
        return data
    return repr(data) if isinstance(data, float) else None


@given(PARTS | ENTRIES)
@example('a = """\\\r\n  x\\\n\n y """\nb = """"""\nc = """""""\n')
@example("[a.b]\n[a]\nb.c = 1\n")
@example("a = [{b = 1}, {b = 2}]\n[[a]]\n")
@example("[[a]]\n[a.b]\n[[a]]\n[a.b]\n")
def test_it_reads_what_pythons_parser_reads(text: str) -> None:
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = TOML_EDITOR.load(text)

    def compared(left: Any, right: Any) -> bool:
        if isinstance(right, dict):
            return list(left) == list(right) and all(compared(left[k], right[k]) for k in right)
        if isinstance(right, list):
            return len(left) == len(right) and all(map(compared, left, right))
        return right is None or left == right

    assert compared(normal(found), normal(wanted))


@given(PARTS | ENTRIES)
def test_what_python_refuses_is_refused_or_of_toml_1_1(text: str) -> None:
    try:
        TOML_EDITOR.load(text)
    except FormatError:
        return
    newer = "{" in text or "07:32" in text or "1979" in text
    if not newer:
        tomllib.loads(text)


LAYOUT = """\
# about
title = "x"   # t

[db]
host = 'h'  # where
"a b".c = 1
key = \"\"\"
one
two\"\"\"
list = [
  "a", # first
  "b"
]
inline = { x = 1, y = [1, 2] }

# the users
[[users]]
name = "n1"
[users.keys]
k = 1

[[users]]
name = "n2"

[z.y]
q = true
"""


@pytest.mark.parametrize(
    ("address", "value", "line"),
    [
        (("title",), 'y"\n', 'title = """\ny\\"\n"""   # t'),
        (("db", "host"), "o'h", 'host = "o\'h"  # where'),
        (("db", "host"), "oh", "host = 'oh'  # where"),
        (("db", "a b", "c"), 2.5, '"a b".c = 2.5'),
        (("db", "key"), 'three\n"""four', 'key = """\nthree\n\\"\\"\\"four"""'),
        (("db", "list", 0), "c", '  "c", # first'),
        (("db", "list", 2), "c", '  "b",\n  "c"\n'),
        (("db", "inline", "y", 2), 3, "y = [1, 2, 3] }"),
        (("db", "inline", "z"), {"p": None}, None),
        (("db", "inline", "z"), {"p": "q"}, 'y = [1, 2], z = { p = "q" } }'),
        (("db", "new key"), "v", '\n]\ninline = { x = 1, y = [1, 2] }\n"new key" = "v"\n'),
        (("db", "a b", "d"), "v", '"a b".c = 1\n"a b".d = "v"\n'),
        (("users", 1, "name"), "n3", 'name = "n3"\n\n[z.y]'),
        (("users", 2), {"name": "n3"}, 'name = "n2"\n\n[[users]]\nname = "n3"\n\n[z.y]'),
        (("users", 0, "keys", "l"), True, "k = 1\nl = true\n"),
        (("z", "x"), 1, "q = true\n\n[z]\nx = 1\n"),
        (("new", "table", "key"), "v", 'q = true\n\n[new.table]\nkey = "v"\n'),
        (("first",), "v", 'title = "x"   # t\nfirst = "v"\n\n[db]'),
        (("db",), "gone", None),
    ],
)
def test_a_change_touches_only_its_lines(address: Address, value: Any, line: str | None) -> None:
    if value == {"p": None}:
        with pytest.raises(UsageError, match="null"):
            TOML_EDITOR.assign(LAYOUT, address, value)
        return
    new = TOML_EDITOR.assign(LAYOUT, address, value)
    got = value_at(tomllib.loads(new), address)[1]
    assert got == value
    if line is not None:
        assert line in new
        kept = [one for one in LAYOUT.split("\n") if one and one not in new.split("\n")]
        assert len(kept) <= 4
    assert TOML_EDITOR.assign(new, address, value) == new


@pytest.mark.parametrize(
    ("address", "gone", "kept"),
    [
        (("title",), 'title = "x"   # t\n', "# about"),
        (("db", "a b"), '"a b".c = 1\n', "host"),
        (("db", "list", 0), '  "a", # first\n', '"b"'),
        (("db", "inline", "x"), "x = 1, ", "{ y = [1, 2] }"),
        (("db", "inline", "y", 1), ", 2", "y = [1]"),
        (("db",), "[db]\nhost", "# the users"),
        (("users", 0), 'name = "n1"\n[users.keys]\nk = 1\n', 'name = "n2"'),
        (("users",), "n2", "[z.y]"),
        (("z", "y"), "[z.y]", "n2"),
    ],
)
def test_a_removal_takes_its_lines(address: Address, gone: str, kept: str) -> None:
    new = TOML_EDITOR.remove(LAYOUT, address)
    assert gone in LAYOUT
    assert gone not in new
    assert kept in new
    tomllib.loads(new)
    if isinstance(address[-1], str):
        with pytest.raises(NoSuchValueError):
            TOML_EDITOR.remove(new, address)


@given(
    st.text("ab'\"\\\n\t\x07é\u2028 #", max_size=8)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.booleans(),
    st.sampled_from(
        [*TOML_EDITOR.addresses(LAYOUT), ("db", "n"), ("n", "m"), ("db", "inline", "n")]
    ),
    st.booleans(),
)
def test_any_value_reads_back_with_only_this_change(
    value: Any, address: Address, is_crlf: bool
) -> None:
    text = LAYOUT.replace("\n", "\r\n") if is_crlf else LAYOUT
    new = TOML_EDITOR.assign(text, address, value)
    got = value_at(tomllib.loads(new), address)[1]
    assert got == value
    assert not is_crlf or "\n" not in new.replace("\r\n", "")
    span = TOML_EDITOR.locate(new, address)
    assert tomllib.loads(f"x = {new[span.start : span.end]}")["x"] == value


@pytest.mark.parametrize(
    ("text", "address", "value", "new"),
    [
        ("[b]\n", ("b", "x"), 1, "[b]\nx = 1\n"),
        ("b = {}\n", ("b", "y"), 1, "b = { y = 1 }\n"),
        ("[b]\nx=1\n", ("b", "x"), None, "[b]\n"),
        ("b = { x = 1 }\n", ("b", "x"), None, "b = {}\n"),
    ],
)
def test_a_table_may_be_or_become_empty(
    text: str, address: Address, value: int | None, new: str
) -> None:
    if value is None:
        assert TOML_EDITOR.remove(text, address) == new
    else:
        assert TOML_EDITOR.assign(text, address, value) == new


def test_a_number_that_python_cannot_write_is_an_error() -> None:
    with pytest.raises(FormatError, match="too many digits"):
        TOML_EDITOR.assign(f"a = 0x{'f' * 3900}\nb = 1\n", ("b",), 2)


def test_the_type_of_a_typed_value_is_kept() -> None:
    assert "q = false" in TOML_EDITOR.assign_text(LAYOUT, ("z", "y", "q"), "false")
    assert "k = 0x1F" in TOML_EDITOR.assign_text(LAYOUT, ("users", 0, "keys", "k"), "0x1F")
    assert 'k = "x"' in TOML_EDITOR.assign_text(LAYOUT, ("users", 0, "keys", "k"), "x")
    assert 'title = "true"' in TOML_EDITOR.assign_text(LAYOUT, ("title",), "true")


def test_numbers_are_loaded_in_the_spelling_of_json_if_asked() -> None:
    text = "a = [1_000, 0xff, +1.50, inf, -inf, nan, 1e3]"
    assert TOML_EDITOR.load(text, as_written=True) == {
        "a": ["1000", "255", "1.50", "Infinity", "-Infinity", "NaN", "1e3"]
    }
    with pytest.raises(FormatError, match="digits"):
        TOML_EDITOR.load(f"a = {'9' * 5000}")
