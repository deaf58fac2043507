"""What changed between two policies."""

from __future__ import annotations

from sealedfiles.errors import PolicyError
from sealedfiles.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.model.allowance import Allow
    from sealedfiles.model.policy import Policy, Rule


def only_tracks_more(new: Policy, old: Policy, listed: Iterable[str] = ()) -> bool:
    """Return True if *new* is *old* with more ``tracked`` patterns and no other change.

    *listed* contains the tracked patterns if the *old* policy does not list them itself.
    """
    before = set(listed if old.tracked is None else old.tracked)
    return (
        new.tracked is not None
        and before <= set(new.tracked)
        and (new.recovery, new.resolve, _rules(new.rules), _allows(new.allows))
        == (old.recovery, old.resolve, _rules(old.rules), _allows(old.allows))
        and have_same_targets(new, old)
    )


def have_same_targets(one: Policy, other: Policy) -> bool:
    """Return True if the targets of two policies are the same; False if any is invalid."""
    try:
        return one.targets == other.targets
    except PolicyError:
        return False


def _rules(rules: Iterable[Rule]) -> list[object]:
    """Return the content of *rules* without their line numbers."""
    return [rule.entries for rule in rules]


def _allows(allows: Iterable[Allow]) -> list[object]:
    """Return the content of *allows* without their line numbers."""
    return [(allow.words, allow.reason) for allow in allows]


def _targets(policy: Policy) -> list[str]:
    """Return a line for each target, or one for the error of an invalid one.

    Values are sealed whether targets are valid or not.
    """
    try:
        return [f"target {target.name}: {target.words}" for target in policy.targets.values()]
    except PolicyError as error:
        return [f"targets: {error.message}"]


def differences(new: Policy, old: Policy) -> list[str]:
    """Return a line for each pattern, rule, target and setting that *old* (-) or *new* (+) alone has."""
    found = []
    for sign, one, other in (("-", old, new), ("+", new, old)):
        known = [rule.entries for rule in other.rules]
        fresh = [rule for rule in one.rules if rule.entries not in known]
        found += [f"{sign} rule {rule.words}" for rule in fresh]
        gone = sorted(set(one.tracked or ()) - set(other.tracked or ()))
        found += [f"{sign} tracked {pattern}" for pattern in gone]
        if one.recovery and one.recovery != other.recovery:
            found.append(f"{sign} recovery {one.recovery}")
        found += [f"{sign} resolve {s}" for s in one.resolve if s not in other.resolve]
        found += [f"{sign} {words}" for words in _targets(one) if words not in _targets(other)]
    return found or ["the order of the rules, or the allowed findings"]
