"""Findings on values that are due: ``max_age`` and ``expires`` of their rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.history.due import DAY, DatedValue, dated_values, day
from sealedfiles.app.history.values import WHOLE, TokenOpener
from sealedfiles.git.clone import Clone
from sealedfiles.model.policy import Policy
from sealedfiles.util.messages import counted


def due_values(
    clone: Clone, policy: Policy, selects: Callable[[bytes], bool], *, keyed: bool
) -> Iterator[Finding]:
    """Yield a finding for each value of the index that is due, in the files that *selects* accepts.

    Without *keyed*, tokens are compared, so that a resealed value counts as new.
    """
    now = int(time.time())
    keys = TokenOpener(clone if keyed else None)
    for one in dated_values(
        clone, policy, keys, now, lambda file, lifetime: bool(lifetime) and selects(file)
    ):
        if one.state(now):
            key = None if one.age.path == WHOLE else one.age.path
            yield Finding(_code(one, now), one.age.file, _words(one, now), key=key)


def _code(value: DatedValue, now: int) -> str:
    if value.state(now) == "soon":
        return "due-soon"
    return "expired" if value.deadline and value.deadline.key == "expires" else "too-old"


def _words(value: DatedValue, now: int) -> str:
    if value.deadline and value.deadline.key == "expires":
        verb = "expires" if value.state(now) == "soon" else "expired"
        changed, end = day(value.changed), day(value.deadline.time)
        return f"{verb} on {end}; its last change was on {changed}"
    days = (now - value.changed) // DAY
    limit = value.lifetime.max_age if value.lifetime and value.lifetime.max_age else 0
    return f"is {counted(days, 'day')} old; its rule allows {counted(limit, 'day')}"
