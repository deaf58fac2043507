"""The policies, and the patterns in ``.gitattributes``, in the history of HEAD."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sealedfiles.errors import TamperedError
from sealedfiles.git import gitattributes
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import PolicyFiles

_SEARCHED = 100
"""Maximum number of commits to search for a proved policy: few successive policies lack a proof."""

_MOST = 1000
"""Maximum number of versions of ``.gitattributes``; with more, somebody hides the first ones."""


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
    """Yield the patterns that the top ``.gitattributes`` has sealed, for a policy that does not list them.

    Anyone with push access can remove these lines.  Where not all can be read, yields one of every file.
    """
    options = ["--format=", "--raw", "--no-abbrev", "--no-renames", "--full-history", "-m"]
    code, out, _ = clone.repository.try_run(
        "log", *options, f"--max-count={_MOST}", "HEAD", "--", ":/.gitattributes"
    )
    changes = [line.split() for line in out.split(b"\n") if line.startswith(b":")]
    if code or len(changes) >= _MOST:
        yield "*"
    oids = dict.fromkeys(oid.decode("ascii") for change in changes for oid in change[2:4])
    for data in clone.objects.blobs([oid for oid in oids if oid.strip("0")]):
        yield from gitattributes.sealed_patterns(data or b"")
