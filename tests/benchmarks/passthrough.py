"""The least that a long-running git filter in Python can be: every blob comes back as it went in.

It is what the product is compared with (protocol: gitattributes(5), "Long Running Filter Process"),
and the home of the pkt-line functions that the benchmark's own client uses.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # not from typing: its import would be a third of this program's start
if TYPE_CHECKING:
    from typing import IO

MAX_PAYLOAD = 65516


def read_packets(stream: IO[bytes]) -> list[bytes] | None:
    """Return the payloads up to the next flush packet, or None at the end of the stream."""
    payloads: list[bytes] = []
    while True:
        header = stream.read(4)
        if not header:
            return None
        length = int(header, 16)
        if length == 0:
            return payloads
        payloads.append(stream.read(length - 4))


def packets(*payloads: bytes) -> bytes:
    """Return *payloads* as packets with a flush packet behind them."""
    return b"".join(b"%04x%b" % (len(payload) + 4, payload) for payload in payloads) + b"0000"


def content_packets(content: bytes) -> bytes:
    """Return *content* cut into packets of the greatest size, with a flush packet behind them."""
    cuts = range(0, len(content), MAX_PAYLOAD)
    return packets(*(content[cut : cut + MAX_PAYLOAD] for cut in cuts))


def main() -> None:
    """Answer git until it closes the pipe."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    read_packets(source)
    sink.write(packets(b"git-filter-server\n", b"version=2\n"))
    sink.flush()
    read_packets(source)
    sink.write(packets(b"capability=clean\n", b"capability=smudge\n"))
    sink.flush()
    while read_packets(source) is not None:
        content = read_packets(source) or []
        sink.write(packets(b"status=success\n") + packets(*content) + packets())
        sink.flush()


if __name__ == "__main__":
    main()
