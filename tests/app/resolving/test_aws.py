"""References to secrets of AWS, for which moto stands in."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from referring import SHOW, allow, refer, variables

if TYPE_CHECKING:
    from people import Repo

REGION = "eu-central-1"


@pytest.fixture
def repo(repo: Repo, moto: str) -> Repo:
    allow(repo, "aws-sm", "aws-ssm")
    repo.person = repo.person.having(
        AWS_ENDPOINT_URL=moto, AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="s3cr3t"
    )
    return repo


@pytest.fixture
def name() -> str:
    return f"app{time.monotonic_ns()}"


def client(service: str, moto: str, region: str = REGION) -> Any:
    """Return a client of AWS's own library."""
    return pytest.importorskip("boto3").client(
        service,
        region_name=region,
        endpoint_url=moto,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="s3cr3t",
    )


def refused(repo: Repo, text: str) -> str:
    """Return the message after the reference *text* could not be resolved."""
    refer(repo, A=text)
    repo.sealedfiles("run", "-f", "ref.env", "--", *SHOW, code=1)
    assert repo.stderr.startswith("sealedfiles: error: ref.env: A: aws-")
    return repo.stderr


@pytest.mark.slow
def test_a_secret_and_its_keys(repo: Repo, moto: str, name: str) -> None:
    secrets = client("secretsmanager", moto)
    value = {"user": "orders", "password": "s3cr3t of aws", "port": 5432}
    secrets.create_secret(Name=f"prod/{name}", SecretString=json.dumps(value))
    client("secretsmanager", moto, "us-east-1").create_secret(Name=name, SecretString="elsewhere")
    refer(
        repo,
        A=f"ref+aws-sm://{REGION}/prod/{name}#password",
        B=f"ref+aws-sm://{REGION}/prod/{name}#port",
        C=f"ref+aws-sm://us-east-1/{name}",
    )
    found = variables(repo)
    assert [found[one] for one in "ABC"] == ["s3cr3t of aws", "5432", "elsewhere"]


def test_parameters(repo: Repo, moto: str, name: str) -> None:
    parameters = client("ssm", moto)
    for full in (f"/prod/{name}/db", f"/top-{name}", name):
        parameters.put_parameter(Name=full, Value=f"s3cr3t of {full}", Type="SecureString")
    refer(
        repo,
        A=f"ref+aws-ssm://{REGION}/prod/{name}/db",
        B=f"ref+aws-ssm://{REGION}//top-{name}",
        C=f"ref+aws-ssm://{REGION}/{name}",
        D=f"ref+aws-ssm://{REGION}//prod/{name}/db",
    )
    found = variables(repo)
    assert found["A"] == found["D"] == f"s3cr3t of /prod/{name}/db"
    assert [found[one] for one in "BC"] == [f"s3cr3t of /top-{name}", f"s3cr3t of {name}"]


@pytest.mark.slow
def test_what_is_not_there(repo: Repo, moto: str, name: str) -> None:
    client("secretsmanager", moto).create_secret(Name=f"text-{name}", SecretString="s3cr3t")
    client("secretsmanager", moto).create_secret(Name=f"bytes-{name}", SecretBinary=b"s3cr3t")
    for text, message in (
        (f"ref+aws-sm://{REGION}/no-{name}", "there is no such secret in the store"),
        (f"ref+aws-ssm://{REGION}/no-{name}", "there is no such secret in the store"),
        (f"ref+aws-sm://{REGION}/text-{name}#a", "is not a JSON object, so it has no keys"),
        (f"ref+aws-sm://{REGION}/bytes-{name}", "is binary, not a text"),
    ):
        said = refused(repo, text)
        assert message in said
        assert name not in said
        assert "s3cr3t" not in said


def test_without_credentials(repo: Repo, name: str) -> None:
    repo.person = repo.person.having(AWS_ACCESS_KEY_ID="", AWS_EC2_METADATA_DISABLED="true")
    said = refused(repo, f"ref+aws-sm://{REGION}/{name}")
    assert "AWS" in said
    assert name not in said
