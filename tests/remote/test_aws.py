"""Requests to AWS: signatures as AWS's own library makes them, calls and errors."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_server import Answer, serving

from sealedfiles.errors import RemoteError
from sealedfiles.remote.aws import Aws, AwsError, sign
from sealedfiles.remote.aws_credentials import Credentials
from sealedfiles.remote.aws_endpoints import endpoint

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.mark.parametrize(
    ("headers", "body", "signature"),
    [
        ({}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["post-vanilla", "post-x-www-form-urlencoded"],
)
def test_the_vectors_that_aws_published(
    headers: dict[str, str], body: bytes, signature: str
) -> None:
    """From aws-sig-v4-test-suite."""
    host = {"Host": "example.amazonaws.com"}
    signed = sign({**host, **headers}, body, EXAMPLE, "us-east-1", "service", NOW)
    assert signed["Authorization"].endswith(f"Signature={signature}")
    assert signed["X-Amz-Date"] == "20150830T123600Z"


@given(
    body=st.binary(max_size=100),
    target=st.text("abcXYZ.09", min_size=1, max_size=20),
    secret=st.text("abc/+=XYZ", min_size=1, max_size=40),
    token=st.text("abc/+=XYZ", max_size=40),
)
def test_signatures_are_those_of_awss_own_library(
    body: bytes, target: str, secret: str, token: str
) -> None:
    auth = pytest.importorskip("botocore.auth")
    requests = pytest.importorskip("botocore.awsrequest")
    theirs = pytest.importorskip("botocore.credentials").Credentials("AKID", secret, token or None)
    headers = {"Host": "kms.eu-west-1.amazonaws.com", "X-Amz-Target": target}
    url = "https://kms.eu-west-1.amazonaws.com/"
    request = requests.AWSRequest("POST", url, data=body, headers={"X-Amz-Target": target})
    auth.SigV4Auth(theirs, "kms", "eu-west-1").add_auth(request)
    now = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ")
    ours = sign(headers, body, Credentials("AKID", secret, token), "eu-west-1", "kms", now)
    for name, value in ours.items():
        assert request.headers[name] == value


def test_a_key_encrypts_and_decrypts_and_checks_the_context(aws: str) -> None:
    kms = Aws("kms")
    key = kms.call("CreateKey", {})["KeyMetadata"]["KeyId"]
    text = b64encode(b"the identity").decode()
    context = {"reader": "ci"}
    made = kms.call("Encrypt", {"KeyId": key, "Plaintext": text, "EncryptionContext": context})
    blob = {"CiphertextBlob": made["CiphertextBlob"]}
    assert kms.call("Decrypt", {**blob, "EncryptionContext": context})["Plaintext"] == text
    with pytest.raises(AwsError, match="Decrypt: InvalidCiphertextException") as error:
        kms.call("Decrypt", {**blob, "EncryptionContext": {"reader": "other"}})
    assert error.value.kind == "InvalidCiphertextException"
    assert error.value.status == 400


def test_secrets_and_parameters(aws: str) -> None:
    secrets = Aws("secretsmanager")
    secrets.call("CreateSecret", {"Name": "orders/db", "SecretString": "s3cr3t"})
    assert secrets.call("GetSecretValue", {"SecretId": "orders/db"})["SecretString"] == "s3cr3t"
    with pytest.raises(AwsError) as error:
        secrets.call("GetSecretValue", {"SecretId": "orders/none"})
    assert error.value.kind == "ResourceNotFoundException"
    parameters = Aws("ssm", "us-west-2")
    parameters.call("PutParameter", {"Name": "/a", "Value": "1", "Type": "SecureString"})
    found = parameters.call("GetParameter", {"Name": "/a", "WithDecryption": True})
    assert found["Parameter"]["Value"] == "1"


def refusal(kind: str, status: int = 400) -> Answer:
    body = {"__type": f"com.amazonaws.kms#{kind}", "message": "the words of the service"}
    return status, {}, json.dumps(body).encode()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ExpiredTokenException", "the credentials have expired"),
        ("UnrecognizedClientException", "the credentials are not valid"),
        ("InvalidSignatureException", "the signature was refused"),
        ("AccessDeniedException", "the credentials do not allow it"),
        ("NotFoundException", "NotFoundException .HTTP status 400"),
        ("<script>", "refused .HTTP status 400"),
    ],
)
def test_a_refusal_says_why_without_the_services_words(
    aws: str, monkeypatch: pytest.MonkeyPatch, kind: str, message: str
) -> None:
    with serving([refusal(kind)]) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        with pytest.raises(AwsError, match=message) as error:
            Aws("kms").call("Decrypt", {})
    assert "words" not in error.value.message
    assert error.value.reason == "the words of the service"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_a_refusal_without_a_reason(aws: str, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """As a proxy answers, or a server of another kind."""
    with serving([(403, {}, body)]) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        with pytest.raises(AwsError, match=r"refused \(HTTP status 403\)") as error:
            Aws("kms").call("Decrypt", {})
    assert (error.value.kind, error.value.reason) == ("", "")


def test_too_many_requests_are_repeated(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    busy = refusal("ThrottlingException")
    with serving([busy, busy, (200, {}, b'{"a":1}')]) as (address, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        assert Aws("kms", pause=pauses.append).call("Decrypt", {"b": 2}) == {"a": 1}
    assert pauses == [0.5, 1.0]
    assert {request.body for request in requests} == {b'{"b": 2}'}
    assert requests[0].headers["x-amz-target"] == "TrentService.Decrypt"


def test_a_service_that_stays_busy(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    with serving([refusal("ThrottlingException")] * 4) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        with pytest.raises(AwsError, match="ThrottlingException"):
            Aws("kms", pause=pauses.append).call("Decrypt", {})
    assert len(pauses) == 3


def test_the_region_is_needed_and_is_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(RemoteError, match="the region is not set"):
        Aws("kms")
    for region in ("evil.example/", "eu-west-1.evil.example", "", "x"):
        with pytest.raises(RemoteError, match="not a region"):
            endpoint("kms", region)


def test_addresses(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint("ssm", "us-gov-west-1") == "https://ssm.us-gov-west-1.amazonaws.com"
    assert endpoint("kms", "cn-north-1") == "https://kms.cn-north-1.amazonaws.com.cn"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://a")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://b")
    assert endpoint("kms", "eu-west-1") == "http://a"
    assert endpoint("secretsmanager", "eu-west-1") == "http://b"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert endpoint("kms", "eu-west-1") == "https://kms.eu-west-1.amazonaws.com"
