"""git's pkt-line format (gitprotocol-common(5)): 4 hex digits of length, then the payload."""

from __future__ import annotations

from sealedfiles.light_typing import BinaryIO

MAX_PAYLOAD = 65516
FLUSH = b"0000"


class ProtocolError(Exception):
    """The input violates the protocol, so no answer is possible."""


def read_packet(stream: BinaryIO) -> bytes | None:
    """Return the payload of the next packet, or None for a flush packet.

    Raises EOFError at the end of the stream, and ProtocolError if the input is not a valid packet.
    """
    head = stream.read(4)
    if not head:
        raise EOFError
    try:
        length = int(head, 16)
    except ValueError:
        raise ProtocolError("invalid packet length") from None
    if length == 0 and len(head) == 4:
        return None
    if length < 4:
        raise ProtocolError("invalid packet length")
    payload = stream.read(length - 4) if length > 4 else b""
    if len(payload) != length - 4:
        raise ProtocolError("a packet is truncated")
    return payload


def read_lines(stream: BinaryIO) -> list[bytes]:
    """Return the text packets up to the next flush packet, without line endings."""
    lines = []
    while (packet := read_packet(stream)) is not None:
        lines.append(packet.removesuffix(b"\n"))
    return lines


def read_content(stream: BinaryIO) -> bytes:
    """Return the binary packets up to the next flush packet, joined."""
    parts = []
    while (packet := read_packet(stream)) is not None:
        parts.append(packet)
    return b"".join(parts)


def packet(payload: bytes) -> bytes:
    """Return one packet with *payload*, which must be at most MAX_PAYLOAD bytes long."""
    return b"%04x%b" % (len(payload) + 4, payload)


def text_packets(*lines: bytes) -> bytes:
    """Return a text packet for each of *lines*, followed by a flush packet."""
    return b"".join(packet(line + b"\n") for line in lines) + FLUSH


def content_packets(data: bytes) -> bytes:
    """Return *data* as binary packets, followed by a flush packet."""
    starts = range(0, len(data), MAX_PAYLOAD)
    return b"".join(packet(data[start : start + MAX_PAYLOAD]) for start in starts) + FLUSH
