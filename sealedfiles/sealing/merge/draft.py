"""A possible text of a merge, and its way back to tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

from sealedfiles.errors import SealedFilesError
from sealedfiles.formats.base import Format
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import VALUE
from sealedfiles.sealing.file import File, Keys
from sealedfiles.sealing.merge.proposal import Choice, ProposedLine
from sealedfiles.sealing.merge.units import ParsedVersion, Slot, Unit, interleave, read_version
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.opened_tokens import is_token
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext

_NO_VALUE = ("", "}", "]", ",", ":")
_PARTS = 6
"""The number of parts in the prefix of a token, with the empty one after the last colon."""


class Draft:
    """The lines of a text, with every decision made.

    *has_commas*: commas separate the lines, as in JSON.
    """

    def __init__(self, lines: Sequence[ProposedLine], line_end: str, *, has_commas: bool) -> None:
        commas = _commas(lines) if has_commas else [line.comma for line in lines]
        last = len(lines) - 1
        self.tails = [
            "," * comma + (line.end if number == last else line.end or line_end)
            for number, (line, comma) in enumerate(zip(lines, commas, strict=True))
        ]
        """The end of each line."""
        self.lines = lines
        self.choices = [choice for line in lines for choice in line.choices]
        self.spans: list[tuple[int, int]] = []
        """The offsets of the choices in ``plain``."""
        out: list[str] = []
        at = 0
        for line, tail in zip(lines, self.tails, strict=True):
            for text, choice in zip(line.texts, line.choices, strict=False):
                start = at + len(text)
                at = start + len(choice.literal)
                self.spans.append((start, at))
            out += interleave(line.texts, [c.literal for c in line.choices]), tail
            at += len(line.texts[-1]) + len(tail)
        self.plain = "".join(out)

    def composed(
        self, paths: Sequence[bytes], prefixes: Sequence[str], file_format: Format, keys: Keys
    ) -> str | None:
        """Return the text with its values, which are at *paths*, as tokens that begin with *prefixes*.

        The tokens are those of the sides; new ones are made only if no side has one for this value at this
        place. None if a value with a prefix would become plaintext.
        """
        chosen: list[Slot | None] = []
        used: set[str] = set()
        for choice, path, prefix in zip(self.choices, paths, prefixes, strict=True):
            slot = _token_for(choice, path, prefix, used)
            chosen.append(slot)
            used.add(slot.source if slot else "")
        occurrences = Occurrences()
        for slot, path in zip(chosen, paths, strict=True):
            if slot and slot.occurrence is not None:
                place = (slot.prefix, path, slot.literal)
                occurrences.keep(place, slot.occurrence)
        sources = []
        for slot, choice, path, prefix in zip(chosen, self.choices, paths, prefixes, strict=True):
            source = slot.source if slot else choice.literal if not prefix else None
            if source is None:
                source = _new_token(choice.literal, path, prefix, occurrences, file_format, keys)
            if source is None:
                return None
            sources.append(source)
        out: list[str] = []
        at = 0
        for line, tail in zip(self.lines, self.tails, strict=True):
            own = sources[at : at + len(line.choices)]
            at += len(own)
            out += interleave(line.sources, own), tail
        return "".join(out)


def seal_draft(
    draft: Draft,
    bom: str,
    paths: Sequence[bytes],
    *,
    file: File,
    file_id: str,
    rules: FileRules | None,
    keys: Keys,
    sides: tuple[ParsedVersion, ParsedVersion],
) -> list[Unit] | None:
    """Return the sealed lines of *draft*, whose values are at *paths*, a merge of *sides*.

    A value that its side has in plaintext stays in plaintext: anyone with push access could have written
    it. None if a value would be lost.
    """
    assert file.format is not None  # noqa: S101 - a draft has values
    prefixes = [_with_id(_prefix(choice), file_id) for choice in draft.choices]
    composed = draft.composed(paths, prefixes, file.format, keys)
    if composed is None:
        return None
    data = (bom + composed).encode("utf-8")
    if rules is not None:
        plain = (bom + draft.plain).encode("utf-8")
        stored = StoredPlaintext([data], file)
        both = [side.data for side in sides]
        with contextlib.suppress(SealedFilesError):
            data = seal_file(plain, [data], file, rules, keys, both, stored)
    version = read_version(data, file, keys)
    if version is None or [unit.plain for unit in version.units] != _plain_lines(draft):
        return None
    return version.units if all(map(_is_kept, draft.choices, version.slots)) else None


def _plain_lines(draft: Draft) -> list[str]:
    return [line.body + tail for line, tail in zip(draft.lines, draft.tails, strict=True)]


def _is_kept(choice: Choice, slot: Slot) -> bool:
    """Return True if a value is sealed to the group that its side had sealed it to, if any."""
    groups = {one.group for one in _owners(choice) if one.prefix}
    return not groups or slot.group in groups


def _prefix(choice: Choice) -> str:
    """Return the prefix for the token of *choice*; empty if it is in plaintext.

    If a side has this value sealed, it is sealed with the key that its author had. Another key may be newer,
    but if a merge resealed a value from a removed reader, or from someone who had not pulled, it would look
    valid: `sealedfiles sync` asks before it does that.
    """
    base, ours, theirs = choice.base, choice.ours, choice.theirs
    owners = _owners(choice)
    if len(owners) == 2 and base and ours and theirs:
        is_new_group = ours.group == base.group != theirs.group
        # A new group counts for more than a new key.
        if ours.prefix == base.prefix or (theirs.prefix != base.prefix and is_new_group):
            owners.reverse()
    return next((side.prefix for side in owners if side.prefix), "")


def _owners(choice: Choice) -> list[Slot]:
    """Return the sides that have the value of *choice*; both if it was merged from their lines."""
    sides = [side for side in (choice.ours, choice.theirs) if side]
    return [side for side in sides if side.literal == choice.literal] or sides


def _with_id(prefix: str, file_id: str) -> str:
    parts = prefix.split(":")
    return ":".join([*parts[:4], file_id, ""]) if len(parts) == _PARTS else prefix


def _token_for(choice: Choice, path: bytes, prefix: str, used: Collection[str]) -> Slot | None:
    """Return the slot whose token is valid for *choice* at *path*, or None.

    Of several, prefer one that is not *used*: if both sides insert items before equal values, they give
    the same token to different items.
    """
    base, ours, theirs = choice.base, choice.ours, choice.theirs
    first, second = (
        (theirs, ours) if base and ours and ours.source == base.source else (ours, theirs)
    )
    valid = []
    for slot in (first, second, base):
        if slot and slot.prefix and slot.literal == choice.literal:
            fits = slot.path == path and slot.prefix == prefix
            # A value that stays sealed is the same at every position: it cannot be sealed again here.
            if fits or not slot.is_open:
                valid.append(slot)
    unused = (slot for slot in valid if slot.source not in used)
    return next(unused, valid[0] if valid else None)


def _new_token(
    literal: str,
    path: bytes,
    prefix: str,
    occurrences: Occurrences,
    file_format: Format,
    keys: Keys,
) -> str | None:
    """Return the source of a new token, or None if its key is not available."""
    key = None if is_token(literal, file_format) else keys.for_prefix(prefix)
    if key is None:
        return None
    occurrence = occurrences.take((prefix, path, literal))
    token = key.seal(VALUE, occurrence, key.path_tag(path), literal.encode("utf-8"))
    return file_format.write_token(literal, token)


def _commas(lines: Sequence[ProposedLine]) -> list[bool]:
    """Return for each line whether a comma ends it: if it ends a value, and the next line begins one."""
    bodies = [line.body.strip(" \t\r\n") for line in lines]
    commas = [line.comma for line in lines]
    following = ""
    for number in range(len(lines) - 1, -1, -1):
        body = bodies[number]
        if body:
            ends_value, begins_value = body[-1] not in "{[,:", following[:1] not in _NO_VALUE
            commas[number] = ends_value and begins_value
            following = body
        elif commas[number]:
            following = ","
    return commas
