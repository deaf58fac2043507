"""The examples that write values to stores, run as CI systems and Argo CD run them."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ci_tokens import AUDIENCE, Issuer
from people import JSON, Repo
from stub_server import serving
from test_examples_kms import grant, load, run, with_places

if TYPE_CHECKING:
    from services import Bao

KUBERNETES = Path(__file__).parent.parent / "examples" / "deploy" / "kubernetes"
POLICY = ".sealedfiles/policy.yaml"


def target_of(name: str) -> str:
    """Return the target in the comment of a job file."""
    text = (Path(__file__).parent.parent / "examples" / "ci" / name).read_text()
    lines = [line.removeprefix("#   ") for line in text.split("\n") if line.startswith("#   ")]
    return "\n".join([*lines, ""])


def test_github_pushes_to_vault(repo: Repo, bao: Bao, tmp_path: Path) -> None:
    """The target in the comment, the rights that it names, and the steps."""
    job = load("github-actions-push.yml")["jobs"]["push"]
    place = f"orders-{time.monotonic_ns()}/production"
    target = target_of("github-actions-push.yml").replace("orders/production", place)
    mount, issuer = f"transit-{time.monotonic_ns()}", Issuer()
    bao.request("POST", f"sys/mounts/{mount}", {"type": "transit"})
    bao.request("POST", f"{mount}/keys/ci", {})
    rights = '{ capabilities = ["read", "create", "update"] }'
    issuer.trust(
        bao,
        "ci",
        f'path "{mount}/decrypt/ci" {{ capabilities = ["update"] }}\n'
        f'path "secret/data/{place}" {rights}\npath "secret/metadata/{place}" {rights}',
    )
    repo.write(POLICY, repo.read(POLICY) + target)
    repo.sealedfiles("trust", "policy", "--yes")
    settings = {"VAULT_ADDR": bao.address, "VAULT_TOKEN": bao.token}
    setting = grant(repo, f"vault-transit://{mount}/ci", **settings)
    write, compare = (step["run"] for step in job["steps"][-2:])
    token = json.dumps({"value": issuer.token()}).encode()
    with serving([(200, {}, token)] * 2) as (address, _):
        variables = {
            **with_places(
                job["env"],
                SEALEDFILES_KMS=setting,
                VAULT_ADDR=bao.address,
                VAULT_ID_TOKEN_AUDIENCE=AUDIENCE,
            ),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
            "VAULT_AUTH_PATH": issuer.mount,
        }
        for number, script in enumerate((write, compare)):
            (tmp_path / str(number)).mkdir()
            output = run(repo, tmp_path / str(number), script, variables)
            assert "s3cr3t" not in output
    stored = bao.request("GET", f"secret/data/{place}")["data"]["data"]
    assert stored == {"PRODUCTION_PIN": "s3cr3t-production"}
    assert json.loads(repo.read(JSON))["production"]["pin"] == "s3cr3t-production"


def plugin() -> Any:
    return yaml.safe_load((KUBERNETES / "argocd-plugin.yaml").read_text())["spec"]


def test_argo_cd_generates_a_secret(repo: Repo, tmp_path: Path) -> None:
    generate = plugin()["generate"]
    assert generate["command"] == ["sh", "-ec"]
    repo.write("secret.env", "PASSWORD=s3cr3t-of-orders\n")
    repo.write("manifests/service.yaml", "kind: Service\n")
    repo.sealedfiles("track", "secret.env")
    repo.commit("for Argo CD")
    assert (repo.path / plugin()["discover"]["fileName"]).exists()
    (script,) = generate["args"]
    variables = {
        "SEALEDFILES_KEY": repo.person.identities.read_text(),
        "ARGOCD_APP_NAME": "orders",
        "ARGOCD_APP_NAMESPACE": "shop",
    }
    service, secret = yaml.safe_load_all(run(repo, tmp_path, script, variables))
    assert service == {"kind": "Service"}
    assert secret["metadata"] == {"name": "orders", "namespace": "shop"}
    assert b64decode(secret["data"]["PASSWORD"]) == b"s3cr3t-of-orders"


def test_argo_cd_gets_nothing_without_a_key(repo: Repo, tmp_path: Path) -> None:
    repo.write("secret.env", "PASSWORD=s3cr3t-of-orders\n")
    repo.write("manifests/service.yaml", "kind: Service\n")
    repo.sealedfiles("track", "secret.env")
    repo.commit("for Argo CD")
    variables = {"ARGOCD_APP_NAME": "orders", "ARGOCD_APP_NAMESPACE": "shop"}
    with pytest.raises(AssertionError, match="no key"):
        run(repo, tmp_path, plugin()["generate"]["args"][0], variables)


def test_external_secrets_reads_what_the_job_pushes() -> None:
    external = yaml.safe_load((KUBERNETES / "external-secret.yaml").read_text())
    (source,) = external["spec"]["dataFrom"]
    target = yaml.safe_load(target_of("github-actions-push.yml"))["targets"]["production"]
    assert target["to"] == f"vault://secret/{source['extract']['key']}"
