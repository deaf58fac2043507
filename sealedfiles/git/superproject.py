"""Detect a submodule that replaces a folder with sealed files of the outer repository.

Anyone with push access can replace a folder with a submodule that has other keys.  To a user who works in the
outer repository, its files would look like files of that repository.
"""

from __future__ import annotations

import os
import shlex

from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.git.index import Index
from sealedfiles.git.repository import Repository, find_repository
from sealedfiles.keys.folder import NAME, DirFolder
from sealedfiles.model.policy import parse_policy


def refuse_replaced_folder(repository: Repository) -> None:
    """Raise TamperedError if *repository* is a submodule that replaces a folder with sealed files.

    The files are found in the history of the outer repository, and its policy determines if they are sealed.
    """
    # Cloned submodules have their repository in this folder; others cannot be pushed.
    if "modules" not in repository.git_dir.parts:
        return
    outer = find_repository(repository.top.parent)
    data = DirFolder(outer.top / NAME).read("policy.yaml") if outer else None
    if outer is None or data is None:
        return
    try:
        policy = parse_policy(data)
    except SealedFilesError:
        policy = None  # without a valid policy, any file of the folder may have been sealed
    folder = os.fsdecode(outer.relative(repository.top))
    _, out, _ = outer.try_run(
        *("log", "--full-history", "--no-renames", "--diff-filter=D", "-m", "--name-only", "-z"),
        *("--format=", "HEAD", "--", f":(literal){folder}/"),
    )
    names = filter(None, (name.strip("\n") for name in os.fsdecode(out).split("\0")))
    sealed = [name for name in names if policy is None or policy.covers(name)]
    if policy and not sealed:
        # Without history, as in a shallow clone: a pattern for that folder, and not for any.
        own = (f"{folder}/{os.fsdecode(one.path)}" for one in Index(repository).entries())
        sealed = [name for name in own if policy.covers_by_folder(name)]
    if sealed:
        raise TamperedError(
            f"{folder} was a folder with sealed files, such as {sealed[0]}, but is now a submodule, "
            "whose keys are not those of the outer repository",
            f"find who replaced it: git log -- {shlex.quote(folder)}",
            f"if this is correct, run in {folder}: sealedfiles unlock",
        )
