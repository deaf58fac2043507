"""Find values that are older than their rule allows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from sealedfiles.app.check.findings import Finding, in_order
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.app.history.ages import ages
from sealedfiles.app.history.values import WHOLE, TokenOpener
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import is_shallow
from sealedfiles.model.policy import Policy
from sealedfiles.util.messages import Note, counted

_DAY = 24 * 60 * 60


def too_old(clone: Clone, policy: object, wanted: Wanted, notes: list[Note]) -> list[Finding]:
    """Return the values of the index that are older than the ``max_age`` of their rule in *policy*.

    Limitations are added to *notes*.

    Without keys, tokens are compared, so that a resealed value counts as new.  History is read only
    if a rule has a ``max_age``, and not for the changes of the index, which are new.
    """
    if not isinstance(policy, Policy) or wanted.staged:
        return []
    if not any(rule.max_age for rule in policy.rules):
        return []
    if is_shallow(clone.repository):
        notes.append(
            Note(
                "this clone is shallow: the age of values is unknown",
                ("run: git fetch --unshallow",),
            )
        )
    return in_order(one.judged(policy) for one in _too_old(clone, policy, wanted))


def _too_old(clone: Clone, policy: Policy, wanted: Wanted) -> Iterator[Finding]:
    now = int(time.time())

    def most(file: bytes, path: bytes) -> int | None:
        rules = policy.for_file(os.fsdecode(file))
        return rules.whole_max_age() if path == WHOLE else rules.max_age_of(path)

    def is_limited(file: bytes, path: bytes) -> bool:
        return wanted.selects(file) and most(file, path) is not None

    for one in ages(clone, is_limited, TokenOpener(clone if wanted.keyed else None), now):
        days = (now - one.commit.time) // _DAY if one.commit else 0
        limit = most(one.file, one.path)
        if limit is not None and days > limit:
            what = f"is {counted(days, 'day')} old; its rule allows {counted(limit, 'day')}"
            path = None if one.path == WHOLE else one.path
            yield Finding("too-old", one.file, what, key=path)
