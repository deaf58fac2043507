"""The first keys that a machine expects, so that it refuses a replaced group on first use.

A machine that clones a repository for every run remembers nothing: anyone with push access could replace a
group with their own, encrypted to the machine's public key.  So the text of a deploy key, or the variable
SEALEDFILES_EXPECT, carries a key id for each group, and the group's verified chain must contain it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sealedfiles.errors import TamperedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealedfiles.keys.epochs import Epoch


class StartError(TamperedError):
    """The keys of a group do not start with the expected key."""


VARIABLE = "SEALEDFILES_EXPECT"

Expected = dict[str, set[str]]
"""Key ids by group; the group's chain must contain one of them."""

_NAME = r"[a-z0-9][a-z0-9._-]*"
_LINE = re.compile(rf"sealedfiles: ({_NAME}) starts with ([a-z2-7]{{16}})(?![a-z2-7])")
_ITEM = re.compile(rf"({_NAME})=([a-z2-7]{{16}})")


def expected_line(group: str, key_id: str) -> str:
    """Return the text, without ``# ``, of a comment that carries the first key of *group*."""
    return f"sealedfiles: {group} starts with {key_id}"


def expected_in(data: bytes) -> Expected:
    """Return the expected keys in the comments of a key's text, even if a secret store joined its lines."""
    found: Expected = {}
    for group, key_id in _LINE.findall(data.decode("utf-8", "replace")):
        found.setdefault(group, set()).add(key_id)
    return found


def expected_by_environment() -> Expected:
    """Return the expected keys in SEALEDFILES_EXPECT.

    Raises UsageError if an item is invalid: half of a list would protect nothing.
    """
    found: Expected = {}
    for item in re.split(r"[,\s]+", os.environ.get(VARIABLE, "").strip()):
        match = _ITEM.fullmatch(item)
        if match:
            found.setdefault(match[1], set()).add(match[2])
        elif item:
            raise UsageError(
                f"{VARIABLE} cannot be read", f"write it like this: {VARIABLE}=production=<key id>"
            )
    return found


def verify_expected(expected: Mapping[str, Iterable[str]], group: str, epochs: list[Epoch]) -> None:
    """Raise StartError if *expected* is not empty and the verified *epochs* of *group* do not match it.

    A group that is not expected may belong to an attacker, whose values then replace the real ones.
    """
    if not expected:
        return
    first = epochs[0].key_id
    if group not in expected:
        raise StartError(
            f"the group {group} is not among the groups expected here: {', '.join(sorted(expected))}",
            f"see who created it: git log -- .sealedfiles/keys/{group}",
            f"if the group is right, expect it too: {VARIABLE}={group}={first}",
        )
    if not {epoch.key_id for epoch in epochs} & set(expected[group]):
        raise StartError(
            f"the keys of the group {group} do not start with the expected key "
            f"{', '.join(sorted(expected[group]))}, but with {first}",
            f"see who replaced them: git log -p -- .sealedfiles/keys/{group}/epochs",
            f"use none of its values until you know; if it is right: {VARIABLE}={group}={first}",
        )
