"""Git's side of the long-running filter protocol, so that a filter can be timed without git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from passthrough import content_packets, packets, read_packets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Request(NamedTuple):
    """One blob for the filter, with what git says about it (``command=clean``, ``pathname=…``)."""

    lines: tuple[str, ...]
    content: bytes


def converse(
    command: Sequence[str], requests: Sequence[Request], cwd: Path, env: Mapping[str, str]
) -> list[bytes]:
    """Start *command*, shake hands, send *requests*, close, wait; return the filtered contents.

    Raises RuntimeError where the filter refuses a request or ends with an error.
    """
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd, env=env
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def send(data: bytes) -> None:
            stdin.write(data)
            stdin.flush()

        def receive() -> list[bytes]:
            answer = read_packets(stdout)
            if answer is None:
                raise RuntimeError(f"{command[0]} closed the pipe")
            return answer

        send(packets(b"git-filter-client\n", b"version=2\n"))
        receive()
        send(packets(b"capability=clean\n", b"capability=smudge\n"))
        receive()
        results = []
        for request in requests:
            send(packets(*(f"{line}\n".encode() for line in request.lines)))
            send(content_packets(request.content))
            status = receive()
            if status != [b"status=success\n"]:
                raise RuntimeError(f"{' '.join(request.lines)}: {status}")
            results.append(b"".join(receive()))
            receive()
        stdin.close()
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return results
