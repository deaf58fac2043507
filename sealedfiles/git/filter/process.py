"""The long-running filter process (gitattributes(5), "Long Running Filter Process").

git starts one process per command and sends it one file after the other.  Until the first file arrives, no
other module of sealedfiles is loaded, because many git commands start a filter without sending a file.
"""

from __future__ import annotations

import sys

from sealedfiles.git.filter import pktline
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from sealedfiles.git.filter.clean_smudge import Filter

CLEAN = b"clean"
SMUDGE = b"smudge"


def filter_process() -> int:
    """Answer git's requests on stdin and stdout until it closes the pipe; return the exit status."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    # Nothing else may be printed to stdout, which carries the protocol.
    sys.stdout = sys.stderr
    try:
        serve(stdin, stdout, _start_filter)
    except KeyboardInterrupt:
        return 130
    except (pktline.ProtocolError, BrokenPipeError) as error:
        fail(f"git filter-process can be started by git only ({error})")
        return 2
    return 0


def serve(stdin: BinaryIO, stdout: BinaryIO, start: Callable[[], Filter]) -> None:
    """Perform the handshake, then answer every command until the end of *stdin*."""
    _shake_hands(stdin, stdout)
    running: Filter | None = None
    while True:
        try:
            head = dict(line.partition(b"=")[::2] for line in pktline.read_lines(stdin))
        except EOFError:
            break
        content = pktline.read_content(stdin)
        if running is None:
            running = start()
        answer = _answer(running, head, content)
        if answer is None:
            stdout.write(pktline.text_packets(b"status=error"))
        else:
            stdout.write(
                pktline.text_packets(b"status=success")
                + pktline.content_packets(answer)
                + pktline.FLUSH
            )
        stdout.flush()
    if running:
        running.close()


def _shake_hands(stdin: BinaryIO, stdout: BinaryIO) -> None:
    try:
        hello = pktline.read_lines(stdin)
        if hello[:1] != [b"git-filter-client"] or b"version=2" not in hello:
            raise pktline.ProtocolError("git does not support version 2 of the filter protocol")
        stdout.write(pktline.text_packets(b"git-filter-server", b"version=2"))
        stdout.flush()
        pktline.read_lines(stdin)
        stdout.write(pktline.text_packets(b"capability=" + CLEAN, b"capability=" + SMUDGE))
        stdout.flush()
    except EOFError:
        raise pktline.ProtocolError("the pipe was closed") from None


def _answer(running: Filter, head: dict[bytes, bytes], content: bytes) -> bytes | None:
    """Return the filtered *content*, or None if the filter failed."""
    command = head.get(b"command")
    path = head.get(b"pathname", b"")
    if command == CLEAN:
        return running.clean_or_refuse(path, content)
    if command == SMUDGE:
        treeish = head.get(b"treeish", b"").decode("ascii", "replace")
        blob = head.get(b"blob", b"").decode("ascii", "replace")
        return running.smudge(path, content, treeish, blob)
    return None


def _start_filter() -> Filter:
    import gc

    if TYPE_CHECKING:
        import signal
    else:
        import _signal as signal  # see git/child.py

    # An interrupt is sent to the whole process group: git handles it and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from sealedfiles.git.filter.clean_smudge import Filter

    # Parsing a document creates tens of thousands of small objects that live until the file is done;
    # garbage collection among them would double the time.
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    return Filter.here()
