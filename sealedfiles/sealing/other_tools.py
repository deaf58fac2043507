"""Recognize content that another tool has encrypted: sealed as it is, only that tool's keys would open it.

Only what cannot be anything else.  `migrate` recognizes more (``app.migrate.sources``): it also knows the
attributes and the settings of a tool.
"""

from __future__ import annotations

from sealedfiles.model import paths
from sealedfiles.util.lazy_pattern import lazy_pattern

GIT_CRYPT = b"\x00GITCRYPT\x00"
"""The beginning of every file of git-crypt."""
ANSIBLE_VAULT = b"$ANSIBLE_VAULT;"
"""The beginning of every envelope of Ansible Vault."""
TRANSCRYPT = b"U2FsdGVkX1"
"""The beginning of every file of transcrypt, and of others that openssl encrypts: ``Salted__`` in base64."""
MAY_STAY = frozenset(("ansible-vault", "transcrypt"))
"""The tools whose files may be meant to stay so: Ansible reads vaults, and openssl writes the others."""
_SOPS_MAC = lazy_pattern(rb"\b(?:sops_)?mac[\"']?\s*[:=]\s*[\"']?ENC\[AES256_GCM,")
_DOTENVX_KEY = lazy_pattern(rb"(?m)^DOTENV_PUBLIC_KEY\w*\s*=")
_DOTENVX_VALUE = lazy_pattern(rb"(?m)^[\w.-]+\s*=\s*[\"'`]?encrypted:[A-Za-z0-9+/=]{100}")

_METADATA = lazy_pattern(r"sops(?:_\w+)?|DOTENV_PUBLIC_KEY\w*")
"""The first key of what SOPS and dotenvx add to a file."""

_VALUES = (
    ("sops", lazy_pattern(r"[\"']?ENC\[AES256_GCM,data:")),
    ("dotenvx", lazy_pattern(r"[\"'`]?encrypted:[A-Za-z0-9+/=]{100}")),
    (
        "ansible-vault",
        lazy_pattern(
            r"(?:&\S+\s+)?(?:!vault(?:-encrypted)?\s+)?(?:[|>][+-]?\s+)?[\"']?\$ANSIBLE_VAULT;\d"
        ),
    ),
)


def may_be_of_sops(data: bytes) -> bool:
    """Return True if *data* is probably a file of SOPS: it has the hash over its values, encrypted."""
    return b"ENC[AES256_GCM," in data and b"sops" in data and b"mac" in data


def encrypting_tool(data: bytes) -> str:
    """Return the tool that has encrypted *data*, as `migrate --from` takes it; empty if none has."""
    if data.startswith(GIT_CRYPT):
        return "git-crypt"
    if data.startswith(ANSIBLE_VAULT):
        return "ansible-vault"
    if data.startswith(TRANSCRYPT):
        return "transcrypt"
    if may_be_of_sops(data) and _SOPS_MAC.search(data):
        return "sops"
    if b"encrypted:" in data and _DOTENVX_KEY.search(data) and _DOTENVX_VALUE.search(data):
        return "dotenvx"
    return ""


def tool_of_value(literal: str) -> str:
    """Return the tool that has encrypted the value with the source *literal*; empty if none has."""
    return next((tool for tool, pattern in _VALUES if pattern.match(literal)), "")


def is_of_tool(tool: str, path: bytes, literal: str) -> bool:
    """Return True if the value at *path*, in a file that *tool* has encrypted (see ``encrypting_tool``), is
    ciphertext or metadata of the tool.  The tools that encrypt single values leave others in plaintext."""
    if tool not in ("", "sops", "dotenvx"):
        return True
    first = paths.steps(path)[:1]
    is_metadata = tool and first and first[0] and _METADATA.fullmatch(first[0])
    return bool(is_metadata or tool_of_value(literal))


def can_migrate_values(tool: str, *, has_tokens: bool) -> bool:
    """Return True if `migrate` reads a file with values of *tool*: not together with tokens of sealedfiles,
    and of SOPS only with the metadata that ``encrypting_tool`` recognizes."""
    return not has_tokens and tool != "sops"
