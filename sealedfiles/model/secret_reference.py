"""Secret references: values that name a secret in another place (docs/references.md).

A reference is a whole value, ``ref+SCHEME://STEP/STEP#KEY``.  In steps and keys, ``%2F`` and the like stand
for other characters.
"""

from __future__ import annotations

import re

from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import SCHEMES

_FORMS = {
    "vault": "ref+vault://MOUNT/PATH#KEY",
    "aws-sm": "ref+aws-sm://REGION/NAME or ref+aws-sm://REGION/NAME#KEY",
    "aws-ssm": "ref+aws-ssm://REGION/NAME",
    "op": "ref+op://VAULT/ITEM/FIELD",
    "keyring": "ref+keyring://SERVICE/USER",
    "env": "ref+env://NAME",
}

_STEP = r"(?:[^\x00-\x20\x7f/#?%]|%[0-9A-Fa-f]{2})+"
_PATH = rf"{_STEP}(?:/{_STEP})*"
_KEY = rf"#{_STEP}"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+"
"""It becomes part of a host name."""
# 1Password supports only these characters in names, and reads the rest of the reference itself.
_OP_STEP = r"[A-Za-z0-9._-](?:[A-Za-z0-9 ._-]*[A-Za-z0-9._-])?"
_PATTERNS = {
    "vault": rf"({_STEP}/{_PATH})({_KEY})",
    "aws-sm": rf"({_REGION}/{_PATH})({_KEY})?",
    "aws-ssm": rf"({_REGION}/(?:/)?{_PATH})()",
    "op": rf"({_OP_STEP}(?:/{_OP_STEP}){{2,3}}(?:\?[a-z-]+=[a-z]+)?)()",
    "keyring": rf"({_STEP}/{_STEP})()",
    "env": r"([A-Za-z_][A-Za-z0-9_]*)()",
}
_SCHEME = re.compile(r"ref\+([a-z-]+)://")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_QUOTED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


class SecretReference(NamedTuple):
    """A parsed reference."""

    scheme: str
    steps: tuple[str, ...]
    """Its path, decoded; the first is the region for AWS."""
    key: str = ""
    """The key inside of the secret; empty for all of it."""

    @property
    def secret(self) -> tuple[str, tuple[str, ...]]:
        """What has to be requested; several keys of one secret share it."""
        return self.scheme, self.steps


def scheme_of(text: str) -> str | None:
    """Return the scheme of *text* if it begins like a reference with a known scheme, otherwise None."""
    match = _SCHEME.match(text)
    return match[1] if match and match[1] in SCHEMES else None


def parse_reference(text: str) -> SecretReference:
    """Return the parts of *text*, for which ``scheme_of`` is not None.

    Raises ValueError with the expected form, without any part of *text*, which is a sealed value.
    """
    scheme = scheme_of(text)
    if scheme is None:
        raise ValueError("not a reference")
    match = re.fullmatch(_PATTERNS[scheme], text.removeprefix(f"ref+{scheme}://"))
    try:
        steps = tuple(map(_decoded, match[1].split("/"))) if match else ()
        key = _decoded((match[2] or "")[1:]) if match else ""
    except UnicodeDecodeError:
        steps = ()
    # A store may join the steps: a quoted slash starts another one there.
    names = "/".join(steps).split("/")
    is_gap = scheme == "vault" and "" in names
    if not steps or {".", ".."} & {*names} or is_gap or _CONTROL.search("".join((*steps, key))):
        raise ValueError(f"expected {_FORMS[scheme]}")
    return SecretReference(scheme, steps, key)


def _decoded(step: str) -> str:
    return _QUOTED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), step)
