"""The real programs that the tests compare with, and the toy plugin."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT = 60
_REQUIRED = os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1"


def missing(what: str) -> NoReturn:
    """Skip the test for the want of *what*; fail where everything has to be there."""
    if _REQUIRED:
        pytest.fail(f"{what} is missing, and SEALEDFILES_REQUIRE_REAL_PARTS is 1")
    pytest.skip(f"{what} is missing")


def program(name: str) -> str:
    """Return the path of a program, or skip the test."""
    return shutil.which(name) or missing(name)


@dataclass(frozen=True)
class Age:
    """One ``age`` program."""

    path: str
    version: tuple[int, ...]

    def run(self, *args: str | Path, stdin: bytes = b"") -> bytes:
        """Run it and return its stdout."""
        done = subprocess.run(
            [self.path, *args], input=stdin, capture_output=True, timeout=TIMEOUT, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def keygen(self, *args: str) -> str:
        """Return the identities file that the ``age-keygen`` beside it makes."""
        path = Path(self.path).with_name("age-keygen")
        done = subprocess.run(
            [path, *args], capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
        return done.stdout


@cache
def ages() -> tuple[Age, ...]:
    """Return the program that ``AGE`` names and the one on PATH, newest first."""
    paths = dict.fromkeys(filter(None, (os.environ.get("AGE"), shutil.which("age"))))
    found = []
    for path in paths:
        output = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        numbers = re.search(r"\d+(\.\d+)+", output.stdout)
        version = tuple(map(int, numbers[0].split("."))) if numbers else (1,)
        found.append(Age(path, version))
    return tuple(sorted(found, key=lambda age: age.version, reverse=True))


def age_since(version: tuple[int, ...]) -> Age:
    """Return an ``age`` of this version or a newer one, or skip the test."""
    for age in ages():
        if age.version >= version:
            return age
    return missing(f"age {'.'.join(map(str, version))} (on PATH, or named by AGE)")


def ssh_keygen(folder: Path, *args: str, passphrase: str = "") -> tuple[str, str]:
    """Return a new SSH key: the text of its private and of its public file."""
    path = folder / "id"
    subprocess.run(
        [program("ssh-keygen"), "-q", "-N", passphrase, "-C", "alice@host", "-f", path, *args],
        check=True,
        timeout=TIMEOUT,
    )
    return path.read_text(), path.with_name("id.pub").read_text()


def fork_on_terminal() -> tuple[int, int]:
    """Fork a process that has a terminal of its own; return 0 there, and its id and our end here."""
    pty = pytest.importorskip("pty")
    termios = pytest.importorskip("termios")
    pid, terminal = pty.fork()
    if pid == 0:
        # When a key sends a signal, the kernel also drops what was just written, as an answer to it, too.
        settings = termios.tcgetattr(0)
        settings[3] |= termios.NOFLSH
        termios.tcsetattr(0, termios.TCSANOW, settings)
    return pid, terminal


def on_terminal(argv: Sequence[str | Path], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Run *argv* on a terminal of its own and return its exit status and what the terminal showed.

    *answers* are pairs: when the text of the first has been shown, the second is typed.
    """
    pid, terminal = fork_on_terminal()
    if pid == 0:
        try:
            os.execvp(argv[0], [str(arg) for arg in argv])
        finally:
            os._exit(127)
    shown, waiting, seen = b"", list(answers), 0
    while select.select([terminal], [], [], TIMEOUT)[0]:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other side is gone
            break
        if not chunk:
            break
        shown += chunk
        if waiting and (at := shown.find(waiting[0][0].encode(), seen)) >= 0:
            seen = at + len(waiting[0][0].encode())
            answer = waiting.pop(0)[1].encode("utf-8", "surrogateescape")
            if answer == b"\x03":
                # Between showing a question and reading, Python loses a signal; no person is that fast.
                time.sleep(0.5)
            os.write(terminal, answer + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode("utf-8", "replace")


def install_toy_plugin(folder: Path) -> None:
    """Put ``age-plugin-toy`` into *folder*."""
    source = Path(__file__).with_name("toy_plugin.py").read_text()
    path = folder / "age-plugin-toy"
    path.write_text(f"#!{sys.executable}\n{source}")
    path.chmod(0o755)
