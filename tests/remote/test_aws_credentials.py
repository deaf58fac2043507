"""Where AWS credentials come from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from stub_server import Answer, serving

from sealedfiles.errors import RemoteError
from sealedfiles.remote.aws_credentials import Credentials, credentials

pytestmark = pytest.mark.usefixtures("no_aws")

REGION = "eu-central-1"
GIVEN = {"AccessKeyId": "AKIA", "SecretAccessKey": "s3cr3t", "Token": "t0ken"}
FOUND = Credentials("AKIA", "s3cr3t", "t0ken")
ANSWER: Answer = 200, {}, json.dumps(GIVEN).encode()


def test_no_credentials() -> None:
    with pytest.raises(RemoteError, match="no credentials found") as error:
        credentials(REGION)
    assert "AWS_ACCESS_KEY_ID" in error.value.hints[0]


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    assert credentials(REGION) == Credentials("AKIA", "s3cr3t", "")
    credentials.cache_clear()
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t0ken")
    assert credentials(REGION) == FOUND


@pytest.fixture
def role(no_aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A job with a web identity token, and a role for it."""
    file = tmp_path / "token"
    file.write_text("jwt+of/the job\n")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")


@pytest.mark.usefixtures("role")
def test_a_job_gets_the_credentials_of_its_role(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    found = credentials(REGION)
    assert found.access_key.startswith("ASIA")
    assert found.secret_key
    assert found.session_token


@pytest.mark.usefixtures("role")
def test_the_request_for_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "".join(f"<{name}>{value}</{name}>" for name, value in GIVEN.items())
    answer = given.replace("Token>", "SessionToken>").encode()
    with serving([(200, {}, answer)]) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
        assert credentials(REGION) == FOUND
        assert credentials(REGION) == FOUND
    assert len(requests) == 1
    body = requests[0].body
    assert b"WebIdentityToken=jwt%2Bof%2Fthe+job&" in body + b"&"
    assert b"RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci&" in body
    assert "authorization" not in requests[0].headers


def test_a_job_of_github_needs_only_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "".join(f"<{name}>{value}</{name}>" for name, value in GIVEN.items())
    answer = given.replace("Token>", "SessionToken>").encode()
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
    with pytest.raises(RemoteError, match="no credentials found"):
        credentials(REGION)
    with (
        serving([(200, {}, b'{"value": "jwt"}')]) as (github, asked),
        serving([(200, {}, answer)]) as (sts, requests),
    ):
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{github}/token?v=2")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
        assert credentials(REGION) == FOUND
    assert asked[0].path == "/token?v=2&audience=sts.amazonaws.com"
    assert b"WebIdentityToken=jwt" in requests[0].body


def test_a_job_of_gitlab_has_its_token_in_a_variable(
    moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
    monkeypatch.setenv("AWS_ID_TOKEN", "the token of the job")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    assert credentials(REGION).access_key.startswith("ASIA")


@pytest.mark.usefixtures("role")
def test_a_role_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>"
    with serving([(403, {}, body)]) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
        with pytest.raises(RemoteError, match="role/ci was refused to this job: AccessDenied"):
            credentials(REGION)


@pytest.mark.usefixtures("role")
def test_a_token_file_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
    with pytest.raises(RemoteError, match=r"AWS_WEB_IDENTITY_TOKEN_FILE .*cannot be read: No such"):
        credentials(REGION)


def write_program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program ``aws`` on PATH."""
    folder.mkdir()
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


EXPORT = """[ "$*" = "configure export-credentials --format process" ] || exit 9
echo '{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s3cr3t", "SessionToken": "t0ken"}'"""


def test_the_program_of_aws_is_asked_for_profiles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(tmp_path / "bin", EXPORT, monkeypatch)
    with pytest.raises(RemoteError, match="no credentials found"):
        credentials(REGION)  # neither a profile nor a configuration
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[default]\n")
    assert credentials(REGION) == FOUND


def test_the_keys_of_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    keys = "aws_access_key_id = {0}\naws_secret_access_key=s3cr3t%(x)s\n"
    (tmp_path / ".aws/config").write_text(f"[profile work]\nregion=x\n{keys.format('B')}")
    (tmp_path / ".aws/credentials").write_text(
        f"[default]\n{keys.format('A')}aws_session_token = t0ken\n"
    )
    assert credentials(REGION) == Credentials("A", "s3cr3t%(x)s", "t0ken")
    credentials.cache_clear()
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert credentials(REGION) == Credentials("B", "s3cr3t%(x)s", "")


@pytest.mark.parametrize("more", ["role_arn = arn:aws:iam::123456789012:role/ci\n", "=\n", "\xff"])
def test_a_profile_that_uses_its_keys_for_a_role_is_left_to_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str
) -> None:
    write_program(tmp_path / "bin", EXPORT, monkeypatch)
    (tmp_path / ".aws").mkdir()
    text = f"[default]\naws_access_key_id = A\naws_secret_access_key = B\n{more}"
    (tmp_path / ".aws/credentials").write_bytes(text.encode("latin-1"))
    assert credentials(REGION) == FOUND


@pytest.mark.parametrize("script", ["exit 255", "echo no", "echo '[]'"])
def test_a_profile_that_the_program_of_aws_does_not_know(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    write_program(tmp_path / "bin", script, monkeypatch)
    monkeypatch.setenv("AWS_PROFILE", "work")
    with pytest.raises(RemoteError, match="export-credentials gave no credentials") as error:
        credentials(REGION)
    assert "aws sso login" in error.value.hints[0]


def test_a_profile_without_the_program_of_aws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "work")
    with pytest.raises(RemoteError, match="the program aws was not found on PATH"):
        credentials(REGION)


def test_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = tmp_path / "pod-token"
    token.write_text("pod\n")
    with serving([ANSWER]) as (address, requests):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{address}/v1/credentials?a=b")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
        assert credentials(REGION) == FOUND
    assert requests[0].path == "/v1/credentials?a=b"
    assert requests[0].headers["authorization"] == "pod"


@pytest.mark.parametrize("host", ["192.0.2.1", "127.0.0.1.evil.example", "evil.example"])
def test_another_host_is_not_asked_for_credentials_without_tls(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{host}/credentials")
    with pytest.raises(RemoteError, match=f"{host} may not be asked without TLS"):
        credentials(REGION)


def test_a_container_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([(403, {}, b"no")]) as (address, _):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{address}/credentials")
        with pytest.raises(RemoteError, match="credentials of the container: HTTP status 403"):
            credentials(REGION)


def test_a_machine_of_ec2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serving([(200, {}, b"metadata"), (200, {}, b"web\n"), ANSWER]) as (address, requests):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert credentials(REGION) == FOUND
    token, roles, role = requests
    assert (token.method, token.path) == ("PUT", "/latest/api/token")
    assert token.headers["x-aws-ec2-metadata-token-ttl-seconds"]
    assert roles.headers["x-aws-ec2-metadata-token"] == "metadata"
    assert role.path == "/latest/meta-data/iam/security-credentials/web"


@pytest.mark.parametrize("answers", [[(403, {}, b"")], [(200, {}, b"t"), (404, {}, b"")]])
def test_a_machine_without_a_role(monkeypatch: pytest.MonkeyPatch, answers: list[Answer]) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with serving(answers) as (address, _):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        with pytest.raises(RemoteError, match="no credentials found"):
            credentials(REGION)
