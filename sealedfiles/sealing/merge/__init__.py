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

from sealedfiles.sealing.merge.files import merge_files
from sealedfiles.sealing.merge.markers import Merged, Style

__all__ = ["Merged", "Style", "merge_files"]
