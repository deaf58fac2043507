"""Baselines: the findings that an old repository starts with, and that a scan no longer reports.

A baseline holds one fingerprint for each finding: an HMAC of its code, its path and the value, under a key
that is derived from group keys.  So nobody who could not decrypt the values can guess them with it, or add a
finding.  For a sealed value, the keys of its groups are used; for other secrets, which are in plaintext in
the repository, that of one group.  Only current keys count: with a retired key, a removed reader could hide
a finding.  So after a rotation, the baseline is written again.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode

from sealedfiles.age.hkdf import hkdf_sha256
from sealedfiles.errors import NoKeyError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.util import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sealedfiles.app.scan.findings import Leak
    from sealedfiles.keys.group_keyring import GroupKeyring
    from sealedfiles.keys.keyfile import GroupKey

REASON = "in the baseline"

_VERSION = 1
_INFO = b"sealedfiles/v1/scan-baseline"
_LENGTH = 16


class Baseline:
    """The fingerprints in a file, and the group keys that they are made with."""

    def __init__(self, keys: Mapping[str, str], fingerprints: Iterable[str]) -> None:
        self.keys = dict(keys)
        """The id of the key of each group."""
        self.fingerprints = set(fingerprints)

    def judged(self, leak: Leak, ring: GroupKeyring) -> Leak:
        """Return *leak*, allowed if the baseline has it."""
        if not leak.is_open or self._fingerprint(leak, ring) not in self.fingerprints:
            return leak
        return leak._replace(finding=leak.finding._replace(reason=REASON))

    def outdated(self, ring: GroupKeyring) -> list[str]:
        """Return the groups whose current key the baseline was not made with.  Raises TamperedError."""
        return [
            group for group in sorted(self.keys) if ring.holds(group) and not self._key(group, ring)
        ]

    def add(self, leak: Leak, ring: GroupKeyring) -> None:
        """Add *leak*, with the current keys of its groups.  Raises NoKeyError, TamperedError."""
        for group in leak.groups or [_group_of_others(ring)]:
            if group not in self.keys:
                self.keys[group] = ring.current(group).key_id
        self.fingerprints.add(self._fingerprint(leak, ring))

    def save(self, path: Path) -> None:
        """Write the file, with one fingerprint on each line."""
        data = {
            "version": _VERSION,
            "keys": dict(sorted(self.keys.items())),
            "fingerprints": sorted(self.fingerprints),
        }
        atomic.write(path, (json.dumps(data, indent=1) + "\n").encode("ascii"))

    def _fingerprint(self, leak: Leak, ring: GroupKeyring) -> str:
        """Return the fingerprint of *leak*; empty if a key for it is missing."""
        groups = leak.groups or tuple(filter(self.keys.__contains__, [_group_of_others(ring)]))
        secrets = []
        for group in groups:
            key = self._key(group, ring)
            if key is None:
                return ""
            secrets.append(key.secret)
        if not secrets:
            return ""
        key_bytes = hkdf_sha256(b"".join(secrets), b"", _INFO)
        parts = (leak.finding.code.encode("ascii"), leak.finding.path, leak.secret)
        message = b"".join(b"%d:%b" % (len(part), part) for part in parts)
        digest = hmac.digest(key_bytes, message, "sha256")[:_LENGTH]
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def _key(self, group: str, ring: GroupKeyring) -> GroupKey | None:
        """Return the current key of *group* if the baseline was made with it and it is available."""
        key = ring.current(group) if ring.holds(group) else None
        return key if key and self.keys.get(group) == key.key_id else None


def load_baseline(path: Path) -> Baseline:
    """Return the baseline in the file *path*.  Raises UsageError."""
    try:
        data = json.loads(path.read_bytes())
        version, keys, fingerprints = data["version"], data["keys"], data["fingerprints"]
        is_valid = version == _VERSION and all(
            isinstance(one, str) for one in [*keys, *keys.values(), *fingerprints]
        )
    except FileNotFoundError:
        raise UsageError(
            f"no such file: {path}", "to create it from the findings: add --update-baseline"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError):
        is_valid = False
    if not is_valid:
        raise UsageError(
            f"{path} is not a baseline of this version of sealedfiles",
            "to create a baseline, name a file that does not exist, with --update-baseline",
        )
    return Baseline(keys, fingerprints)


def _group_of_others(ring: GroupKeyring) -> str:
    """Return the group whose key is used for secrets that are not sealed values.  Raises NoKeyError."""
    groups = ring.groups()
    if not groups:
        raise NoKeyError("a baseline needs a group key, and none is available")
    return DEFAULT_GROUP if DEFAULT_GROUP in groups else groups[0]
