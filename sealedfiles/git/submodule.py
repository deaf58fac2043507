"""Submodules, which are used only after the user has run `unlock` or `init` in them.

Anyone with push access can replace a folder with a submodule that has other keys and another policy.  To a
user who works in the outer repository, its files look like files of that repository.  The outer repository
proves nothing: the same push can remove its ``.sealedfiles/``.
"""

from __future__ import annotations

import os

from sealedfiles.errors import TamperedError
from sealedfiles.git import child
from sealedfiles.git.index import parse_entries
from sealedfiles.keys.expected import VARIABLE
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository
    from sealedfiles.keys.state import CloneFiles

_FOLDER = f"{os.sep}modules{os.sep}"
"""Where git clones submodules, in the outer git folder."""
_MODE = "160000"
"""The mode of a submodule in a tree and in the index."""


def is_recorded(repository: Repository, state: CloneFiles) -> bool:
    """Return True if `accept` was called where *repository* is now."""
    place = state.place()
    return bool(place) if _is_linked(repository) else place == _place(repository)


def accept(repository: Repository, state: CloneFiles) -> None:
    """Record that the user has set up sealedfiles in *repository*, if it is a submodule."""
    if is_submodule(repository) and not (_is_linked(repository) and state.place()):
        state.write_place(_place(repository))


def not_accepted(repository: Repository) -> TamperedError:
    """Return the error for a submodule that is not accepted."""
    top = repository.top
    return TamperedError(
        f"{top} is a submodule in which sealedfiles was not unlocked, so it is not used: "
        "anyone with push access to the outer repository could have added it, with keys of their own",
        f"find who added it: git -C {shell_path(str(top.parent))} log -- {shell_path(top.name)}",
        f"if it is correct, run in {top}: sealedfiles unlock",
        f"or set the first keys of its groups, for example in CI: {VARIABLE}=GROUP=KEY_ID",
    )


def is_submodule(repository: Repository) -> bool:
    """Return True if git cloned *repository* as a submodule, or an outer repository has one at its path.

    Its user may have filled the folder of a pushed submodule with `git clone` or `git worktree add`.
    """
    return _is_absorbed(repository) or (bool(repository.outer) and _is_in_outer(repository))


def _is_absorbed(repository: Repository) -> bool:
    """Return True if the git folder is in the ``modules`` of another one."""
    outer, found, _ = os.path.abspath(repository.git_folder).rpartition(_FOLDER)
    while found and not os.path.exists(os.path.join(outer, "HEAD")):
        outer, found, _ = outer.rpartition(_FOLDER)
    return bool(found)


def _is_in_outer(repository: Repository) -> bool:
    """Return True if the index or HEAD of the outer repository has a submodule at the path of this one."""
    # In a hook, git sets variables that name the folders of this repository.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    path = os.path.relpath(repository.root, repository.outer)
    # On a file system that ignores case, the submodule may have a name in other case.
    index = ("ls-files", "-s", "-z", "--", f":(literal,icase){path}")
    head = ("--literal-pathspecs", "ls-tree", "-z", "HEAD", "--", path)
    _, listed, _ = child.run(index, repository.outer, env)
    if any(
        entry.mode == _MODE and entry.path.count(b"/") == path.count(os.sep)
        for entry in parse_entries(listed)
    ):
        return True
    # A clone without a checkout has no index.
    _, listed, _ = child.run(head, repository.outer, env)
    return listed.startswith(f"{_MODE} ".encode())


def _is_linked(repository: Repository) -> bool:
    """Return True for a linked worktree (`git worktree add`), which its user has created."""
    return os.path.exists(os.path.join(repository.git_folder, "commondir"))


def _place(repository: Repository) -> bytes:
    """Return the path of the working tree, relative to git's folder: both may be moved together.

    A push can give the name of a submodule, and so its git folder, to a submodule at another path.  If its
    user cloned it, the path is relative to the outer repository: git's folder may be in the working tree.
    """
    is_cloned = repository.outer and not _is_absorbed(repository)
    start = repository.outer if is_cloned else repository.git_folder
    return os.fsencode(os.path.relpath(repository.root, start))
