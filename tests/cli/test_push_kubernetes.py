"""`push` to a Secret of Kubernetes: a real API server if there is one (tests/cluster.py), or a stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cluster
import pytest
from people import SECRET, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cluster import Cluster

pytestmark = pytest.mark.slow

POLICY = ".sealedfiles/policy.yaml"
FILE = "config/prod.json"
VALUES = {"DATABASE_PASSWORD": "s3cr3t-db", "TLS": "-----BEGIN-----\ns3cr3t\n"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A Secret for this test only."""
    return (
        str(request.node.name).replace("_", "-").replace("[", "-").replace("]", "")[:60].strip("-")
    )


@pytest.fixture
def pushing(repo: Repo, server: Cluster, name: str, tmp_path: Path) -> Repo:
    repo.write(FILE, json.dumps({"database": {"password": "s3cr3t-db"}, "tls": VALUES["TLS"]}))
    repo.sealedfiles("track", FILE)
    target = f"targets:\n  app:\n    to: k8s://shop/{name}\n    from: {FILE}\n"
    repo.write(POLICY, repo.read(POLICY) + target)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("push to the cluster")
    return using(repo, server.kubeconfig(tmp_path / "kubeconfig"))


def using(repo: Repo, kubeconfig: Path) -> Repo:
    return Repo(repo.person.having(KUBECONFIG=str(kubeconfig)), repo.path)


def push(repo: Repo, *options: str, code: int = 0) -> str:
    output = repo.sealedfiles("push", "app", *options, code=code)
    assert SECRET not in output + repo.stderr
    return output


def test_a_secret_is_created_and_then_up_to_date(pushing: Repo, server: Cluster, name: str) -> None:
    push(pushing, "--dry-run", "--exit-code", code=1)
    push(pushing, "--yes")
    assert server.secret(name) == VALUES
    found = server.request("GET", f"/api/v1/namespaces/shop/secrets/{name}")
    assert found["metadata"]["annotations"]["sealedfiles/commit"] == pushing.head()
    assert found["type"] == "Opaque"
    push(pushing, "--dry-run", "--exit-code")
    push(pushing, "--yes")
    assert "is up to date" in pushing.stderr


def test_names_of_others_stay_and_ours_stay_until_pruned(
    pushing: Repo, server: Cluster, name: str
) -> None:
    server.apply(name, "kubectl", {"THEIRS": "theirs"})
    push(pushing, "--yes")
    assert server.secret(name) == {**VALUES, "THEIRS": "theirs"}
    pushing.sealedfiles("unset", FILE, "tls")
    pushing.sealedfiles("set", FILE, "database.password", answers="s3cr3t-new")
    pushing.commit("one less")
    output = push(pushing, "--yes")
    assert "remote-only  THEIRS             not created by push: kept\n" in output
    assert "remote-only  TLS                created by push: kept without --prune\n" in output
    new = {"DATABASE_PASSWORD": "s3cr3t-new"}
    assert server.secret(name) == {**VALUES, **new, "THEIRS": "theirs"}
    push(pushing, "--yes", "--prune")
    assert server.secret(name) == {**new, "THEIRS": "theirs"}


def test_a_value_of_another_manager_is_taken_over_only_by_force(
    pushing: Repo, server: Cluster, name: str
) -> None:
    push(pushing, "--yes")
    server.apply(name, "argocd", {"DATABASE_PASSWORD": "theirs"}, force=True)
    for options in (["--dry-run"], ["--yes"]):
        push(pushing, *options, code=1)
        assert "DATABASE_PASSWORD belong to argocd" in pushing.stderr
    assert server.secret(name)["DATABASE_PASSWORD"] == "theirs"
    push(pushing, "--yes", "--force")
    assert server.secret(name) == VALUES


def test_what_the_server_refuses(pushing: Repo, server: Cluster, tmp_path: Path) -> None:
    reader = using(pushing, server.kubeconfig(tmp_path / "reader", cluster.TOKENS["reader"]))
    push(reader, "--yes", code=1)
    assert "the credentials do not allow it" in reader.stderr
    stranger = using(pushing, server.kubeconfig(tmp_path / "stranger", "expired"))
    push(stranger, "--yes", code=1)
    assert "the credentials have expired" in stranger.stderr


def test_a_namespace_that_does_not_exist(pushing: Repo) -> None:
    pushing.edit(POLICY, "k8s://shop/", "k8s://other/")
    pushing.sealedfiles("trust", "policy", "--yes")
    pushing.commit("another namespace")
    push(pushing, "--yes", code=1)
    assert "the namespace other does not exist" in pushing.stderr


@pytest.mark.slow
def test_names_and_sizes_are_checked_first(pushing: Repo, server: Cluster, name: str) -> None:
    pushing.write(FILE, json.dumps({"big": "s3cr3t" + "x" * (1 << 20)}))
    pushing.commit("a large value")
    push(pushing, "--yes", code=2)
    assert "larger than 1 MB" in pushing.stderr
    pushing.write(FILE, json.dumps({"a": "s3cr3t"}))
    pushing.write(POLICY, pushing.read(POLICY) + "    names: {a: a/b}\n")
    pushing.sealedfiles("trust", "policy", "--yes")
    pushing.commit("a name with a slash")
    push(pushing, "--yes", code=2)
    assert '"a/b" is not a valid name' in pushing.stderr
    with pytest.raises(OSError, match="404"):
        server.secret(name)


def test_without_a_cluster(pushing: Repo, tmp_path: Path) -> None:
    without = using(pushing, tmp_path / "nothing")
    push(without, "--yes", code=1)
    assert "set KUBECONFIG" in without.stderr
