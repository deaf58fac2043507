"""Edit the list of tracked patterns in ``policy.yaml``, with every other byte unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.tracking.policy_source import PolicySource, items_of, scalar
from sealedfiles.errors import PolicyError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from sealedfiles.formats.tree import Child

_BY_HAND = "`tracked` in .sealedfiles/policy.yaml can only be changed in an editor"


def add_tracked(data: bytes, patterns: Sequence[str]) -> bytes:
    """Return the policy with *patterns* added to ``tracked``.

    Raises PolicyError if the policy cannot be edited.
    """
    before = parse_policy(data).tracked
    fresh = [p for p in dict.fromkeys(patterns) if p not in (before or ())]
    if not fresh and before is not None:
        return data
    source = PolicySource(data)
    entry = source.entries.get("tracked")
    items = items_of(entry)
    if source.top.flow or (entry and items and entry.value.flow):
        _add_in_flow(source, items, fresh)
    elif fresh or entry:
        place, column = source.place_for_item("tracked")
        lines = (f"{source.eol}{' ' * column}- {scalar(pattern)}" for pattern in fresh)
        source.edits.append((place, place, "".join(lines)))
    else:
        source.add_below_version("tracked: []")
    return _checked(source, (*(before or ()), *fresh))


def remove_tracked(data: bytes, patterns: Sequence[str]) -> bytes:
    """Return the policy without *patterns* in ``tracked``; those that are not in it are ignored.

    Raises PolicyError if the policy cannot be edited.
    """
    before = parse_policy(data).tracked or ()
    kept = tuple(pattern for pattern in before if pattern not in patterns)
    if kept == before:
        return data
    source = PolicySource(data)
    entry = source.entries["tracked"]
    node = entry.value
    if node.flow:
        text = f"[{', '.join(map(scalar, kept))}]"
        source.edits.append((node.start, source.end_of(node), text))
        return _checked(source, kept)
    for item in items_of(entry):
        if (item.value.target or item.value).text in patterns:
            source.cut_lines(item.start, source.end_of(item.value))
    if not kept:
        place = source.text.index(":", entry.key_end) + 1
        source.edits.append((place, place, " []"))
    return _checked(source, kept)


def _add_in_flow(source: PolicySource, items: Sequence[Child], patterns: Sequence[str]) -> None:
    text = ", ".join(map(scalar, patterns))
    if items:
        place = source.end_of(items[-1].value)
        source.edits.append((place, place, f", {text}"))
    elif "tracked" in source.entries:
        node = source.entries["tracked"].value
        source.edits.append((node.start, source.end_of(node), f"[{text}]"))
    else:
        source.add_below_version(f"tracked: [{text}]")


def _checked(source: PolicySource, wanted: tuple[str, ...]) -> bytes:
    data = source.checked(source.edited(), source.rules)
    if parse_policy(data).tracked != wanted:
        raise PolicyError(_BY_HAND, "the policy was not changed")
    return data
