"""Terraform variables: values compared with Terraform itself, and edits."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import program

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.base import value_at
from sealedfiles.formats.tfvars.edit import TFVARS_EDITOR
from sealedfiles.formats.tfvars.format import TFVARS
from sealedfiles.model.address import NoSuchValueError

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.model.address import Address

EVERYTHING = """\
a = { # one
  string = "x \\"y\\" \\\\ \\u00e9 \\U0001F600 $${b} %%{c} $ % $$"   // two
  numbers: [1, -2.50, 3e2, 007 /* three */,], /* four
  five */ words = [true, false, null]

  "with blank" = <<EOT
  x # y
    "z" $${a}
EOT
  flush = <<-E-1
      one

    two
  E-1
  7 = []
  nested = { a = { b = {} }, c : "d" }
  É-1 = 1
}
"""


def by_terraform(folder: Path, text: str) -> Any:
    (folder / "main.tf").write_text('variable "a" {}\n')
    (folder / "x.tfvars").write_text(text)
    done = subprocess.run(
        [program("terraform"), "console", "-var-file=x.tfvars", "-no-color"],
        input=b"jsonencode(var.a)\n",
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return json.loads(json.loads(done.stdout.splitlines()[0])) if done.returncode == 0 else None


def test_terraform_reads_the_same_values(tmp_path: Path) -> None:
    found: Any = TFVARS_EDITOR.load(EVERYTHING)
    assert by_terraform(tmp_path, EVERYTHING) == found["a"]


def test_what_is_refused_is_refused_by_terraform_or_not_literal(tmp_path: Path) -> None:
    for text in ("a = { b = 1 c = 2 }", "a = 1 b = 2", "a =\n1", "a = 'x'", "a = <<E\nx\nE y\n"):
        assert by_terraform(tmp_path, text + "\n") is None
        with pytest.raises(FormatError):
            TFVARS.scan(text)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = s3cr3t\n", 1, 5),
        ('a = 1\nb = "s3cr3t', 2, 5),
        ('a = "${"s3cr3t"}"\n', 1, 5),
        ("a = 1, b = 2", 1, 6),
        ("a = {\n  b = 1 c = s3cr3t }", 2, 9),
        ("a = <<E\ns3cr3t", 1, 5),
        ("a {\n}", 1, 3),
        ("a = 1 /* s3cr3t", 1, 7),
        ("a = 1\rb = 2", 1, 6),
        ('a = 1 # c\rb = "s3cr3t"\r', 1, 10),
        ('// c\rb = "s3cr3t"\n', 1, 5),
        ('a = [ # c\r\r\n"s3cr3t"]\n', 1, 10),
    ],
)
def test_what_is_not_literal_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    for use in (TFVARS.scan, TFVARS_EDITOR.load, TFVARS_EDITOR.addresses):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert (refused.value.line, refused.value.column) == (line, column)
        assert "s3cr3t" not in refused.value.message


LAYOUT = """\
region = "x" # r

db = {
  host = "h"   # where
  port : 5432

  list = [
    "a", // first
    "b"
  ]
  inline = { x = 1, y = [1, 2] }
}
key = <<EOT
one
EOT
"""


@pytest.mark.parametrize(
    ("address", "value", "line"),
    [
        (("region",), 'y"${z}\n', 'region = "y\\"$${z}\\n" # r'),
        (("db", "host"), None, "host = null   # where"),
        (("db", "list", 0), "c", '    "c", // first'),
        (("db", "list", 2), "c", '    "b",\n    "c"\n  ]'),
        (("db", "inline", "y", 2), 3, "y = [1, 2, 3] }"),
        (("db", "inline", "z w"), {"p": 1.5}, 'y = [1, 2], "z w" = { p = 1.5 } }'),
        (("db", "new"), "v", '  inline = { x = 1, y = [1, 2] }\n  new = "v"\n}'),
        (("key",), "two\n${x}\n", "key = <<EOT\ntwo\n$${x}\nEOT\n"),
        (("key",), "two", 'key = "two"\n'),
        (("new",), {"a": [1]}, "EOT\nnew = { a = [1] }\n"),
        (("db",), "x", 'db = "x"\n'),
    ],
)
def test_a_change_touches_only_its_lines(address: Address, value: Any, line: str) -> None:
    new = TFVARS_EDITOR.assign(LAYOUT, address, value)
    assert line in new
    got = value_at(TFVARS_EDITOR.load(new), address)[1]
    assert got == value
    assert TFVARS_EDITOR.assign(new, address, value) == new


@pytest.mark.parametrize(
    ("address", "gone", "kept"),
    [
        (("region",), 'region = "x" # r\n', "db"),
        (("db", "port"), "  port : 5432\n", "host"),
        (("db", "list", 0), '    "a", // first\n', '"b"'),
        (("db", "inline", "x"), "x = 1, ", "{ y = [1, 2] }"),
        (("db", "inline", "y", 1), ", 2", "y = [1]"),
        (("key",), "key = <<EOT\none\nEOT\n", "db"),
        (("db",), "db = {", "region"),
    ],
)
def test_a_removal_takes_its_lines(address: Address, gone: str, kept: str) -> None:
    new = TFVARS_EDITOR.remove(LAYOUT, address)
    assert gone in LAYOUT
    assert gone not in new
    assert kept in new
    if isinstance(address[-1], str):
        with pytest.raises(NoSuchValueError):
            TFVARS_EDITOR.remove(new, address)


def test_what_the_format_cannot_represent_is_refused() -> None:
    invalid: list[tuple[Address, Any]] = [
        ((), 1),
        (("a b",), 1),
        (("a",), float("inf")),
        (("region", "x"), 1),
        ((0,), 1),
    ]
    for address, value in invalid:
        with pytest.raises(UsageError):
            TFVARS_EDITOR.assign(LAYOUT, address, value)


@given(
    st.text('ab${}%"\\\n\té\u2028 #', max_size=8)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([*TFVARS_EDITOR.addresses(LAYOUT), ("n",), ("db", "n"), ("db", "inline", "n")]),
    st.booleans(),
)
def test_any_value_reads_back_with_only_this_change(
    value: Any, address: Address, is_crlf: bool
) -> None:
    new = TFVARS_EDITOR.assign(LAYOUT.replace("\n", "\r\n") if is_crlf else LAYOUT, address, value)
    got = value_at(TFVARS_EDITOR.load(new), address)[1]
    assert got == value
    assert not is_crlf or "\n" not in new.replace("\r\n", "")
