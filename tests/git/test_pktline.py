"""git's pkt-line format."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.git.filter.pktline import (
    FLUSH,
    MAX_PAYLOAD,
    ProtocolError,
    content_packets,
    packet,
    read_content,
    read_lines,
    read_packet,
    text_packets,
)


@given(st.binary(max_size=300))
def test_content_comes_back(data: bytes) -> None:
    assert read_content(io.BytesIO(content_packets(data))) == data


@pytest.mark.parametrize("size", [0, 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 3 * MAX_PAYLOAD])
def test_content_of_any_size_comes_back_in_packets_that_git_takes(size: int) -> None:
    packets = content_packets(b"x" * size)
    stream = io.BytesIO(packets)
    while (payload := read_packet(stream)) is not None:
        assert 0 < len(payload) <= MAX_PAYLOAD
    assert read_content(io.BytesIO(packets)) == b"x" * size


def test_lines_lose_their_ends_only() -> None:
    assert text_packets(b"a=b", b"c=") == b"0008a=b\n0007c=\n" + FLUSH
    assert read_lines(io.BytesIO(text_packets(b"a=b", b"c="))) == [b"a=b", b"c="]
    assert read_lines(io.BytesIO(packet(b"no end") + FLUSH)) == [b"no end"]


def test_the_end_of_the_stream_is_an_error() -> None:
    with pytest.raises(EOFError):
        read_packet(io.BytesIO(b""))


@pytest.mark.parametrize("data", [b"zzzz", b"0010short", b"00", b"-001"])
def test_an_invalid_packet_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_packet(io.BytesIO(data))
