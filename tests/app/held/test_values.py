"""The texts of a sealed file that are searched for, and the information about a match."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from check.toy import Keyring
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held.values import HeldValues, encodings_of_value, without_tokens
from sealedfiles.app.history.values import TokenOpener, shown_place
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from sealedfiles.git.clone import Clone

POLICY = parse_policy(b"version: 1\nrules: []\n")
YAML = """\
short: s3cr3t
word: localhost
line: ----------------
quoted: "pass\\tword-1"
key: |
  -----BEGIN KEY-----
  MIGHAgEAMBMGByqGSM49
  -----END KEY-----
# password: commented-out-1
"""


def held(path: str, text: str | bytes) -> HeldValues:
    data = text if isinstance(text, bytes) else text.encode()
    file, rules = describe_file(path.encode()), POLICY.for_file(path)
    values = HeldValues(TokenOpener(cast("Clone", SimpleNamespace(ring=Keyring()))))
    values.add_file(seal_file(data, [], file, rules, Keyring()), file)
    return values


def places(values: HeldValues, data: bytes) -> list[str]:
    return [shown_place(values.place(match.source)[1]) for match in values.find(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"s3cr3t localhost ---------------- -----BEGIN KEY-----", []),
        (b"a: pass\tword-1", ["quoted"]),
        (b'a: "pass\\tword-1"', ["quoted"]),
        (b"x MIGHAgEAMBMGByqGSM49 y", ["key"]),
        (b"pass\tword-1 and MIGHAgEAMBMGByqGSM49", ["quoted", "key"]),
        (b"pass\tword- MIGHAgEAMBMGByqGSM4", []),
        (b"", []),
    ],
)
def test_values_are_found_as_they_read_and_as_they_are_written(
    data: bytes, expected: list[str]
) -> None:
    assert places(held("a.yaml", YAML), data) == expected


def test_a_file_that_is_sealed_whole() -> None:
    binary = bytes(range(256)) * 3
    values = held("a.p12", binary)
    assert places(values, b"x" + binary + b"y") == ["the whole file"]
    assert places(values, binary[:-1]) == []
    values = held("a.pem", "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END KEY-----\n")
    assert places(values, b"-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n") == ["the whole file"]
    assert places(values, b"-----BEGIN KEY-----\n") == []


def test_each_encoding_of_a_value_is_a_match() -> None:
    values = held("a.yaml", "key: 'pass word-1'\n")
    data = b"pass%20word-1\n" + b"pass word-1".hex().encode() + b"\npass word-1\n"
    found = [(match.at, match.held.encoding, match.held.text) for match in values.find(data)]
    assert found == [
        (0, "url", b"pass word-1"),
        (14, "hex", b"pass word-1"),
        (37, "plain", b"pass word-1"),
    ]


def test_the_end_of_a_long_value_is_encoded_if_it_is_not_blank() -> None:
    long = bytes(range(256)) + b"the last words of it" * 13
    assert [name for name, _ in encodings_of_value(long)].count("base64") == 3
    assert (
        b"the last words of it".hex().encode() * 12 in dict(encodings_of_value(long))["hex"].lower()
    )
    assert list(encodings_of_value(long + bytes(300))) == []
    values = held("a.db", long + bytes(300))
    assert places(values, bytes(1000)) == []
    assert places(values, long + bytes(300)) == ["the whole file"]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_of_one_line_that_is_sealed_whole_is_a_value(end: str) -> None:
    for text in "hunter2x", "pa55word123456", "correct horse battery":
        values = held("secrets/db_password", text + end)
        assert places(values, f"password: {text}!".encode()) == ["the whole file"]
    for text in "hunter2", "localhost", "----------------":
        assert len(held("secrets/db_password", text + end)) == 0
    for text in "user: alice\npassword: pa55word12", "user: alice\rpassword: pa55word12":
        assert len(held("secrets/db_password", text + end)) == 0


def test_a_file_without_tokens_holds_nothing() -> None:
    values = HeldValues(TokenOpener(None))
    values.add_file(b"password: s3cr3t-value\n", describe_file(b"a.yaml"))
    assert len(values) == 0


TOKEN = b"sealed:v1:default:aaaaaaaaaaaaaaaa:bbbbbbbb:" + b"0123456789abcdef" * 4


@given(st.lists(st.sampled_from([b"\xff", b"\n", b" a b c d", b": ", TOKEN + b"'"]), max_size=8))
def test_a_search_without_tokens_finds_what_is_partly_outside(parts: list[bytes]) -> None:
    data = b"".join(parts)
    inside = {TOKEN[at : at + 8] for at in range(len(TOKEN) - 7)}
    windows = {data[at : at + 8] for at in range(len(data) - 7)}
    short = without_tokens(data, lambda _token: True)
    assert all(window in short for window in windows - inside)
    assert b"0123456789abcdef" not in short
    assert without_tokens(data, lambda _token: False) == data


def test_the_tags_of_an_xml_comment_are_not_searched_for() -> None:
    text = '<servers>\n<!--\n  <servers>\n    <password a="pass&amp;word-1">\n      s3cr3t-2\n    </password>\n-->\n</servers>\n'
    values = held("a.xml", text)
    assert places(values, b"<servers>\n    <password a=") == []
    for copy in (b"pass&word-1", b"x s3cr3t-2 y"):
        assert len(places(values, copy)) == 1


@pytest.mark.parametrize(
    ("path", "text", "header"),
    [
        (
            "a.json",
            '{\n  // "servers": [{\n  //   "password": "old-secret-1"\n  // }],\n  "a": 1}\n',
            '"servers": [{',
        ),
        ("a.yaml", "a: 1\n# listeners: [\n#   old-secret-1,\n# ]\n", "listeners: ["),
    ],
)
def test_the_beginning_of_a_collection_in_a_comment_is_not_searched_for(
    path: str, text: str, header: str
) -> None:
    """Its key is no secret, and the same line is often below the comment."""
    values = held(path, text)
    assert places(values, header.encode()) == []
    assert len(values) > 0
