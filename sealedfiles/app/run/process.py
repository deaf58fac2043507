"""Running one command in our place: by becoming it, or with its output on the way through here."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

from sealedfiles.app.run.redact import Redactor
from sealedfiles.errors import SealedFilesError
from sealedfiles.sealing.file import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

_CHUNK = 65536
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_KEYS = ("SIGINT", "SIGQUIT", "SIGBREAK")
"""The signals that a terminal sends when the user presses a key, to every process in the foreground."""


class NotExecutableError(SealedFilesError):
    """The command cannot be run.  The exit status is that of env(1) and the shells."""

    exit_code = 126


class CommandNotFoundError(SealedFilesError):
    """There is no such command.  The exit status is that of env(1) and the shells."""

    exit_code = 127


def become(command: tuple[str, ...], environ: Mapping[str, str]) -> int:
    """Replace this process with *command*, so that it gets the terminal, the signals and the exit status.

    If the system cannot do that, the command runs as a child (``run_child``). Raises CommandNotFoundError and
    NotExecutableError.
    """
    if sys.platform == "win32":
        return run_child(command, environ)
    # Python ignores these, and who is ignored stays ignored: `yes | head` would not end.
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
    """Run *command* as a child and return its exit status; where a signal ends it, die of that, too.

    Its stdin is ours.  With *secrets* its stdout and stderr come through here, with a mask in the place of
    each secret.  Raises OSError where what it says cannot be written, and as ``become``.
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
                # Our own descriptors are not inherited, and the ones passed to us are for the command.
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
        return _die_of(-child.returncode)
    for pump in pumps:
        if pump.error and not child.returncode:
            raise pump.error
    return child.returncode


class _Pump(threading.Thread):
    """Copies the output of a child to one of our own streams."""

    def __init__(self, source: IO[bytes], target: int, redactor: Redactor) -> None:
        # Who interrupts us must not wait for a grandchild that has kept the pipe.
        super().__init__(daemon=True)
        self.error: OSError | None = None
        self._source = source
        self._target = target
        self._redactor = redactor

    def run(self) -> None:
        """Carry everything there is.  A child whose reader has gone gets SIGPIPE, as it would itself."""
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
                # Somebody who shares our stdout wants it not to block.
                select.select([], [self._target], [])


@contextlib.contextmanager
def _passing_signals_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass signals on to the child that is attached, and end of none of them."""
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
        # The child ignores the signals that we ignore, as with nohup.
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, pass_on)
    try:
        yield attach
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Return True if signals from the terminal reach this process, and the child with it."""
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


def _die_of(number: int) -> int:
    """End as the child did, so that whoever waits for us sees why; return the status if we live on."""
    if sys.platform != "win32":
        import resource

        # A core would hold the values.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler that could be set
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _cannot_start(name: str, environ: Mapping[str, str], error: OSError) -> SealedFilesError:
    shown = show_path(os.fsencode(name))
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if os.path.dirname(name) and os.path.exists(name):
            what = f"{shown} cannot be run: the program in its first line was not found"
            return CommandNotFoundError(what)
        return CommandNotFoundError(f"the command {shown} was not found")
    if error.errno == errno.E2BIG:
        sizes = {key: len(os.fsencode(value)) for key, value in environ.items()}
        largest = max(sizes, key=lambda key: sizes[key], default="")
        return NotExecutableError(
            f"{shown} cannot be run: its arguments and variables exceed the limit of the system",
            f"the largest variable is {largest}, with {sizes.get(largest, 0)} bytes",
            "select the values that it needs: --only PATTERN",
        )
    reason = (error.strerror or "unknown why").lower()
    return NotExecutableError(f"{shown} cannot be run: {reason}")
