"""Add several rules for the same files to the policy."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.tracking.policy_edit import add_rule
from sealedfiles.light_typing import NamedTuple


class NewRule(NamedTuple):
    """A rule for the values whose key paths match; without patterns, for all values."""

    values: tuple[str, ...] = ()
    group: str | None = None
    """The group that they are sealed to; None: `default`."""
    plain: bool = False
    """Whether they stay in plaintext."""
    file_format: str | None = None


def add_rules(data: bytes, pattern: str | tuple[str, ...], rules: Sequence[NewRule]) -> bytes:
    """Return the policy with *rules* for *pattern*, or for several, the first one first.

    Raises PolicyError.
    """
    for rule in reversed(rules):  # a rule for some values is inserted at the top
        data = add_rule(data, pattern, *rule)
    return data
