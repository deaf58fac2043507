"""Credentials that a real OpenBao creates in a real PostgreSQL for one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from age.programs import fork_on_terminal
from ci_tokens import Issuer
from people import program
from postgres import Postgres, postgres
from referring import POLICY, SHOW, allow, refer, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from people import Repo
    from services import Bao

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="PostgreSQL is a program of Unix here"
)

PYTHON = [sys.executable, "-IS", "-c"]
WHO = ["psql", "-XAtc", "SELECT current_user"]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def mount() -> str:
    return f"database{time.monotonic_ns()}"


@pytest.fixture
def repo(repo: Repo, bao: Bao, database: Postgres, mount: str) -> Repo:
    """Alice's clone, with references to credentials that live for a minute."""
    database.serve(bao, mount, default_ttl="1m", max_ttl="2m")
    return referring(repo, bao, database, mount)


def referring(repo: Repo, bao: Bao, database: Postgres, mount: str) -> Repo:
    allow(repo, "vault")
    settings = {"VAULT_ADDR": bao.address, "VAULT_TOKEN": bao.token, **database.environment}
    repo.person = repo.person.having(**settings)
    creds = f"ref+vault://{mount}/creds/app"
    refer(repo, PGUSER=f"{creds}#username", PGPASSWORD=f"{creds}#password")
    return repo


def leases(bao: Bao, mount: str) -> list[str]:
    """Return the leases that the server has."""
    try:
        answer = bao.request("LIST", f"sys/leases/lookup/{mount}/creds/app/")
    except OSError:
        return []
    return list(answer["data"]["keys"])


def start(repo: Repo, *command: str) -> subprocess.Popen[str]:
    """Start a command with the credentials, and wait until it has printed a line."""
    started = subprocess.Popen(
        [*program(), "run", "-f", "ref.env", "--", *command],
        cwd=repo.path,
        env=repo.person.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(60, started.kill)
    killer.daemon = True
    killer.start()
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def test_user_and_password_share_a_request_and_are_revoked_at_the_end(
    repo: Repo, bao: Bao, database: Postgres, mount: str
) -> None:
    script = f"{' '.join(WHO[:2])} 'SELECT current_user'; exit 5"
    user = repo.sealedfiles("run", "-f", "ref.env", "--", "sh", "-c", script, code=5).strip()
    assert user.startswith("v-")
    assert repo.stderr == ""
    assert leases(bao, mount) == []
    assert user not in database.users()


def test_they_are_redacted(repo: Repo) -> None:
    shown = repo.sealedfiles("run", "-f", "ref.env", "--redact", "--", *WHO)
    assert shown == "•••\n"


@pytest.mark.slow
def test_they_are_renewed_while_the_command_runs(
    repo: Repo, bao: Bao, database: Postgres, mount: str
) -> None:
    bao.request(
        "POST",
        f"{mount}/roles/app",
        {
            "db_name": "postgres",
            "creation_statements": [
                "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
            ],
            "default_ttl": "3s",
            "max_ttl": "1m",
        },
    )
    script = f"sleep 7; {' '.join(WHO[:2])} 'SELECT current_user'"
    shown = repo.sealedfiles("run", "-f", "ref.env", "--", "sh", "-c", script)
    assert shown.startswith("v-")
    assert repo.stderr == ""
    assert leases(bao, mount) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_they_are_revoked_if_run_gets_a_signal(
    repo: Repo, bao: Bao, database: Postgres, mount: str, number: signal.Signals
) -> None:
    started = start(repo, *PYTHON, "print('ready', flush=True); import time; time.sleep(50)")
    assert len(leases(bao, mount)) == 1
    started.send_signal(number)
    _, said = started.communicate(timeout=30)
    assert started.returncode in (-number, 1), said  # Python itself exits with 1 on SIGINT
    assert leases(bao, mount) == []


def test_they_are_revoked_after_ctrl_c_at_a_terminal(repo: Repo, bao: Bao, mount: str) -> None:
    """The terminal sends SIGINT to `run` and to its command, which may ignore the first one."""
    script = (  # os.write: a handler must not print while print is still at work
        "import os, signal, time\n"
        "def once(*_):\n"
        "    signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "    os.write(1, b'once')\n"
        "signal.signal(signal.SIGINT, once)\n"
        "os.write(1, b'ready')\n"
        "while True: time.sleep(0.1)\n"
    )
    pid, terminal = fork_on_terminal()
    if pid == 0:
        os.chdir(repo.path)
        command = [*program(), "run", "-f", "ref.env", "--", *PYTHON, script]
        os.execve(command[0], command, repo.person.environment())
    shown = b""
    for word in (b"ready", b"once"):
        while word not in shown:
            try:
                shown += os.read(terminal, 1000)
            except OSError:  # it ended
                pytest.fail(shown.decode())
        assert len(leases(bao, mount)) == 1
        os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT
    assert leases(bao, mount) == []


def test_they_are_revoked_if_the_command_is_killed(repo: Repo, bao: Bao, mount: str) -> None:
    script = "import os; print('ready', flush=True); os.kill(os.getpid(), 9)"
    started = start(repo, *PYTHON, script)
    started.communicate(timeout=30)
    assert started.returncode == -signal.SIGKILL
    assert leases(bao, mount) == []


def test_they_are_revoked_if_a_later_reference_fails(repo: Repo, bao: Bao, mount: str) -> None:
    repo.write("ref.env", repo.read("ref.env") + 'X="ref+vault://secret/no/such#x"\n')
    repo.sealedfiles("run", "-f", "ref.env", "--", "true", code=1)
    assert "ref.env: X: vault: there is no secret at this path" in repo.stderr
    assert leases(bao, mount) == []


def test_they_are_revoked_if_the_command_is_not_found(repo: Repo, bao: Bao, mount: str) -> None:
    repo.sealedfiles("run", "-f", "ref.env", "--", "no-such-command", code=127)
    assert leases(bao, mount) == []


def test_a_token_that_may_not_revoke(repo: Repo, bao: Bao, mount: str) -> None:
    token = bao.new_token(f'path "{mount}/creds/app" {{ capabilities = ["read"] }}')
    repo.person = repo.person.having(VAULT_TOKEN=token)
    assert repo.sealedfiles("run", "-f", "ref.env", "--", *WHO).startswith("v-")
    (identity,) = leases(bao, mount)
    name = f"{mount}/creds/app/{identity}"
    assert f"warning: the lease {name} was not revoked: Vault: sys/leases/revoke: " in repo.stderr
    assert f"hint: revoke it: bao lease revoke {name}" in repo.stderr
    assert 'path "sys/leases/revoke" { capabilities = ["update"] }' in repo.stderr
    assert token not in repo.stderr


def set_lease(bao: Bao, mount: str, time_to_live: str, most: str) -> None:
    data = {
        "db_name": "postgres",
        "creation_statements": ['CREATE ROLE "{{name}}"'],
        "default_ttl": time_to_live,
        "max_ttl": most,
    }
    bao.request("POST", f"{mount}/roles/app", data)


@pytest.mark.slow
def test_a_token_that_may_not_renew(repo: Repo, bao: Bao, mount: str) -> None:
    set_lease(bao, mount, "3s", most="1m")
    policy = f'path "{mount}/creds/app" {{ capabilities = ["read"] }}\n'
    policy += 'path "sys/leases/revoke" { capabilities = ["update"] }'
    repo.person = repo.person.having(VAULT_TOKEN=bao.new_token(policy))
    repo.sealedfiles("run", "-f", "ref.env", "--", "sleep", "4")
    assert (
        repo.stderr.count("could not be renewed: Vault: sys/leases/renew: the token may not") == 1
    )
    assert f"the lease {mount}/creds/app/" in repo.stderr


@pytest.mark.slow
def test_the_end_of_a_lease_that_reaches_its_maximum(repo: Repo, bao: Bao, mount: str) -> None:
    set_lease(bao, mount, "3s", most="4s")
    repo.sealedfiles("run", "-f", "ref.env", "--", "sleep", "5")
    assert "cannot be renewed further: it ends in" in repo.stderr


@pytest.mark.slow
def test_the_token_is_renewed_too(repo: Repo, bao: Bao, mount: str) -> None:
    """The server revokes the leases of a token that ends."""
    made = bao.request("POST", "auth/token/create", {"ttl": "3s", "explicit_max_ttl": "1m"})
    repo.person = repo.person.having(VAULT_TOKEN=made["auth"]["client_token"])
    script = f"sleep 7; {' '.join(WHO[:2])} 'SELECT current_user'"
    assert repo.sealedfiles("run", "-f", "ref.env", "--", "sh", "-c", script).startswith("v-")
    assert leases(bao, mount) == []


def test_a_job_needs_no_permission_to_revoke(
    repo: Repo, bao: Bao, database: Postgres, mount: str
) -> None:
    """It logged in for this command, so its token is revoked, and with it all of its leases."""
    issuer = Issuer()
    issuer.trust(bao, "ci", f'path "{mount}/creds/app" {{ capabilities = ["read"] }}')
    repo.person = repo.person.having(
        VAULT_TOKEN="",
        VAULT_AUTH_ROLE="ci",
        VAULT_AUTH_PATH=issuer.mount,
        VAULT_ID_TOKEN=issuer.token(),
    )
    user = repo.sealedfiles("run", "-f", "ref.env", "--", *WHO).strip()
    assert repo.stderr == ""
    assert user.startswith("v-jwt")
    end = time.monotonic() + 20
    while (
        user in database.users() and time.monotonic() < end
    ):  # the server does it in the background
        time.sleep(0.2)
    assert user not in database.users()
    assert leases(bao, mount) == []


@pytest.mark.slow
def test_they_are_revoked_if_a_signal_arrives_before_the_command_runs(
    repo: Repo, bao: Bao, mount: str, tmp_path: Path
) -> None:
    (tmp_path / "op").write_text("#!/bin/sh\necho ready >&2\nexec sleep 50\n")
    (tmp_path / "op").chmod(0o755)
    repo.edit(POLICY, "resolve: [vault]", "resolve: [vault, op]")
    repo.sealedfiles("trust", "policy", "--yes")
    repo.write("ref.env", repo.read("ref.env") + 'X="ref+op://a/b/c"\n')
    path = os.pathsep.join([str(tmp_path), repo.person.environment()["PATH"]])
    repo.person = repo.person.having(PATH=path)
    started = subprocess.Popen(
        [*program(), "run", "-f", "ref.env", "--", "true"],
        cwd=repo.path,
        env=repo.person.environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 30
    while not leases(bao, mount) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    started.terminate()
    assert started.wait(30) == -signal.SIGTERM
    assert leases(bao, mount) == []


def test_cat_names_the_lease_that_nothing_revokes(repo: Repo, bao: Bao, mount: str) -> None:
    shown = repo.sealedfiles("cat", "--resolve", "ref.env")
    assert 'PGUSER="v-' in shown
    (identity,) = leases(bao, mount)
    name = f"{mount}/creds/app/{identity}"
    assert f"warning: the lease {name} ends in 60 seconds, and nothing renews it" in repo.stderr
    assert f"bao lease revoke {name}" in repo.stderr


def test_a_command_without_references_still_replaces_this_process(repo: Repo) -> None:
    repo.write("other.env", "A=1\n")
    shown = repo.sealedfiles("run", "-f", "other.env", "--", *SHOW)
    assert '"A": "1"' in shown


def test_only_what_is_selected_is_requested(repo: Repo, bao: Bao, mount: str) -> None:
    repo.write("ref.env", repo.read("ref.env") + "A=1\n")
    assert variables(repo, "--only", "A")["A"] == "1"
    assert leases(bao, mount) == []
