"""Run a command as a child, whose output can be redacted.

A separate module because `run` usually replaces this process, and starts faster without `subprocess`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from sealedfiles.app.run.process import cannot_start
from sealedfiles.app.run.redact import Redactor
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.signals import handling

if TYPE_CHECKING:
    from typing import IO

_CHUNK = 65536
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_KEYS = ("SIGINT", "SIGQUIT", "SIGBREAK")
"""The signals that a terminal sends to every foreground process when the user presses a key."""


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    secrets: Sequence[bytes] | None = None,
    at_end: Callable[[], None] | None = None,
) -> int:
    """Run *command* as a child and return its exit status; if a signal kills it, re-raise that signal.

    The child inherits stdin.  With *secrets*, its stdout and stderr are copied with every secret masked.
    *at_end* is called when it has ended, before a signal can end this process.
    Raises OSError if the output cannot be written, CommandNotFoundError and NotExecutableError.
    """
    pipe = None if secrets is None else subprocess.PIPE
    with _passing_signals_on() as attach:
        try:
            child = subprocess.Popen(
                command,
                env=environ,
                stdout=pipe,
                stderr=pipe,
                bufsize=0,
                # Python's own descriptors are not inheritable; inherited ones are meant for the command.
                close_fds=False,
            )
        except OSError as error:
            raise cannot_start(command[0], environ, error) from None
        attach(child)
        pumps = [
            Pump(stream, target, Redactor(secrets or ()))
            for stream, target in ((child.stdout, 1), (child.stderr, 2))
            if stream
        ]
        for pump in pumps:
            pump.start()
        child.wait()
        if at_end:
            at_end()
    for pump in pumps:
        pump.join()
    if child.returncode < 0:
        return _kill_self(-child.returncode)
    for pump in pumps:
        if pump.error and not child.returncode:
            raise pump.error
    return child.returncode


class Pump(threading.Thread):
    """Copies the redacted output of a child to a file descriptor of this process."""

    def __init__(self, source: IO[bytes], target: int, redactor: Redactor) -> None:
        # On interrupt, do not wait for a grandchild that still holds the pipe.
        super().__init__(daemon=True)
        self.error: OSError | None = None
        self._source = source
        self._target = target
        self._redactor = redactor

    def run(self) -> None:
        """Copy until the end.  If the target is closed, close the pipe, so that the child gets SIGPIPE."""
        try:
            with self._source:
                while data := self._source.read(_CHUNK):
                    self._write(self._redactor.feed(data))
            self._write(self._redactor.close())
        except OSError as error:
            self.error = error

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._target, rest) :]
            except BlockingIOError:
                # Another process has set the shared stdout to non-blocking mode.
                select.select([], [self._target], [])


@contextlib.contextmanager
def _passing_signals_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Forward signals to the attached child instead of ending because of them."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def attach(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            send(number)

    def pass_on(number: int, _frame: object) -> None:
        if children:
            send(number)
        else:
            early.append(number)

    def send(number: int) -> None:
        # The terminal sends it to both, also while Popen has not returned.
        if signal.Signals(number).name not in _FROM_KEYS or not in_foreground():
            children[0].send_signal(number)

    with handling(_PASSED_ON, pass_on):
        yield attach


def in_foreground() -> bool:
    """Return True if signals from the terminal reach this process and its child."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _kill_self(number: int) -> int:
    """End this process with the signal that killed the child; return an exit status if it survives."""
    if sys.platform != "win32":
        import resource

        # A core dump would contain the values.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):  # the handler of SIGKILL cannot be set
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number
