"""Tell which values are secrets, also at keys that are not named like secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealedfiles.app.adopt.providers import provider_of
from sealedfiles.app.history.values import ELSEWHERE, WHOLE
from sealedfiles.app.scan.named_secrets import (
    LARGEST,
    NamedSecret,
    is_like_a_secret,
    is_named_like_a_secret,
    is_plain,
)
from sealedfiles.model import paths
from sealedfiles.model.paths import PathPattern
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.lazy_pattern import lazy_pattern

_WITH_PASSWORD = lazy_pattern(r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]+@.*", re.IGNORECASE)
_ASSIGNED = lazy_pattern(
    r"(?:password|passwd|pwd|secret|token|accesskey|apikey)[\w.-]*[\"']?\s*[=:]\s*[\"']?[^\s\"';&${<]{3,}",
    re.IGNORECASE,
)
"""A secret in a connection string or in a file within a file: ``Server=db;Password=…``."""
_RANDOM = lazy_pattern(r"[A-Za-z0-9+/=_-]{16,}")
"""With letters and digits, this is probably a secret."""

_DATA = [PathPattern(one) for one in ("data.**", "stringData.**")]
_KIND = paths.key_step("kind")
_NAME, _VALUE = paths.key_step("name"), paths.key_step("value")


def is_likely_secret(path: bytes, text: str) -> bool:
    """Return True if the key path or the text of a value that was sealed is like that of a secret."""
    if path == WHOLE or is_evident_secret(path, text):
        return True
    # A sealed value at such a key is no prose, but a passphrase, or a token over several lines.
    if path != ELSEWHERE and is_evident_secret(path, "".join(text.split())):
        return True
    bare = text.strip()
    has_both = any(map(str.isdigit, bare)) and any(map(str.isalpha, bare))
    return has_both and _RANDOM.fullmatch(bare) is not None


def is_evident_secret(path: bytes, text: str) -> bool:
    """Return True if the value *text* at *path* is a secret with little doubt."""
    name = paths.last_key(path) or "" if path not in (WHOLE, ELSEWHERE) else ""
    bare = text.strip()
    if "PRIVATE KEY-----" in bare or provider_of(bare):
        return True
    if is_named_like_a_secret(name) and is_like_a_secret(bare, name):
        return True
    if _WITH_PASSWORD.fullmatch(bare) and "${" not in bare:
        return True
    if "=" in bare and path.endswith(paths.ITEM):  # `- DB_PASSWORD=…` in a compose file
        name, _, rest = bare.partition("=")
        return is_evident_secret(paths.key_step(name), rest)
    return _ASSIGNED.search(bare) is not None


def evident_secrets(version: SealedText) -> Iterator[NamedSecret]:
    """Yield the values of a configuration file that are secrets, whatever their keys are named.

    In a Kubernetes Secret, these are all values of its data.
    """
    if len(version.data) > LARGEST:
        return
    is_secret = any(
        span.path == _KIND and version.decoded(span) == "Secret" for span in version.values
    )
    name = b"", ""
    for span in version.values:
        if not is_plain(version, span):
            continue
        text = version.decoded(span)
        if span.path.endswith(_NAME):
            name = span.path.removesuffix(_NAME), text
        named = span.path
        if span.path.endswith(_VALUE) and span.path.removesuffix(_VALUE) == name[0]:
            named = paths.key_step(name[1])  # `{name: DB_PASSWORD, value: …}` of a container
        is_data = is_secret and text and any(one.matches(span.path) for one in _DATA)
        if is_data or is_evident_secret(named, text):
            yield NamedSecret(version.line_of(span), span.path, text)
