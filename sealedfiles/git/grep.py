"""Which files contain a text, as `git grep` finds them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sealedfiles.errors import GitError
from sealedfiles.git.repository import Repository
from sealedfiles.util.messages import on_one_line


def files_containing(
    repository: Repository, texts: Sequence[str], where: str | None, *, ignore_case: bool = False
) -> set[bytes]:
    """Return the paths of the files that contain one of *texts*.

    *where* is the id or name of a commit, ``--cached`` for the index, or None for the working tree files that
    git knows.  Raises GitError.
    """
    if not texts:
        return set()
    # Whatever the user configured; without textconv.
    options = ["-l", "-z", "-a", "-F", "--no-color", "--no-recurse-submodules"]
    options += [
        *(["-i"] if ignore_case else []),
        *(word for text in texts for word in ("-e", text)),
    ]
    at = [] if where is None else [where]
    code, out, err = repository.try_run("grep", *options, *at, "--")
    if code > 1:  # nothing must be taken for absent because objects could not be read
        raise GitError(f"git grep failed with exit status {code}: {on_one_line(err)}")
    # The file names follow the name of the commit, if there is one, and a colon.
    prefix = b"" if where is None or where.startswith("-") else os.fsencode(where) + b":"
    return {path.removeprefix(prefix) for path in out.split(b"\0")[:-1]}
