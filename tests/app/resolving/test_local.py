"""References to secrets of this machine: variables, the keyring, and the program of 1Password."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import secret_service
from people import program
from referring import SHOW, allow, refer, variables

from sealedfiles.app.resolving import local
from sealedfiles.errors import RemoteError

if TYPE_CHECKING:
    from pathlib import Path

    from people import Repo

OP = """\
#!/bin/sh
# The program of 1Password, as far as `op read` goes.
printf '%s\\n' "$*" >> "$OP_LOG"
[ -z "${SEALEDFILES_KEY-}" ] || exit 9
if [ "$1 $2" != "read --no-newline" ] || [ $# != 3 ]; then
    echo "[ERROR] 2026/11/30 10:00:00 unknown flag" >&2
    exit 1
fi
if [ -z "$OP_SERVICE_ACCOUNT_TOKEN" ]; then
    echo "[ERROR] 2026/11/30 10:00:00 You are not currently signed in." >&2
    exit 1
fi
case $3 in
    "op://Private/my db/password") printf 's3cr3t of op' ;;
    op://Private/bytes/password) printf '\\377' ;;
    *)
        echo "[ERROR] 2026/11/30 10:00:00 could not read secret '$3': item not found" >&2
        exit 1
        ;;
esac
"""


@pytest.fixture
def with_op(repo: Repo, tmp_path: Path) -> Repo:
    """A clone whose user has the program of 1Password, and is logged in."""
    if sys.platform == "win32":
        pytest.skip("the program of this test is a shell script")
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "op").write_text(OP)
    (folder / "op").chmod(0o755)
    (tmp_path / "log").touch()
    allow(repo, "op")
    path = os.pathsep.join([str(folder), repo.person.environment()["PATH"]])
    repo.person = repo.person.having(
        PATH=path, OP_LOG=str(tmp_path / "log"), OP_SERVICE_ACCOUNT_TOKEN="ops_x"
    )
    return repo


def test_op_reads_a_field(with_op: Repo, tmp_path: Path) -> None:
    refer(with_op, A="ref+op://Private/my db/password", B="ref+op://Private/my db/password")
    found = variables(with_op)
    assert found["A"] == found["B"] == "s3cr3t of op"
    assert (tmp_path / "log").read_text() == "read --no-newline op://Private/my db/password\n"


def test_op_does_not_get_the_key(with_op: Repo) -> None:
    refer(with_op, A="ref+op://Private/my db/password")
    key = with_op.person.identities.read_text()
    with_op.person = with_op.person.having(SEALEDFILES_KEY=key)
    assert variables(with_op)["A"] == "s3cr3t of op"


def test_what_op_says_is_not_repeated(with_op: Repo) -> None:
    refer(with_op, A="ref+op://Private/no such item/password")
    with_op.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert "ref.env: A: op: the program op failed with exit status 1" in with_op.stderr
    assert "no such item" not in with_op.stderr
    assert "OP_SERVICE_ACCOUNT_TOKEN" in with_op.stderr


def test_bytes_are_no_value(with_op: Repo) -> None:
    refer(with_op, A="ref+op://Private/bytes/password")
    with_op.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert "op: the program op printed bytes that are not UTF-8" in with_op.stderr


def test_without_the_program(with_op: Repo) -> None:
    refer(with_op, A="ref+op://Private/my db/password")
    with_op.person = with_op.person.having(PATH=os.environ["PATH"])
    with_op.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert "op: the program op of 1Password was not found" in with_op.stderr
    assert "https://developer.1password.com/docs/cli" in with_op.stderr


def test_a_program_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("op", timeout)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(RemoteError, match="did not answer within 120 seconds"):
        local.read_op(["a", "b", "c"])


@pytest.mark.slow
def test_a_real_keyring(repo: Repo) -> None:
    allow(repo, "keyring")
    refer(repo, A="ref+keyring://smtp/me%40example.org", B="ref+keyring://smtp/nobody")
    store = (
        "import keyring; keyring.set_password('smtp', 'me@example.org', 's3cr3t of the keyring')"
    )
    commands = f"""
        "{sys.executable}" -c "{store}"
        {program()[0]} run -f ref.env --only A -- printenv A
        {program()[0]} run -f ref.env --only B -- printenv B
    """
    environment = repo.person.environment()
    del environment["PYTHON_KEYRING_BACKEND"]
    done = secret_service.run(
        secret_service.with_keyring(["sh", "-c", commands]),
        repo.person.home,
        cwd=repo.path,
        variables=environment,
    )
    assert done.stdout == "s3cr3t of the keyring\n"
    assert "ref.env: B: keyring: the OS keyring has no such entry" in done.stderr


def test_no_keyring_is_used_in_a_job(repo: Repo) -> None:
    allow(repo, "keyring")
    refer(repo, A="ref+keyring://smtp/me")
    repo.person = repo.person.having(CI="1")
    repo.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert "keyring: the OS keyring is not used, because CI is set" in repo.stderr


@pytest.mark.parametrize("name", ["EMPTY", "NOT_UTF_8"])
def test_a_variable_may_hold_anything_that_is_text(repo: Repo, name: str) -> None:
    allow(repo, "env")
    refer(repo, A=f"ref+env://{name}")
    repo.person = repo.person.having(EMPTY="", NOT_UTF_8=os.fsdecode(b"\xff"))
    if name == "EMPTY":
        assert variables(repo)["A"] == ""
    else:
        repo.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
        assert "env: the value in the store has a NUL character or a lone surrogate" in repo.stderr
