"""Groups that were deleted and put back: whoever read them then reads them again.

Anyone with push access can put back the folder of a group, and those who read it then also with a newer key.
So a clone seals to it only once its user has seen who its readers are.
"""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.app.dialog import Dialog
from sealedfiles.errors import UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import describe_commits
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.recipients import members
from sealedfiles.util.messages import shell_word


def was_put_back(clone: Clone, group: str) -> str:
    """Return the commit of HEAD's history that deleted *group* last; empty if none did, or if the user has
    accepted the group since."""
    options = ("-1", "--full-history", "--no-renames", "--diff-filter=D", "--format=%H", "HEAD")
    _, out, _ = clone.repository.try_run("log", *options, "--", f"{NAME}/keys/{group}/epochs")
    commit = out.decode("ascii").strip()
    return commit if clone.state.accepted_deletions().get(group) != commit else ""


def refuse_put_back(clone: Clone, group: str) -> None:
    """Raise UsageError if *group* was put back."""
    commit = was_put_back(clone, group)
    if commit:
        words = describe_commits(clone.repository, [commit])[commit].words
        raise UsageError(
            f"the group {group} was deleted in commit {words} and put back since; its readers are: "
            f"{_readers(clone, group)}",
            f"see who put it back: git log -- {NAME}/keys/{group}",
            f"remove those who left: sealedfiles revoke NAME --from {shell_word(group)}",
            f"if all are right: sealedfiles unlock --accept {shell_word(group)}",
        )


def accept_put_back(clone: Clone, groups: Iterable[str], dialog: Dialog) -> None:
    """Record that the user, who named *groups*, accepts those that were put back; list their readers."""
    for group in groups:
        if commit := was_put_back(clone, group):
            readers = _readers(clone, group)
            dialog.say(f"{group} was deleted and put back: its readers are {readers}")
            clone.state.accept_deletion(group, commit)


def _readers(clone: Clone, group: str) -> str:
    return ", ".join(members(clone.work_tree, group))
