"""Names in the index that are one file where file systems ignore case, or on macOS forms of Unicode."""

from __future__ import annotations

import os
from unicodedata import normalize

from sealedfiles.errors import UsageError
from sealedfiles.git.index import Index
from sealedfiles.util.messages import printable


def name_in_index(index: Index, path: bytes) -> bytes:
    """Return *path* as it is in *index*, or *path* itself if it is not there.

    Otherwise a file that was pushed under a name in other case would be one that git does not have, and
    so the user's own.  Raises UsageError if there are two.
    """
    wanted = _folded(path)
    paths = dict.fromkeys(entry.path for entry in index.entries())
    found = [one for one in paths if _folded(one) == wanted]
    if len(found) > 1:
        raise _refused(*found[:2])
    return found[0] if found else path


class OtherNames:
    """The names in an index that no pattern for the usual name of a file matches."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._stat: object = None
        self._names: dict[str, list[bytes]] = {}

    def refuse(self, path: bytes) -> None:
        """Raise UsageError if the index has the file at *path* under another name, too.

        A checkout of ``ſecrets/`` (with a long s) overwrites ``secrets/``, and git calls no filter for it:
        nothing records that the text is somebody else's.  If names differ only in the case of ASCII letters,
        patterns match both.
        """
        if self._index.stat() != self._stat:
            self._stat, self._names = self._index.stat(), {}
            for entry in self._index.beyond_ascii():
                self._names.setdefault(_folded(entry.path), []).append(entry.path)
        for other in self._names.get(_folded(path), ()) if self._names else ():
            if other.lower() != path.lower():
                raise _refused(other, path)


def _refused(first: bytes, second: bytes) -> UsageError:
    one, other = printable(os.fsdecode(first)), printable(os.fsdecode(second))
    return UsageError(
        f"git has {one} and {other}, which are the same file here",
        "on another computer, rename one of them",
    )


def _folded(path: bytes) -> str:
    if path.isascii():
        return path.lower().decode("ascii")
    return normalize("NFC", os.fsdecode(path)).casefold()
