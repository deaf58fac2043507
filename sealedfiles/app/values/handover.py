"""Run the user's command that gives a new value to its provider, or gets one from there.

The command line is the user's own, and a shell runs it, as with ``SEALEDFILES_KEY_CMD``.  Values reach it on
stdin only: arguments, the environment and files can be read by others.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence

from sealedfiles.app.run.child import Pump, in_foreground
from sealedfiles.app.run.redact import Redactor, texts_to_hide
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.signals import handling

if TYPE_CHECKING:
    from typing import IO

_STDERR = 2
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_PATIENCE = 2.0
"""Seconds to wait for output of processes that outlive the command."""


class Postponed:
    """Signals that should end this process, and wait until a value is in its file."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self.child: subprocess.Popen[bytes] | None = None

    def handle(self, number: int, _frame: object) -> None:
        """Note a signal, and pass it on to the command, which decides what becomes of the value."""
        self.received.append(number)
        # A terminal sends Ctrl-C to both.
        if self.child and not (number == signal.SIGINT and in_foreground()):
            self.child.send_signal(number)


@contextlib.contextmanager
def postponing_signals() -> Iterator[Postponed]:
    """Hold back the signals that end this process until the end of this block; then obey the first one."""
    postponed = Postponed()
    with handling(_ENDING, postponed.handle):
        yield postponed
    for number in postponed.received[:1]:
        signal.raise_signal(number)


def hand_over(
    command: str,
    message: bytes,
    secrets: Sequence[str],
    signals: Postponed,
    keep: Callable[[bytes], None] | None = None,
) -> int:
    """Run *command* with *message* on stdin; return its exit status, negative if a signal ended it.

    With *keep*, all of its stdout is passed to *keep* before the command's end is awaited.  Otherwise its
    stdout is copied to stderr.  In what is copied, *secrets* are masked.  Raises OSError.
    """
    child = subprocess.Popen(  # noqa: S602 - the user gave a command line
        command,
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    signals.child = child
    # A signal that arrived before is not lost: the command must not begin to wait for it.
    for number in signals.received:
        child.send_signal(number)
    hidden = [text.encode("utf-8", "surrogatepass") for text in texts_to_hide(secrets)]
    streams = [child.stderr] if keep else [child.stderr, child.stdout]
    pumps = [Pump(stream, _STDERR, Redactor(hidden)) for stream in streams if stream]
    for pump in pumps:
        pump.start()
    writer = threading.Thread(target=_write, args=(child.stdin, message), daemon=True)
    writer.start()
    try:
        if keep and child.stdout:
            with child.stdout as stdout:
                keep(b"".join(iter(lambda: stdout.read(1 << 16), b"")))
    finally:
        status = child.wait()
        signals.child = None
        for pump in pumps:
            pump.join(_PATIENCE)
    return status


def _write(stream: IO[bytes], message: bytes) -> None:
    """Write *message* to a command that may end without reading it."""
    with contextlib.suppress(OSError), stream:
        rest = memoryview(message)
        while rest:
            rest = rest[stream.write(rest) :]
