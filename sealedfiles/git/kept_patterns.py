"""Patterns that the current branch does not track, but that this clone still sends through the filter.

A branch from before `track`, or a parallel branch, has an older policy.  If only its patterns were
mirrored, a new secret in a folder that other branches track would be added in plaintext.  So a mirrored
pattern is dropped only if a policy in HEAD's history tracked it (as after a colleague's `untrack`), or if
no branch tracks it (as after a `track` that was never committed).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.model.policy import parse_policy

_MOST = 500
"""Maximum number of versions of the policy to read, newest first."""


def is_settled(clone: CloneKeys, policy: bytes) -> bool:
    """Return True if HEAD has *policy*, the policy in the working tree.

    During a checkout or merge, the working tree already has the new policy, while HEAD is the old commit.
    """
    return clone.objects.blob(f"HEAD:{NAME}/{POLICY}".encode()) == policy


def patterns_to_keep(clone: CloneKeys, extra: list[str]) -> list[str]:
    """Return the patterns that stay in the mirror, out of *extra*, which HEAD's policy does not track."""
    dropped = _ever_tracked(clone, "HEAD", set(extra))
    rest = set(extra) - dropped
    elsewhere = _ever_tracked(clone, "--all", rest) if rest else set()
    return [pattern for pattern in extra if pattern in elsewhere]


def _ever_tracked(clone: CloneKeys, revisions: str, patterns: set[str]) -> set[str]:
    """Return the *patterns* that a policy in the history of *revisions* tracked."""
    found: set[str] = set()
    for data in _policies(clone, revisions):
        with contextlib.suppress(SealedFilesError):
            found |= patterns & set(parse_policy(data).tracked or ())
        if found == patterns:
            break
    return found


def _policies(clone: CloneKeys, revisions: str) -> Iterator[bytes]:
    options = ["--format=", "--raw", "--no-abbrev", "--no-renames", "--full-history", "-m"]
    code, out, _ = clone.repository.try_run(
        "log", *options, f"--max-count={_MOST}", revisions, "--", f":/{NAME}/{POLICY}"
    )
    oids = [line.split()[3] for line in out.split(b"\n") if line.startswith(b":")]
    for oid in dict.fromkeys(oids) if code == 0 else ():
        data = clone.objects.blob(oid)
        if data is not None:
            yield data
