from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.age.errors import HeaderError, PayloadError
from sealedfiles.age.stream import decrypt_payload, encrypt_payload

from .kit import FILE_KEY

CHUNK = 64 << 10


def decrypt(payload: bytes) -> bytes:
    return b"".join(decrypt_payload(FILE_KEY, payload))


@pytest.mark.parametrize(
    ("size", "chunks"),
    [(0, 1), (1, 1), (CHUNK - 1, 1), (CHUNK, 1), (CHUNK + 1, 2), (2 * CHUNK, 2), (300_000, 5)],
)
def test_a_payload_of_any_number_of_chunks_comes_back(size: int, chunks: int) -> None:
    plaintext = bytes(i & 0xFF for i in range(size))
    payload = encrypt_payload(FILE_KEY, plaintext)
    assert len(payload) == 16 + size + 16 * chunks
    assert decrypt(payload) == plaintext


def test_two_payloads_with_one_file_key_have_nothing_in_common() -> None:
    first, second = (encrypt_payload(FILE_KEY, bytes(100)) for _ in range(2))
    assert first[:16] != second[:16]
    assert first[16:] != second[16:]


@pytest.mark.parametrize("size", range(16))
def test_a_file_that_ends_before_its_nonce_has_a_bad_header(size: int) -> None:
    with pytest.raises(HeaderError):
        decrypt(bytes(size))


def test_a_payload_without_chunks_is_refused() -> None:
    with pytest.raises(PayloadError):
        decrypt(encrypt_payload(FILE_KEY, b"")[:16])


@given(plaintext=st.binary(max_size=40), place=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_can_be_changed(plaintext: bytes, place: int, bit: int) -> None:
    payload = bytearray(encrypt_payload(FILE_KEY, plaintext))
    payload[place % len(payload)] ^= 1 << bit
    with pytest.raises(PayloadError):
        decrypt(bytes(payload))


def _chunks(size: int) -> tuple[bytes, list[bytes]]:
    payload = encrypt_payload(FILE_KEY, bytes(size))
    sealed = CHUNK + 16
    return payload[:16], [payload[at : at + sealed] for at in range(16, len(payload), sealed)]


@pytest.mark.parametrize("last", [100, CHUNK], ids=["short last chunk", "full last chunk"])
def test_chunks_cannot_be_dropped_added_or_moved(last: int) -> None:
    nonce, (first, second, third) = _chunks(2 * CHUNK + last)
    assert decrypt(nonce + first + second + third) == bytes(2 * CHUNK + last)
    for chunks in (
        (first,),
        (first, second),
        (first, third),
        (second, first, third),
        (first, second, third, third),
        (first, second, third, b"\0"),
        (first, second, third[:-1]),
        (third,),
        (first, first, third),
    ):
        with pytest.raises(PayloadError):
            decrypt(nonce + b"".join(chunks))
