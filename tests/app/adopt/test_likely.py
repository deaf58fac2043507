"""Which values look like secrets, and which pages change them."""

from __future__ import annotations

import pytest

from sealedfiles.app.adopt import likely as module
from sealedfiles.app.adopt.likely import evident_secrets, is_likely_secret
from sealedfiles.app.adopt.providers import Provider, provider_of
from sealedfiles.app.history.values import ELSEWHERE, WHOLE
from sealedfiles.model import paths
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.sealed_text import SealedText

LIKELY = [
    ("password", "hunter22!"),
    ("url", "postgres://shop:pw@db/shop"),
    ("uri", "mongodb+srv://u:p%40ss@h/db"),
    ("Default", "Server=db,1433;User Id=sa;Password=s3cr3t"),
    ("application.properties", "a.url=x\nspring.datasource.password=s3cr3t\n"),
    ("jaas", 'PlainLoginModule required username="u" password="pw12";'),
    ("note", "glpat-1ab2cD3eF4gH5iJ6kL7m"),
    ("tls", "-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----\n"),
    ("Key", "0123456789abcdef"),
]
UNLIKELY = [
    ("password", "${DB_PASSWORD}"),
    ("password", "changeme"),
    ("url", "https://shop.example/a:b@c"),
    ("url", "postgres://shop:${DB_PASSWORD}@db/shop"),
    ("port", "8080"),
    ("name", "orders"),
    ("hosts", "shop.example,www.shop.example"),
    ("image", "postgres:16-alpine"),
    ("pattern", "Password=${X}"),
    ("words", "averylongwordwithoutnumbers"),
    ("number", "12345678901234567890"),
    ("empty", ""),
]


@pytest.mark.parametrize(("name", "text"), LIKELY)
def test_secrets(name: str, text: str) -> None:
    assert is_likely_secret(paths.key_step("a") + paths.key_step(name), text)


@pytest.mark.parametrize(("name", "text"), UNLIKELY)
def test_other_values(name: str, text: str) -> None:
    assert not is_likely_secret(paths.key_step("a") + paths.key_step(name), text)


def test_places_without_a_key() -> None:
    item = paths.key_step("environment") + paths.ITEM
    assert is_likely_secret(item, "POSTGRES_PASSWORD=pw123456")
    assert not is_likely_secret(item, "POSTGRES_DB=shop")
    assert is_likely_secret(WHOLE, "any")
    assert not is_likely_secret(ELSEWHERE, "any")


def test_the_page_of_a_token() -> None:
    page = "https://gitlab.com/-/user_settings/personal_access_tokens"
    assert provider_of("glpat-1ab2cD3eF4gH5iJ6kL7m") == Provider("GitLab", page)
    for text in ("glpat-", "hunter22", "AIza is the begin of a key", "1ab2cD3eF4gH5iJ6kL7mglpat-"):
        assert provider_of(text) is None


def evident(path: str, text: str) -> list[str]:
    version = SealedText(text.encode(), describe_file(path.encode()))
    return [paths.show(one.key) for one in evident_secrets(version)]


def test_values_of_configuration_files_that_are_secrets_whatever_their_keys_are_named() -> None:
    secret = "kind: Secret\ndata: {a: eA==, b: ''}\nstringData: {c: x}\nmetadata: {name: n}\n"
    assert evident("s.yaml", secret) == ["data.a", "stringData.c"]
    assert evident("s.yaml", secret.replace("Secret", "ConfigMap")) == []
    env = "env:\n- {name: DB_PASSWORD, value: hunter22}\n- {name: LEVEL, value: hunter22}\n- {value: hunter22}\n"
    assert evident("s.yaml", env) == ["env[].value"]
    compose = "environment:\n- DB_PASSWORD=hunter22\n- LEVEL=hunter22\nurl: redis://:pw@cache/0\n"
    assert evident("s.yaml", compose) == ["environment[]", "url"]
    assert evident(".env", "URL=postgres://a:pw@db/x\nA=b\n") == ["URL"]
    assert evident("s.yaml", "a: &p hunter22\npassword: *p\n") == []
    assert evident("s.yaml", "spec: {encryptedData: {password: AgBy3i4OJSWK}}\n") == []
    token = "sealed:v1:default:kcmzf66b6lbmx5lr:utUQXNOC:" + "A" * 64
    assert evident("s.yaml", f'password: "{token}"\n') == []


def test_a_large_file_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert evident("s.yaml", "password: hunter22\n")
    monkeypatch.setattr(module, "LARGEST", 10)
    assert evident("s.yaml", "password: hunter22\n") == []
