"""Run a command, either by replacing this process or as a child whose output can be redacted."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import threading

from sealedfiles.app.run.redact import Redactor
from sealedfiles.errors import SealedFilesError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType
    from typing import IO

_CHUNK = 65536
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_KEYS = ("SIGINT", "SIGQUIT", "SIGBREAK")
"""The signals that a terminal sends to every foreground process when the user presses a key."""


class NotExecutableError(SealedFilesError):
    """The command cannot be run.  The exit status is the same as in env(1) and shells."""

    exit_code = 126


class CommandNotFoundError(SealedFilesError):
    """The command was not found.  The exit status is the same as in env(1) and shells."""

    exit_code = 127


def become(command: tuple[str, ...], environ: Mapping[str, str]) -> int:
    """Replace this process with *command*, which so gets the terminal and signals, and sets the exit status.

    On Windows, which cannot do that, run it as a child (``run_child``).  Raises CommandNotFoundError and
    NotExecutableError.
    """
    if sys.platform == "win32":
        return run_child(command, environ)
    # Python ignores these signals, and exec preserves that: `yes | head` would not end.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environ)  # noqa: S606 - there must be no shell
    except OSError as error:
        raise _cannot_start(command[0], environ, error) from None


def run_child(
    command: Sequence[str], environ: Mapping[str, str], secrets: Sequence[bytes] | None = None
) -> int:
    """Run *command* as a child and return its exit status; if a signal kills it, re-raise that signal.

    The child inherits stdin.  With *secrets*, its stdout and stderr are copied with every secret masked.
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
            raise _cannot_start(command[0], environ, error) from None
        attach(child)
        pumps = [
            _Pump(stream, target, Redactor(secrets or ()))
            for stream, target in ((child.stdout, 1), (child.stderr, 2))
            if stream
        ]
        for pump in pumps:
            pump.start()
        child.wait()
    for pump in pumps:
        pump.join()
    if child.returncode < 0:
        return _kill_self(-child.returncode)
    for pump in pumps:
        if pump.error and not child.returncode:
            raise pump.error
    return child.returncode


class _Pump(threading.Thread):
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
            child.send_signal(number)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not children:
            early.append(number)
        elif signal.Signals(number).name not in _FROM_KEYS or not _in_foreground():
            children[0].send_signal(number)

    before = {}
    for number in [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]:
        # Keep ignored signals ignored, also in the child, as with nohup.
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, pass_on)
    try:
        yield attach
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
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


def _cannot_start(name: str, environ: Mapping[str, str], error: OSError) -> SealedFilesError:
    shown = show_path(os.fsencode(name))
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if os.path.dirname(name) and os.path.exists(name):
            what = f"{shown} cannot be run: the interpreter in its first line was not found"
            return CommandNotFoundError(what)
        return CommandNotFoundError(f"the command {shown} was not found")
    if error.errno == errno.E2BIG:
        sizes = {key: len(os.fsencode(value)) for key, value in environ.items()}
        largest = max(sizes, key=lambda key: sizes[key], default="")
        return NotExecutableError(
            f"{shown} cannot be run: its arguments and variables exceed the system's limit",
            f"the largest variable is {largest}, with {sizes.get(largest, 0)} bytes",
            "select only the values that it needs: --only PATTERN",
        )
    reason = (error.strerror or "unknown error").lower()
    return NotExecutableError(f"{shown} cannot be run: {reason}")
