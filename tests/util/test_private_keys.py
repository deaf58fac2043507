"""A private key in the place of a name or a file is recognized, and never printed."""

from __future__ import annotations

import pytest

from sealedfiles.util.messages import printable
from sealedfiles.util.private_keys import (
    MASK,
    has_private_key,
    is_private_key,
    mask_private_keys,
)

AGE = "AGE-SECRET-KEY-1QQPQ3D9ZL8UYM7"
HYBRID = "AGE-SECRET-KEY-PQ-1QQPQ3D9ZL8UYM7"
BODY = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\nQyNTUxOQAAACB7ZXJ5IHNlY3JldA=="
SSH = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----"
KEYS = [AGE, HYBRID, AGE.lower(), SSH, SSH.replace("\n", "\\n"), SSH.replace("OPENSSH ", ""), BODY]


@pytest.mark.parametrize("key", KEYS)
def test_every_private_key_is_masked_and_the_words_around_it_stay(key: str) -> None:
    assert mask_private_keys(f"`{key}` is not a valid name") == f"`{MASK}` is not a valid name"
    assert printable(f"{key}: not found, {key}") == f"{MASK}: not found, {MASK}"
    assert has_private_key(f"# a comment\n{key}")
    assert is_private_key(f"# a comment\n\n  {key}\n")


def test_a_block_without_its_end_is_masked_to_the_end_of_the_text() -> None:
    assert printable(SSH.partition("=")[0]) == MASK


@pytest.mark.parametrize(
    "text",
    [
        "AGE-SECRET-KEY-1…",
        "a key starts with AGE-SECRET-KEY-PQ-1",
        "age1qqpq3d9zl8uym7",
        "the PRIVATE KEY of Bob",
        "-----BEGIN PUBLIC KEY-----",
        "keys/age-secret-key.txt",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert printable(text) == text
    assert not has_private_key(text)


def test_a_command_that_contains_a_key_is_not_a_key() -> None:
    assert not is_private_key(f"echo {AGE}")
    assert not is_private_key("# no key at all")
