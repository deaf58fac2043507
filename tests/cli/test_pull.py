"""`pull`: values of a store in place of those of a sealed file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import clouds
import cluster
import forges
import pytest
from people import ENV, JSON, SECRET, YAML, Repo, assert_no_plaintext

if TYPE_CHECKING:
    from pathlib import Path

    from services import Bao

POLICY = ".sealedfiles/policy.yaml"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A path in the store for this test only."""
    return f"{tmp_path.name}/app"


def targeted(repo: Repo, bao: Bao, path: str, file: str, *lines: str) -> Repo:
    target = ["targets:", "  app:", f"    to: vault://secret/{path}", f"    from: {file}"]
    text = repo.read(POLICY) + "\n".join([*target, *(f"    {line}" for line in lines), ""])
    repo.write(POLICY, text)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("a target")
    return Repo(repo.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN=bao.token), repo.path)


def store(bao: Bao, path: str, **values: object) -> None:
    bao.request("POST", f"secret/data/{path}", {"data": values})


def pull(repo: Repo, file: str, *options: str, code: int = 0, answers: str = "") -> str:
    output = repo.sealedfiles("pull", "app", file, *options, code=code, answers=answers)
    assert SECRET not in output + repo.stderr
    return output


def test_only_values_that_differ_are_replaced(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, YAML)
    before = pulling.read(YAML)
    tokens = pulling.tokens("HEAD", YAML)
    store(bao, path, DATABASE_PASSWORD="s3cr3t-db-beta", API_TOKEN="s3cr3t-api-alpha")
    assert pull(pulling, YAML, "--yes") == (
        "same     API_TOKEN          api.token\nchange   DATABASE_PASSWORD  database.password\n"
    )
    assert pulling.read(YAML) == before.replace("s3cr3t-db-alpha", "s3cr3t-db-beta")
    pulling.commit("as in the store")
    assert sum(a != b for a, b in zip(tokens, pulling.tokens("HEAD", YAML), strict=True)) == 1
    assert_no_plaintext(pulling)


@pytest.mark.parametrize("locked", [False, True])
def test_what_push_wrote_comes_back(repo: Repo, bao: Bao, path: str, locked: bool) -> None:
    pulling = targeted(repo, bao, path, JSON)
    pulling.sealedfiles("push", "app", "--yes")
    texts = pulling.read(JSON)
    for key in ("database.password", "production.pin"):
        pulling.sealedfiles("set", JSON, key, "--value", "x")
    pulling.commit("other values")
    if locked:
        pulling.sealedfiles("lock")
    pull(pulling, JSON, "--yes")
    assert pulling.sealedfiles("cat", JSON) == texts
    assert (SECRET in pulling.read(JSON)) is not locked


def test_a_value_that_refers_to_another_one_is_that_of_the_store_afterwards(
    repo: Repo, bao: Bao, path: str
) -> None:
    repo.write("ref.env", "HOST=s3cr3t.old\nURL=https://${HOST}/x\nOTHER=$HOST\n")
    repo.commit("a reference")
    pulling = targeted(repo, bao, path, "ref.env")
    values = {"HOST": "s3cr3t.new", "URL": "https://s3cr3t.old/x", "OTHER": "s3cr3t.new"}
    store(bao, path, **values)
    pull(pulling, "ref.env", "--yes")
    assert pulling.sealedfiles("get", "ref.env", "URL").strip() == "https://s3cr3t.old/x"
    pulling.commit("pull")
    pulling.sealedfiles("push", "app", "--dry-run", "--exit-code")


def test_a_variable_that_loads_code_is_not_pulled_by_another_name_of_its(
    repo: Repo, bao: Bao, path: str
) -> None:
    pulling = targeted(repo, bao, path, YAML)
    store(bao, path, **{"ld.preload": "/tmp/evil.so"})
    pulling.sealedfiles("pull", "app", YAML, "--yes", code=2)
    assert "is for a variable that makes programs load code" in pulling.stderr


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"DB_USER": "ref+vault://secret/ceo#password"},
            "DB_USER: the value in the store is a secret",
        ),
        (
            {"LD_PRELOAD": "/tmp/evil.so"},
            "LD_PRELOAD: the value in the store is for a variable that",
        ),
    ],
    ids=["reference", "loader"],
)
def test_what_would_act_with_the_users_access_is_not_pulled(
    repo: Repo, bao: Bao, path: str, values: dict[str, str], why: str
) -> None:
    """Who may write to the store need not be a reader."""
    pulling = targeted(repo, bao, path, ENV)
    store(bao, path, **values)
    before = pulling.read(ENV)
    pulling.sealedfiles("pull", "app", ENV, "--yes", code=2)
    assert why in pulling.stderr
    assert f"sealedfiles set {ENV} {next(iter(values))}" in pulling.stderr
    assert pulling.read(ENV) == before


def test_numbers_and_booleans_keep_their_types(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, JSON)
    store(bao, path, LIMITS_0="1001", API_ENABLED="false")
    pull(pulling, JSON, "--yes")
    data = json.loads(pulling.read(JSON))
    assert (data["limits"], data["api"]["enabled"]) == ([1001, 2500], False)


def test_new_names_are_added_with_the_names_of_the_target(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, ENV, "prefix: P_", "names: {NEW: OTHER}")
    store(bao, path, P_ADDED="s3cr3t added", OTHER="s3cr3t-new", THEIRS="s3cr3t", LIST=[1])
    assert pull(pulling, ENV, "--yes") == (
        "skipped  LIST\nadd      OTHER    NEW\nadd      P_ADDED  ADDED\nskipped  THEIRS\n"
    )
    assert pulling.sealedfiles("get", ENV, "NEW") == "s3cr3t-new\n"
    assert pulling.sealedfiles("get", ENV, "ADDED") == "s3cr3t added\n"
    pulling.commit("added")
    assert_no_plaintext(pulling)


@pytest.mark.parametrize("file", ["secrets/new.yaml", "new.env", "config/app2.json"])
def test_a_new_file(repo: Repo, bao: Bao, path: str, file: str) -> None:
    repo.sealedfiles("track", "secrets/*.yaml", "*.env", "config/*.json")
    pulling = targeted(repo, bao, path, file)
    store(bao, path, A="s3cr3t-a", B="s3cr3t: b\n")
    pull(pulling, file, "--yes")
    pulling.git("add", file)
    assert_no_plaintext(pulling)
    assert pulling.sealedfiles("get", file, "B") == "s3cr3t: b\n"
    pulling.commit("a new file")
    assert pulling.sealedfiles("push", "app", "--dry-run", "--exit-code")


def test_values_of_other_files_of_the_target_are_left_there(
    repo: Repo, bao: Bao, path: str
) -> None:
    pulling = targeted(repo, bao, path, f"[{ENV}, {YAML}]", "keys: [DB_USER, database.password]")
    store(bao, path, DB_USER="s3cr3t-bob", DATABASE_PASSWORD="s3cr3t-beta", APP_NAME="s3cr3t")
    assert pull(pulling, YAML, "--dry-run") == "change   DATABASE_PASSWORD  database.password\n"
    assert pull(pulling, ENV, "--dry-run") == (
        "skipped  APP_NAME  APP_NAME\nchange   DB_USER   DB_USER\n"
    )


# -- what is refused


def test_a_value_that_would_stay_in_plaintext_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, ENV)
    before = pulling.read(ENV)
    store(bao, path, APP_NEW="s3cr3t")
    pull(pulling, ENV, "--yes", code=2)
    assert "APP_NEW: the policy would leave this value in plaintext" in pulling.stderr
    assert pulling.read(ENV) == before


def test_a_file_that_is_not_tracked_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, "plain.json")
    store(bao, path, A="s3cr3t")
    pull(pulling, "plain.json", "--yes", code=2)
    assert "plain.json is not tracked" in pulling.stderr
    assert not (pulling.path / "plain.json").exists()


def test_a_token_in_a_store_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, JSON)
    store(bao, path, API_TOKEN=repo.tokens("HEAD", JSON)[0])
    pull(pulling, JSON, "--yes", code=2)
    assert "contains a sealed value" in pulling.stderr


def test_other_refusals(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, JSON)
    store(bao, path, API_TOKEN="s3cr3t-new")
    pull(pulling, YAML, "--yes", code=2)
    assert "the target app is not from" in pulling.stderr
    pull(pulling, JSON, code=2)
    assert "--yes" in pulling.stderr
    pull(pulling, JSON, "--json", code=2)
    pull(pulling, JSON, "--dry-run", "--yes", code=2)
    assert pulling.status() == []
    pulling.edit(POLICY, path, f"mallory/{path}")
    pull(pulling, JSON, "--yes", code=1)
    assert "trust policy" in pulling.stderr


def test_a_store_that_returns_no_values_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, JSON)
    pulling.edit(POLICY, f"vault://secret/{path}", "gitea://git.example.org/shop/orders")
    pulling.sealedfiles("trust", "policy", "--yes")
    person = pulling.person.having(GITEA_SERVER_URL="https://git.example.org", GITEA_TOKEN="x")
    other = Repo(person, pulling.path)
    pull(other, JSON, "--yes", code=2)
    assert "this store does not return values" in other.stderr


def test_the_plan_for_programs(repo: Repo, bao: Bao, path: str) -> None:
    pulling = targeted(repo, bao, path, JSON)
    store(bao, path, API_TOKEN="s3cr3t-new", LIST=[1])
    expected = {
        "version": 1,
        "target": "app",
        "from": f"vault://secret/{path}",
        "path": JSON,
        "changes": [
            {"change": "change", "name": "API_TOKEN", "key": "api.token", "done": False},
            {"change": "skipped", "name": "LIST", "key": None, "done": False},
        ],
    }
    assert json.loads(pull(pulling, JSON, "--dry-run", "--json")) == expected
    expected["changes"][0]["done"] = True  # type: ignore[index]
    assert json.loads(pull(pulling, JSON, "--yes", "--json")) == expected


def test_a_file_without_separate_values_is_refused(repo: Repo, bao: Bao, path: str) -> None:
    repo.write("certs/server.pem", "s3cr3t-key")
    repo.sealedfiles("track", "certs/*.pem")
    pulling = targeted(repo, bao, path, f"[certs/server.pem, {JSON}]", "names: {'.': TLS_KEY}")
    store(bao, path, TLS_KEY="s3cr3t-new", API_TOKEN="s3cr3t-api-alpha")
    pull(pulling, "certs/server.pem", "--yes", code=2)
    assert "it has no separate values" in pulling.stderr
    assert pull(pulling, JSON, "--yes") == "same  API_TOKEN  api.token\n".replace(
        "same ", "same    "
    )


# -- other stores


def round_trip(repo: Repo, url: str, **settings: str) -> None:
    """Push, change values of the file, and pull them back."""
    repo.write(POLICY, repo.read(POLICY) + f"targets: {{app: {{to: '{url}', from: {JSON}}}}}\n")
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("a target")
    pulling = Repo(repo.person.having(**settings), repo.path)
    before = pulling.read(JSON)
    pulling.sealedfiles("push", "app", "--yes")
    assert pulling.sealedfiles("push", "app", "--dry-run", "--exit-code")
    pulling.sealedfiles("set", JSON, "database.password", "--value", "x")
    assert pull(pulling, JSON, "--yes").count("change ") == 1
    assert pulling.read(JSON) == before


@pytest.mark.parametrize("scheme", ["aws-sm", "aws-ssm"])
def test_aws(repo: Repo, moto: str, path: str, scheme: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-alice"}
    round_trip(repo, f"{scheme}://eu-central-1/{path}", AWS_ENDPOINT_URL=moto, **keys)


def test_gitlab(repo: Repo) -> None:
    with forges.forge(forges.gitlab) as forge:
        settings = {"GITLAB_HOST": forge.address, "GITLAB_TOKEN": forges.TOKEN}
        round_trip(repo, "gitlab://shop/team/orders?host=127.0.0.1", **settings)


def test_kubernetes(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with cluster.cluster(tmp_path / "cluster") as server:
        settings = {"KUBECONFIG": str(server.kubeconfig(tmp_path / "kubeconfig"))}
        round_trip(repo, "k8s://shop/orders", **settings)


def test_google(repo: Repo) -> None:
    with forges.forge(clouds.gcp) as forge:
        token = {"CLOUDSDK_AUTH_ACCESS_TOKEN": forges.TOKEN}
        address = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": forge.address}
        round_trip(repo, "gcp-sm://shop/orders", **token, **address)
