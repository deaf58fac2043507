"""References to secrets in a real OpenBao, whose API is Vault's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from referring import SHOW, allow, refer, variables

from sealedfiles.remote.vault import Vault, connect

if TYPE_CHECKING:
    from people import Repo
    from services import Bao


@pytest.fixture
def repo(repo: Repo, bao: Bao) -> Repo:
    allow(repo, "vault")
    repo.person = repo.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN=bao.token)
    return repo


def refused(repo: Repo, text: str) -> str:
    """Return the message after the reference *text* could not be resolved."""
    refer(repo, A=text)
    repo.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert repo.stderr.startswith("sealedfiles: error: ref.env: A: vault: ")
    return repo.stderr.removeprefix("sealedfiles: error: ref.env: A: vault: ")


def test_values_of_kv_version_2(repo: Repo, bao: Bao) -> None:
    data = {"password": "s3cr3t of bao", "port": 5432, "tls": True, "a/b": "x"}
    bao.request("POST", "secret/data/team/app", {"data": data})
    refer(
        repo,
        A="ref+vault://secret/team/app#password",
        B="ref+vault://secret/team/app#port",
        C="ref+vault://secret/team/app#tls",
        D="ref+vault://secret/team/app#a%2Fb",
    )
    found = variables(repo)
    assert [found[name] for name in "ABCD"] == ["s3cr3t of bao", "5432", "true", "x"]


def test_values_of_kv_version_1_at_a_mount_of_several_steps(repo: Repo, bao: Bao) -> None:
    mount = f"old/kv{time.monotonic_ns()}"
    bao.request("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "1"}})
    bao.request("POST", f"{mount}/app", {"password": "s3cr3t of kv 1"})
    refer(repo, A=f"ref+vault://{mount}/app#password")
    assert variables(repo)["A"] == "s3cr3t of kv 1"


def test_a_secret_is_requested_once(repo: Repo, bao: Bao, monkeypatch: pytest.MonkeyPatch) -> None:
    from sealedfiles import load

    for number in "12":
        bao.request("POST", f"secret/data/once{number}", {"data": {"a": "x", "b": "y"}})
    refer(
        repo,
        A="ref+vault://secret/once1#a",
        B="ref+vault://secret/once1#b",
        C="ref+vault://secret/once2#a",
    )
    asked: list[str] = []
    read = Vault.read

    def counted(self: Vault, path: str) -> dict[str, object] | None:
        asked.append(path)
        return read(self, path)

    monkeypatch.setattr(Vault, "read", counted)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    connect.cache_clear()
    assert load(repo.path / "ref.env", resolve=True) == {"A": "x", "B": "y", "C": "x"}
    assert [path for path in asked if "/data/" in path] == [
        "secret/data/once1",
        "secret/data/once2",
    ]
    connect.cache_clear()


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ref+vault://secret/no/such#x", "there is no secret at this path, or it was deleted"),
        ("ref+vault://secret/faulty#no_such", "the secret in the store has no such key"),
        ("ref+vault://secret/faulty#object", "the value in the store is not a text"),
        ("ref+vault://secret/faulty#nothing", "the value in the store is not a text"),
        ("ref+vault://secret/faulty#nul", "the value in the store has a NUL character"),
        (
            "ref+vault://no_such_mount/app#a_key",
            "no secrets engine is mounted at this path, or the token",
        ),
        ("ref+vault://auth/token/lookup-self#id", "the mount auth has no secrets"),
        ("ref+vault://sys/seal-status#version", "the mount sys has no secrets"),
        ("ref+vault://cubbyhole/app#a_key", "the mount cubbyhole has no secrets"),
        ("ref+vault://identity/oidc/config#issuer", "the mount identity has no secrets"),
    ],
)
def test_what_is_not_there(repo: Repo, bao: Bao, text: str, message: str) -> None:
    data = {"object": {"a": "b"}, "nothing": None, "nul": "a\0b"}
    bao.request("POST", "secret/data/faulty", {"data": data})
    said = refused(repo, text)
    assert said.startswith(message)
    path, key = text.removeprefix("ref+vault://").split("#")
    assert path not in said
    assert key not in said


@pytest.mark.slow
def test_the_mounts_of_a_namespace_that_have_no_secrets(repo: Repo, bao: Bao) -> None:
    """They return the token of whoever runs the command."""
    bao.request("POST", "sys/namespaces/team", {})
    for path in ("auth/token/lookup-self#id", "cubbyhole/app#a", "sys/mounts#a", "identity/a#b"):
        said = refused(repo, f"ref+vault://team/{path}")
        assert "the mount of this path has no secrets" in said or "no secrets engine" in said


def test_a_deleted_secret(repo: Repo, bao: Bao) -> None:
    bao.request("POST", "secret/data/gone", {"data": {"a": "x"}})
    bao.request("DELETE", "secret/data/gone")
    assert refused(repo, "ref+vault://secret/gone#a").startswith("there is no secret at this path")


def test_a_token_that_has_expired(repo: Repo) -> None:
    repo.person = repo.person.having(VAULT_TOKEN="s.expired")
    said = refused(repo, "ref+vault://secret/app#x")
    assert said.startswith("Vault: the token has expired, was revoked")
    assert "s.expired" not in said


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("secret/data/allowed", "Vault: the token may not GET this path"),
        ("other/x", "no secrets engine is mounted at this path, or the token may not read it"),
    ],
)
def test_a_token_that_may_not_read_it(repo: Repo, bao: Bao, path: str, message: str) -> None:
    bao.request("POST", "secret/data/denied", {"data": {"a": "x"}})
    token = bao.new_token(f'path "{path}" {{ capabilities = ["read"] }}')
    repo.person = repo.person.having(VAULT_TOKEN=token)
    said = refused(repo, "ref+vault://secret/denied#a")
    assert said.startswith(message)
    assert "denied" not in said
    assert token not in said


def test_a_token_for_one_secret_is_enough(repo: Repo, bao: Bao) -> None:
    bao.request("POST", "secret/data/allowed", {"data": {"a": "s3cr3t"}})
    token = bao.new_token('path "secret/data/allowed" { capabilities = ["read"] }')
    repo.person = repo.person.having(VAULT_TOKEN=token)
    refer(repo, A="ref+vault://secret/allowed#a")
    assert variables(repo)["A"] == "s3cr3t"


def test_a_server_that_cannot_be_reached_or_is_not_set(repo: Repo) -> None:
    repo.person = repo.person.having(VAULT_ADDR="")
    assert refused(repo, "ref+vault://secret/app#x").startswith(
        "Vault: the address of the server is not set"
    )
