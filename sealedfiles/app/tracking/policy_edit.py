"""Add rules to ``policy.yaml``, and remove them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sealedfiles.app.tracking.policy_source import PolicySource, Rule


def add_rule(
    data: bytes,
    pattern: str | tuple[str, ...],
    values: Sequence[str] = (),
    group: str | None = None,
    plain: bool = False,
    file_format: str | None = None,
) -> bytes:
    """Return the policy with a rule for *pattern*, or for several.

    The first rule that matches decides.  So a rule for some values is inserted at the top.  A rule for all
    values is appended, or replaces the one for the same files.  Raises PolicyError if that is no policy.
    """
    rule: Rule = {"files": pattern}
    if values:
        rule["values"] = tuple(values)
    if plain:
        rule["plain"] = "true"
    elif group:
        rule["group"] = group
    if file_format:
        rule["format"] = file_format
    source = _without_file(PolicySource(data), rule)
    wanted = list(source.rules)
    same = [n for n, old in enumerate(wanted) if _subject(old) == _subject(rule)]
    if same:
        if not plain:
            old = wanted[same[0]]
            rule.update(
                {name: old[name] for name in ("max_age", "expires", "generate") if name in old}
            )
        wanted[same[0]] = rule
        edit = partial(source.replace, same[0], rule)
    elif values:
        wanted.insert(0, rule)
        edit = partial(source.insert_first, rule)
    else:
        wanted.append(rule)
        edit = partial(source.append, rule)
    return source.changed(edit, wanted)


def remove_rules(data: bytes, pattern: str) -> bytes:
    """Return the policy without the rules for exactly *pattern*, and without it in lists of patterns.

    The lines of a rule are removed, with the comments after its values; comments on separate lines stay.
    Raises PolicyError if the result would not be a policy.
    """
    source = PolicySource(data)
    for values in {rule.get("values"): None for rule in source.rules}:
        same: Rule = {"files": pattern, **({"values": values} if values else {})}
        source = _without_file(source, same)
    gone = [n for n, rule in enumerate(source.rules) if rule["files"] == pattern]
    if not gone:
        return source.data
    wanted = [rule for n, rule in enumerate(source.rules) if n not in gone]
    return source.changed(partial(source.remove, gone), wanted)


def set_recovery(data: bytes, name: str) -> bytes:
    """Return the policy with *name* as the reader who is added to every new group.

    Raises PolicyError if the result would not be a policy with this setting.
    """
    return PolicySource(data).with_recovery(name)


def _subject(rule: Rule) -> tuple[object, ...]:
    """Return the selection of a rule: its files and values."""
    return rule["files"], rule.get("values")


def _without_file(source: PolicySource, rule: Rule) -> PolicySource:
    """Return the policy without the pattern of *rule* in the lists of patterns of rules for the same values.

    Such a list has at least one other pattern.
    """
    pattern = rule["files"]
    if not isinstance(pattern, str):
        return source
    for number, old in enumerate(source.rules):
        files = old["files"]
        is_listed = isinstance(files, tuple) and pattern in files
        if is_listed and {*files} != {pattern} and old.get("values") == rule.get("values"):
            wanted = list(source.rules)
            wanted[number] = {**old, "files": source.drop_file(number, pattern)}
            return _without_file(PolicySource(source.changed(lambda: None, wanted)), rule)
    return source
