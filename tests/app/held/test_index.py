"""The index of held values: it finds the same as a search, contains no text, and is rebuilt if it does not
match."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.held.index import START, HeldIndex, content_id, number_of, token_id
from sealedfiles.app.held.matcher import content_of
from sealedfiles.app.held.table import ANY

SECRETS = [b"a" * 32, b"b" * 32]
BLOB, OTHER = b"b10b" * 10 + b" yaml", b"1234" * 10 + b" yaml"
FILE_ID = b"AbCd_-09"
VALUES = {b"1" * 16: b"correct horse", b"2" * 16: b"battery staple"}


def numbers(*names: bytes) -> set[int]:
    return set(map(number_of, names))


def build(path: Path) -> HeldIndex:
    index = HeldIndex(path, SECRETS)
    for name, text in VALUES.items():
        index.add(name, FILE_ID, [text])
    index.add_blob(BLOB, [FILE_ID])
    index.save()
    return index


def test_it_finds_the_tokens_that_may_be_in_a_text(tmp_path: Path) -> None:
    build(tmp_path / "held")
    index = HeldIndex(tmp_path / "held", reversed(SECRETS))
    assert index.find(b"x" * 5 + b"correct horse" + b"y" * 7) == numbers(b"1" * 16)
    assert index.find(b"battery staple, correct horse") == numbers(*VALUES)
    assert index.find(b"xy staple") == numbers(b"2" * 16), "only the end of a value counts"
    assert index.find(b"nothing of it") == set()
    assert not index.lacks(BLOB)
    assert index.lacks(BLOB[:-4] + b"json")
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
    index.add(b"3" * 16, FILE_ID, [b"another value"])
    index.add_blob(OTHER, [FILE_ID])
    assert not index.lacks_token(b"3" * 16)
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.find(b"another value and correct horse") == numbers(b"1" * 16, b"3" * 16)
    assert not index.lacks(BLOB)
    assert not index.lacks(OTHER)


# Names of tokens, blobs and files of which some are in others, or the same.
NAMES = st.sampled_from([bytes([97 + number]) * 40 for number in range(5)])


@given(
    st.dictionaries(NAMES, NAMES),
    st.lists(st.tuples(NAMES, st.sets(NAMES))),
    st.lists(NAMES, max_size=3),
)
def test_the_blobs_that_may_have_a_token(
    tokens: dict[bytes, bytes], blobs: list[tuple[bytes, set[bytes]]], asked: list[bytes]
) -> None:
    """They are those with the token's file id, however many versions of a file there were."""
    index = HeldIndex(Path("absent"), SECRETS)
    for name, file_id in tokens.items():
        index.add(name, file_id, [b"correct horse"])
    for blob, file_ids in blobs:
        index.add_blob(blob + b" yaml", file_ids)
    wanted = {tokens[name] for name in asked if name in tokens}
    expected = {blob[:START] for blob, file_ids in blobs if file_ids & wanted}
    assert index.places([number_of(name) for name in asked]) == expected


def test_the_blob_of_a_content(tmp_path: Path) -> None:
    index = HeldIndex(tmp_path / "held", SECRETS)
    name = content_id(BLOB)
    index.add_content(name, b"correct horse")
    index.add_blob(BLOB, [name])
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.places(index.find(b"correct horse")) == {BLOB[:START]}


def test_the_blobs_of_any_token(tmp_path: Path) -> None:
    assert build(tmp_path / "held").places({ANY}) is None


@pytest.mark.parametrize("at", [0, 100, -12 * 12])
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
        assert index.lacks(BLOB)
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(BLOB)


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
    index.add_blob(OTHER, [FILE_ID])
    index.save()
    assert HeldIndex(tmp_path / "held", SECRETS).complete_for == b"a version"
    assert HeldIndex(tmp_path / "held", SECRETS[:1]).complete_for == b""
    index.clear()
    assert index.complete_for == b""


def test_one_of_gone_tokens_is_outgrown(tmp_path: Path) -> None:
    index = build(tmp_path / "held")
    assert not index.is_outgrown()
    for number in range(1500):
        index.add(b"%016d" % number, FILE_ID, [b"value %d of many" % number])
    assert index.is_outgrown()
    index.save()
    index = HeldIndex(tmp_path / "held", SECRETS)
    assert index.is_outgrown()
    index.clear()
    assert not index.is_outgrown()
    assert index.find(b"correct horse") == set()
    assert index.lacks(BLOB)


def test_the_file_is_private_and_holds_no_text(tmp_path: Path) -> None:
    build(tmp_path / "held")
    data = (tmp_path / "held").read_bytes()
    for text in VALUES.values():
        assert all(text[at : at + 6] not in data for at in range(len(text) - 5))
    if os.name != "nt":
        assert (tmp_path / "held").stat().st_mode & 0o777 == 0o600


def test_a_file_of_other_keys_is_ignored(tmp_path: Path) -> None:
    build(tmp_path / "held")
    assert HeldIndex(tmp_path / "held", SECRETS[:1]).lacks(BLOB)


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
    assert HeldIndex(tmp_path / "held", SECRETS).lacks(BLOB)
