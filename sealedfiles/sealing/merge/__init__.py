"""The three-way merge of a sealed file: values compared in plain, tokens given out.

1. The versions are opened and read into lines, and their lines and values paired
   (``units``, ``pairing``).
2. A merge is proposed line by line, in which changes of neighbouring lines are no conflict, values are
   merged separately from their lines, and values of several lines line by line (``proposal``).
3. The proposal is held against what both sides meant: it parses, every value stands at its key, no key is
   there twice, no item of a list has another one's values (``checking``).  Where it does not hold, what is
   wrong becomes a conflict, then all changes of neighbouring lines, and at last all of the file.
4. What comes out is sealed (``draft``): tokens of unchanged values stay as they are, no value that a side
   has sealed comes out plain, and none that its side has in plaintext becomes a token.  Both sides of a
   conflict are sealed too, between markers, so that smudge makes them readable.

Files that are sealed whole, or do not parse, are merged line by line and sealed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.merge.markers import Merged, Style
from sealedfiles.sealing.merge.opened import merge_opened
from sealedfiles.sealing.merge.units import read_version
from sealedfiles.sealing.merge.values import merge_versions

if TYPE_CHECKING:
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.file import File, Keys

__all__ = ["Merged", "Style", "merge_files"]


@without_collector
def merge_files(
    base: bytes,
    ours: bytes,
    theirs: bytes,
    file: File,
    rules: FileRules | None,
    keys: Keys,
    style: Style,
) -> Merged | None:
    """Merge two sealed versions that came of *base* (empty where they have none in common).

    *rules* are None where they cannot be read.  None where nobody here can merge them: a binary file, or
    one that is sealed whole, or does not parse, and does not open.
    """
    merged = None
    if file.format is not None:
        before = read_version(base, file, keys, in_conflict=True)
        mine = read_version(ours, file, keys)
        yours = read_version(theirs, file, keys)
        if before and mine and yours:
            merged = merge_versions((before, mine, yours), file, rules, keys, style)
    return merged or merge_opened(base, ours, theirs, file, rules, keys, style)
