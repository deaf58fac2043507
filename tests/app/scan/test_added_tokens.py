"""Rules are loaded only for text that may have a secret."""

from __future__ import annotations

import pytest

from sealedfiles.app.scan.added_tokens import may_have_token


@pytest.mark.parametrize(
    "text",
    [
        b"token: ghp_oHwLMeaZqo9DZDNjN1GTPdVKsb1DS2S5yXB6",
        b'key = "AKIAQ3EGSZSMZ7LD2XYZ"',
        b"0123456789abcdef0123456789abcdef",
        b"xQvRkTzLpWmNbYcDfGhJ",  # of letters only
        b"-----BEGIN RSA PRIVATE KEY-----",
        b"postgres://app:hunter2@db",
    ],
)
def test_text_with_a_token(text: bytes) -> None:
    assert may_have_token(text)
    assert may_have_token(b"x = 1\n" + text + b"\n")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"def function_of_a_module(argument): return argument + 1\n",
        b"12345678901234567890 2026-11-30T00:00:00",
        b"https://example.com/some-page http://user@host:80/",
        b"aConstantOfTheClass = AN_IMPORTANT_CONSTANT",
        "Wörter, die länger als sechzehn Zeichen sind: Donaudampfschifffahrt".encode(),
        b"UPPERCASELETTERSONLYINAWORD lowercaselettersonlyinaword",
    ],
)
def test_text_without_one(text: bytes) -> None:
    assert not may_have_token(text)
