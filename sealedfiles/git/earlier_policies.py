"""The policies, and the patterns in ``.gitattributes``, in the history of HEAD."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import pairwise

from sealedfiles.errors import TamperedError
from sealedfiles.git import gitattributes
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import PolicyFiles
from sealedfiles.util.lazy_pattern import lazy_pattern

_SEARCHED = 100
"""Maximum number of commits to search for a proved policy: few successive policies lack a proof."""

_SPECIAL = lazy_pattern(r"[*?\[\]\\]")


def earlier_policies(clone: CloneKeys) -> Iterator[PolicyFiles]:
    """Yield the policies, newest first."""
    # Without the first option, git follows only one parent of a merge if it has the same policy.
    options = ["--full-history", "--format=%H", f"--max-count={_SEARCHED}", "HEAD", "--"]
    names = [f"{NAME}/{POLICY}", f"{NAME}/{PROOF}"]
    _, out, _ = clone.repository.try_run("log", *options, *names)
    for commit in out.decode("ascii", "replace").split():
        folder = TreeFolder(clone.objects, commit)
        with contextlib.suppress(TamperedError):  # a symbolic link
            data = folder.read(POLICY)
            if data:
                yield PolicyFiles(data, folder.read(PROOF) or b"")


def earlier_patterns(clone: CloneKeys) -> Iterator[str]:
    """Yield the patterns that ``.gitattributes`` files have sealed, for a policy that does not list them.

    Anyone with push access can remove these lines.
    """
    options = ["--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "--full-history", "-m"]
    _, out, _ = clone.repository.try_run(
        *("log", *options, "HEAD", "--", ":(top,glob)**/.gitattributes"),
        env={"GIT_NO_LAZY_FETCH": "0"},  # a partial clone may lack trees
    )
    changes = (
        (oid.decode("ascii"), path)
        for about, path in pairwise(out.split(b"\0"))
        for oid in (about.split()[2:4] if about.startswith(b":") else ())
        if oid.strip(b"0")
    )
    versions = list(dict.fromkeys(changes))
    blobs = clone.objects.blobs([oid for oid, _ in versions])
    for (_, path), data in zip(versions, blobs, strict=True):
        folder = os.fsdecode(path.rpartition(b"/")[0])
        for pattern in gitattributes.sealed_patterns(data or b""):
            yield _below(folder, pattern) if folder else pattern


def _below(folder: str, pattern: str) -> str:
    """Return *pattern*, of an attributes file in *folder*, as one of the top."""
    literal = _SPECIAL.sub(r"\\\g<0>", folder)
    return f"/{literal}/{pattern.lstrip('/') if '/' in pattern else f'**/{pattern}'}"
