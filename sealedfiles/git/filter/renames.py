"""Detect renames without `git mv` (``mv``, then ``git add -A``).

If a tracked path no longer exists in the working tree and a new path has the same values, the new path
gets the old tokens, so that git also detects the rename.
"""

from __future__ import annotations

from collections import Counter

from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import VALUE
from sealedfiles.sealing import File
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.opened_tokens import open_tokens
from sealedfiles.sealing.sealed_text import SealedText


class _Vanished(NamedTuple):
    path: bytes
    blob: bytes
    size: int
    """The number of sealed values in the file."""
    telling: list[bytes]
    """The values, without quotes, that are too long to occur in another file by chance."""


_TELLING = 8
"""Minimum length in bytes."""

_Value = tuple[bytes, str]
"""A key path and a literal; for a file sealed whole, an empty path and its content."""


class Renames:
    """The values of the index entries whose files no longer exist in the working tree."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._vanished: list[_Vanished] = []
        self._holders: dict[_Value, Counter[int]] = {}
        # git, which is several times as fast as a loop, leaves out what is not checked out on purpose.
        missing = clone.repository.run("ls-files", "--deleted", "-z")
        for path in dict.fromkeys(missing.split(b"\0")[:-1]):
            entry = clone.index.entry(path)
            if entry is None or not entry.mode.startswith("100"):
                continue
            blob = clone.objects.blob(entry.oid.encode("ascii"))
            if blob and b"sealed:v1:" in blob:
                self._add(entry.path, blob)

    def find(self, path: bytes, data: bytes, file: File) -> bytes | None:
        """Return the sealed version that shares the most values with *data*, at least half of them.

        In a tie, the same base name is preferred, then path order.
        """
        if not self._vanished:
            return None
        found = _values_of(data, file)
        if found is None:
            return self._find_in(path, data)
        values = Counter(found)
        shared: Counter[int] = Counter()
        for value, count in values.items():
            for number, there in self._holders.get(value, {}).items():
                shared[number] += min(count, there)
        base = path.rpartition(b"/")[2]
        best: _Vanished | None = None
        best_rank = (0, False)
        for number in sorted(shared):
            candidate = self._vanished[number]
            rank = (shared[number], candidate.path.rpartition(b"/")[2] == base)
            enough = 2 * shared[number] >= max(sum(values.values()), candidate.size)
            if enough and rank > best_rank:
                best, best_rank = candidate, rank
        return best.blob if best else None

    def _find_in(self, path: bytes, data: bytes) -> bytes | None:
        """Return the sealed version that shares the most values with *data*, which will be sealed whole.

        One shared value is enough, because sealing the file whole must not give it to other groups.
        """
        base = path.rpartition(b"/")[2]

        def rank(one: _Vanished) -> tuple[int, bool]:
            return sum(value in data for value in one.telling), one.path.endswith(base)

        best = max(self._vanished, key=rank)
        return best.blob if rank(best)[0] else None

    def _add(self, path: bytes, blob: bytes) -> None:
        file = self._clone.describe_for_smudge(path)
        values = self._sealed_values(blob, file)
        number = len(self._vanished)
        texts = [text.strip("\"'").encode("utf-8", "surrogateescape") for _, text in values]
        telling = [text for text in texts if len(text) >= _TELLING or is_whole(blob)]
        self._vanished.append(_Vanished(path, blob, len(values), telling))
        for value in values:
            self._holders.setdefault(value, Counter())[number] += 1

    def _sealed_values(self, blob: bytes, file: File) -> list[_Value]:
        ring = self._clone.ring
        if is_whole(blob):
            opened = open_file(blob, file, ring)
            return (
                [] if opened.problems else [(b"", opened.data.decode("utf-8", "surrogateescape"))]
            )
        version = SealedText(blob, file)
        if version.scan is None:
            return []
        paths = {span.start: span.path for span in version.values}
        opened_tokens, _ = open_tokens(version.text, file, ring)
        return [
            (path, one.literal)
            for one in opened_tokens
            if one.kind == VALUE
            and (path := paths.get(one.start)) is not None
            and one.key.path_tag(path) == one.path_tag
        ]


def _values_of(data: bytes, file: File) -> list[_Value] | None:
    """Return the values of *data*; None if it cannot be parsed, and will be sealed whole."""
    version = SealedText(data, file)
    if version.scan is None:
        return None
    return [(span.path, version.literal(span)) for span in version.values]
