"""What another tool has encrypted is recognized by marks that nothing else has."""

from __future__ import annotations

import pytest

from sealedfiles.model.paths import ITEM, ROOT, key_step
from sealedfiles.sealing.other_tools import (
    can_migrate_values,
    encrypting_tool,
    is_of_tool,
    may_be_of_sops,
    tool_of_value,
)

BODY = b"A" * 100
SOPS = b"""\
key: ENC[AES256_GCM,data:QUJD,iv:QUJD,tag:QUJD,type:str]
sops:
    mac: ENC[AES256_GCM,data:QUJD,iv:QUJD,tag:QUJD,type:str]
"""
DOTENVX = b"DOTENV_PUBLIC_KEY=03ab\nKEY=encrypted:" + BODY + b"\n"


@pytest.mark.parametrize(
    ("data", "tool"),
    [
        (b"\x00GITCRYPT\x00" + BODY, "git-crypt"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", "ansible-vault"),
        (b"U2FsdGVkX1" + BODY, "transcrypt"),
        (SOPS, "sops"),
        (SOPS.replace(b"    mac: ", b'"mac": "'), "sops"),
        (b"KEY=ENC[AES256_GCM,data:QUJD]\nsops_mac=ENC[AES256_GCM,data:QUJD]\n", "sops"),
        (DOTENVX, "dotenvx"),
        (DOTENVX.replace(b"KEY=enc", b'KEY="enc'), "dotenvx"),
        (DOTENVX.replace(b"PUBLIC_KEY=", b"PUBLIC_KEY_CI=", 1), "dotenvx"),
    ],
)
def test_files(data: bytes, tool: str) -> None:
    assert encrypting_tool(data) == tool
    assert encrypting_tool(b"x" + data) in ("", "sops", "dotenvx")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" $ANSIBLE_VAULT;1.1;AES256\n",
        b"docs: a sops file has mac: and ENC[AES256_GCM,data:QUJD]\n",
        SOPS.replace(b"mac:", b"max:"),
        SOPS.replace(b"sops", b"soap"),
        DOTENVX.replace(b"encrypted:", b"encoded:"),
        DOTENVX.replace(BODY, BODY[1:]),
        DOTENVX.replace(b"DOTENV_PUBLIC_KEY", b"PUBLIC_KEY"),
        b"# " + DOTENVX.replace(b"\n", b"\n# "),
    ],
)
def test_what_only_speaks_of_them_is_none(data: bytes) -> None:
    assert encrypting_tool(data) == ""


@pytest.mark.parametrize("word", [b"ENC[AES256_GCM,", b"sops", b"mac"])
def test_a_file_without_one_of_its_words_is_not_of_sops(word: bytes) -> None:
    assert may_be_of_sops(SOPS)
    assert not may_be_of_sops(SOPS.replace(word, b"x"))


@pytest.mark.parametrize(
    ("literal", "tool"),
    [
        ("ENC[AES256_GCM,data:QUJD]", "sops"),
        ('"encrypted:' + "A" * 100 + '"', "dotenvx"),
        ("!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n", "ansible-vault"),
        ("&a !vault-encrypted '$ANSIBLE_VAULT;1.1;AES256'", "ansible-vault"),
        ("encrypted:short", ""),
        ("see $ANSIBLE_VAULT;1.1", ""),
        ("sealed", ""),
    ],
)
def test_values(literal: str, tool: str) -> None:
    assert tool_of_value(literal) == tool


def test_values_of_sops_cannot_be_migrated_nor_those_beside_tokens() -> None:
    assert can_migrate_values("dotenvx", has_tokens=False)
    assert not can_migrate_values("dotenvx", has_tokens=True)
    assert not can_migrate_values("sops", has_tokens=False)


@pytest.mark.parametrize(
    ("tool", "path", "literal", "expected"),
    [
        ("git-crypt", ROOT, "x", True),
        ("transcrypt", key_step("a"), "x", True),
        ("sops", key_step("a"), "ENC[AES256_GCM,data:QUJD]", True),
        ("sops", key_step("a"), "hunter2", False),
        ("sops", key_step("a") + key_step("sops"), "hunter2", False),
        ("sops", key_step("sops") + key_step("age") + ITEM + key_step("recipient"), "age1", True),
        ("sops", key_step("sops_version"), "3.9", True),
        ("dotenvx", key_step("DOTENV_PUBLIC_KEY_CI"), "03ab", True),
        ("dotenvx", key_step("PUBLIC_KEY"), "03ab", False),
        ("", key_step("sops"), "hunter2", False),
        ("", ROOT, "hunter2", False),
        ("", key_step("a"), "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n", True),
    ],
)
def test_values_of_a_file(tool: str, path: bytes, literal: str, expected: bool) -> None:
    assert is_of_tool(tool, path, literal) is expected
