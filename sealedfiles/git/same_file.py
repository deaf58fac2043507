"""Names in the index that are one file where file systems ignore case, or on macOS forms of Unicode."""

from __future__ import annotations

import os
from unicodedata import category, normalize

from sealedfiles.errors import UsageError
from sealedfiles.git.index import Index
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import printable

_SHORT = lazy_pattern(r"~[0-9]")
_LETTERS = 6


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
        self._odd: list[bytes] = []
        self._short: list[bytes] = []
        self._names: dict[bool, dict[str, list[bytes]]] = {}

    def refuse(self, path: bytes) -> None:
        """Raise UsageError if the index has the file at *path* under another name, too.

        A checkout of ``ſecrets/`` (with a long s) overwrites ``secrets/``, and git calls no filter for it:
        nothing records that the text is somebody else's.  If names differ only in the case of ASCII letters,
        patterns match both.
        """
        if self._index.stat() != self._stat:
            self._stat, self._names = self._index.stat(), {}
            self._odd = [entry.path for entry in self._index.with_odd_names()]
            self._short = [one for one in self._odd if _SHORT.search(os.fsdecode(one))]
        if not self._odd and path.isascii():
            return
        short = (one for one in self._short if _is_short_for(_folded(one), _folded(path)))
        for other in (*self._named(path), *short):
            if other.lower() != path.lower():
                raise _refused(other, path)

    def _named(self, path: bytes) -> list[bytes]:
        # Any name may be another one of a name that is not ASCII; only odd ones of a usual one.
        are_all = not path.isascii()
        if are_all not in self._names:
            names = [one.path for one in self._index.entries()] if are_all else self._odd
            found = self._names[are_all] = {}
            for name in names:
                found.setdefault(_folded(name), []).append(name)
        return self._names[are_all].get(_folded(path), [])


def _is_short_for(short: str, path: str) -> bool:
    """Return True if *short* has 8.3 names, as vfat and NTFS make them (``APP~1.YAM``), in the place of names
    in *path*; both are folded."""
    pairs = short.split("/"), path.split("/")
    return len(pairs[0]) == len(pairs[1]) and all(
        one == other or (_SHORT.search(one) and _short(one) == _short(other))
        for one, other in zip(*pairs, strict=True)
    )


def _short(step: str) -> str:
    """Return what an 8.3 name keeps of *step*: up to six letters, and three of the extension."""
    step = step.lstrip(".")
    base, _, extension = step.rpartition(".") if "." in step else (step, "", "")
    letters = "".join(one for one in base.partition("~")[0] if one not in " .")
    return f"{letters[:_LETTERS]}.{extension[:3]}"


def _refused(first: bytes, second: bytes) -> UsageError:
    one, other = printable(os.fsdecode(first)), printable(os.fsdecode(second))
    return UsageError(
        f"git has {one} and {other}, which are the same file here",
        "on another computer, rename one of them",
    )


def _folded(path: bytes) -> str:
    name = os.fsdecode(path)
    if not path.isascii():
        # Some leave out invisible characters, such as U+200C.
        visible = "".join(one for one in name if category(one) != "Cf")
        name = normalize("NFC", normalize("NFC", visible).casefold())
    # Windows and vfat leave out dots and blanks at the end of a name.
    return "/".join(step.rstrip(". ") for step in name.lower().split("/"))
