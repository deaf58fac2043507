"""Compare the first key of a group with the one on the default branch of a remote.

Anyone with push access can push a branch on which a group starts with their own key: without common history,
or from a commit before the group was created.  In a clone without a record, nothing else shows it.
"""

from __future__ import annotations

from collections.abc import Callable

from sealedfiles.git.repository import Repository
from sealedfiles.keys.expected import VARIABLE, StartError
from sealedfiles.keys.folder import NAME
from sealedfiles.util.messages import printable, shell_word

_USUAL = ("main", "master")
"""The names of default branches, best first, for clones that do not record the remote's (`git fetch`)."""


def verify_default_branch(
    repository: Repository, group: str, first: str, starts: Callable[[str], set[str]]
) -> None:
    """Raise StartError if *group* starts with another key than *first* on the remotes' default branches.

    *starts* returns the first keys of the group in the history of a commit.  With several remotes, one that
    has the key is enough: a fork may have started the group again.  Other branches do not count: one that
    somebody pushed must not block the clones that are at the default branch.
    """
    head = repository.head_commit()
    found: dict[str, set[str]] = {}
    for branch, commit in _default_branches(repository).items():
        keys = {first} if commit == head else starts(commit)
        if first in keys:
            return
        if keys:
            found[branch] = keys
    for branch, keys in found.items():
        shown = printable(branch)
        raise StartError(
            f"the keys of the group {group} were replaced: here they start with {first}, but on {shown} with "
            f"{', '.join(sorted(keys))}",
            f"find who replaced them: git log -p {shell_word(branch)}..HEAD -- {NAME}/keys/{group}/epochs",
            f"until then, use none of its values; if the keys are correct: {VARIABLE}={group}={first}",
        )


def _default_branches(repository: Repository) -> dict[str, str]:
    """Return the commits of the default branches of all remotes, by the names of the branches.

    A bare repository with worktrees has them in its own branches: so has a clone without remotes.
    """
    refs = _refs(repository, "refs/remotes/")
    commits = {name: commit for name, commit, _ in refs}
    found = {to: commits[to] for _, _, to in refs if to in commits}
    usual = _usual_names(repository)
    if not found:
        for name in commits:
            remote, _, branch = name.partition("/")
            if branch == next((one for one in usual if f"{remote}/{one}" in commits), ""):
                found[name] = commits[name]
    if not found:
        commits = {name: commit for name, commit, _ in _refs(repository, "refs/heads/")}
        own = next((name for name in usual if name in commits), None)
        found = {own: commits[own]} if own else {}
    return found


def _usual_names(repository: Repository) -> list[str]:
    """Return the names of default branches, best first, for clones that do not record the remote's.

    HEAD of a bare clone is that of the remote: anyone can push a branch that is called main.
    """
    if repository.config("core.bare") != "true":
        return [*_USUAL]
    command = ("--git-dir", repository.common_folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    _, out, _ = repository.try_run(*command)
    return [out.decode("utf-8", "replace").strip(), *_USUAL]


def _refs(repository: Repository, folder: str) -> list[list[str]]:
    """Return the refs in *folder*: each with its name there, its commit, and what it is a symbolic ref of."""
    # `%(symref)` is empty for a branch that somebody has called HEAD.
    form = "--format=%(refname)%00%(objectname)%00%(symref)"
    lines = repository.run("for-each-ref", form, folder).decode("utf-8", "replace").split("\n")[:-1]
    return [[part.removeprefix(folder) for part in line.split("\x00")] for line in lines]
