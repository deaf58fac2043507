"""Proofs that a reader of a group wrote the policy (``.sealedfiles/policy.proof``).

Anyone with push access can edit ``policy.yaml`` so that new values stay in plaintext or are sealed to
another group.  So a clone accepts a changed policy only if it is proved under a group key that the clone
has.  The file has one line per group: ``<group> <key id> <proof>``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from sealedfiles.errors import SealedFilesError
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import base64url, proof
from sealedfiles.util.lazy_pattern import lazy_pattern

NAME = "policy.proof"
"""The name of the proof file in ``.sealedfiles/``."""

_LINE = lazy_pattern(
    r"(?P<group>[a-z0-9][a-z0-9._-]*) (?P<key_id>[a-z2-7]{16}) (?P<proof>[A-Za-z0-9_-]{43})"
)


class PolicyFiles(NamedTuple):
    """The content of one version of the policy and of its proofs."""

    data: bytes
    proofs: bytes


def proof_line(group: str, key: GroupKey, policy: bytes) -> str:
    """Return the line that proves the content *policy* under *key*, the current key of *group*."""
    message = b"%b\x00%b" % (group.encode("ascii"), policy)
    return f"{group} {key.key_id} {base64url(proof(key.secret, b'sealedfiles/v1/policy', message))}"


def is_proved(lines: bytes, group: str, key: GroupKey, policy: bytes) -> bool:
    """Return True if *lines*, the content of the proof file, prove *policy* under *key*.

    A group may have several lines, because git merges this file by keeping the lines of both sides.
    """
    expected = proof_line(group, key, policy)
    return any(hmac.compare_digest(line, expected) for line in _parse(lines))


def proving_groups(
    names: Iterable[str], ring: GroupKeyring, identities: Identities
) -> list[str] | None:
    """Return the groups that must prove a policy if none was accepted before; None if keys are invalid.

    These are the groups in *names* whose keys the user has, and all that are expected (``keys.expected``).
    The list is empty if the user has no key, because then nothing can be proved.
    """
    try:
        held = {group for group in names if ring.holds(group)}
        if not held:
            # Somebody may have deleted the keys of the group, or this reader's key file.
            identities.read_named()
        return sorted(held | identities.expected.keys())
    except SealedFilesError:
        return None


def is_proved_by(lines: bytes, groups: Iterable[str], ring: GroupKeyring, policy: bytes) -> bool:
    """Return True if *lines* prove *policy* under the current key of each of *groups*."""
    try:
        return all(is_proved(lines, group, ring.current(group), policy) for group in groups)
    except SealedFilesError:
        return False


def updated(lines: bytes, fresh: Iterable[str], *, keep_others: bool) -> bytes:
    """Return the content of the proof file with the new lines *fresh*, sorted by group.

    *keep_others* keeps the lines of other groups, which are valid as long as the policy does not change.
    """
    found = {line.split(" ", 1)[0]: line for line in _parse(lines)} if keep_others else {}
    found.update({line.split(" ", 1)[0]: line for line in fresh})
    return "".join(f"{found[group]}\n" for group in sorted(found)).encode("ascii")


def without_group(lines: bytes, group: str) -> bytes:
    """Return the content of the proof file without the lines of *group*."""
    kept = (line for line in _parse(lines) if line.split(" ", 1)[0] != group)
    return "".join(f"{line}\n" for line in kept).encode("ascii")


def _parse(lines: bytes) -> list[str]:
    text = lines.decode("ascii", "replace").replace("\r\n", "\n")
    return [line for line in text.split("\n") if _LINE.fullmatch(line)]
