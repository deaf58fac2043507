"""The first keys that a machine expects, so that it refuses a replaced group on first use.

A machine that clones the repository for every run has no record of keys: anyone with push access could
replace a group with their own, encrypted to the machine's public key.  So the text of a deploy key, or the
variable SEALEDFILES_EXPECT, contains a key id for each group, and the group's verified chain must contain
it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from sealedfiles.errors import TamperedError, UsageError
from sealedfiles.keys.epochs import Epoch
from sealedfiles.util.lazy_pattern import lazy_pattern


class UnexpectedKeyError(TamperedError):
    """A key is not the one that the user expects; every command exits with status 4 then."""


class StartError(UnexpectedKeyError):
    """The keys of a group do not include the expected key."""


VARIABLE = "SEALEDFILES_EXPECT"

Expected = dict[str, set[str]]
"""Key ids by group; the group's chain must contain one of them."""

_NAME = r"[a-z0-9][a-z0-9._-]*"
_LINE = lazy_pattern(
    rf"sealedfiles:\s+({_NAME})\s+starts(?:\s+with\s+([a-z2-7]{{16}})(?![a-z2-7]))?", re.IGNORECASE
)
_ITEM = lazy_pattern(rf"({_NAME})=([a-z2-7]{{16}})")


def expected_line(group: str, key_id: str) -> str:
    """Return the text, without ``# ``, of the comment that states the first key of *group*."""
    return f"sealedfiles: {group} starts with {key_id}"


def expected_in(data: bytes) -> Expected:
    """Return the expected keys in the comments of a key's text, even if a secret store joined its lines.

    Raises UsageError if one has no valid key id: ignoring it would leave a group unprotected.
    """
    found: Expected = {}
    for group, key_id in _LINE.findall(data.decode("utf-8", "replace")):
        if not key_id:
            raise UsageError(
                f"a comment of the key says what the group {group} starts with, without a valid key id",
                "use the text that `sealedfiles keygen --deploy` prints, as it is",
            )
        found.setdefault(group.lower(), set()).add(key_id.lower())
    return found


def expected_by_environment() -> Expected:
    """Return the expected keys in SEALEDFILES_EXPECT.

    Raises UsageError if an item is invalid: ignoring it would leave a group unprotected.
    """
    found: Expected = {}
    for item in re.split(r"[,\s]+", os.environ.get(VARIABLE, "").strip()):
        match = _ITEM.fullmatch(item)
        if match:
            found.setdefault(match[1], set()).add(match[2])
        elif item:
            raise UsageError(
                f"{VARIABLE} is not valid", f"write it like this: {VARIABLE}=production=<key id>"
            )
    return found


def verify_expected(expected: Mapping[str, Iterable[str]], group: str, epochs: list[Epoch]) -> None:
    """Raise StartError if *expected* is not empty and the verified *epochs* of *group* do not match it.

    A group that is not expected may belong to an attacker, whose values would replace the real values.
    """
    if not expected:
        return
    first = epochs[0].key_id
    if group not in expected:
        raise StartError(
            f"the group {group} is not among the groups expected here: {', '.join(sorted(expected))}",
            f"find who created it: git log -- .sealedfiles/keys/{group}",
            f"if the group is correct, also expect it: {VARIABLE}={group}={first}",
        )
    if not {epoch.key_id for epoch in epochs} & set(expected[group]):
        raise StartError(
            f"the keys of the group {group} do not include the expected key "
            f"{', '.join(sorted(expected[group]))}; they start with {first}",
            f"find who replaced them: git log -p -- .sealedfiles/keys/{group}/epochs",
            f"until then, use none of its values; if the keys are correct: {VARIABLE}={group}={first}",
        )
