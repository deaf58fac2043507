"""Find sealed values and comments whose readers change with the policy.

Tokens are compared with their replacements by position, which includes several values at one key path (list
items) and the inner layers of a token.
"""

from __future__ import annotations

from collections import Counter

from sealedfiles.git.clone import Clone
from sealedfiles.git.retired_files import RetiredFiles
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.model.token import TOKEN, split
from sealedfiles.sealing.file import File, Keys, describe_file, line_of, show_path
from sealedfiles.sealing.opened_tokens import layers_of_token
from sealedfiles.sealing.sealed_text import SealedText


class MovedValue(NamedTuple):
    """A sealed value or comment whose readers change."""

    file: bytes
    place: str
    """The key path, or the line of a comment; empty for the whole file."""
    token: str
    """The old token."""
    old: tuple[str, ...]
    """The groups of its layers, outermost first."""
    new: tuple[str, ...]
    """The groups of the new token; empty if the value becomes plaintext."""
    is_retired: bool
    """Whether the key of any layer is retired, so that a removed reader has it."""

    @property
    def line(self) -> str:
        """The line to show to the user."""
        where = show_path(self.file) + (f": {self.place}" if self.place else "")
        key = f"{'retired ' if self.is_retired else ''}key {split(self.token).key_id}"
        return f"{where}: {'+'.join(self.old)} ({key}) -> {'+'.join(self.new) or 'plaintext'}"


class _Slot(NamedTuple):
    place: str
    token: str | None
    """The token; None if the value is in plaintext."""


def moved_values(
    clone: Clone, before: bytes, after: bytes, file: File, keys: Keys
) -> list[MovedValue]:
    """Return the sealed values whose readers change if *after*, sealed with *keys*, replaces *before*.

    Values that only get a new token are included if their old token is under a retired key.
    """
    found = []
    judged = RetiredFiles(clone)
    for place, token, new in _replaced(before, after, file):
        old_layers = [layer for layer, _ in layers_of_token(token, keys)]
        new_layers = [layer for one in new for layer, _ in layers_of_token(one, keys)]
        old, now = (tuple(layer.group for layer in each) for each in (old_layers, new_layers))
        if len(new) > 1:  # the file was sealed whole
            old, now = (tuple(sorted(set(groups))) for groups in (old, now))
        is_retired = any(judged.is_retired(layer.group, layer.key_id) for layer in old_layers)
        if old == now and not is_retired:
            continue
        found.append(MovedValue(file.path, place, token, old, now, is_retired))
    return found


def _replaced(before: bytes, after: bytes, file: File) -> list[tuple[str, str, list[str]]]:
    """Return each token in *before* that *after* does not keep, with its place and its replacements."""
    # A file that becomes sealed whole was sealed in the format that its name implies.
    old = _slots(before, file if file.format else describe_file(file.path))
    new = _slots(after, file)
    if old is not None and new is not None and len(old) == len(new):
        pairs = zip(old, new, strict=True)
        return [
            (a.place, a.token, [b.token] if b.token else [])
            for a, b in pairs
            if a.token and a.token != b.token
        ]
    # The format changed, or the file is sealed whole.
    texts = [data.decode("utf-8", "replace") for data in (before, after)]
    tokens = [Counter(TOKEN.findall(text)) for text in texts]
    added = list(tokens[1] - tokens[0])
    places = {slot.token: slot.place for slot in old or ()}
    return [(places.get(token, ""), token, added) for token in (tokens[0] - tokens[1]).elements()]


def _slots(data: bytes, file: File) -> list[_Slot] | None:
    """Return the values of a stored file, followed by its comments; None if it does not parse."""
    version = SealedText(data, file)
    if version.whole is not None:
        return [_Slot("", version.whole)]
    if version.scan is None:
        return None
    slots = [_Slot(show(span.path), version.token_in(span)) for span in version.values]
    for start, end in version.comments:
        found = TOKEN.fullmatch(version.text[start:end].strip())
        place = f"comment in line {line_of(version.text, start)}"
        slots.append(_Slot(place, found[0] if found else None))
    return slots
