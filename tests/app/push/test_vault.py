"""The store for Vault, against a real OpenBao: what another writer does between the plan and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealedfiles.app.push.stores.base import ChangedMeanwhileError, Remote, Work
from sealedfiles.app.push.stores.vault import VaultStore
from sealedfiles.model.targets import Target, parse_url
from sealedfiles.remote.http import Service
from sealedfiles.remote.vault import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services import Bao


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"{tmp_path.name}/app"


@pytest.fixture
def store(bao: Bao, path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultStore]:
    monkeypatch.setenv("VAULT_ADDR", bao.address)
    monkeypatch.setenv("VAULT_TOKEN", bao.token)
    connect.cache_clear()
    url = f"vault://secret/{path}"
    yield VaultStore(Target("app", parse_url(url), url, ("x",)))
    connect.cache_clear()


def write(store: VaultStore, remote: Remote, *delete: str, **values: str) -> list[str]:
    done: list[str] = []
    store.apply(Work(remote, values, tuple(values), delete, "c0ffee"), done.append)
    return done


@pytest.mark.parametrize("exists", [False, True])
def test_a_change_by_somebody_else_is_not_overwritten(
    store: VaultStore, bao: Bao, path: str, exists: bool
) -> None:
    if exists:
        write(store, store.read(), A="s3cr3t")
    remote = store.read()
    bao.request("POST", f"secret/data/{path}", {"data": {"A": "theirs"}})
    with pytest.raises(ChangedMeanwhileError, match="changed by somebody else"):
        write(store, remote, A="s3cr3t-new")
    assert store.read().values == {"A": "theirs"}
    assert write(store, store.read(), A="s3cr3t-new") == ["A"]


def test_a_name_that_was_not_written_is_not_recorded(
    store: VaultStore, bao: Bao, path: str
) -> None:
    """Otherwise --prune would delete what somebody else created."""
    remote = store.read()
    bao.request("POST", f"secret/data/{path}", {"data": {"A": "theirs"}})
    with pytest.raises(ChangedMeanwhileError):
        write(store, remote, A="s3cr3t")
    remote = store.read()
    assert remote.created == set()
    write(store, remote, A="s3cr3t", B="s3cr3t")
    assert store.read().created == {"B"}
    assert write(store, store.read(), "B", A="s3cr3t") == ["A", "B"]
    assert store.read().values == {"A": "s3cr3t"}
    assert store.read().created == set()


def test_a_name_that_was_deleted_in_the_store_is_removed_from_the_record(
    store: VaultStore, bao: Bao, path: str
) -> None:
    """If it comes back, somebody else has created it."""
    write(store, store.read(), A="s3cr3t", B="s3cr3t")
    bao.request("POST", f"secret/data/{path}", {"data": {"B": "s3cr3t"}})
    done: list[str] = []
    gone = Work(store.read(), {"B": "s3cr3t"}, (), (), "c0ffee")
    assert gone.is_needed
    store.apply(gone, done.append)
    assert done == []
    bao.request("POST", f"secret/data/{path}", {"data": {"A": "theirs", "B": "s3cr3t"}})
    assert store.read().created == {"B"}


def test_numbers_of_others_keep_their_spelling(store: VaultStore, bao: Bao, path: str) -> None:
    service = Service("Vault", bao.address, {"X-Vault-Token": bao.token})

    def stored() -> dict[str, str]:
        answer = service.request("GET", f"/v1/secret/data/{path}").json(exact=True)
        found: dict[str, str] = answer["data"]["data"]
        return found

    body = b'{"data": {"A": 1234567890123456.78901, "B": 1.10, "C": 12345678901234567890}}'
    assert service.request("POST", f"/v1/secret/data/{path}", body).is_ok
    before = stored()
    write(store, store.read(), NEW="s3cr3t")
    assert stored() == {**before, "NEW": "s3cr3t"}


def test_other_metadata_stays(store: VaultStore, bao: Bao, path: str) -> None:
    bao.request(
        "POST",
        f"secret/metadata/{path}",
        {"custom_metadata": {"owner": "shop"}, "max_versions": 3},
    )
    write(store, store.read(), A="s3cr3t")
    write(store, store.read(), A="s3cr3t-2")
    found = bao.request("GET", f"secret/metadata/{path}")["data"]
    assert found["custom_metadata"] == {
        "owner": "shop",
        "sealedfiles-names-1": "A",
        "sealedfiles-commit": "c0ffee",
    }
    assert found["max_versions"] == 3


def test_a_deleted_version_is_written_again(store: VaultStore, bao: Bao, path: str) -> None:
    write(store, store.read(), A="s3cr3t")
    bao.request("DELETE", f"secret/data/{path}")
    assert store.read().values == {}
    write(store, store.read(), A="s3cr3t")
    assert store.read().values == {"A": "s3cr3t"}
