"""Real servers of secrets and keys, and stand-ins for cloud services: OpenBao, and AWS by moto.

One of each serves all tests of a process.  Each test uses names of its own in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_REQUIRED = os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1"
_SECONDS = 60.0
"""How long a server may take to start, on a machine that is busy."""


def program(name: str) -> str:
    """Return the path of a program, also beside this Python; skip the test if it is missing."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=folders)
    if found is None:
        if _REQUIRED:
            pytest.fail(f"{name} is missing, and SEALEDFILES_REQUIRE_REAL_PARTS is 1")
        pytest.skip(f"{name} is not installed")
    return found


@dataclass
class Bao:
    """A server of OpenBao for tests; everything in it is in memory."""

    address: str
    token: str = "root"

    def request(self, method: str, path: str, data: object = None, token: str = "") -> Any:
        """Send a request with the root token, unless *token* is given; return the answer, or None."""
        request = urllib.request.Request(
            f"{self.address}/v1/{path}",
            None if data is None else json.dumps(data).encode(),
            {"X-Vault-Token": token or self.token},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def new_token(self, policy: str, ttl: str = "1h") -> str:
        """Return a token that may do what *policy* (HCL) allows, and nothing else."""
        name = f"policy-{time.monotonic_ns()}"
        self.request("PUT", f"sys/policies/acl/{name}", {"policy": policy})
        made = self.request(
            "POST",
            "auth/token/create",
            {"policies": [name], "ttl": ttl, "no_default_policy": True},
        )
        return str(made["auth"]["client_token"])


@contextlib.contextmanager
def started(command: list[str], address: str, log: Path) -> Iterator[None]:
    """Run a server until it answers at *address*, and stop it in the end."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent
        )
    try:
        end = time.monotonic() + _SECONDS
        while not _answers(address):
            running = server.poll() is None and time.monotonic() < end
            assert running, f"{command[0]} did not start:\n{log.read_text()}"
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port of this machine that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def open_bao(folder: Path) -> Iterator[Bao]:
    """Start OpenBao, with a KV store of version 2 at ``secret/``."""
    port = free_port()
    command = [
        *(program("bao"), "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root"),
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    address = f"http://127.0.0.1:{port}"
    with started(command, f"{address}/v1/sys/health", folder / "bao.log"):
        yield Bao(address)


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Start moto's stand-in for AWS; yield its address, for AWS_ENDPOINT_URL."""
    port = free_port()
    command = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    address = f"http://127.0.0.1:{port}"
    with started(command, f"{address}/moto-api/data.json", folder / "moto.log"):
        yield address
