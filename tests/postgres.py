"""A real PostgreSQL, as a database whose users OpenBao creates."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import services

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGED = "/usr/lib/postgresql"
_CREATE = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"


@dataclass
class Postgres:
    """A running server."""

    port: int
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell clients where it is."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGDATABASE": "postgres"}

    def query(self, statement: str) -> str:
        """Return the rows of *statement*, which the administrator executes."""
        owner = {"PGUSER": "admin", "PGPASSWORD": self.password}
        done = subprocess.run(
            [services.program("psql"), "-XAtc", statement],
            env={**os.environ, **self.environment, **owner},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout.strip()

    def users(self) -> list[str]:
        """Return the users that a store has created."""
        return self.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'").split()

    def serve(self, bao: services.Bao, mount: str, **times: str) -> None:
        """Mount OpenBao's database engine at *mount*, with a role ``app`` with the given times."""
        bao.request("POST", f"sys/mounts/{mount}", {"type": "database"})
        connection = "postgresql://{{username}}:{{password}}@127.0.0.1:%d/postgres?sslmode=disable"
        config: dict[str, Any] = {
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "app",
            "connection_url": connection % self.port,
            "username": "admin",
            "password": self.password,
        }
        bao.request("POST", f"{mount}/config/postgres", config)
        role = {"db_name": "postgres", "creation_statements": [_CREATE], **times}
        bao.request("POST", f"{mount}/roles/app", role)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server in a folder of its own; it refuses to run as root."""
    found = sorted(Path(_PACKAGED).glob("*/bin"))
    search = os.pathsep.join([*map(str, found[-1:]), os.environ["PATH"]])
    programs = [shutil.which(name, path=search) for name in ("initdb", "postgres")]
    if None in programs:
        services.program("postgres")  # skips, or fails if it is required
        pytest.fail("initdb is not beside postgres")
    owner: dict[str, Any] = {}
    if os.getuid() == 0:
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="sf-pg-", dir="/tmp"))
    server = Postgres(services.free_port(), secrets.token_hex(16))
    (folder / "password").write_text(server.password)
    if owner:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    data = str(folder / "data")
    options = ["-D", data, "-U", "admin", "-A", "scram-sha-256", "-N"]
    try:
        subprocess.run(
            [str(programs[0]), *options, f"--pwfile={folder / 'password'}"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=True,
            **owner,
        )
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [
                    *(str(programs[1]), "-D", data, "-p", str(server.port), "-F"),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **owner,
            )
        try:
            _wait_for(server, running, folder / "log")
            yield server
        finally:
            running.send_signal(signal.SIGINT)  # without waiting for its clients
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: Postgres, running: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            server.query("SELECT 1")
        except subprocess.CalledProcessError:
            alive = running.poll() is None and time.monotonic() < end
            assert alive, f"postgres did not start:\n{log.read_text()}"
            time.sleep(0.1)
        else:
            return
