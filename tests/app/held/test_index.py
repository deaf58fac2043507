"""The index of held values: it finds the same as a search, contains no text, and is rebuilt if it does not
match."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held import index as module
from sealedfiles.app.held.index import HeldIndex, content_id, token_id
from sealedfiles.app.held.matcher import content_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = [b"a" * 32, b"b" * 32]
VALUES = {b"1" * 16: b"correct horse", b"2" * 16: b"battery staple"}


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
    assert index.find(b"x" * 5 + b"correct horse" + b"y" * 7) == {b"1" * 16}
    assert index.find(b"battery staple, correct horse") == set(VALUES)
    assert index.find(b"xy staple") == {b"2" * 16}, "only the end of a value counts"
    assert index.find(b"nothing of it") == set()
    assert not index.lacks(b"blob yaml")
    assert index.lacks(b"blob json")
    assert not index.lacks_token(b"2" * 16)
    assert index.lacks_token(b"3" * 16)


class Passes(array):  # type: ignore[type-arg]
    """Counts how often it is iterated over."""

    passes = 0

    def __iter__(self) -> Iterator[int]:
        self.passes += 1
        return super().__iter__()


def test_many_searches_do_not_pass_over_the_whole_index_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "held")
    index = HeldIndex(tmp_path / "held", SECRETS)
    passes = Passes("Q", index._pieces)
    monkeypatch.setattr(index, "_pieces", passes)
    for _ in range(20):
        assert index.find(b"nothing of it") == set()
    assert passes.passes < 10
    index.add(b"3" * 16, [b"another value"])
    index.add_content(b"4" * 16, b"some content")
    assert index.find(b"my battery staple") == {b"2" * 16}
    assert index.find(b"another value") == {b"3" * 16}
    assert index.find(b"some content") == {b"4" * 16}
    index.clear()
    assert index.find(b"another value") == set()


LONG = st.binary(min_size=8).filter(lambda data: len(content_of(data)) >= 8)


@given(LONG, LONG)
def test_it_finds_copies_of_any_content(data: bytes, other: bytes) -> None:
    index = HeldIndex(Path("absent"), SECRETS)
    name = content_id(b"a" * 40 + b" yaml")
    index.add_content(name, data)
    assert index.find(data) == {name}
    assert index.find(data.replace(b"\n", b"\r\n")) == {name}
    assert (name in index.find(other)) == (content_of(other) == content_of(data))


def test_it_grows(tmp_path: Path) -> None:
    build(tmp_path / "held")
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert not index.lacks_token(b"1" * 16)
    index.add(b"3" * 16, [b"another value"])
    index.add_blob(b"other yaml")
    assert not index.lacks_token(b"3" * 16)
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.find(b"another value and correct horse") == {b"1" * 16, b"3" * 16}
    assert not index.lacks(b"blob yaml")


def test_one_of_gone_tokens_is_outgrown(tmp_path: Path) -> None:
    index = build(tmp_path / "held")
    assert not index.is_outgrown()
    for number in range(1500):
        index.add(b"%016d" % number, [b"value %d of many" % number])
    assert index.is_outgrown()
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.is_outgrown()
    (tmp_path / "held").write_bytes((tmp_path / "held").read_bytes() + b"x")
    index = HeldIndex(tmp_path / "held", SECRETS)
    index.add(b"3" * 16, [])
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.is_outgrown()
    index.clear()
    assert index.find(b"correct horse") == set()
    assert index.lacks(b"blob yaml")


def test_the_file_is_private_and_holds_no_text(tmp_path: Path) -> None:
    build(tmp_path / "held")
    data = (tmp_path / "held").read_bytes()
    for text in VALUES.values():
        assert all(text[at : at + 6] not in data for at in range(len(text) - 5))
    if os.name != "nt":
        assert (tmp_path / "held").stat().st_mode & 0o777 == 0o600


def test_what_is_added_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "held"
    monkeypatch.setattr(module, "_MOST_RECORDS", 4)
    index = build(file)
    first = file.read_bytes()
    for number in range(5):
        index = HeldIndex(file, SECRETS)
        index.add(b"%016d" % number, [b"%d" % number * 8])
        index.add_blob(b"blob %d" % number)
        index.complete_for = b"version %d" % number
        index.save()
        assert file.read_bytes().startswith(first) == (number < 3)
        index.save()
    index = HeldIndex(file, SECRETS)
    assert index.complete_for == b"version 4"
    for number in range(5):
        assert index.find(b"x" + b"%d" % number * 8) == {b"%016d" % number}
        assert not index.lacks_token(b"%016d" % number)
        assert not index.lacks(b"blob %d" % number)
    assert index.find(b"correct horse") == {b"1" * 16}


@pytest.mark.parametrize("size", [-1, 40, 200])
def test_without_its_end_it_is_an_older_index(tmp_path: Path, size: int) -> None:
    file = tmp_path / "held"
    index = build(file)
    first = len(file.read_bytes())
    index.add(b"3" * 16, [b"another value"])
    index.complete_for = b"another version"
    index.save()
    whole = file.read_bytes()
    file.write_bytes(whole[: size if size < 0 else first + size])
    index = HeldIndex(file, SECRETS)
    assert index.complete_for == b""
    assert index.lacks_token(b"3" * 16)
    assert index.find(b"correct horse") == {b"1" * 16}
    index.add(b"4" * 16, [b"yet another value"])
    index.save()
    index = HeldIndex(file, SECRETS)
    assert index.find(b"yet another value, correct horse") == {b"1" * 16, b"4" * 16}


def test_records_of_two_processes_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "held"
    build(file)
    first, second = HeldIndex(file, SECRETS), HeldIndex(file, SECRETS)
    for name, index in ((b"3", first), (b"4", second)):
        index.add(name * 16, [b"another value"])
        index.save()
    assert HeldIndex(file, SECRETS).find(b"another value") == {b"3" * 16}


def test_ids_are_compared_as_a_whole(tmp_path: Path) -> None:
    index = build(tmp_path / "held")
    for _ in range(50):
        assert index.lacks_token(b"1" * 8 + b"2" * 8)
        assert not index.lacks_token(b"1" * 16)
    index.add(b"3" * 16, [])
    assert not index.lacks_token(b"3" * 16)


@pytest.mark.parametrize("at", [0, 40, 100, -1])
def test_a_damaged_file_is_ignored(tmp_path: Path, at: int) -> None:
    build(tmp_path / "held")
    data = bytearray((tmp_path / "held").read_bytes())
    data[at] ^= 1
    (tmp_path / "held").write_bytes(data)
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(b"blob yaml")


@pytest.mark.parametrize("size", [0, 20, 60])
def test_a_short_file_is_ignored(tmp_path: Path, size: int) -> None:
    build(tmp_path / "held")
    os.truncate(tmp_path / "held", size)
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(b"blob yaml")


def test_a_file_of_other_keys_is_ignored(tmp_path: Path) -> None:
    build(tmp_path / "held")
    assert HeldIndex(tmp_path / "held", SECRETS[:1]).lacks(b"blob yaml")


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert build(tmp_path / "file" / "held").find(b"correct horse") == {b"1" * 16}


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
