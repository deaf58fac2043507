"""Warn of rules of `track --values` that no value matches, and with ``--plain`` of those without effect.

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
from sealedfiles.model.policy import DEFAULT_GROUP, FileRules, Policy
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
    """Warn of those of *rules* that no value of the files at *paths* matches, or that leave none in
    plaintext.

    *policy* is the one that has these rules.
    """
    files, rules = list(paths), list(dict.fromkeys(rules))
    plain = [rule for rule in rules if rule.plain]
    sealing = [rule for rule in rules if not rule.plain and rule.values]
    if not files or not (plain or sealing):
        return
    values = list(dict.fromkeys(_values(clone, files, policy)))
    for rule in sealing:
        for pattern in rule.values:
            if not _sealed_by(pattern, values):
                group = rule.group or DEFAULT_GROUP
                effect = f"so nothing is sealed to {group} for it"
                _warn_of_no_match(pattern, files, values, effect, dialog)
    for pattern in dict.fromkeys(value for rule in plain for value in rule.values or (_ALL,)):
        matches = PathPattern(pattern).matches
        found = [one for one in values if matches(one[0]) or matches(merged_path(one[0]))]
        if found:
            _warn_if_sealed(pattern, found, dialog)
        elif pattern != _ALL:
            effect = "so nothing was left in plaintext for it"
            _warn_of_no_match(pattern, files, values, effect, dialog)


def _sealed_by(pattern: str, values: list[tuple[bytes, FileRules]]) -> bool:
    """Return True if one of *values* is one that a rule with *pattern* seals, unless an earlier rule does."""
    return any(
        text == pattern and (compiled.matches(path) or compiled.matches(merged_path(path)))
        for path, rules in values
        for rule in rules.rules
        if rule.group is not None and rule.values
        for text, compiled in zip(dict(rule.entries)["values"], rule.values, strict=True)
    )


def _warn_of_no_match(
    pattern: str,
    files: list[bytes],
    values: list[tuple[bytes, FileRules]],
    effect: str,
    dialog: Dialog,
) -> None:
    dialog.warn(
        f"`{printable(pattern)}` matches no value of {counted(len(files), 'file')}, {effect}",
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
