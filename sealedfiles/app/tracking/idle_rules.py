"""Warn of rules of `track --plain` that leave no value in plaintext.

A rule that seals also applies below its key path, and in INI to other spellings.  A rule with ``plain`` does
not: it matches whole key paths, as they are written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.app.tracking.preset_rules import versions_of
from sealedfiles.git.clone import Clone
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.model.paths import PathPattern, merged_path, show
from sealedfiles.model.policy import FileRules, Policy
from sealedfiles.sealing.file import describe_file
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import counted, printable, shell_key, shell_word

_SHOWN = 3
_ALL = "**"
"""The pattern that a rule without patterns stands for."""
_BELOW = {"[]": "for the items of the list", ".**": "for all values below it"}


def warn_of_idle_rules(
    clone: Clone, rules: Iterable[NewRule], paths: Iterable[bytes], policy: Policy, dialog: Dialog
) -> None:
    """Warn of those of *rules* with ``plain`` that leave no value of the files at *paths* in plaintext.

    *policy* is the one that has these rules.
    """
    plain = list(dict.fromkeys(rule for rule in rules if rule.plain))
    if not plain:
        return
    files = list(paths)
    values = list(dict.fromkeys(_values(clone, files, policy)))
    for pattern in dict.fromkeys(value for rule in plain for value in rule.values or (_ALL,)):
        matches = PathPattern(pattern).matches
        found = [one for one in values if matches(one[0]) or matches(merged_path(one[0]))]
        if found:
            _warn_if_sealed(pattern, found, dialog)
        elif files and pattern != _ALL:
            dialog.warn(
                f"`{printable(pattern)}` matches no value of {counted(len(files), 'file')}, "
                "so nothing was left in plaintext for it",
                *_better(pattern, [path for path, _ in values]),
            )


def _values(
    clone: Clone, files: Iterable[bytes], policy: Policy
) -> Iterator[tuple[bytes, FileRules]]:
    """Yield the key path of each value of *files*, with the rules for the file."""
    for file in files:
        rules = policy.for_file(os.fsdecode(file))
        for data in versions_of(clone, file):
            for text in SealedText(data, describe_file(file, rules.format)).readings:
                for span in text.values:
                    yield span.path, rules


def _warn_if_sealed(pattern: str, found: list[tuple[bytes, FileRules]], dialog: Dialog) -> None:
    """Warn if the policy seals each value of *found*, those that *pattern* matches."""
    if any(rules.group_of(path) is None for path, rules in found):
        return
    what = "all values" if pattern == _ALL else f"all values that `{printable(pattern)}` matches"
    lines = {rule.line for path, rules in found if (rule := rules.rule_for(path))}
    if lines:
        dialog.warn(
            f"{what} stay sealed: an earlier rule of the policy seals them",
            *(
                f"move that rule below the new one: {NAME}/{POLICY}:{line}"
                for line in sorted(lines)
            ),
            "then run: sealedfiles trust policy",
        )
    else:
        path = found[0][0]
        both = " ".join(f"--values {shell_key(show(one))}" for one in (merged_path(path), path))
        dialog.warn(f"{what} stay sealed: they are below a merge key", f"match both paths: {both}")


def _better(pattern: str, values: list[bytes]) -> list[str]:
    """Return hints with the patterns that were probably meant."""
    for suffix, what in _BELOW.items():
        if any(map(PathPattern(pattern + suffix).matches, values)):
            return [f"{what}: --values {shell_word(pattern + suffix)}"]
    spelled = {
        show(path): None
        for suffix in ("", *_BELOW)
        for path in filter(PathPattern(pattern + suffix, fold=str.lower).matches, values)
    }
    return [f"as the file spells it: --values {shell_key(one)}" for one in list(spelled)[:_SHOWN]]
