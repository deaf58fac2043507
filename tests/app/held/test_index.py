"""The index of held values: it finds the same as a search, contains no text, and is rebuilt if it does not
match."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held.index import HeldIndex, content_id, number_of, token_id
from sealedfiles.app.held.matcher import content_of
from sealedfiles.app.held.table import ANY

SECRETS = [b"a" * 32, b"b" * 32]
VALUES = {b"1" * 16: b"correct horse", b"2" * 16: b"battery staple"}


def numbers(*names: bytes) -> set[int]:
    return set(map(number_of, names))


def build(path: Path) -> HeldIndex:
    index = HeldIndex(path, SECRETS)
    for name, text in VALUES.items():
        index.add(name, [text])
    index.add_blob(b"blob yaml")
    index.save()
    return index


def test_it_finds_the_tokens_that_may_be_in_a_text(tmp_path: Path) -> None:
    build(tmp_path / "held")
    index = HeldIndex(tmp_path / "held", reversed(SECRETS))
    assert index.find(b"x" * 5 + b"correct horse" + b"y" * 7) == numbers(b"1" * 16)
    assert index.find(b"battery staple, correct horse") == numbers(*VALUES)
    assert index.find(b"xy staple") == numbers(b"2" * 16), "only the end of a value counts"
    assert index.find(b"nothing of it") == set()
    assert not index.lacks(b"blob yaml")
    assert index.lacks(b"blob json")
    assert not index.lacks_token(b"2" * 16)
    assert index.lacks_token(b"3" * 16)


LONG = st.binary(min_size=8).filter(lambda data: len(content_of(data)) >= 8)


@given(LONG, LONG)
def test_it_finds_copies_of_any_content(data: bytes, other: bytes) -> None:
    index = HeldIndex(Path("absent"), SECRETS)
    name = content_id(b"a" * 40 + b" yaml")
    index.add_content(name, data)
    assert index.find(data) == numbers(name)
    assert index.find(data.replace(b"\n", b"\r\n")) == numbers(name)
    assert bool(index.find(other)) == (content_of(other) == content_of(data))


def test_it_grows(tmp_path: Path) -> None:
    build(tmp_path / "held")
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert not index.lacks_token(b"1" * 16)
    index.add(b"3" * 16, [b"another value"])
    index.add_blob(b"other yaml")
    assert not index.lacks_token(b"3" * 16)
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.find(b"another value and correct horse") == numbers(b"1" * 16, b"3" * 16)
    assert not index.lacks(b"blob yaml")
    assert not index.lacks(b"other yaml")


@pytest.mark.parametrize("at", [0, 100, -9 * 12])
def test_a_damaged_file_hides_nothing(tmp_path: Path, at: int) -> None:
    build(tmp_path / "held")
    data = bytearray((tmp_path / "held").read_bytes())
    data[at:] = bytes(byte ^ 1 for byte in data[at:])
    (tmp_path / "held").write_bytes(data)
    index = HeldIndex(tmp_path / "held", SECRETS)
    found = [index.find(text) for text in VALUES.values()]
    if at < 0:
        assert found == [{ANY}, {ANY}]
    else:
        assert index.lacks(b"blob yaml")
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(b"blob yaml")


def test_the_version_that_it_is_complete_for(tmp_path: Path) -> None:
    index = build(tmp_path / "held")
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b""
    index.complete_for = b"a version"
    index.save()
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b"", "not worth a write"
    index.save(always=True)
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b""
    index.complete_for = b"another version"
    size = (tmp_path / "held").stat().st_size
    index.save(always=True)
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b"another version"
    assert (tmp_path / "held").stat().st_size > size
    size = (tmp_path / "held").stat().st_size
    index.save(always=True)
    assert (tmp_path / "held").stat().st_size == size, "it is written once"
    index.complete_for = b"a version"
    index.add_blob(b"other yaml")
    index.save()
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b"a version"
    assert HeldIndex(tmp_path / "held", SECRETS[:1]).complete_for == b""
    index.clear()
    assert index.complete_for == b""


def test_one_of_gone_tokens_is_outgrown(tmp_path: Path) -> None:
    index = build(tmp_path / "held")
    assert not index.is_outgrown()
    for number in range(1500):
        index.add(b"%016d" % number, [b"value %d of many" % number])
    assert index.is_outgrown()
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.is_outgrown()
    index.clear()
    assert not index.is_outgrown()
    assert index.find(b"correct horse") == set()
    assert index.lacks(b"blob yaml")


def test_the_file_is_private_and_holds_no_text(tmp_path: Path) -> None:
    build(tmp_path / "held")
    data = (tmp_path / "held").read_bytes()
    for text in VALUES.values():
        assert all(text[at : at + 6] not in data for at in range(len(text) - 5))
    if os.name != "nt":
        assert (tmp_path / "held").stat().st_mode & 0o777 == 0o600


def test_a_file_of_other_keys_is_ignored(tmp_path: Path) -> None:
    build(tmp_path / "held")
    assert HeldIndex(tmp_path / "held", SECRETS[:1]).lacks(b"blob yaml")


def test_the_same_token_in_two_formats_has_two_ids() -> None:
    token = "sealed:v1:default:" + "a" * 16 + ":AAAAAAAA:" + "B" * 64
    assert token_id(token, "yaml") == b"B" * 15 + b"y"
    assert len({token_id(token, name) for name in ("yaml", "json", "dotenv", "")}) == 4


def test_an_index_of_a_version_that_searched_for_other_texts_is_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("sealedfiles.app.held.index._PERSON", b"sealedfiles-held")
        build(tmp_path / "held")
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(b"blob yaml")
