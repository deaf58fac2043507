"""Which values are due: expired, older than their rule allows, or soon one of these."""

from __future__ import annotations

import os
from collections.abc import Callable

from sealedfiles.app.history.ages import Age, ages
from sealedfiles.app.history.values import WHOLE, TokenOpener
from sealedfiles.git.clone import Clone
from sealedfiles.git.dates import show_time
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.lifetime import Lifetime, strictest
from sealedfiles.model.policy import Policy

DAY = 24 * 60 * 60
NOTICE = 14
"""The number of days before its deadline from which a value is due soon; for a short ``max_age``, a quarter
of it."""


class Deadline(NamedTuple):
    """When a value must have been changed."""

    time: int
    """The time (Unix time) from which it is overdue."""
    notice: int
    """The time from which it is due soon."""
    key: str
    """The key of the rule that sets the deadline: ``max_age`` or ``expires``."""


class DatedValue(NamedTuple):
    """A value of the index, with its age and its deadline."""

    age: Age
    changed: int
    """The time of its last change."""
    lifetime: Lifetime | None
    deadline: Deadline | None

    def state(self, now: int) -> str:
        """Return ``over``, ``soon``, or an empty string if it is not due."""
        if self.deadline is None or now < self.deadline.notice:
            return ""
        return "soon" if now < self.deadline.time else "over"


def day(moment: int) -> str:
    """Return the date (UTC) of *moment* (Unix time), as ``YYYY-MM-DD``."""
    return show_time(moment)[:10]


def has_lifetimes(policy: Policy) -> bool:
    """Return True if a rule of *policy* limits the use of values."""
    lifetimes = [rule.lifetime for rule in policy.rules if rule.lifetime]
    return any((one.max_age, one.expires) != (None, None) for one in lifetimes)


def lifetime_of(policy: Policy, file: bytes, path: bytes) -> Lifetime | None:
    """Return the lifetime of the value at the place *path* (``history.values``) of *file*."""
    rules = policy.for_file(os.fsdecode(file))
    return strictest(rules.whole_lifetimes()) if path == WHOLE else rules.lifetime_of(path)


def deadline_of(lifetime: Lifetime | None, changed: int) -> Deadline | None:
    """Return the earlier deadline of a value that was last changed at *changed*; None if it has none.

    A value that was changed less than NOTICE days before ``expires``, or later, was renewed for that date.
    """
    found = []
    if lifetime and lifetime.max_age is not None:
        end = changed + (lifetime.max_age + 1) * DAY
        notice = min(NOTICE, lifetime.max_age // 4) * DAY
        found.append(Deadline(end, end - notice, "max_age"))
    if lifetime and lifetime.expires is not None:
        notice = lifetime.expires - NOTICE * DAY
        if changed < notice:
            found.append(Deadline(lifetime.expires, notice, "expires"))
    return min(found, default=None)


def dated_values(
    clone: Clone,
    policy: Policy,
    keys: TokenOpener,
    now: int,
    wanted: Callable[[bytes, Lifetime | None], bool] = lambda _file, _lifetime: True,
) -> list[DatedValue]:
    """Return the sealed values of the index, in file order, for which *wanted* (file, lifetime) is true.

    *keys* are those with which versions are compared, *now* is the time at which staged values changed.
    """

    def is_wanted(file: bytes, path: bytes) -> bool:
        return wanted(file, lifetime_of(policy, file, path))

    found = []
    for age in ages(clone, is_wanted, keys, now):
        lifetime = lifetime_of(policy, age.file, age.path)
        changed = age.commit.time if age.commit else now
        found.append(DatedValue(age, changed, lifetime, deadline_of(lifetime, changed)))
    return found
