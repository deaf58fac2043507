"""Match wildcards without exponential time.

A pull request can contain any pattern, and a regular expression with ten stars takes years for some
file names.  So this code matches both kinds of star itself.  It never needs to backtrack beyond the last
star: the first position at which the part between two stars matches is as good as any later one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sealedfiles.util.lazy_pattern import lazy_pattern


class Glob:
    """A pattern for one step: *parts*, separated by any number of characters.

    Each part is a list of regular expressions, each of which matches one character.
    """

    def __init__(self, parts: Sequence[Sequence[str]], *, ignore_case: bool = False) -> None:
        # ASCII letters only, as git folds them (wildmatch.c, WM_CASEFOLD).
        flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else 0)
        self._parts = [lazy_pattern("".join(part), flags) for part in parts]
        self._last_length = len(parts[-1])

    def matches(self, step: str) -> bool:
        """Return True if the pattern matches all of *step*."""
        first, *middle = self._parts
        if not middle:
            return first.fullmatch(step) is not None
        found = first.match(step)
        for part in middle[:-1]:
            found = found and part.search(step, found.end())
        at = len(step) - self._last_length
        if found is None or at < found.end():
            return False
        return middle[-1].fullmatch(step, at) is not None


def match_steps(patterns: Sequence[Glob | None], steps: Sequence[str | None]) -> bool:
    """Return True if *patterns* match all of *steps*.

    The pattern None stands for ``**``: zero or more steps.  The step None (a sequence item) is matched
    by ``ITEM`` only.
    """
    at = star = resume = 0
    have_star = False
    number = 0
    while number < len(steps):
        pattern = patterns[at] if at < len(patterns) else ITEM
        if at < len(patterns) and pattern is None:
            have_star, star, resume = True, at, number
            at += 1
        elif at < len(patterns) and _fits(pattern, steps[number]):
            at += 1
            number += 1
        elif have_star:
            resume += 1
            at, number = star + 1, resume
        else:
            return False
    return all(pattern is None for pattern in patterns[at:])


ITEM = Glob([["(?!)"]])
"""Matches a sequence item and nothing else."""


def _fits(pattern: Glob | None, step: str | None) -> bool:
    if step is None:
        return pattern is ITEM
    return pattern is not None and pattern.matches(step)
