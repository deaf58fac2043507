"""examples/ci: the job that writes values to Vault, run as GitHub runs it, with the rights that it names."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ci_tokens import AUDIENCE, Issuer
from people import JSON, Repo
from stub_server import serving
from test_examples_kms import grant, load, run, with_places

if TYPE_CHECKING:
    from services import Bao

POLICY = ".sealedfiles/policy.yaml"


def target_of(name: str) -> str:
    """Return the target in the comment of a job file."""
    text = (Path(__file__).parent.parent / "examples" / "ci" / name).read_text()
    lines = [line.removeprefix("#   ") for line in text.split("\n") if line.startswith("#   ")]
    return "\n".join([*lines, ""])


@pytest.mark.slow
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
