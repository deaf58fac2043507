"""Find values in plaintext at keys that are named like secrets, in files that nobody tracks."""

from __future__ import annotations

import re

from sealedfiles.app.held.common import is_common
from sealedfiles.formats import name_by_path
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model import paths
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.formats.base import Span

LARGEST = 1 << 20
"""Bytes: larger files are data, not configuration, and take long to parse."""
_SHORTEST = 6
"""Characters: a shorter value is a default or a test value."""
_FEWEST_CHARACTERS = 4
_LONG_KEY = 20
"""Characters: a shorter value of a `*_key` is a name, unless it has a digit."""

_WORD = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDING = lazy_pattern(
    r"base|b|64|prod|production|dev|development|staging|test|old|new|current|default|plain|value|[123]"
)
"""A word that may follow the name of a secret: ``DB_PASSWORD_PROD``."""
_SECRET = lazy_pattern(
    r".*password|.*passwd|.*passphrase|.*apikey|pass|passcode|pwd|secret|token|credentials?"
    r"|accesskey|secretkey|privatekey"
)
"""The last word of the name of a secret."""
_OF_KEY = lazy_pattern(
    r"access|account|admin|api|app|application|auth|client|consumer|crypt|decryption|deploy|encrypt|encryption"
    r"|hmac|jwt|license|management|master|private|secret|service|session|shared|sign|signing|ssh|storage"
    r"|subscription|webhook|write"
)
"""A word before ``key``: ``public_key``, ``primary_key`` and ``sort_key`` are not secrets."""

_WORDS = ("pass", "pwd", "secret", "token", "credential")
_WORDS_OF_KEYS = ("apikey", "accesskey", "privatekey")
NAME_PATTERNS = (
    *(f"*{word}*" for one in _WORDS for word in (one, one.capitalize(), one.upper())),
    *(f"*{word}*" for one in _WORDS_OF_KEYS for word in (one, one.capitalize())),
    *("*_key*", "*-key*", "*Key*", "*KEY*"),
)
"""Globs for a step of a key path, for the policy.  They match every name that `is_named_like_a_secret`
accepts, and more: to seal too much is safe."""
OTHER_NAMES = (
    "*secretName",
    "*SecretName",
    "existingSecret*",
    "*publicKey",
    "*PublicKey",
    "*public_key",
    "*PUBLIC_KEY",
    "*publicKeyToken",
)
"""Globs for common names among these that are not those of secrets."""

_REFERENCE = lazy_pattern(
    r"""
      .*(?:\$\{|\$\(|\{\{|<%|\#\{).* | \$\w+ | %\w+% | @\w+@     # resolved by a program
    | <.*> | \[.*\] | \(.*\) | __.*__                            # <password>
    | (?:/|\./|\.\./|~/|[a-z]:\\).*                              # a file
    | (?:env|file|vault|ref|op|arn|gcp|aws|azure|awssm|awsps|sops|ssm|keyring|secrets?|projects|bws)
      (?:[:/.]|\+[\w-]+:).*                                         # in another store
    | [a-z]+://[^@]*                                             # a URL without a user
    | ENC\[.*\] | \$ANSIBLE_VAULT.* | encrypted:.* | sealed:v.*  # encrypted
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_PLACEHOLDER = lazy_pattern(
    r"""
      .*(?:change.?me|example|placeholder|redacted|\*removed\*|replace.?(?:me|this|with)).*
    | (?:.*[\W_])?(?:your|todo|fixme|insert|fill|sample|fake|mock|dummy|omitted|masked|hidden|x{3,}
      |test)(?:[\W_].*)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LABEL = lazy_pattern(
    r"string|number|integer|boolean|object|required|optional|default|secret|password|passwd|token|api[-_]?key"
    r"|undefined|disabled|enabled|unknown|removed",
    re.IGNORECASE,
)
"""A type, a default, or a label."""
_LINE = lazy_pattern(
    r"""[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?["']?(?P<name>[\w.-]+)["']?[ \t]*[:=][ \t]*(?P<text>.*)"""
)
"""An assignment, in a text that no parser accepts."""
_IDENTIFIER = lazy_pattern(r"[A-Za-z]+(?:[_-][A-Za-z]+)+|[A-Za-z][a-z]+(?:[A-Z][a-z]+)+")


class NamedSecret(NamedTuple):
    """A value at a key that is named like a secret.  ``text`` is a secret: never print it."""

    line: int
    key: bytes
    text: str


def named_secrets(version: SealedText) -> Iterator[NamedSecret]:
    """Yield the values in plaintext in *version* whose keys are named like secrets.

    None if the file has no separate values, does not parse (see ``secrets_in_lines``), or is too large.
    """
    if len(version.data) > LARGEST:
        return
    for span in version.values:
        name = paths.last_key(span.path) or ""
        if is_named_like_a_secret(name) and is_plain(version, span):
            text = version.decoded(span)
            if is_like_a_secret(text, name):
                yield NamedSecret(version.line_of(span), span.path, text)


def secrets_in_lines(data: bytes) -> Iterator[NamedSecret]:
    """Yield the values of lines that look like assignments to names of secrets.

    This is for *data* that does not parse, or is not UTF-8: UTF-16, or any encoding that includes ASCII.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    text = data.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        value = found["text"].strip(" \t,;").strip("\"'") if found else ""
        if not found or not is_named_like_a_secret(found["name"]):
            continue
        if is_like_a_secret(value, found["name"]):
            yield NamedSecret(number, paths.key_step(found["name"]), value)


def is_plain(version: SealedText, span: Span) -> bool:
    """Return True unless a value is sealed, an alias, or that of a SealedSecret of Kubernetes."""
    is_sealed = version.token_in(span) or "encryptedData" in paths.steps(span.path)
    return not is_sealed and not version.literal(span).startswith("*")


def may_have_values(path: bytes) -> bool:
    """Return True if the name of the file at *path* is that of a file with separate values."""
    return name_by_path(path) != "whole"


def is_named_like_a_secret(name: str) -> bool:
    """Return True if *name* is like ``password``, ``apiToken``, ``SIGNING_KEY``, ``DB_PASSWORD_PROD``."""
    words = [word.lower() for word in _WORD.findall(name)]
    if words[:1] == ["existing"]:
        return False  # the name of another object: `existingSecret: redis-auth`
    if words[-3:] == ["public", "key", "token"]:
        return False  # the hash of a public key, in the configuration of .NET
    while len(words) > 1 and _ENDING.fullmatch(words[-1]):
        words.pop()
    return bool(words) and (_SECRET.fullmatch(words[-1]) is not None or _is_key(words))


def is_like_a_secret(text: str, name: str) -> bool:
    """Return True if *text* at the key *name* is neither empty, a placeholder, a reference, nor prose."""
    bare = text.strip()
    if bare.startswith("-----BEGIN") and "PRIVATE KEY-----" in bare:
        return True
    if len(bare) < _SHORTEST or len(set(bare)) < _FEWEST_CHARACTERS or len(bare.split()) > 1:
        return False
    if _LABEL.fullmatch(bare) or bare.lower() == name.lower() or is_common(bare.encode()):
        return False
    if _REFERENCE.fullmatch(bare) or _PLACEHOLDER.fullmatch(bare):
        return False
    if _IDENTIFIER.fullmatch(bare) and is_named_like_a_secret(bare):
        return False  # the name of a field: `input_token: NextToken`
    words = [word.lower() for word in _WORD.findall(name)]
    if _is_key(words) and not any(char.isdigit() for char in bare):
        return len(bare) >= _LONG_KEY
    return True


def _is_key(words: list[str]) -> bool:
    return len(words) > 1 and words[-1] == "key" and bool(_OF_KEY.fullmatch(words[-2]))
