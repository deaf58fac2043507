"""Mask secrets in a stream of bytes that arrives in chunks of any size.

Each value, and each line of a value, is found only as it is, not encoded in another way (base64, JSON or URL
escapes, encodings other than UTF-8).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

MASK = "•••".encode()

_SHORTEST = 4
"""The minimum length of a secret, in characters; so it has at least that many bytes to search for."""
_NO_SECRETS = {"true", "false", "null", "none"}


def texts_to_hide(values: Iterable[str]) -> set[str]:
    """Return the texts to mask for *values*: each value and each of its lines, stripped of white space.

    Texts of fewer than four characters, and words that occur in any output (``true``, ``null``), are
    left out.
    """
    found = set()
    for value in values:
        for text in (value, *re.split(r"[\r\n]+", value)):
            bare = text.strip()
            if len(bare) >= _SHORTEST and bare.lower() not in _NO_SECRETS:
                found.add(bare)
    return found


class Redactor:
    """Replaces secrets in one stream with ``MASK``.

    Every byte of every occurrence is masked, also if occurrences overlap.  Only bytes that may be the
    beginning of a longer secret are held back, until more data decides.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        """Prepare the search for *secrets*, which have at least four bytes each."""
        self._sorted = sorted(set(secrets))
        self._secrets = frozenset(self._sorted)
        self._longest = max(map(len, self._sorted), default=0)
        lengths: dict[bytes, set[int]] = {}
        for secret in self._sorted:
            lengths.setdefault(secret[:_SHORTEST], set()).add(len(secret))
        self._lengths = {start: sorted(found)[::-1] for start, found in lengths.items()}
        self._starts = _finder(self._lengths)
        self._held = b""
        self._hidden = 0
        """The number of held bytes that an already printed mask covers."""

    def feed(self, data: bytes) -> bytes:
        """Add the next *data*; return the bytes that can be printed now."""
        text = self._held + data
        return self._give_out(text, self._undecided(text))

    def close(self) -> bytes:
        """Return the remaining bytes at the end of the stream."""
        return self._give_out(self._held, len(self._held))

    def _give_out(self, text: bytes, limit: int) -> bytes:
        """Return *text* up to *limit* with secrets masked, and hold back the rest."""
        shown: list[bytes] = []
        done = self._hidden
        for start, end in self._occurrences(text, limit):
            if start >= done:
                shown += (text[done:start], MASK)
            done = max(done, end)
        shown.append(text[done:limit])
        self._held = text[limit:]
        self._hidden = max(done - limit, 0)
        return b"".join(shown)

    def _occurrences(self, text: bytes, limit: int) -> Iterator[tuple[int, int]]:
        """Yield start and end of the longest secret at each offset before *limit* at which one begins."""
        for match in self._starts.finditer(text):
            start = match.start()
            if start >= limit:
                return
            for length in self._lengths[text[start : start + _SHORTEST]]:
                if text[start : start + length] in self._secrets:
                    yield start, start + length
                    break

    def _undecided(self, text: bytes) -> int:
        """Return the first offset at which the rest of *text* is a proper prefix of a secret."""
        from_here = max(len(text) - self._longest + 1, 0)
        for match in self._starts.finditer(text, from_here):
            if self._may_grow(text[match.start() :]):
                return match.start()
        # The pattern needs 4 bytes: if fewer are left, check for a prefix at each offset.
        for start in range(max(len(text) - _SHORTEST + 1, from_here), len(text)):
            if self._may_grow(text[start:]):
                return start
        return len(text)

    def _may_grow(self, rest: bytes) -> bool:
        following = bisect_right(self._sorted, rest)
        return following < len(self._sorted) and self._sorted[following].startswith(rest)


def _finder(starts: Iterable[bytes]) -> re.Pattern[bytes]:
    """Return a pattern that matches the first byte of each occurrence of one of *starts*.

    Beginning with a single byte lets the search skip quickly.  The rest is a lookahead, so that overlapping
    occurrences are found.
    """
    tails: dict[bytes, set[bytes]] = {}
    for start in starts:
        tails.setdefault(start[:1], set()).add(start[1:])
    branches = [
        b"%b(?=%b)" % (re.escape(first), _any_of(rest)) for first, rest in sorted(tails.items())
    ]
    return re.compile(b"|".join(branches) or b"(?!)", re.DOTALL)


def _any_of(texts: set[bytes]) -> bytes:
    """Return the source of a pattern for any of *texts*, which have equal lengths, as a prefix tree."""
    tails: dict[bytes, set[bytes]] = {}
    for text in texts:
        tails.setdefault(text[:1], set()).add(text[1:])
    branches = [
        re.escape(first) + (_any_of(rest) if rest != {b""} else b"")
        for first, rest in sorted(tails.items())
    ]
    return b"(?:%b)" % b"|".join(branches)
