"""Find the commits that added values in plaintext although the policy seals them."""

from __future__ import annotations

import time
from itertools import chain

from sealedfiles.app.history.ages import CurrentValue, since
from sealedfiles.app.history.values import WHOLE, Contents, TokenOpener
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Described, describe_commits, read_commits, staged
from sealedfiles.git.index import Entry
from sealedfiles.git.worktree import with_blobs
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.progress import Progress


class PlaintextOrigin(NamedTuple):
    """One value in plaintext, and the commit that added it."""

    file: bytes
    path: bytes
    """The place (see ``history.values``)."""
    commit: Described | None
    """The commit since which the value has been in plaintext; None if it is only staged."""


def plaintext_origins(clone: Clone, entries: list[Entry]) -> list[PlaintextOrigin]:
    """Return the plaintext values of the index *entries* that the policy seals, in file order."""
    # Without keys, a token differs from its plaintext, so the commit that unsealed a value is found.
    contents = Contents(clone, TokenOpener(None))
    subjects = []
    for entry, _ in with_blobs(clone, entries):
        rules = clone.describe(entry.path)[1]
        for value in contents.of(entry.path, entry.oid):
            is_sealed = rules.whole_groups() if value.path == WHOLE else rules.group_of(value.path)
            if is_sealed and not value.token:
                subjects.append(CurrentValue(entry.path, value))
    if not subjects:
        return []
    index = staged(clone.repository, int(time.time()))
    with Progress("commits") as progress:
        commits = read_commits(clone.repository, "HEAD", progress=progress) if index else iter(())
        found = since(subjects, chain([index] if index else (), commits), contents)
    oids = {commit.oid for commit in found if commit and commit.oid}
    described = describe_commits(clone.repository, sorted(oids))
    return [
        PlaintextOrigin(
            subject.file, subject.value.path, described.get(commit.oid) if commit else None
        )
        for subject, commit in zip(subjects, found, strict=True)
    ]
