"""Merge three versions of a sealed file: values are compared decrypted, and tokens are reused.

1. The versions are decrypted and read into lines, and their lines and values are paired (``units``,
   ``pairing``).
2. A merge is proposed line by line (``proposal``). Changes of neighboring lines are not a conflict, values
   are merged separately from their lines, and values of several lines line by line.
3. The proposal is compared with what both sides meant (``checking``): it parses, every value is at its key,
   no key is there twice, no item of a list has another item's values. What does not hold becomes a conflict,
   then all changes of neighboring lines, and in the end the whole file.
4. The result is sealed (``draft``). Tokens of unchanged values stay the same, no value that a side has sealed
   becomes plaintext, and no value that its side has in plaintext becomes a token. Both sides of a conflict
   are sealed too, between markers, so that smudge makes them readable.

Files that are sealed whole, or do not parse, are merged line by line and sealed again.
"""

from __future__ import annotations

from sealedfiles.model.policy import FileRules
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.file import File, Keys
from sealedfiles.sealing.merge.markers import Merged, Style
from sealedfiles.sealing.merge.opened import merge_opened
from sealedfiles.sealing.merge.units import read_version
from sealedfiles.sealing.merge.values import merge_versions
from sealedfiles.sealing.stored import OriginCheck

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
    origin: OriginCheck | None = None,
) -> Merged | None:
    """Merge two sealed versions with the common ancestor *base*, which is empty if they have none.

    *rules* is None if the policy cannot be read. Returns None if the versions cannot be merged here: a binary
    file, or one that is sealed whole, or does not parse, and cannot be decrypted, or that *origin*
    refuses.
    """
    merged = None
    if file.format is not None:
        before = read_version(base, file, keys, in_conflict=True)
        mine = read_version(ours, file, keys)
        yours = read_version(theirs, file, keys)
        if before and mine and yours:
            merged = merge_versions((before, mine, yours), file, rules, keys, style)
    return merged or merge_opened(base, ours, theirs, file, rules, keys, style, origin)
