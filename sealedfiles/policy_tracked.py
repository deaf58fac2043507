"""Changing the list of tracked patterns in ``policy.yaml``, with every other byte kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.errors import PolicyError
from sealedfiles.policy import parse_policy
from sealedfiles.policy_edit import PolicySource, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

_BY_HAND = (
    "`tracked` in .sealedfiles/policy.yaml is written in a way that only an editor can change"
)


def add_tracked(data: bytes, patterns: Sequence[str]) -> bytes:
    """Return the policy with *patterns* added to ``tracked``.

    Raises PolicyError if the policy cannot be edited.
    """
    before = parse_policy(data).tracked
    fresh = [p for p in dict.fromkeys(patterns) if p not in (before or ())]
    if not fresh and before is not None:
        return data
    source = PolicySource(data)
    key, node = source.entries.get("tracked", (None, None))
    items = node.value if node is not None and node.id == "sequence" else []
    if source.top.flow_style or (items and node.flow_style):
        _add_in_flow(source, items, fresh)
    elif items:
        column = source.column_of(source.dash_of(items[-1]))
        place = source.line_end(source.end_of(items[-1]))
        _insert(source, place, column, fresh)
    else:
        column = source.top.value[0][0].start_mark.column
        if key is None:
            version = source.entries["version"][1]
            place = source.line_end(source.end_of(version))
            head = f"{source.eol}{' ' * column}tracked:" + ("" if fresh else " []")
            source.edits.append((place, place, head))
        else:
            source.cut(node.start_mark.index, source.end_of(node))
            place = source.line_end(key.end_mark.index)
        _insert(source, place, column + 2, fresh)
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
    key, node = source.entries["tracked"]
    if node.flow_style:
        text = f"[{', '.join(map(scalar, kept))}]"
        source.edits.append((node.start_mark.index, source.end_of(node), text))
        return _checked(source, kept)
    for item in node.value:
        if item.value in patterns:
            source.cut_lines(source.dash_of(item), source.end_of(item))
    if not kept:
        place = source.text.index(":", key.end_mark.index) + 1
        source.edits.append((place, place, " []"))
    return _checked(source, kept)


def _insert(source: PolicySource, place: int, column: int, patterns: Sequence[str]) -> None:
    lines = "".join(f"{source.eol}{' ' * column}- {scalar(pattern)}" for pattern in patterns)
    source.edits.append((place, place, lines))


def _add_in_flow(source: PolicySource, items: Sequence[object], patterns: Sequence[str]) -> None:
    text = ", ".join(map(scalar, patterns))
    if items:
        place = source.end_of(items[-1])
        source.edits.append((place, place, f", {text}"))
    elif "tracked" in source.entries:
        node = source.entries["tracked"][1]
        source.edits.append((node.start_mark.index, source.end_of(node), f"[{text}]"))
    else:
        place = source.end_of(source.entries["version"][1])
        source.edits.append((place, place, f", tracked: [{text}]"))


def _checked(source: PolicySource, wanted: tuple[str, ...]) -> bytes:
    # In the order of the places; several at one place stay in the order in which they were made.
    text = source.text
    edits = sorted(enumerate(source.edits), key=lambda one: (one[1][0], one[0]), reverse=True)
    for _, (start, end, new) in edits:
        text = text[:start] + new + text[end:]
    data = source.checked(text, source.rules)
    if parse_policy(data).tracked != wanted:
        raise PolicyError(_BY_HAND, "the policy was left as it is")
    return data
