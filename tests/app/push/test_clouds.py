"""The stores for Google Cloud and Azure, against stand-ins that keep what is written (tests/clouds.py)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import clouds
import pytest
from forges import TOKEN, Forge, forge

from sealedfiles.app.push.plan import make_plan
from sealedfiles.app.push.pushing import store_of
from sealedfiles.app.push.stores import azure_secrets
from sealedfiles.app.push.stores.base import ChangedMeanwhileError, Remote, Store, Work
from sealedfiles.app.push.targets import Item
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.model.targets import Target, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGETS = {
    "gcp": ("gcp-sm://shop/orders", True),
    "gcp-keys": ("gcp-sm://shop/orders", False),
    "azure": ("azure-kv://shop-vault/orders", True),
}


@pytest.fixture(params=TARGETS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Forge]:
    """A service; the programs gcloud and az print a token for it."""
    for name in ("gcloud", "az"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {TOKEN}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CLOUDSDK_AUTH_ACCESS_TOKEN", raising=False)
    with forge(getattr(clouds, kind.partition("-")[0])) as found:
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", found.address)
        monkeypatch.setattr(azure_secrets, "_ADDRESS", found.address)
        yield found


@pytest.fixture
def store(kind: str, server: Forge) -> Store:
    url, as_json = TARGETS[kind]
    return store_of(Target("app", parse_url(url), url, ("x",), as_json=as_json))


def push(store: Store, prune: bool = False, /, **values: str) -> tuple[list[str], dict[str, str]]:
    items = [Item(name, value, "x", name, "default") for name, value in values.items()]
    plan = make_plan(items, store.read(), {})
    done: list[str] = []
    work = plan.work("c0ffee", prune=prune, force=False)
    if work.is_needed:
        store.apply(work, done.append)
    return done, {change.name: change.kind for change in plan.changes}


def test_values_are_written_once_and_deleted(store: Store) -> None:
    values = {"A": "s3cr3t-a", "B": "s3cr3t-ä\n", "C": "s3cr3t-c"}
    assert push(store, **values)[0] == ["A", "B", "C"]
    assert store.read().values == values
    assert push(store, **values)[1] == dict.fromkeys(values, "same")
    assert push(store, A="s3cr3t-new", B=values["B"]) == (
        ["A"],
        {"A": "change", "B": "same", "C": "remote-only"},
    )
    assert push(store, True, A="s3cr3t-new", D="s3cr3t")[0] == ["D", "B", "C"]
    assert store.read().values == {"A": "s3cr3t-new", "D": "s3cr3t"}
    assert store.read().created == {"A", "D"}


@pytest.mark.parametrize("kind", ["gcp-keys"], indirect=True)
def test_a_secret_of_a_target_with_a_longer_name_is_not_deleted(store: Store) -> None:
    """`orders-prod-A` begins like the secrets of the target `orders`."""
    url = "gcp-sm://shop/orders-prod"
    other = store_of(Target("other", parse_url(url), url, ("x",), as_json=False))
    push(other, A="s3cr3t-a")
    push(store, B="s3cr3t-b")
    assert push(store, True, B="s3cr3t-b") == ([], {"B": "same", "prod-A": "remote-only"})
    assert other.read().values == {"A": "s3cr3t-a"}
    assert other.read().created == {"A"}


def test_the_commit_is_recorded(store: Store, server: Forge, kind: str) -> None:
    push(store, A="s3cr3t")
    (secret,) = server.secrets.values()
    assert secret["tags" if kind == "azure" else "annotations"]["sealedfiles-commit"] == "c0ffee"


def test_many_names(store: Store, kind: str) -> None:
    values = {f"A_RATHER_LONG_NAME_OF_A_VALUE_{n}": f"s3cr3t-{n}" for n in range(90)}
    push(store, **values)
    assert store.read().values == values
    assert push(store, **values)[0] == []


@pytest.mark.parametrize("kind", ["gcp", "azure"])
def test_a_change_by_somebody_else_is_not_overwritten(store: Store) -> None:
    for before in ({}, {"A": "s3cr3t"}):
        if before:
            push(store, **before)
        remote: Remote = store.read()
        push(store, A="theirs")
        with pytest.raises(ChangedMeanwhileError):
            store.apply(Work(remote, {"A": "s3cr3t-new"}, ("A",)), lambda _: None)
        assert store.read().values == {"A": "theirs"}


@pytest.mark.parametrize("kind", ["gcp", "azure"])
def test_values_of_others_stay(store: Store, server: Forge, kind: str) -> None:
    theirs = json.dumps({"THEIRS": [1], "PORT": 8080})
    if kind == "gcp":
        secret: dict[str, object] = {"annotations": {"o": "x"}, "versions": [theirs.encode()]}
    else:
        secret = {"id": "1", "value": theirs, "tags": {"o": "x"}}
    server.secrets["orders"] = secret
    push(store, A="s3cr3t")
    assert store.read().values == {"THEIRS": None, "PORT": "8080", "A": "s3cr3t"}
    kept = server.secrets["orders"]["annotations" if kind == "gcp" else "tags"]
    assert kept["o"] == "x"
    assert store.read().created == {"A"}


@pytest.mark.parametrize("kind", ["gcp", "azure"])
def test_a_secret_that_is_not_json_is_refused(store: Store, server: Forge, kind: str) -> None:
    is_gcp = kind == "gcp"
    versions = {"annotations": {}, "versions": [b"s3cr3t"]}
    server.secrets["orders"] = versions if is_gcp else {"id": "1", "value": "s3cr3t"}
    with pytest.raises(RemoteError, match="is not a JSON object"):
        store.read()


def test_what_the_service_refuses(store: Store, server: Forge, kind: str) -> None:
    message = {"error": {"code": "Forbidden", "message": "the caller may not do that"}}
    for name in ("GET orders", "GET secrets"):
        server.faults[name] = [(403, message), (401, message)]
    with pytest.raises(RemoteError, match="the token does not allow it") as error:
        store.read()
    assert getattr(error.value, "reason", "") == "the caller may not do that"
    with pytest.raises(RemoteError, match="the token has expired"):
        store.read()


def test_sizes_are_checked_first(store: Store) -> None:
    with pytest.raises(UsageError, match="larger than"):
        store.check({"A": "x" * 70_000})


@pytest.mark.parametrize("kind", ["gcp", "azure"])
def test_without_the_clouds_program_nothing_works(
    kind: str, server: Forge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    url, as_json = TARGETS[kind]
    with pytest.raises(RemoteError, match=r"the program (gcloud|az) was not found"):
        store_of(Target("app", parse_url(url), url, ("x",), as_json=as_json))
    if kind == "gcp":
        monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN)
        assert store_of(Target("app", parse_url(url), url, ("x",), as_json=as_json)).read()


@pytest.mark.parametrize("kind", ["azure"])
def test_a_vault_that_would_be_another_host_is_refused(server: Forge) -> None:
    for url in ("azure-kv://mallory.example/x", "azure-kv://a/b.c"):
        with pytest.raises(UsageError, match="a name consists of"):
            store_of(Target("app", parse_url(url), url, ("x",), as_json=True))
