"""Java properties: the grammar compared with Java's own, and edits."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import program

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.properties.edit import PROPERTIES_EDITOR
from sealedfiles.formats.properties.format import PROPERTIES, decode
from sealedfiles.model.address import NoSuchValueError
from sealedfiles.model.paths import LONGEST, show

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.formats.base import Data
    from sealedfiles.model.address import Address

READER = """\
import java.io.*;
import java.util.*;
public class Reader {
  static String hex(String s) {
    StringBuilder out = new StringBuilder("x");
    for (char c : s.toCharArray()) out.append(String.format("%04x", (int) c));
    return out.toString();
  }
  public static void main(String[] args) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
    while (in.available() > 0) {
      byte[] data = new byte[in.readInt()];
      in.readFully(data);
      Properties read = new Properties();
      StringBuilder line = new StringBuilder();
      try {
        read.load(new StringReader(new String(data, "UTF-8")));
        for (String key : new TreeSet<String>(read.stringPropertyNames()))
          line.append(hex(key) + "=" + hex(read.getProperty(key)) + " ");
      } catch (IllegalArgumentException error) {
        line.append("refused");
      }
      System.out.println(line.toString().trim());
    }
  }
}
"""
FRAGMENTS = [
    *(
        "a",
        "b",
        "c.d",
        "=",
        "=",
        ":",
        " ",
        "  ",
        "\t",
        "\f",
        "\\",
        "\\\\",
        "\\u0041",
        "\\u00",
        "\\n",
        "\\q",
        "#",
        "!",
    ),
    *(
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\\\n",
        "\\\r\n",
        "é",
        "x y",
        "\x0b",
        "\x85",
        "\u2028",
        "# c\n",
        "a=1\n",
        " = ",
    ),
]


@pytest.mark.slow
def test_java_reads_the_same(tmp_path: Path) -> None:
    (tmp_path / "Reader.java").write_text(READER)
    chance = random.Random(1)
    texts = ["".join(chance.choices(FRAGMENTS, k=chance.randrange(14))) for _ in range(1500)]
    given = b"".join(len(one.encode()).to_bytes(4, "big") + one.encode() for one in texts)
    done = subprocess.run(
        [program("java"), "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(tmp_path / "Reader.java")],
        input=given,
        capture_output=True,
        check=True,
        timeout=100,
    )
    lines = done.stdout.decode().split("\n")[:-1]
    assert len(lines) == len(texts)
    refused = 0
    for text, line in zip(texts, lines, strict=True):
        try:
            scan = PROPERTIES.scan(text)
        except FormatError:
            assert line == "refused", text
            refused += 1
            continue
        found = {}
        for one in scan.entries:
            source = decode(text[one.value : one.end])
            found.update({source: ""} if one.sign < 0 else {one.key: source})
        pairs = (f"x{_hex(key)}=x{_hex(value)}" for key, value in found.items())
        # Java reads an empty key from a backslash at the end of a file.
        named = [sorted(one for one in all_ if one[:2] != "x=") for all_ in (pairs, line.split())]
        assert named[0] == named[1], text
    assert refused > 100


def _hex(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def test_values_and_lines_without_a_value() -> None:
    text = "a.b = x\\\n  y \nkey\n-----BEGIN\nMIIE\nabc==\nc=\nd==\nf=1\ne==\n"
    values = PROPERTIES.scan(text).values
    assert [(show(path), text[start:end]) for start, end, path in values] == [
        ('"a.b"', "x\\\n  y "),
        (".", "key"),
        (".", "-----BEGIN"),
        (".", "MIIE"),
        (".", "abc=="),
        (".", "c="),
        (".", "d=="),
        ("f", "1"),
        ("e", "="),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a=1\nb=s3cr3t\\u00g", 2, 9),
        ("a\\u=s3cr3t", 1, 2),
        ("a=1\n<<<<<<< s3cr3t\n", 2, 1),
        (f"a=1\n{'k' * LONGEST}=1", 2, 1),
    ],
)
def test_what_java_refuses_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    for use in (PROPERTIES.scan, PROPERTIES_EDITOR.load, PROPERTIES_EDITOR.addresses):
        with pytest.raises(FormatError) as refused:
            use(text)
        assert (refused.value.line, refused.value.column) == (line, column)
        assert "s3cr3t" not in refused.value.message


def test_changes_keep_everything_else() -> None:
    text = "# about\na.b = x\\\n  y\n c:1\nempty =\n"
    assign = PROPERTIES_EDITOR.assign
    assert assign(text, ("a.b",), "z") == text.replace("x\\\n  y", "z")
    assert assign(text, ("a.b",), "xy") == text
    assert assign(text, ("c",), 2) == text.replace("c:1", "c:2")
    assert assign(text, ("empty",), " v") == text.replace("empty =", "empty =\\ v")
    assert assign(text, ("new key",), "é\n") == f"{text}new\\ key =\\u00e9\\n\n"
    assert PROPERTIES_EDITOR.remove(text, ("a.b",)) == text.replace("a.b = x\\\n  y\n", "")
    with pytest.raises(NoSuchValueError):
        PROPERTIES_EDITOR.remove(text, ("b",))
    invalid: list[tuple[Address, Data]] = [
        (("a", "b"), "x"),
        (("c",), None),
        (("c",), {"d": 1}),
        ((0,), "x"),
    ]
    for address, value in invalid:
        with pytest.raises(UsageError):
            assign(text, address, value)


@given(
    st.lists(st.sampled_from(FRAGMENTS[:18]), max_size=4).map("".join),
    st.text("ab \t\n\r\f\\:=#!é\U0001f600", max_size=6),
)
def test_any_key_and_value_can_be_written(key: str, value: str) -> None:
    text = PROPERTIES_EDITOR.assign("# c\na=1", (key,), value)
    assert PROPERTIES_EDITOR.load(text) == {"a": "1", key: value}
    assert text.startswith("# c\na=")
