"""Merge two versions of a file: by its values, otherwise line by line."""

from __future__ import annotations

from sealedfiles.errors import SealedFilesError
from sealedfiles.model.policy import FileRules
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.file import File, Keys
from sealedfiles.sealing.merge.diff3 import merge_lines
from sealedfiles.sealing.merge.markers import Merged, Style, conflict_bytes
from sealedfiles.sealing.merge.units import read_version
from sealedfiles.sealing.merge.values import Merge
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.sealed_text import inspect_file
from sealedfiles.sealing.stored import OriginCheck, StoredPlaintext
from sealedfiles.util.lazy_pattern import lazy_pattern

_LINE = lazy_pattern(r"[^\n]*\n|[^\n]+")


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
    if file.format is not None:
        before = read_version(base, file, keys, in_conflict=True)
        mine, yours = read_version(ours, file, keys), read_version(theirs, file, keys)
        if before and mine and yours:
            by_values = Merge((before, mine, yours), file, rules, keys, style).result()
            if by_values is not None:
                return by_values
    # The texts must decrypt completely: they are merged line by line, and sealed with conflict markers.
    opened = [open_file(text, file, keys) for text in (base, ours, theirs)]
    if rules is None or any(one.problems for one in opened):
        return None
    old_plain, our_plain, their_plain = plains = [one.data for one in opened]

    def sealed(plain: bytes, version: bytes, *others: bytes) -> bytes | None:
        try:
            stored = StoredPlaintext([base, ours, theirs], file, None, origin)
            return seal_file(plain, [version], file, rules, keys, others, stored)
        except SealedFilesError:
            return None

    if our_plain == their_plain:
        return Merged(theirs if ours == base else ours, 0)
    for plain, side, unchanged, other in (
        (our_plain, ours, their_plain, theirs),
        (their_plain, theirs, our_plain, ours),
    ):
        if unchanged == old_plain:
            # The other side may have sealed it with another key.
            resealed = sealed(plain, other, side) if other != base else None
            return Merged(resealed or side, 0)
    if any(b"\0" in plain for plain in plains):
        return None
    merged, conflicts = _merge_text(style, *plains)
    in_plaintext = [inspect_file(side, file, rules).whole_plain for side in (ours, theirs)]
    if any(in_plaintext):
        # Lines that anyone could have written must not come out under a reader's key, nor sealed ones
        # in plaintext.
        return Merged(merged, conflicts) if all(in_plaintext) else None
    data = sealed(merged, ours, theirs, base)
    return None if data is None else Merged(data, conflicts)


def _merge_text(style: Style, base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, int]:
    """Return the merge of three texts, and the number of conflicts in it."""
    line_end = b"\r\n" if b"\r\n" in ours else b"\n"
    # Each byte becomes a character: the text may not be UTF-8.
    lines = [_LINE.findall(text.decode("latin-1")) for text in (base, ours, theirs)]
    out: list[bytes] = []
    conflicts = 0
    for chunk in merge_lines(*lines):
        if chunk.lines is not None:
            out += _encoded(chunk.lines)
        elif style.favor:
            out += _encoded(chunk.theirs if style.favor == "theirs" else chunk.ours)
        else:
            sides = _encoded(chunk.ours), _encoded(chunk.base), _encoded(chunk.theirs)
            out.append(conflict_bytes(style, *sides, line_end))
            conflicts += 1
    return b"".join(out), conflicts


def _encoded(lines: list[str]) -> list[bytes]:
    return [line.encode("latin-1") for line in lines]
