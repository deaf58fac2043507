"""Requests to a real OpenBao, whose API is Vault's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ci_tokens import Issuer
from services import Bao
from stub_server import serving

from sealedfiles.errors import RemoteError
from sealedfiles.remote.vault import Vault, VaultError, connect


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A user without any setting of a server."""
    names = "ADDR TOKEN NAMESPACE CACERT CAPATH CLIENT_CERT CLIENT_KEY AUTH_ROLE AUTH_PATH ID_TOKEN"
    for name in names.split():
        monkeypatch.delenv(f"VAULT_{name}", raising=False)
        monkeypatch.delenv(f"BAO_{name}", raising=False)
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    connect.cache_clear()
    yield
    connect.cache_clear()


@pytest.fixture
def server(bao: Bao, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("VAULT_ADDR", bao.address)
    monkeypatch.setenv("VAULT_TOKEN", bao.token)
    return connect()


def test_what_is_written_is_read_listed_and_deleted(server: Vault) -> None:
    server.write("secret/data/app one/db", {"data": {"password": "x"}, "options": {"cas": 0}})
    found = server.read("secret/data/app one/db")
    assert found is not None
    assert found["data"]["data"] == {"password": "x"}
    assert server.list("secret/metadata/app one") == ["db"]
    server.write("secret/data/app one/db", {"data": {"password": "y"}})
    first = server.read("secret/data/app one/db", version="1")
    assert first is not None
    assert first["data"]["data"] == {"password": "x"}
    server.delete("secret/data/app one/db")
    deleted = server.read("secret/data/app one/db")
    assert deleted is not None
    assert deleted["data"]["data"] is None
    assert deleted["data"]["metadata"]["version"] == 2


def test_nothing_at_a_path_is_no_error(server: Vault) -> None:
    assert server.read("secret/data/nothing-here") is None
    assert server.list("secret/metadata/nothing-here") == []


def test_a_mount_that_does_not_exist_is_an_error(server: Vault) -> None:
    for read in (server.read, server.list):
        with pytest.raises(VaultError, match="no secrets engine is mounted at this path") as error:
            read("nowhere/data/app")
        assert error.value.status == 404


@pytest.mark.parametrize("path", ["", "secret/../sys/seal", "secret//data", "./secret"])
def test_a_path_that_means_another_one_is_refused(server: Vault, path: str) -> None:
    with pytest.raises(RemoteError, match="a step of the path is empty") as error:
        server.read(path)
    assert "secret" not in error.value.message


def test_a_conflict_has_the_servers_words(server: Vault) -> None:
    server.write("secret/data/conflict", {"data": {"a": "1"}})
    with pytest.raises(VaultError) as error:
        server.write("secret/data/conflict", {"data": {"a": "2"}, "options": {"cas": 7}})
    assert error.value.status == 400
    assert "check-and-set" in error.value.reasons[0]


def test_a_path_that_the_token_may_not_read(bao: Bao) -> None:
    token = bao.new_token('path "secret/data/mine" { capabilities = ["read"] }')
    with pytest.raises(VaultError, match="the token may not GET this path") as error:
        Vault(bao.address, token).read("secret/data/theirs")
    assert error.value.status == 403


@pytest.mark.slow
def test_a_token_that_has_expired(bao: Bao) -> None:
    token = bao.new_token('path "secret/data/mine" { capabilities = ["read"] }', ttl="1s")
    end = time.monotonic() + 30
    message = ""
    while "expired" not in message and time.monotonic() < end:
        try:
            Vault(bao.address, token).read("secret/data/mine")
        except VaultError as error:
            message = error.message
        time.sleep(0.2)
    assert "the token has expired, was revoked, or is not one of this server" in message


def test_a_sealed_server_says_so() -> None:
    sealed = (503, {"Retry-After": "0"}, b'{"errors":["Vault is sealed"]}')
    with (
        serving([sealed] * 5) as (address, _),
        pytest.raises(VaultError, match="the server is sealed"),
    ):
        Vault(address, "t").read("secret/data/app")


def test_the_settings_of_the_servers_own_programs(
    bao: Bao, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(RemoteError, match="address of the server is not set"):
        connect()
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    monkeypatch.setenv("BAO_ADDR", bao.address)
    with pytest.raises(RemoteError, match="there is no token for"):
        connect()
    (tmp_path / ".vault-token").write_text("root\n")
    assert connect().read("auth/token/lookup-self") is not None


def test_the_namespace_and_the_token_are_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([(200, {}, b'{"data":{"a":"b"}}')]) as (address, requests):
        monkeypatch.setenv("VAULT_ADDR", address)
        monkeypatch.setenv("VAULT_TOKEN", "t0ken")
        monkeypatch.setenv("VAULT_NAMESPACE", "team")
        connect().read("secret/data/app")
    headers = requests[0].headers
    assert headers["x-vault-token"] == "t0ken"
    assert headers["x-vault-namespace"] == "team"
    assert headers["x-vault-request"] == "true"


def test_a_certificate_authority_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://127.0.0.1:1")
    monkeypatch.setenv("VAULT_CACERT", str(tmp_path / "none.pem"))
    with pytest.raises(RemoteError, match="certificates cannot be read: No such file") as error:
        connect()
    assert "VAULT_CACERT" in error.value.hints[0]


@pytest.fixture
def role(bao: Bao, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """A role that only jobs of one repository may have, and its issuer of tokens."""
    issuer = Issuer()
    issuer.trust(bao, "ci", 'path "secret/data/ci" { capabilities = ["read"] }')
    bao.request("POST", "secret/data/ci", {"data": {"a": "b"}})
    monkeypatch.setenv("VAULT_ADDR", bao.address)
    monkeypatch.setenv("VAULT_AUTH_ROLE", "ci")
    monkeypatch.setenv("VAULT_AUTH_PATH", issuer.mount)
    return issuer


def test_a_job_logs_in_with_its_token(role: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ID_TOKEN", role.token())
    found = connect().read("secret/data/ci")
    assert found is not None
    assert found["data"]["data"] == {"a": "b"}
    with pytest.raises(VaultError, match="may not GET this path"):
        connect().read("secret/data/other")


def test_a_job_of_another_repository_is_refused(
    role: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ID_TOKEN", role.token(repository="mallory/orders"))
    with pytest.raises(VaultError, match="login of the job as role ci") as error:
        connect()
    assert error.value.status == 400
    assert "bound_claims" in error.value.hints[0]


def test_a_job_of_github_asks_for_its_token(role: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b'{"value":"%s"}' % role.token().encode()
    with serving([(200, {}, answer)]) as (address, requests):
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{address}/token?api-version=2.0")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")
        monkeypatch.setenv("VAULT_ID_TOKEN_AUDIENCE", "https://vault.example")
        assert connect().read("secret/data/ci") is not None
    assert requests[0].path == "/token?api-version=2.0&audience=https%3A%2F%2Fvault.example"
    assert requests[0].headers["authorization"] == "Bearer runner"


def test_a_token_in_a_file(role: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "jwt"
    monkeypatch.setenv("VAULT_ID_TOKEN_FILE", str(file))
    with pytest.raises(RemoteError, match=r"VAULT_ID_TOKEN_FILE .*: cannot be read: No such file"):
        connect()
    file.write_text(role.token() + "\n")
    assert connect().read("secret/data/ci") is not None


def test_a_job_without_a_token_says_how_to_get_one(role: Issuer) -> None:
    with pytest.raises(RemoteError, match="there is no token of a CI job") as error:
        connect()
    assert "id-token: write" in error.value.hints[0]


def test_a_refusal_of_github_is_not_shown_as_a_token(
    role: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([(403, {}, b"no")]) as (address, _):
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{address}/token?v=1")
        with pytest.raises(RemoteError, match=r"did not give the job a token .HTTP status 403"):
            connect()
