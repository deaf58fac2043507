"""What a reviewer needs in addition to the current access: its history, the rules, open findings."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.run import check
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.app.who.log import AccessCommit, members_at_head, read_log
from sealedfiles.errors import GitError, PolicyError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import is_shallow
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import Rule


class Origin(NamedTuple):
    """The commit that granted or revoked access.  Its author and date are what the commit says."""

    date: str
    author: str
    commit: str


class FormerReader(NamedTuple):
    """A reader who was removed from a group."""

    name: str
    group: str
    granted: Origin | None
    """None if the history does not show it."""
    revoked: Origin


class Review(NamedTuple):
    """The history of access on HEAD, the rules of the policy in force, and the findings in the index."""

    granted: dict[tuple[str, str], Origin]
    """The first grant since the last removal, by reader and group."""
    former: list[FormerReader]
    """Newest first."""
    rules: list[Rule]
    findings: list[Finding]
    """Without those that the policy allows; errors first."""
    is_shallow: bool
    """Whether earlier history is missing in this clone."""
    trouble: str = ""
    """Why `check` could not run; otherwise empty."""


def read_review(clone: Clone) -> Review:
    """Return the review of *clone*.  No key is needed.  Raises GitError and UsageError."""
    granted, former = _history(read_log(clone), members_at_head(clone))
    try:
        rules = clone.policy().rules
    except PolicyError:
        rules = []  # `check` reports the reason
    found, trouble = [], ""
    try:
        found = [one for one in check(clone, Wanted()).findings if not one.reason]
    except GitError as error:  # a partial clone lacks objects
        trouble = error.message
    found.sort(key=lambda one: not one.is_error)
    return Review(granted, former, rules, found, is_shallow(clone.repository), trouble)


def _history(
    commits: Iterable[AccessCommit], members: set[tuple[str, str]]
) -> tuple[dict[tuple[str, str], Origin], list[FormerReader]]:
    """Return the grants of the *members*, pairs of group and reader, and the former readers."""
    granted: dict[tuple[str, str], Origin] = {}
    revoked: dict[tuple[str, str], Origin] = {}
    former = []
    for commit in commits:  # newest first
        origin = Origin(commit.date, commit.author, commit.id)
        for event in commit.events:
            pair = event.group, event.reader
            if event.what == "revoked":
                if pair in revoked:  # the history of that time lacks a grant
                    former.append(FormerReader(event.reader, event.group, None, revoked[pair]))
                revoked[pair] = origin
            elif event.what == "granted" and pair in revoked:
                former.append(FormerReader(event.reader, event.group, origin, revoked.pop(pair)))
            elif event.what == "granted" and pair in members:
                granted[event.reader, event.group] = origin
    former += [FormerReader(name, group, None, one) for (group, name), one in revoked.items()]
    former.sort(key=lambda one: one.revoked.date, reverse=True)
    return granted, former
