"""Edit ``allow`` in ``policy.yaml`` for files whose sealed values become plaintext on purpose.

Each file is listed by its own path, so that nothing else is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from sealedfiles.app.tracking.patterns import literal_pattern
from sealedfiles.app.tracking.policy_source import PolicySource, items_of, scalar
from sealedfiles.errors import PolicyError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from sealedfiles.formats.tree import Child

_CODE = "sealed-before"
_BY_HAND = "`allow` in .sealedfiles/policy.yaml can only be changed in an editor"
_UNCHANGED = "the policy was not changed"


def allow_plaintext(data: bytes, paths: Iterable[bytes], reason: str) -> bytes:
    """Return the policy with an entry that allows *paths* to be in plaintext, though they were sealed.

    Raises PolicyError if the policy cannot be edited.
    """
    files = [_pattern(path) for path in paths]
    before = [allow.words for allow in parse_policy(data).allows]
    source = PolicySource(data)
    entry = source.entries.get("allow")
    items = items_of(entry)
    is_block = not source.top.flow and not (items and entry and entry.value.flow)
    if not is_block or not all(map(_is_utf_8, files)):
        raise PolicyError(_BY_HAND, _UNCHANGED)
    place, column = source.place_for_item("allow")
    lines = [
        f"- finding: {_CODE}",
        "  files:",
        *(f"    - {scalar(file)}" for file in files),
        f"  reason: {scalar(reason)}",
    ]
    text = "".join(source.eol + " " * column + line for line in lines)
    source.edits.append((place, place, text))
    return _checked(source, [*before, (f"files: {files}", f"finding: {[_CODE]}")])


def withdraw_plaintext(data: bytes, paths: Collection[bytes]) -> bytes:
    """Return the policy without what ``allow_plaintext`` added for *paths*, because they are sealed again.

    Raises PolicyError if the policy cannot be edited.
    """
    gone = {_pattern(path) for path in paths}
    source = PolicySource(data)
    wanted = []
    for item, allow in zip(
        items_of(source.entries.get("allow")), parse_policy(data).allows, strict=False
    ):
        keys = {child.key: child for child in (item.value.target or item.value).entries}
        files = items_of(keys.get("files"))
        left = [one for one in files if _text(one) not in gone]
        if allow.finding != _CODE or "values" in keys or len(left) == len(files):
            wanted.append(allow.words)
        elif left:
            for one in files:
                if one not in left:
                    source.cut_lines(one.start, source.end_of(one.value))
            names = [_text(one) for one in left]
            wanted.append((f"files: {names}", f"finding: {[_CODE]}"))
        else:
            source.cut_lines(item.start, source.end_of(item.value))
    if not source.edits:
        return data
    if not wanted:
        place = source.text.index(":", source.entries["allow"].key_end) + 1
        source.edits.append((place, place, " []"))
    return _checked(source, wanted)


def _pattern(path: bytes) -> str:
    """Return the pattern that matches only *path*."""
    name = literal_pattern(os.fsdecode(path))
    # Without a slash, a pattern matches in every folder.
    return name if "/" in name else f"/{name}"


def _is_utf_8(text: str) -> bool:
    return not any("\udc80" <= char <= "\udcff" for char in text)


def _text(item: Child) -> str | None:
    return (item.value.target or item.value).text


def _checked(source: PolicySource, wanted: list[tuple[str, ...]]) -> bytes:
    data = source.checked(source.edited(), source.rules)
    if [allow.words for allow in parse_policy(data).allows] != wanted:
        raise PolicyError(_BY_HAND, _UNCHANGED)
    return data
