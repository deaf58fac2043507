"""Replace secrets in a stream of bytes, however it is split.

It searches for each value and each of its lines as they are; not for what a program makes of them (base64,
escapes of JSON or URLs, encodings other than UTF-8).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "•••".encode()

_SHORTEST = 4
"""In characters; and in bytes, so that every secret has that many to be found by."""
_NO_SECRETS = {"true", "false", "null", "none"}


def texts_to_hide(values: Iterable[str]) -> set[str]:
    """Return what has to be looked for so that none of *values* is shown: the whole, and each line.

    White space around them is no part of it.  What has fewer than four characters, and words that are
    in every output (``true``, ``null``), would hide more than secrets.
    """
    found = set()
    for value in values:
        for text in (value, *re.split(r"[\r\n]+", value)):
            bare = text.strip()
            if len(bare) >= _SHORTEST and bare.lower() not in _NO_SECRETS:
                found.add(bare)
    return found


class Redactor:
    """Puts ``MASK`` in the place of secrets, in one stream.

    Every byte that belongs to an occurrence of a secret is hidden, also where occurrences overlap.  What
    may still become one is held back until it is decided, and nothing else is.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        """Each of *secrets* has at least four bytes."""
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
        """The number of held bytes that a printed mask covers already."""

    def feed(self, data: bytes) -> bytes:
        """Add the next *data*; return the bytes that can be printed now."""
        text = self._held + data
        return self._give_out(text, self._undecided(text))

    def close(self) -> bytes:
        """Return the remaining bytes at the end of the stream."""
        return self._give_out(self._held, len(self._held))

    def _give_out(self, text: bytes, limit: int) -> bytes:
        """Return *text* up to *limit* without secrets, and hold the rest."""
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
        """Yield the longest secret at every place before *limit* at which one begins."""
        for match in self._starts.finditer(text):
            start = match.start()
            if start >= limit:
                return
            for length in self._lengths[text[start : start + _SHORTEST]]:
                if text[start : start + length] in self._secrets:
                    yield start, start + length
                    break

    def _undecided(self, text: bytes) -> int:
        """Return the first place from which on *text* is the beginning of a secret that is longer."""
        from_here = max(len(text) - self._longest + 1, 0)
        for match in self._starts.finditer(text, from_here):
            if self._may_grow(text[match.start() :]):
                return match.start()
        # Of a shorter rest not even the beginning is there.
        for start in range(max(len(text) - _SHORTEST + 1, from_here), len(text)):
            if self._may_grow(text[start:]):
                return start
        return len(text)

    def _may_grow(self, rest: bytes) -> bool:
        following = bisect_right(self._sorted, rest)
        return following < len(self._sorted) and self._sorted[following].startswith(rest)


def _finder(starts: Iterable[bytes]) -> re.Pattern[bytes]:
    """Return a pattern that matches one byte at every place where one of *starts* begins.

    It begins with single bytes, which lets the search skip all others, and looks only ahead behind
    them, so that places may overlap.
    """
    tails: dict[bytes, set[bytes]] = {}
    for start in starts:
        tails.setdefault(start[:1], set()).add(start[1:])
    branches = [
        b"%b(?=%b)" % (re.escape(first), _any_of(rest)) for first, rest in sorted(tails.items())
    ]
    return re.compile(b"|".join(branches) or b"(?!)", re.DOTALL)


def _any_of(texts: set[bytes]) -> bytes:
    """Return the source of a pattern for any of *texts*, which are equally long, byte by byte."""
    tails: dict[bytes, set[bytes]] = {}
    for text in texts:
        tails.setdefault(text[:1], set()).add(text[1:])
    branches = [
        re.escape(first) + (_any_of(rest) if rest != {b""} else b"")
        for first, rest in sorted(tails.items())
    ]
    return b"(?:%b)" % b"|".join(branches)
