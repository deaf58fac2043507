"""The two launchers: whether there is a compiler makes no difference for any test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from forkserver import compile_launcher, write_launcher

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is only one launcher"),
    pytest.mark.skipif(not shutil.which("cc"), reason="cc is not installed"),
]
ARGUMENTS = [["git", "clean", "ä b.yaml", ""], ["hook", "run", "pre-commit"]]


def make_launchers(folder: Path) -> list[str]:
    compiled, script = str(folder / "compiled"), str(folder / "script")
    assert compile_launcher(compiled, str(folder / "socket"))
    write_launcher(script, str(folder / "socket"))
    return [compiled, script]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=["git", "hook"])
def test_both_ask_for_the_same_and_end_with_its_status(
    tmp_path: Path, arguments: list[str]
) -> None:
    requests = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        for launcher in make_launchers(tmp_path):
            read, write = os.pipe()
            environment = {"LC_ALL": "C.UTF-8", "NAME": "ä = b", "EMPTY": ""}
            command = [launcher, *arguments]
            with subprocess.Popen(
                command, cwd=tmp_path, env=environment, stdout=write, umask=0o27
            ) as asking:
                os.close(write)
                connection, _ = server.accept()
                with connection:
                    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
                    size = int.from_bytes(length, "little")
                    requests.append(connection.recv(size, socket.MSG_WAITALL))
                    os.write(streams[1], b"said")
                    for stream in streams:
                        os.close(stream)
                    # It has closed its own.
                    assert os.read(read, 5) + os.read(read, 5) == b"said"
                    os.close(read)
                    connection.sendall(b"3")
                assert asking.wait() == 3
    assert requests[0] == requests[1]
    assert requests[0].split(b"\0") == [
        *(b"%d" % 0o27, b"%d" % os.getpid(), os.fsencode(tmp_path), b"%d" % len(arguments)),
        *map(os.fsencode, arguments),
        *(b"LC_ALL=C.UTF-8", "NAME=ä = b".encode(), b"EMPTY="),
    ]


def test_both_start_the_program_for_people(tmp_path: Path) -> None:
    for launcher in make_launchers(tmp_path):
        done = subprocess.run([launcher, "no-command"], capture_output=True, check=False)
        assert done.returncode == 2
        assert b"sealedfiles --help" in done.stderr
