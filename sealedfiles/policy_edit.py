"""Changing ``policy.yaml`` by command, its comments and layout kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sealedfiles.errors import PolicyError
from sealedfiles.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_rule(
    data: bytes,
    pattern: str,
    values: Sequence[str] = (),
    group: str | None = None,
    plain: bool = False,
    file_format: str | None = None,
) -> bytes:
    """Return the policy with a rule for *pattern*.

    The first rule that matches decides, so one that picks out values goes to the top, where no wider
    rule hides it; one for all values goes to the end, or in the place of the one that was there for
    the same files.  Raises PolicyError where the outcome would not be a policy.
    """
    document = _load(data)
    rules = document.setdefault("rules", [])
    if rules is None:
        rules = document["rules"] = []
    rule: dict[str, Any] = {"files": pattern}
    if values:
        rule["values"] = list(values) if len(values) > 1 else values[0]
    if plain:
        rule["plain"] = True
    elif group:
        rule["group"] = group
    if file_format:
        rule["format"] = file_format
    same = [n for n, old in enumerate(rules) if _subject(old) == _subject(rule)]
    if same:
        rules[same[0]].clear()
        rules[same[0]].update(rule)
    elif values:
        rules.insert(0, rule)
    else:
        rules.append(rule)
    return _dump(document)


def remove_rules(data: bytes, pattern: str) -> bytes:
    """Return the policy without the rules for exactly *pattern*."""
    document = _load(data)
    rules = document.get("rules") or []
    for number in reversed(range(len(rules))):
        if rules[number].get("files") == pattern:
            del rules[number]
    return _dump(document)


def _subject(rule: Any) -> tuple[Any, ...]:
    """Return which values a rule is about."""
    values = rule.get("values") or ()
    return rule.get("files"), tuple([values] if isinstance(values, str) else values)


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(data: bytes) -> Any:
    parse_policy(data, ".sealedfiles/policy.yaml")
    return _yaml().load(data)


def _dump(document: Any) -> bytes:
    rules = document.get("rules")
    # `rules: []` was written in flow style; a list that has grown reads better in lines.
    if rules and hasattr(rules, "fa"):
        rules.fa.set_block_style()
    out = io.BytesIO()
    _yaml().dump(document, out)
    data = out.getvalue()
    try:
        parse_policy(data, ".sealedfiles/policy.yaml")
    except PolicyError as error:
        raise PolicyError(error.message, "the policy was left as it is") from None
    return data
