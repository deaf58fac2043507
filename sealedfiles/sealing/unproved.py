"""Values whose origin would be lost if their file were sealed whole, or was.

Anyone with push access can write a value in plaintext, a reader of one group a token of that group at a
key that the policy assigns to another, and a removed reader a token under a retired key.  Such a value is
not used.  If its file were sealed whole, because its text does not parse, and then fixed, the value would
get a token like one that the user typed.  The same holds for a file that such a reader sealed whole: an edit
of one value would seal all of them again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealedfiles import formats
from sealedfiles.errors import FormatError
from sealedfiles.model.paths import show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import VALUE, split
from sealedfiles.sealing.comments import comments_to_seal
from sealedfiles.sealing.file import is_whole, whole_token
from sealedfiles.sealing.pieces import find_pieces, splice
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.whole import layers_of, open_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealedfiles.sealing.file import File, Keys

_COMMENT, _FILE = "a comment", "the whole file"

_TELLING_LINE = re.compile(r"(?!-----)\s*\S{8}")
"""A line that two texts hardly have in common by accident."""


def unproved_values(
    data: bytes,
    versions: Iterable[bytes],
    file: File,
    rules: FileRules,
    keys: Keys,
    is_retired: Callable[[str, str], bool],
    *,
    tokens_only: bool = False,
) -> list[str]:
    """Return the values of *versions* that no reader of their group wrote, and that may be in *data*.

    They are named by their key paths.  *versions* are stored versions of *file*, and *is_retired* tells of a
    group and a key id if that key is retired.  With *tokens_only*, values in plaintext are left out.
    """
    text = data.decode("utf-8", "replace")
    found: dict[str, None] = {}
    for version in dict.fromkeys(versions):
        find = _unproved_whole if is_whole(version) else _unproved
        unproved = find(version, _with_format(file), rules, keys, is_retired)
        for name, value, is_plain in unproved:
            if not (is_plain and tokens_only) and _may_hold(text, value):
                found[name] = None
    return list(found)


def _with_format(file: File) -> File:
    """Return *file* with the format of its name if a rule says that it is sealed whole."""
    if file.format is not None:
        return file
    return file._replace(format=formats.load(formats.name_by_path(file.path)))


def _unproved(
    version: bytes,
    file: File,
    rules: FileRules,
    keys: Keys,
    is_retired: Callable[[str, str], bool],
) -> Iterator[tuple[str, str, bool]]:
    """Yield each unproved value of *version*: name, decoded text, and whether it is in plaintext."""
    for one in SealedText(version, file).readings:
        assert one.form is not None  # noqa: S101 - it was read
        pieces, _ = find_pieces(one.text, file, keys)
        opened = {piece.start: piece for piece in pieces if piece.kind == VALUE}
        for span in one.values:
            groups = _groups_of(span.path, rules)
            token = one.token_in(span)
            piece = opened.get(span.start)
            if not groups:
                continue
            if token is None:
                yield show(span.path), one.decoded(span), True
            elif piece is not None and piece.key.path_tag(span.path) == piece.path_tag:
                parts = split(token)
                if parts.group not in groups or is_retired(parts.group, parts.key_id):
                    yield show(span.path), one.form.decode(piece.literal), False
        try:
            comments = comments_to_seal(splice(one.text, pieces), one.form, rules)
        except FormatError:
            continue
        for comment in comments:
            if comment in one.text:
                yield _COMMENT, comment, True


def _unproved_whole(
    version: bytes,
    file: File,
    rules: FileRules,
    keys: Keys,
    is_retired: Callable[[str, str], bool],
) -> Iterator[tuple[str, str, bool]]:
    """Yield the same for *version*, which is sealed whole: its readers can have written all of it."""
    layers = layers_of(version, keys)
    opened = open_whole(version, whole_token(version) or "", keys) if layers else None
    if opened is None or opened.problems:
        return
    groups = {layer.group for layer in layers}
    all_unproved = any(is_retired(layer.group, layer.key_id) for layer in layers)
    text = SealedText(opened.data, file)
    if text.scan is None:
        if all_unproved or not groups >= set(rules.sealing_whole_groups()):
            lines = opened.data.decode("utf-8", "replace").split("\n")
            yield from ((_FILE, line, False) for line in lines if _TELLING_LINE.match(line))
        return
    for span in text.values:
        wanted = _groups_of(span.path, rules)
        if wanted and (all_unproved or not wanted & groups):
            yield show(span.path), text.decoded(span), False
    assert text.form is not None  # noqa: S101 - it was read
    if all_unproved or not groups >= set(rules.whole_groups()):
        for comment in comments_to_seal(text.text, text.form, rules):
            yield _COMMENT, comment, False


def _groups_of(path: bytes, rules: FileRules) -> set[str]:
    """Return the groups that the value at *path* may be sealed to; none if it stays plain.

    A rule that seals the file whole counts only if no rule for values decides: they were sealed before it.
    """
    of_values = FileRules([rule for rule in rules.rules if rule.format != "whole"])
    groups = {of_values.group_of(path)}
    if not of_values.has_rule(path):
        groups.add(rules.group_of(path))
    return set() if None in groups else {group for group in groups if group}


def _may_hold(text: str, value: str) -> bool:
    """Return False if *value* is not in *text*, in any spelling."""
    return "\\" in text or all(word in text for word in value.split())
