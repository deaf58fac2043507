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
from sealedfiles.model.paths import ROOT, show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import COMMENT, TOKEN, VALUE, split
from sealedfiles.sealing.comments import comments_to_seal
from sealedfiles.sealing.file import is_whole, whole_token
from sealedfiles.sealing.pieces import find_pieces, layers_of_token, splice
from sealedfiles.sealing.sealed_text import TELLING, SealedText
from sealedfiles.sealing.whole import layers_of, open_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealedfiles.sealing.file import File, Keys
    from sealedfiles.sealing.pieces import Piece
    from sealedfiles.sealing.stored import NewTokens

_COMMENT, _FILE = "a comment", "the whole file"

_LINE = re.compile(r"(?!-----)\s*\S{4}")
"""A line of a file without values. PEM has lines like ``-----BEGIN PRIVATE KEY-----``."""


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
    distinct = list(dict.fromkeys(versions))
    proved = {line for one in distinct for line in _proved_lines(one, rules, keys, is_retired)}
    for version in distinct:
        find = _unproved_whole if is_whole(version) else _unproved
        unproved = find(version, _with_format(file), rules, keys, is_retired)
        for name, value, is_plain in unproved:
            if name == _FILE and value in proved:
                continue
            if not (is_plain and tokens_only) and _may_hold(text, value):
                found[name] = None
    return list(found)


def moved_values(
    new: NewTokens,
    versions: Iterable[bytes],
    file: File,
    rules: FileRules,
    keys: Keys,
    is_retired: Callable[[str, str], bool],
    *,
    tokens_only: bool = False,
) -> list[str]:
    """Return the unproved values of *versions* that *new* repeats, at another key path or in a comment.

    Otherwise a renamed key, or a new section around it, would make a reader's value of it.  A value that is
    too short to be recognized counts only if its own key path is gone.
    """
    found: dict[str, None] = {}
    present = {show(path) for path in new.paths}
    for version in dict.fromkeys(versions):
        if not version or not _may_repeat(version, new, file, rules, is_retired):
            continue
        find = _unproved_whole if is_whole(version) else _unproved
        for name, value, is_plain in find(version, file, rules, keys, is_retired):
            if is_plain and tokens_only:
                continue
            is_telling = len(value) >= TELLING
            is_value = any(_is_in(one, name, value) for _, one in new.values)
            if (is_value and (is_telling or name not in present)) or (
                is_telling and any(value in comment for comment in new.comments)
            ):
                found[name] = None
    return list(found)


def _is_in(new: str, name: str, unproved: str) -> bool:
    """Return True if the value *new* is *unproved*, or was in that comment."""
    return new == unproved or (name == _COMMENT and len(new) >= TELLING and new in unproved)


def _may_repeat(
    version: bytes,
    new: NewTokens,
    file: File,
    rules: FileRules,
    is_retired: Callable[[str, str], bool],
) -> bool:
    """Return False if *new* repeats no unproved value of *version*: for nearly all files, and cheap."""
    text = SealedText(version, file)
    prefixes = {token.rpartition(":")[0] for token in TOKEN.findall(text.text)}
    parts = [split(f"{prefix}:") for prefix in prefixes]
    if text.whole or "\\" in text.text or any(is_retired(one.group, one.key_id) for one in parts):
        return True
    group = rules.group_of(ROOT) if rules.uniform else None
    if group is None or any(one.group != group for one in parts):
        for span in text.values:
            token = text.token_in(span)
            groups = _groups_of(span.path, rules) if token else set()
            if token and groups and split(token).group not in groups:
                return True
    words = [word for _, value in new.values for word in value.split()[:1]] + new.comments
    return any(word in text.text for word in words)


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
    stored = SealedText(version, file)
    if stored.form is None and rules.whole_groups() and b"sealed:v1:" not in version:
        yield from ((_FILE, line, True) for line in _lines(version))
    for one in stored.readings:
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
        yield from _retired_comments(pieces, keys, is_retired)
        try:
            comments = comments_to_seal(splice(one.text, pieces), one.form, rules)
        except FormatError:
            continue
        for comment in comments:
            if comment in one.text:
                yield _COMMENT, comment, True


def _retired_comments(
    pieces: list[Piece], keys: Keys, is_retired: Callable[[str, str], bool]
) -> Iterator[tuple[str, str, bool]]:
    for piece in pieces:
        layers = layers_of_token(piece.token, keys) if piece.kind == COMMENT else ()
        if any(is_retired(layer.group, layer.key_id) for layer, _ in layers):
            yield _COMMENT, piece.literal, False


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
        if all_unproved or not groups >= set(rules.whole_groups()):
            yield from ((_FILE, line, False) for line in _lines(opened.data))
        return
    for span in text.values:
        wanted = _groups_of(span.path, rules)
        if wanted and (all_unproved or not wanted & groups):
            yield show(span.path), text.decoded(span), False
    assert text.form is not None  # noqa: S101 - it was read
    if all_unproved or not groups >= set(rules.whole_groups()):
        for comment in comments_to_seal(text.text, text.form, rules):
            yield _COMMENT, comment, False


def _proved_lines(
    version: bytes,
    rules: FileRules,
    keys: Keys,
    is_retired: Callable[[str, str], bool],
) -> list[str]:
    """Return the lines of *version* if it is sealed whole, and by current readers of all of its groups."""
    layers = layers_of(version, keys)
    if not layers or any(is_retired(layer.group, layer.key_id) for layer in layers):
        return []
    opened = open_whole(version, whole_token(version) or "", keys)
    is_right = {layer.group for layer in layers} >= set(rules.whole_groups())
    return _lines(opened.data) if opened and not opened.problems and is_right else []


def _lines(data: bytes) -> list[str]:
    """Return the text of a file without values, and each line of it."""
    text = data.decode("utf-8", "replace")
    return [text, *filter(_LINE.match, text.split("\n"))]


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
