"""examples/ci: the jobs without a stored secret, with the settings of the files, except what names a place.

As a CI system runs them: a real clone, an empty home, and no variables but those of the file and of the system.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ci_tokens import AUDIENCE, Issuer
from people import Repo, program
from stub_server import serving

if TYPE_CHECKING:
    from services import Bao

EXAMPLES = Path(__file__).parent.parent / "examples" / "ci"
VALUE = "s3cr3t-production"


def load(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text())


def grant(repo: Repo, uri: str, **settings: str) -> str:
    """Let the reader ``ci``, held by *uri*, read, as the first lines of each file say; return the setting."""
    repo.person = repo.person.having(**settings)
    command = ("keygen", "--deploy", "ci", "--to", "production", "--kms", uri)
    setting = repo.sealedfiles(*command).strip()
    repo.write(
        "deploy.sh", '#!/bin/sh\necho "$PRODUCTION_PIN"\nenv | grep -c ^SEALEDFILES_KMS= || :\n'
    )
    (repo.path / "deploy.sh").chmod(0o755)
    repo.commit("CI reads the production group")
    return setting


def run(repo: Repo, folder: Path, script: str, variables: dict[str, str]) -> str:
    """Run *script* in a clone with *variables*; return what it printed."""
    for name in ("home", "bin"):
        (folder / name).mkdir()
    installed = folder / "bin" / "sealedfiles"
    installed.write_text(f'#!/bin/sh\nexec {shlex.join(program())} "$@"\n')
    installed.chmod(0o755)
    tree = folder / "tree"
    subprocess.run(["git", "clone", "-q", str(repo.path), str(tree)], check=True, timeout=60)
    path = os.pathsep.join([str(installed.parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(folder / "home"), "CI": "true", **variables}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_places(variables: dict[str, str], **places: str) -> dict[str, str]:
    """Return *variables* of a file with places that exist; each must be one that the file has."""
    assert set(places) <= set(variables)
    return {**variables, **places}


@pytest.fixture
def vault(repo: Repo, bao: Bao) -> tuple[Issuer, str]:
    """A server that trusts jobs of the repository, and the setting of the job."""
    mount, issuer = f"transit-{time.monotonic_ns()}", Issuer()
    bao.request("POST", f"sys/mounts/{mount}", {"type": "transit"})
    bao.request("POST", f"{mount}/keys/ci", {})
    issuer.trust(bao, "ci", f'path "{mount}/decrypt/ci" {{ capabilities = ["update"] }}')
    uri = f"vault-transit://{mount}/ci"
    return issuer, grant(repo, uri, VAULT_ADDR=bao.address, VAULT_TOKEN=bao.token)


def new_key(moto: str) -> str:
    """Return the ARN of a new key in the stand-in for AWS."""
    headers = {
        "X-Amz-Target": "TrentService.CreateKey",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/kms/aws4_request",
    }
    request = urllib.request.Request(moto, b"{}", headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["KeyMetadata"]["Arn"])


@pytest.fixture
def aws(repo: Repo, moto: str) -> str:
    """The setting of a job that uses a key of the stand-in for AWS."""
    user = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-alice"}
    return grant(repo, f"aws-kms://{new_key(moto)}", AWS_ENDPOINT_URL=moto, **user)


def steps(name: str) -> list[dict[str, Any]]:
    job = load(name)
    assert job["permissions"]["id-token"] == "write"
    found: list[dict[str, Any]] = job["jobs"]["deploy"]["steps"]
    return found


@pytest.mark.slow
def test_github_with_vault(repo: Repo, bao: Bao, vault: tuple[Issuer, str], tmp_path: Path) -> None:
    issuer, setting = vault
    step = steps("github-actions-vault.yml")[-1]
    assert step["env"]["VAULT_ID_TOKEN_AUDIENCE"] == "https://vault.example.com"
    token = json.dumps({"value": issuer.token()}).encode()
    with serving([(200, {}, token)]) as (address, requests):
        variables = with_places(
            step["env"],
            SEALEDFILES_KMS=setting,
            VAULT_ADDR=bao.address,
            VAULT_ID_TOKEN_AUDIENCE=AUDIENCE,
        )
        of_github = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
            "VAULT_AUTH_PATH": issuer.mount,
        }
        assert run(repo, tmp_path, step["run"], {**variables, **of_github}) == f"{VALUE}\n0\n"
    assert len(requests) == 1


ROLE = "arn:aws:iam::123456789012:role/orders-ci"
"""A role of the account of the stand-in."""


@pytest.mark.slow
def test_github_with_aws(repo: Repo, moto: str, aws: str, tmp_path: Path) -> None:
    step = steps("github-actions-aws.yml")[-1]
    variables = with_places(step["env"], SEALEDFILES_KMS=aws, AWS_ROLE_ARN=ROLE)
    with serving([(200, {}, b'{"value": "the token of the job"}')]) as (address, requests):
        of_github = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
            "AWS_ENDPOINT_URL": moto,
        }
        assert run(repo, tmp_path, step["run"], {**variables, **of_github}) == f"{VALUE}\n0\n"
    assert [request.path.partition("&")[2] for request in requests] == [
        "audience=sts.amazonaws.com"
    ]


def test_gitlab_with_vault(repo: Repo, bao: Bao, vault: tuple[Issuer, str], tmp_path: Path) -> None:
    issuer, setting = vault
    job = load("gitlab-ci-kms.yml")["deploy-vault"]
    (name,) = job["id_tokens"]
    variables = with_places(job["variables"], SEALEDFILES_KMS=setting, VAULT_ADDR=bao.address)
    of_gitlab = {name: issuer.token(), "VAULT_AUTH_PATH": issuer.mount}
    script = "\n".join(job["script"])
    assert run(repo, tmp_path, script, {**variables, **of_gitlab}) == f"{VALUE}\n0\n"


def test_gitlab_with_aws(repo: Repo, moto: str, aws: str, tmp_path: Path) -> None:
    job = load("gitlab-ci-kms.yml")["deploy-aws"]
    (name,) = job["id_tokens"]
    variables = with_places(job["variables"], SEALEDFILES_KMS=aws, AWS_ROLE_ARN=ROLE)
    of_gitlab = {name: "the token of the job", "AWS_ENDPOINT_URL": moto}
    script = "\n".join(job["script"])
    assert run(repo, tmp_path, script, {**variables, **of_gitlab}) == f"{VALUE}\n0\n"
