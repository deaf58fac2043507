"""The stores for GitHub, Gitea and GitLab, against stand-ins that keep what is written (tests/forges.py)."""

from __future__ import annotations

import builtins
from hashlib import sha256
from typing import TYPE_CHECKING

import forges
import pytest
from forges import TOKEN, Forge

from sealedfiles.app.push.plan import make_plan
from sealedfiles.app.push.pushing import store_of
from sealedfiles.app.push.stores.base import Store
from sealedfiles.app.push.targets import Item
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.model.targets import Target, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator

URLS = {
    "github": "github://shop/orders",
    "github-env": "github://shop/orders?env=a%20b",
    "gitea": "gitea://127.0.0.1/shop/orders",
    "gitlab": "gitlab://shop/team/orders?host=127.0.0.1&scope=production",
}


@pytest.fixture(params=URLS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def forge(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "CI_SERVER_URL", "CI_JOB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with forges.forge(getattr(forges, kind.partition("-")[0])) as found:
        for name in ("GITHUB_API_URL", "GITEA_SERVER_URL", "GITLAB_HOST"):
            monkeypatch.setenv(name, found.address)
        for name in ("GITHUB_TOKEN", "GITEA_TOKEN", "GITLAB_TOKEN"):
            monkeypatch.setenv(name, TOKEN)
        yield found


def target(kind: str) -> Target:
    return Target("app", parse_url(URLS[kind]), URLS[kind], ("x",))


@pytest.fixture
def store(kind: str, forge: Forge) -> Store:
    return store_of(target(kind))


def digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def push(store: Store, prune: bool = False, /, **values: str) -> tuple[list[str], dict[str, str]]:
    """Push as the command does; return what was written, and the plan."""
    items = [Item(name, value, "x", name, "default") for name, value in values.items()]
    digests = {} if store.can_read else {item.name: digest(item.value) for item in items}
    plan = make_plan(items, store.read(), digests)
    done: list[str] = []
    work = plan.work("c0ffee", prune=prune, force=False)
    if work.write or work.delete:
        store.apply(work, done.append)
    return done, {change.name: change.kind for change in plan.changes}


def test_values_are_written_once(store: Store, forge: Forge) -> None:
    assert push(store, A="s3cr3t-a", B="s3cr3t\nb") == (["A", "B"], {"A": "add", "B": "add"})
    assert forge.values() == {"A": "s3cr3t-a", "B": "s3cr3t\nb"}
    assert push(store, A="s3cr3t-a", B="s3cr3t\nb") == ([], {"A": "same", "B": "same"})
    done, plan = push(store, A="s3cr3t-new", B="s3cr3t\nb", C="s3cr3t-c")
    assert (done, plan) == (["A", "C"], {"A": "change", "B": "same", "C": "add"})
    assert forge.values() == {"A": "s3cr3t-new", "B": "s3cr3t\nb", "C": "s3cr3t-c"}
    assert push(store, A="s3cr3t-new", B="s3cr3t\nb", C="s3cr3t-c")[0] == []


def test_only_what_push_created_is_deleted(store: Store, forge: Forge, kind: str) -> None:
    push(store, A="s3cr3t", B="s3cr3t", C="s3cr3t")
    forge.secrets["THEIRS"] = {**forge.secrets["A"], "key": "THEIRS", "description": None}
    assert push(store, A="s3cr3t")[1] == {
        "A": "same",
        **dict.fromkeys(["B", "C", "THEIRS"], "remote-only"),
    }
    assert push(store, True, A="s3cr3t")[0] == ["B", "C"]
    assert set(forge.secrets) == {"A", "THEIRS"}
    assert push(store, True, A="s3cr3t", THEIRS="s3cr3t-taken")[0] == (["THEIRS"])
    assert push(store, True, A="s3cr3t")[0] == [], "taken over, not created"


@pytest.mark.many_variants
def test_more_than_one_page(store: Store, forge: Forge) -> None:
    values = {f"NAME_{number}": f"s3cr3t-{number}" for number in range(230)}
    push(store, **values)
    assert push(store, **values)[0] == []
    assert store.read().created == set(values)


def test_what_was_written_before_an_error_is_not_written_again(
    store: Store, forge: Forge, kind: str
) -> None:
    fault = (500, {"message": "s3cr3t-b is invalid"})
    values = {"A": "s3cr3t-a", "B": "s3cr3t-b", "C": "s3cr3t-c"}
    if kind == "gitlab":
        push(store, A="s3cr3t-a")  # all names are created at one path
        forge.faults["POST variables"] = [fault]
    else:
        forge.faults["PUT B"] = [fault]
    with pytest.raises(RemoteError, match="HTTP status 500") as error:
        push(store, **values)
    assert "s3cr3t" not in error.value.message
    assert push(store, **values)[0] == ["B", "C"]


@pytest.mark.many_variants
def test_too_many_requests_are_repeated(store: Store, forge: Forge, kind: str) -> None:
    name = "POST variables" if kind == "gitlab" else "PUT A"
    forge.faults[name] = [(429, {"message": "slow down"}), (503, None)]
    assert push(store, A="s3cr3t")[0] == ["A"]


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (403, "Resource not accessible by integration", "the token does not allow it"),
        (403, "You have exceeded a secondary rate limit", "too many requests"),
        (404, "Not Found", "does not exist, or the token does not allow it"),
    ],
)
def test_what_the_service_refuses(
    store: Store, forge: Forge, kind: str, status: int, message: str, words: str
) -> None:
    collection = "variables" if kind == "gitlab" else "secrets"
    forge.faults[f"GET {collection}"] = [(status, {"message": message})]
    with pytest.raises(RemoteError, match=words):
        store.read()


def test_an_expired_token_is_named(
    kind: str, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GITEA_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.setenv(name, "expired")
    with pytest.raises(RemoteError, match="the token has expired, or is not valid"):
        store_of(target(kind)).read()
    for name in ("GITHUB_TOKEN", "GITEA_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(RemoteError, match="there is no token"):
        store_of(target(kind))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("github", "GITHUB_X"),
        ("github", "lower"),
        ("github", "1A"),
        ("gitea", "GITEA_X"),
        ("gitlab", "A-B"),
    ],
)
def test_names_that_the_service_refuses(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="not a valid name"):
        store.check({name: "x"})


@pytest.mark.parametrize(("kind", "size"), [("github", 49_153), ("gitlab", 10_001)])
def test_values_that_are_too_large(store: Store, size: int) -> None:
    store.check({"A": "x" * (size - 1)})
    with pytest.raises(UsageError, match="the value of A is larger than"):
        store.check({"A": "x" * size})


@pytest.mark.parametrize("kind", ["gitea", "gitlab"])
def test_a_token_is_sent_only_to_the_host_that_the_user_named(
    kind: str, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = URLS[kind].replace("127.0.0.1", "git.mallory.example")
    with pytest.raises(RemoteError, match=r"git\.mallory\.example, but your environment names 127"):
        store_of(Target("app", parse_url(url), url, ("x",)))
    assert forge.requests == []


@pytest.mark.parametrize("kind", ["github", "github-env"])
def test_a_secret_that_somebody_else_wrote_is_written_again(store: Store, forge: Forge) -> None:
    """Its digest in the variable is that of another value."""
    push(store, A="s3cr3t-a", B="s3cr3t-b")
    forge.secrets["A"] = {"value": "theirs", "time": "later"}
    assert push(store, A="s3cr3t-a", B="s3cr3t-b") == (["A"], {"A": "unknown", "B": "same"})


@pytest.mark.parametrize("kind", ["github"])
def test_without_access_to_variables_every_value_is_written_and_none_deleted(
    store: Store, forge: Forge
) -> None:
    refused = (403, {"message": "Resource not accessible by personal access token"})
    forge.faults["GET SEALEDFILES_APP"] = [refused] * 9
    push(store, A="s3cr3t-a", B="s3cr3t-b")
    assert push(store, True, A="s3cr3t-a")[1] == {"A": "unknown", "B": "remote-only"}
    assert set(forge.secrets) == {"A", "B"}
    assert forge.variables == {}


@pytest.mark.parametrize("kind", ["github"])
def test_the_variable_shows_no_value(store: Store, forge: Forge) -> None:
    push(store, A="s3cr3t-a")
    assert "c0ffee" in forge.variables["SEALEDFILES_APP"]
    assert digest("s3cr3t-a") in forge.variables["SEALEDFILES_APP"]
    forge.variables["SEALEDFILES_APP"] = "[broken"
    assert push(store, A="s3cr3t-a")[1] == {"A": "unknown"}


@pytest.mark.parametrize("kind", ["github"])
def test_without_pynacl_nothing_is_asked(
    forge: Forge, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def missing(name: str, *rest: object) -> object:
        if name.startswith("nacl"):
            raise ImportError
        return found(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match="PyNaCl is missing"):
        store_of(target(kind))


@pytest.mark.parametrize("kind", ["gitea"])
def test_a_secret_without_our_description_is_written_again(store: Store, forge: Forge) -> None:
    push(store, A="s3cr3t-a")
    forge.secrets["A"] = {"value": "theirs", "description": ""}
    assert push(store, A="s3cr3t-a") == (["A"], {"A": "unknown"})


@pytest.mark.parametrize("kind", ["gitlab"])
def test_variables_are_masked_if_possible_and_never_expanded(store: Store, forge: Forge) -> None:
    push(store, A="s3cr3t-value", B="s3cr3t $HOME", C="short")
    assert {name: one["masked"] for name, one in forge.secrets.items()} == {
        "A": True,
        "B": False,
        "C": False,
    }
    assert all(one["raw"] for one in forge.secrets.values())


@pytest.mark.parametrize("kind", ["gitlab"])
def test_other_scopes_are_other_variables(store: Store, forge: Forge) -> None:
    forge.secrets["THEIRS"] = {"key": "THEIRS", "value": "x", "environment_scope": "*"}
    assert push(store, A="s3cr3t-a")[1] == {"A": "add"}
    assert forge.secrets["A"]["environment_scope"] == "production"
