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
    """Return the commits of the default branches of all remotes, by the names of the branches."""
    # `%(symref)` is empty for a branch that somebody has called HEAD.
    listed = repository.run(
        "for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)", "refs/remotes"
    )
    lines = listed.decode("utf-8", "replace").split("\n")[:-1]
    refs = [line.split("\x00") for line in lines]
    commits = {name: commit for name, commit, _ in refs}
    found = {to: commits[to] for _, _, to in refs if to in commits}
    if not found:
        for name in commits:
            parts = name.split("/")
            usual = next((one for one in _USUAL if f"refs/remotes/{parts[2]}/{one}" in commits), "")
            if "/".join(parts[3:]) == usual:
                found[name] = commits[name]
    return {name.removeprefix("refs/remotes/"): commit for name, commit in found.items()}
