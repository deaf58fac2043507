"""Runs sealedfiles in processes that are forked and not started: many times as fast.

    python -I forkserver.py SOCKET LAUNCHER

Starting Python and importing the package takes a tenth of a second, and the tests do it tens of thousands of
times.  This server has imported the package.  For every request it forks a process that has the streams,
environment, folder and arguments of whoever asks, runs the command line and ends: a process of its own, with
nothing in its memory that an earlier command left there.

LAUNCHER is a program that behaves like ``sealedfiles``: launcher.c on Linux if there is a C compiler, since git
starts it thousands of times and Python needs 8 ms to start, and else a script in Python.  It hands what git starts (the filter, the merge driver,
textconv, the hooks) to the server, and starts the real program for everything else.  Tests of signals, terminals and
start-up use it, too, and so start the real program.  SEALEDFILES_TEST_REAL=1 starts it always.
"""

from __future__ import annotations

import array
import contextlib
import gc
import io
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable

LAUNCHER = """\
#!{python} -IS
import _socket, posix, sys
if sys.argv[1:2] != ["git"] and sys.argv[1:3] != ["hook", "run"]:
    start = "import sys; del sys.path[0]; sys.argv[0] = %r; "
    start += "from sealedfiles.__main__ import main; sys.exit(main())"
    # Not posix.environ: starting Python may have added LC_CTYPE to it.
    given = open("/proc/self/environ", "rb").read().split(b"\\0")[:-1]
    given = dict(one.split(b"=", 1) for one in given)
    posix.execve({python!r}, [{python!r}, "-c", start % sys.argv[0], *sys.argv[1:]], given)
mask = posix.umask(0)
posix.umask(mask)
variables = [name + b"=" + value for name, value in posix.environ.items()]
arguments = [one.encode("utf-8", "surrogateescape") for one in sys.argv[1:]]
count = b"%d" % len(arguments)
parts = [b"%d" % mask, b"%d" % posix.getppid(), posix.getcwdb(), count, *arguments, *variables]
request = b"\\0".join(parts)
asked = _socket.socket(_socket.AF_UNIX)
asked.connect({socket!r})
rights = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
asked.sendmsg([len(request).to_bytes(4, "little")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
asked.sendall(request)
for number in range(3):
    posix.close(number)
posix._exit(int(asked.recv(16) or b"70"))
"""
"""No other modules: importing json or socket takes longer than the rest of it."""


def compile_launcher(path: str, socket_path: str) -> bool:
    """Compile launcher.c; return False if that is not possible here."""
    import json
    import shutil
    import subprocess

    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return False
    source = os.path.join(os.path.dirname(__file__), "launcher.c")
    constants = {"SOCKET": socket_path, "PYTHON": sys.executable}
    defined = [f"-D{name}={json.dumps(value)}" for name, value in constants.items()]
    command = [compiler, *defined, "-o", path, source]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def write_launcher(path: str, socket_path: str) -> None:
    """Write LAUNCHER."""
    with open(path, "w", encoding="utf-8") as script:
        script.write(LAUNCHER.format(python=sys.executable, socket=socket_path))
    os.chmod(path, 0o755)


DIES_BEFORE = "SEALEDFILES_TEST_DIES_BEFORE"
"""The variable with a number n: the process kills itself before it changes its n-th file, or starts its n-th process."""


class Client:
    """A server, and what talks to it from a test."""

    def __init__(self, folder: str) -> None:
        import subprocess

        self.launcher = os.path.join(folder, "sealedfiles")
        self._socket = os.path.join(folder, "socket")
        if not compile_launcher(self.launcher, self._socket):
            write_launcher(self.launcher, self._socket)
        command = [sys.executable, "-I", __file__, self._socket, self.launcher]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        self._server.stdout.readline()  # it listens

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.wait()

    def run(
        self, arguments: list[str], cwd: str, environ: dict[str, str], answers: bytes
    ) -> tuple[int, bytes, bytes]:
        """Run the command line; return its exit status, negative for a signal, stdout and stderr."""
        import threading

        mask = os.umask(0)
        os.umask(mask)
        variables = [f"{name}={value}" for name, value in environ.items()]
        parts = [str(mask), str(os.getpid()), cwd, str(len(arguments)), *arguments, *variables]
        data = b"\0".join(map(os.fsencode, parts))
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
        outputs: list[bytes] = [b"", b""]

        def read(at: int) -> None:
            with open(ours[at + 1], "rb") as stream:
                outputs[at] = stream.read()

        readers = [threading.Thread(target=read, args=(at,), daemon=True) for at in (0, 1)]
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(120)
            asked.connect(self._socket)
            rights = array.array("i", theirs)
            asked.sendmsg(
                [struct.pack("<I", len(data))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
            )
            asked.sendall(data)
            for number in theirs:
                os.close(number)
            for reader in readers:
                reader.start()
            with contextlib.suppress(BrokenPipeError), open(ours[0], "wb") as stream:
                stream.write(answers)
            status = int(asked.recv(16) or b"70")
            for reader in readers:
                reader.join(120)
        return status, outputs[0], outputs[1]


def serve(path: str) -> None:
    """Answer requests until stdin ends, which is when the tests do."""
    from sealedfiles.__main__ import main

    _import_everything()
    _fill_caches()
    gc.collect()
    gc.freeze()  # what is not moved about is shared with the processes that are forked
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # one that ended wakes us
    print("listening", flush=True)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([listening.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _answer_ended(running)
        if listening.fileno() in ready:
            connection, _ = listening.accept()
            child = os.fork()
            if child == 0:
                try:
                    _answer(connection, main)
                finally:
                    os._exit(70)  # whoever asked is gone
            running[child] = connection


def _answer_ended(running: dict[int, socket.socket]) -> None:
    """Send the exit statuses of the processes that have ended, negative for a signal."""
    while running:
        child, ended = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with running.pop(child) as connection, contextlib.suppress(OSError):
            connection.sendall(str(os.waitstatus_to_exitcode(ended)).encode())


def _answer(connection: socket.socket, main: Callable[[], int]) -> None:
    """Run the command line that *connection* asks for, and end."""
    size, rights, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(12))
    streams = list(struct.unpack("iii", rights[0][2]))
    data = connection.recv(struct.unpack("<I", size)[0], socket.MSG_WAITALL)
    mask, parent, cwd, count, *rest = map(os.fsdecode, data.split(b"\0"))
    argv = [sys.argv[2], *rest[: int(count)]]
    environ = dict(variable.split("=", 1) for variable in rest[int(count) :])
    dies_before = environ.pop(DIES_BEFORE, "")
    os.umask(int(mask))
    # The filter reads the command line of the git above it.
    os.getppid = lambda: int(parent)
    _become(streams, argv, cwd, environ)
    if dies_before:
        _die_before(int(dies_before))
    status = 70
    try:
        status = main()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - what Python does at the end of a program
        import traceback

        traceback.print_exc()
        status = 1
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    os._exit(status)


def _die_before(number: int) -> None:
    changes = ("os.rename", "os.remove", "subprocess.Popen", "os.posix_spawn")
    writing = os.O_WRONLY | os.O_RDWR
    met = 0

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal met
        writes = event == "open" and isinstance(args[0], str) and int(str(args[2])) & writing
        if writes or event in changes:
            met += 1
            if met == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _become(streams: list[int], argv: list[str], cwd: str, environ: dict[str, str]) -> None:
    """Make this process what ``exec`` would have made."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 64)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.argv = argv
    sys.stdin = sys.__stdin__ = _text(0, "rb", "surrogateescape")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _text(1, "wb", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "wb", "backslashreplace")  # type: ignore[misc]


def _text(number: int, mode: str, errors: str) -> io.TextIOWrapper:
    raw = os.fdopen(number, mode, closefd=False)
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2)


_LATE = (
    "bcrypt",
    "click",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.mlkem",
    "cryptography.hazmat.primitives.asymmetric.padding",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.asymmetric.x25519",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.hpke",
    "cryptography.hazmat.primitives.serialization",
    "difflib",
    "hmac",
    "importlib_metadata",
    "jaraco.classes.properties",
    "logging",
    "more_itertools",
    "ruamel.yaml",
    "textwrap",
    "traceback",
    "yaml",
)
"""What commands import only when they need it.  Not keyring, which looks at the environment as it is imported."""


def _import_everything() -> None:
    import importlib
    import pkgutil

    import sealedfiles

    for module in pkgutil.walk_packages(sealedfiles.__path__, "sealedfiles."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _fill_caches() -> None:
    """Run a command that only prints, for what every command caches, such as the answers of ABCs."""
    from sealedfiles.cli import run_command_line

    with contextlib.redirect_stdout(io.StringIO()):
        run_command_line(["--version"])


if __name__ == "__main__":
    serve(sys.argv[1])
