"""Grants: proofs, under a group's key, that a reader with certain public keys was given access.

``keys/<group>/<name>.grant`` is one line: ``<key id> <fingerprints> <date> <proof>``.  It is verified
before a key is encrypted to the reader, so that replacing a public key in a pull request gains nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from sealedfiles import age
from sealedfiles.errors import TamperedError
from sealedfiles.keys.epochs import today
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import base64url, proof
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import shell_path, shell_word

_LINE = lazy_pattern(
    r"(?P<key_id>[a-z2-7]{16}) (?P<fingerprints>[a-z2-7]{20}(?:,[a-z2-7]{20})*)"
    r" (?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<proof>[A-Za-z0-9_-]{43})\n"
)


class Grant(NamedTuple):
    """The content of a ``.grant`` file."""

    key_id: str
    fingerprints: str
    date: str
    proof: str


def parse_grant(data: bytes | None) -> Grant | None:
    """Parse the content of a ``.grant`` file; return None if it is not one.  The proof is not verified."""
    fields = (data or b"").decode("ascii", "replace").removesuffix("\n").split(" ")
    return Grant(*fields) if len(fields) == len(Grant._fields) else None


def fingerprints(recipients: Iterable[age.Recipient]) -> str:
    """Return the fingerprints of *recipients* as listed in a grant: sorted, separated by commas."""
    return ",".join(sorted(fingerprint(recipient) for recipient in recipients))


def new_grant(
    group: str, name: str, recipients: Iterable[age.Recipient], current: GroupKey
) -> bytes:
    """Return the content of the grant of *group* to the reader *name*, proved by the group's current key."""
    grant = Grant(current.key_id, fingerprints(recipients), today(), "")
    line = " ".join([*grant[:-1], _proof(group, name, grant, current.secret)])
    return f"{line}\n".encode("ascii")


def verify_grant(
    data: bytes | None,
    group: str,
    name: str,
    recipients: Iterable[age.Recipient],
    current: GroupKey,
) -> None:
    """Verify that the reader *name* with exactly these public keys was granted access to *group*.

    The grant must be under the current key.  Raises TamperedError that states the difference.
    """
    file = f".sealedfiles/keys/{group}/{name}.grant"
    if data is None:
        raise _refused(name, f"{file} is missing: access for {name} is not proved")
    match = _LINE.fullmatch(data.decode("ascii", "replace"))
    if match is None:
        raise _refused(name, f"{file} is not a valid grant")
    grant = Grant(*match.groups())
    if grant.key_id != current.key_id:
        raise _refused(name, f"{file} is not proved with the group's current key")
    if not hmac.compare_digest(_proof(group, name, grant, current.secret), grant.proof):
        raise _refused(name, f"{file} was not created by a reader of {group}")
    if grant.fingerprints != fingerprints(recipients):
        raise _refused(
            name, f"the public keys of {name} changed after access to {group} was granted"
        )


def listed_fingerprints(data: bytes | None) -> str:
    """Return the fingerprints in a grant, unverified; empty if it is not a valid grant."""
    match = _LINE.fullmatch((data or b"").decode("ascii", "replace"))
    return match["fingerprints"] if match else ""


def granted_keys(folder: MetadataSource, group: str, name: str) -> set[str]:
    """Return the fingerprints of the public keys that *name* was granted *group* with, unverified."""
    listed = listed_fingerprints(folder.read(f"keys/{group}/{name}.grant"))
    return set(filter(None, listed.split(",")))


def grant_key_id(data: bytes | None) -> str:
    """Return the key id in a grant, unverified; empty if it is not a valid grant."""
    return (data or b"").decode("ascii", "replace").partition(" ")[0]


def _proof(group: str, name: str, grant: Grant, secret: bytes) -> str:
    line = " ".join(grant[:-1])
    message = f"{group}\x00{name}\x00{line}".encode("ascii")
    return base64url(proof(secret, b"sealedfiles/v1/grant", message))


def _refused(name: str, what: str) -> TamperedError:
    return TamperedError(
        what,
        f"find who changed it: git log -- {shell_path(f'.sealedfiles/recipients/{name}.pub')} "
        ".sealedfiles/keys",
        f"if {name} confirms the change in person: sealedfiles trust {shell_word(name)}",
    )
