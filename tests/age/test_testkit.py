"""The vectors that every implementation of age shares (C2SP/CCTV, ``age/testdata``)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from sealedfiles import age
from sealedfiles.age.armor import dearmor, enarmor
from sealedfiles.age.file import open_header
from sealedfiles.age.header import encode_header, parse_header
from sealedfiles.age.stream import decrypt_payload

from .kit import FAILURES, Vector, vectors
from .programs import missing

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = vectors()


def each_vector(condition: Callable[[Vector], object]) -> pytest.MarkDecorator:
    chosen = [vector for vector in VECTORS if condition(vector)]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.name)


def test_there_are_vectors_of_every_outcome() -> None:
    if not VECTORS:
        missing("the folder of age's test vectors (name it by AGE_TESTKIT)")
    assert {vector["expect"] for vector in VECTORS} == {"success", *FAILURES}


@each_vector(lambda vector: vector["expect"] == "success")
def test_a_good_file_opens(vector: Vector) -> None:
    plaintext = age.decrypt(vector.data, vector.identities)
    assert sha256(plaintext).hexdigest() == vector["payload"]


@each_vector(lambda vector: vector["expect"] != "success")
def test_a_bad_file_fails_as_it_should(vector: Vector) -> None:
    with pytest.raises(age.AgeError) as failure:
        age.decrypt(vector.data, vector.identities)
    assert type(failure.value) is FAILURES[vector["expect"]]


@each_vector(lambda vector: vector["expect"] == "payload failure")
def test_what_precedes_a_damage_is_all_that_streams(vector: Vector) -> None:
    file_key, payload = open_header(vector.data, vector.identities)
    streamed = sha256()

    def stream() -> None:
        for chunk in decrypt_payload(file_key, payload):
            streamed.update(chunk)

    with pytest.raises(age.PayloadError):
        stream()
    assert streamed.hexdigest() == vector["payload"]


@each_vector(lambda vector: vector["expect"] in ("success", "payload failure", "no match"))
def test_a_header_is_written_as_it_was_read(vector: Vector) -> None:
    data = dearmor(vector.data) if vector["armored"] else vector.data
    header = parse_header(data)
    written = encode_header(header.stanzas, bytes.fromhex(vector["file key"]))
    assert written == data[: header.size]


@each_vector(lambda vector: vector["armored"] and vector["expect"] in ("success", "no match"))
def test_armor_is_written_as_it_was_read(vector: Vector) -> None:
    normalized = vector.data.strip().replace(b"\r\n", b"\n") + b"\n"
    assert enarmor(dearmor(vector.data)) == normalized
