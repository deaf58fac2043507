"""Values at keys that are named like secrets."""

from __future__ import annotations

import json

import pytest

from sealedfiles.app.scan import named_secrets as module
from sealedfiles.app.scan.named_secrets import (
    is_named_like_a_secret,
    named_secrets,
    secrets_in_lines,
)
from sealedfiles.model import paths
from sealedfiles.sealing.file import describe_file
from sealedfiles.sealing.sealed_text import SealedText


def found(path: str, text: str) -> list[tuple[int, str, str]]:
    secrets = named_secrets(SealedText(text.encode(), describe_file(path.encode())))
    return [(one.line, paths.show(one.key), one.text) for one in secrets]


@pytest.mark.parametrize(
    "name",
    [
        "password", "DB_PASSWORD", "dbPassword", "db.passwd", "DB_PASSWORD_PROD", "password2", "dbpassword", "token",
        "apiToken", "API_TOKEN", "secret", "clientSecret", "api_key", "apiKey", "APIKEY", "SECRET_KEY", "signing-key",
        "credentials", "passphrase", "PGPASSWORD", "key_password", "secret_key_base64",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_named_like_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "1", "key", "public_key", "primaryKey", "sort_key", "cache_key", "password_file", "tokenUrl", "secretName", "@publicKeyToken",
        "token_type", "max_tokens", "tokenizer", "passwordPolicy", "secrets", "user", "monkey", "passenger", "compass",
        "existingSecret", "existing_secret_key",
    ],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert not is_named_like_a_secret(name)


@pytest.mark.parametrize(
    "text",
    ["hunter2!", "Tr0ub4dor&3", "9f86d081884c7d65", "postgres://u:pw123@h/db", "sk_live_4eC39"],
)
def test_a_value_in_every_format(text: str) -> None:
    assert found("a.yaml", f"db:\n  password: {json.dumps(text)}\n") == [(2, "db.password", text)]
    assert found("a.json", json.dumps({"items": [{"token": text}]})) == [(1, "items[].token", text)]
    assert found("prod.env", f"# x\nexport API_SECRET='{text}'\n") == [(2, "API_SECRET", text)]
    assert found("a.yaml", f"api_key: {json.dumps(text)}\n")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "null", "true", "1234", "password", "secret", "changeme", "change-me-please", "CHANGE_ME", "<password>", "${DB_PASSWORD}",
        "$DB_PASSWORD", "prefix-${X}-suffix", "{{ vault.password }}", "%PASSWORD%", "xxxxxxxx", "********", "your-token-here",
        "AKIAIOSFODNN7EXAMPLE", "/run/secrets/password", "./token.txt", "vault:secret/data/app#password", "op://vault/item/field",
        "ref+vault://secret/app#password", "ref+aws-sm://eu-central-1/prod/db#password",
        "arn:aws:secretsmanager:eu:1:secret:x", "https://auth.example.org/token", "ENC[AES256_GCM,data:abc=]", "$ANSIBLE_VAULT;1.1;AES256",
        "Enter your password", "string", "NextToken", "refresh_token", "localhost", "test-token", "dummy_secret_1", "aaaaaaaa", "...",
        "sealed:v2:later", "***REMOVED***", "REMOVED",
    ],
)  # fmt: skip
def test_no_secret(text: str) -> None:
    assert found("a.json", json.dumps({"password": text, "token": text, "DB_SECRET": text})) == []


def test_a_private_key_and_an_alias() -> None:
    text = "a:\n  private_key: |\n    -----BEGIN PRIVATE KEY-----\n    MIGH\n    -----END PRIVATE KEY-----\n"
    assert [line for line, _, _ in found("a.yaml", text)] == [2]
    assert found("a.yaml", "x: &p hunter22\npassword: *p\n") == []
    assert found("a.json", '{"public_key": "MFkwEwYHKoZIzj0CAQ"}') == []
    assert found("a.json", '{"api_key": "my-bucket-name"}') == []


def test_a_sealed_secret_of_kubernetes_is_encrypted() -> None:
    assert found("a.yaml", "spec: {encryptedData: {password: AgBy3i4OJSWK+PiTySYZZA9rO}}\n") == []


def test_files_that_have_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("a.txt", "password: hunter22\n") == []
    assert found("a.json", '{"password": "hunter22"') == []
    assert found("a.yaml", "password: hunter22\n")
    monkeypatch.setattr(module, "LARGEST", 10)
    assert found("a.yaml", "password: hunter22\n") == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_that_is_not_utf_8_is_read_line_by_line(encoding: str) -> None:
    data = "# caf\u00e9\r\nexport DB_PASSWORD='Zk3vQ9plain'\r\nUSER=Zk3vQ9plain\r\n".encode(
        encoding
    )
    (one,) = secrets_in_lines(data)
    assert (one.line, paths.show(one.key), one.text) == (2, "DB_PASSWORD", "Zk3vQ9plain")


def test_a_text_that_does_not_parse_is_read_line_by_line() -> None:
    text = """\
{{- if .Values.db }}
db:
  password: Zk3vQ9plain
  - api_token: "Zk3vQ9token",
  other_password: {{ .Values.password }}
"""
    assert found("chart/app.yaml", text) == []
    assert [
        (one.line, paths.show(one.key), one.text) for one in secrets_in_lines(text.encode())
    ] == [
        (3, "password", "Zk3vQ9plain"),
        (4, "api_token", "Zk3vQ9token"),
    ]
