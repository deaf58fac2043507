"""The previous sealed version of a file: unchanged values keep its tokens."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

from sealedfiles.formats.base import Scan, splice
from sealedfiles.light_typing import TypeAlias
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, VALUE, FileKey, split
from sealedfiles.sealing.file import File, Keys, is_whole, whole_token
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.open import open_file, verified
from sealedfiles.sealing.opened_tokens import OpenedToken, is_token, open_tokens
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.stored import StoredPlaintext


class Previous:
    """One sealed version of a structured file."""

    def __init__(self, data: bytes, file: File, keys: Keys) -> None:
        assert file.format is not None  # noqa: S101 - callers have a structured file
        self.data = data
        self._file = file
        self._format = file.format
        self._keys = keys
        self._sealed = SealedText(data, file)
        self.bom, self.text = self._sealed.bom, self._sealed.text
        self.opened_tokens, self.closed = open_tokens(self.text, file, keys)
        self._sealed_paths: dict[bytes, str] | None = None
        self._tags: dict[FileKey, set[bytes]] | None = None

    def opens_to(
        self,
        bom: str,
        text: str,
        scan: Scan,
        rules: FileRules,
        stored: StoredPlaintext | None = None,
    ) -> bool:
        """Return True if opening this version gives *bom* and *text*, which the format reads as *scan*.

        Returns False also if this version has a value in plaintext that the policy seals, unless it is in
        *stored*.
        """
        if bom != self.bom:
            return False
        if splice(self.text, self.opened_tokens) == text:
            if any(verified(self.opened_tokens, text, scan)):
                return False
            # The usual case, decided without a check of each value: all of them are sealed.
            if len(scan.values) == sum(one.kind == VALUE for one in self.opened_tokens):
                return True
        elif "sealed:v1:" in text:
            # Some tokens are at places where they are not decrypted, and stayed sealed.
            opened = open_file(self.data, self._file, self._keys)
            if opened.data != (bom + text).encode("utf-8"):
                return False
        else:
            return False
        return not any(
            rules.group_of(path) is not None
            and not is_token(self.text[start:end], self._format)
            and (stored is None or not stored.has_value(path, self.text[start:end]))
            for start, end, path in self._sealed.values
        )

    def sealed_paths(self) -> dict[bytes, str]:
        """Return the key paths of the values that are sealed here, each with the group of its token.

        Tokens whose key is not available count too.
        """
        if self._sealed_paths is None:
            self._sealed_paths = {}
            for span in self._sealed.values:
                token = self._sealed.token_in(span)
                if token:
                    self._sealed_paths[span.path] = split(token).group
        return self._sealed_paths

    def sealed_group(self, path: bytes) -> str | None:
        """Return the group that the value at *path* is sealed to here, or None."""
        if self._tags is None:
            self._tags = {}
            for one in self.opened_tokens:
                self._tags.setdefault(one.key, set()).add(one.path_tag)
        tags = self._tags.items()
        group = next((key.group for key, own in tags if key.path_tag(path) in own), None)
        # For tokens that cannot be decrypted, or were made for another place, only their place counts.
        return group or self.sealed_paths().get(path)


def first_with_values(versions: Iterable[bytes], file: File, keys: Keys) -> Previous | None:
    """Return the first of *versions* that was not sealed whole; they are read only as far as needed."""
    for data in versions:
        if not is_whole(data) or _is_value(data, file, keys):
            return Previous(data, file, keys)
    return None


def _is_value(data: bytes, file: File, keys: Keys) -> bool:
    """Return True if a file that consists of one token is a sealed top-level value."""
    token = whole_token(data)
    key = token and keys.for_prefix(split(token).prefix)
    if not token or not key:
        return False
    return Previous(data, file, keys).opened_tokens != []


class _Queue(list[OpenedToken]):
    """The tokens for equal values at one key path, in file order."""

    taken = 0
    """How many of them were given to a value, or are in the new text."""


_Table: TypeAlias = "dict[tuple[int, bytes, str], _Queue]"
_Place: TypeAlias = "tuple[FileKey, int, bytes, str]"


class Reuse:
    """Gives the tokens of a previous version to the values that they were made for, in order.

    A token that is already in the new text is not given to another value as well.
    """

    def __init__(self, previous: Previous | None, text: str) -> None:
        self._text = previous.text if previous else ""
        self._standing = Counter(TOKEN.findall(text)) if "sealed:v1:" in text else Counter()
        self._tables: dict[FileKey, _Table] = {}
        self._has_kept = False
        self._reserved: dict[int, OpenedToken] = {}
        """Tokens by the starts of their values in the new text."""
        self._reserved_starts: set[int] = set()
        """Where they start in the previous version."""
        self.is_contested = False
        """Whether there are equal values at one key path, in either version, so far."""
        self.occurrences = Occurrences(self._earlier_occurrences)
        # A copy that stays sealed is not the token at its own place.
        if self._standing and previous is not None:
            self._standing -= Counter(one.token for one in previous.closed)
        last, table = None, {}
        for one in previous.opened_tokens if previous else []:
            _, _, literal, kind, path_tag, _, key, _ = one
            if key is not last:
                last, table = key, self._tables.setdefault(key, {})
            place = (kind, path_tag, literal)
            if place not in table:
                table[place] = _Queue()
            elif kind == VALUE:
                self.is_contested = True
            table[place].append(one)

    def __bool__(self) -> bool:
        return bool(self._tables) or self._has_kept

    def reserve_end(self, previous: Previous, text: str, scan: Scan) -> None:
        """Reserve the tokens in the text that both versions end with for the values there.

        Otherwise a value that is inserted or removed would move the tokens of all equal ones behind it.
        """
        size = _shared_end(splice(previous.text, previous.opened_tokens), text)
        values = {value[:2]: value.path for value in scan.values}
        start = len(text) - len(previous.text)
        for one in reversed(previous.opened_tokens):
            start -= len(one.literal) - (one.end - one.start)
            at = start + one.start
            if at < len(text) - size:
                break
            path = values.get((at, at + len(one.literal)))
            is_value = path is not None and one.path_tag == one.key.path_tag(path)
            if one.kind == VALUE and is_value and not self._standing[one.token]:
                self._reserved[at] = one
                self._reserved_starts.add(one.start)

    def take(self, kind: int, path: bytes, literal: str, at: int = -1) -> tuple[str, str] | None:
        """Return the source of the token for *literal* at *path*, as it was written, and its group.

        *at* is the start of the value in the new text.
        """
        best = self._reserved.get(at)
        if best is not None:
            return self._text[best.start : best.end], best.key.group
        taken_from: _Queue | None = None
        for key, table in self._tables.items():
            queue = table.get((kind, key.path_tag(path), literal))
            if queue is not None:
                one = self._first_left(queue)
                if one is None:
                    self.is_contested |= kind == VALUE
                elif best is None or one.start < best.start:
                    best, taken_from = one, queue
        if best is None or taken_from is None:
            return None
        taken_from.taken += 1
        return self._text[best.start : best.end], best.key.group

    def keep(self, one: OpenedToken) -> None:
        """Note that *one* is in the new text, so that its occurrence is taken."""
        place = (one.key, one.kind, one.path_tag, one.literal)
        self._has_kept = True
        self.occurrences.keep(place, one.occurrence)

    def _earlier_occurrences(self, place: _Place) -> set[int]:
        """Return the occurrences in the previous version: a new token is made only when these are used up."""
        key, kind, path_tag, literal = place
        queue = self._tables.get(key, {}).get((kind, path_tag, literal), ())
        return {one.occurrence for one in queue}

    def _first_left(self, queue: _Queue) -> OpenedToken | None:
        """Return the first of *queue* that was not taken and is not in the new text."""
        while queue.taken < len(queue):
            one = queue[queue.taken]
            if one.start in self._reserved_starts:
                queue.taken += 1
                continue
            if not self._standing or self._standing[one.token] <= 0:
                return one
            self._standing[one.token] -= 1
            queue.taken += 1
        return None


def _shared_end(old: str, new: str) -> int:
    """Return the length of the text that both end with, behind the lines that both begin with."""
    shortest = min(len(old), len(new))
    begin = old.rfind("\n", 0, _longest(shortest, lambda size: old.startswith(new[:size]))) + 1
    return _longest(shortest - begin, lambda size: old.endswith(new[len(new) - size :]))


def _longest(most: int, is_shared: Callable[[int], bool]) -> int:
    """Return the largest size up to *most* that *is_shared*, as all smaller ones are."""
    return bisect_left(range(1, most + 1), True, key=lambda size: not is_shared(size))
