"""The epochs of a group: its keys over time, and the chain that proves their order (design, section 6).

Every key's line is authenticated under the key before it, so that nobody who never held a key of the
group can make its next one, or change or reorder the file.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

from sealedfiles.errors import TamperedError
from sealedfiles.model.token import base64url, key_id, proof

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(
    r"(?P<key_id>[a-z2-7]{16}) (?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r" (?P<why>created|rotated|revoked) (?P<parent>-|[a-z2-7]{16})"
    r" (?P<public_key>[!-~]+) (?P<proof>[A-Za-z0-9_-]{43})"
)

_MOST = 1 << 20
"""Bytes of an ``epochs`` file: about 8000 keys.  Every line is verified, and each asks for a key."""


class Epoch(NamedTuple):
    """One line of an ``epochs`` file."""

    key_id: str
    date: str
    why: str
    parent: str
    public_key: str
    proof: str

    @property
    def line(self) -> str:
        """The line, without its end."""
        return " ".join(self)


def today() -> str:
    """Return the present moment as all dates are written: ``YYYY-MM-DDTHH:MM:SSZ``."""
    from datetime import datetime, timezone  # here: who only reads needs no clock

    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_epochs(data: bytes, group: str) -> list[Epoch]:
    """Read an ``epochs`` file, oldest first; at least one.  Raises TamperedError."""
    found = []
    if len(data) > _MOST:
        raise _broken(group, "it has too many lines")
    text = data.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise _broken(group, "its last line is cut off")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise _broken(group, f"line {number} is not a valid epoch")
        found.append(Epoch(*match.groups()))
    for number, (parent, epoch) in enumerate(zip([None, *found], found, strict=False), 1):
        expected = parent.key_id if parent else "-"
        if epoch.parent != expected:
            raise _broken(group, f"line {number} does not continue the line before it")
    return found


def keys_in_use(epochs: list[Epoch]) -> set[str] | None:
    """Return the ids of the keys from the last line on that says ``revoked``; None where none does.

    After a revocation every other key is for history only, also one that is no line here: who was taken
    out still has the older ones, and can make a chain of his own from them.
    """
    last = max((n for n, epoch in enumerate(epochs) if epoch.why == "revoked"), default=0)
    return {epoch.key_id for epoch in epochs[last:]} if last else None


def format_epochs(epochs: list[Epoch]) -> bytes:
    """Return the bytes of an ``epochs`` file."""
    return "".join(epoch.line + "\n" for epoch in epochs).encode("ascii")


def new_epoch(
    group: str, secret: bytes, why: str, parent: Epoch | None = None, parent_secret: bytes = b""
) -> Epoch:
    """Return the line for the new key *secret*, proved under its *parent* (the first: under itself)."""
    epoch = Epoch(key_id(secret), today(), why, parent.key_id if parent else "-", "-", "")
    return epoch._replace(proof=_proof(group, epoch, secret, parent_secret if parent else secret))


def prove_again(
    group: str, epoch: Epoch, secret: bytes, parent: Epoch | None, parent_secret: bytes
) -> Epoch:
    """Return the line of a key that stands below another *parent* from now on; its date and why stay."""
    moved = epoch._replace(parent=parent.key_id if parent else "-", proof="")
    return moved._replace(proof=_proof(group, moved, secret, parent_secret if parent else secret))


def verify_epochs(group: str, epochs: list[Epoch], secrets: Mapping[str, bytes]) -> None:
    """Prove every line with the group's keys, *secrets* by key id.

    Raises TamperedError for a line that does not verify, and for one whose key is not among
    *secrets*: a reader of a group holds all its keys.
    """
    parent_secret = b""
    for number, epoch in enumerate(epochs, 1):
        secret = secrets.get(epoch.key_id)
        if secret is None:
            raise _broken(group, f"the key of line {number} is not among the keys encrypted to you")
        expected = _proof(group, epoch, secret, parent_secret or secret)
        if not hmac.compare_digest(expected, epoch.proof):
            raise _broken(group, f"line {number} is not proved by the key before it")
        parent_secret = secret


def _proof(group: str, epoch: Epoch, secret: bytes, parent_secret: bytes) -> str:
    line = " ".join(epoch[:-1])
    message = b"%b\x00%b\x00%b" % (group.encode("ascii"), line.encode("ascii"), secret)
    return base64url(proof(parent_secret, b"sealedfiles/v1/chain", message))


def _broken(group: str, what: str) -> TamperedError:
    return TamperedError(
        f".sealedfiles/keys/{group}/epochs: {what}",
        "see its history: git log -p -- .sealedfiles/keys",
        "after a merge: sealedfiles sync",
    )
