"""Which values look like secrets, and which pages change them."""

from __future__ import annotations

import pytest

from sealedfiles.app.adopt.likely import is_likely_secret
from sealedfiles.app.adopt.providers import Provider, provider_of
from sealedfiles.app.history.values import ELSEWHERE, WHOLE
from sealedfiles.model import paths

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
