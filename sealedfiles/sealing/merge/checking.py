"""Check that a proposed merge means what both sides meant.

The lines of a merge can all be right and the whole still wrong: an item of a list with another item's
password, a key that is there twice, a value below another key. Problems are reported as key paths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sealedfiles.errors import FormatError
from sealedfiles.formats.base import Format, Span
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model import paths
from sealedfiles.model.address import Address
from sealedfiles.sealing.merge.draft import Draft
from sealedfiles.sealing.merge.pairing import Pairing
from sealedfiles.sealing.merge.proposal import Choice, Conflict, Item, side_of
from sealedfiles.sealing.merge.units import ParsedVersion, Slot
from sealedfiles.sealing.structure import Structure, structure_of

_Steps = tuple[str | None, ...]


class MergeSide(NamedTuple):
    """One side of a merge, with the structure of its text."""

    version: ParsedVersion
    pairing: Pairing
    structure: Structure


class Expectations:
    """The expectations for the results of one merge."""

    def __init__(
        self,
        file_format: Format,
        versions: tuple[ParsedVersion, ParsedVersion, ParsedVersion],
        pairings: tuple[Pairing, Pairing],
    ) -> None:
        """Raises FormatError if a side does not parse."""
        self._format = file_format
        self._base = versions[0]
        self._others = _others_of(versions[0], file_format)
        self._ours, self._theirs = (
            MergeSide(version, pairing, structure_of(version.plain, file_format))
            for version, pairing in zip(versions[1:], pairings, strict=True)
        )
        self._moves = [_moves(pairing) for pairing in pairings]

    def lost(self, items: Sequence[Item]) -> set[bytes]:
        """Return the key paths of values that are missing in *items*.

        What both sides have must be on each side of a conflict, also if one of them moved it: the other side
        would look as if its user had removed it.  What a side added must be on its side, and what only one
        has, changed, on any side.
        """
        own, far = self._ours.pairing, self._theirs.pairing
        missing: set[bytes] = set()
        anywhere = {
            slot
            for item in items
            if isinstance(item, Conflict)
            for number in item.base
            for slot in self._base.units[number].slots
        }
        for side, is_ours in ((self._ours, True), (self._theirs, False)):
            there, bases = self._found_in(items, is_ours=is_ours)
            anywhere |= bases
            both = (slot for slot in own.slots if slot in far.slots and slot not in bases)
            new = (slot for slot in side.version.slots if slot not in side.pairing.origins)
            missing |= {slot.path for slot in (*both, *(s for s in new if s not in there))}
        for pairing in (own, far):
            changed = (base for base, now in pairing.slots.items() if now.literal != base.literal)
            missing |= {slot.path for slot in changed if slot not in anywhere}
        return missing

    def _found_in(self, items: Iterable[Item], *, is_ours: bool) -> tuple[set[Slot], set[Slot]]:
        """Return the values of both sides, and of the base, if one side is chosen in every conflict."""
        there: set[Slot] = set()
        bases: set[Slot] = set()
        pairings = self._ours.pairing, self._theirs.pairing
        for choice in (
            choice for line in side_of(items, is_ours=is_ours) for choice in line.choices
        ):
            slots = (choice.ours, choice.theirs)
            origins = [
                choice.base,
                *(s and p.origins.get(s) for s, p in zip(slots, pairings, strict=True)),
            ]
            there.update(slot for slot in slots if slot)
            bases.update(slot for slot in origins if slot)
        return there, bases

    def look(self, draft: Draft, *, is_whole: bool) -> tuple[list[bytes], set[bytes]]:
        """Return the key path of each value of *draft*, and the paths of values in a wrong place.

        With *is_whole*, the draft is the result, and not one side of a conflict. Raises FormatError if it
        does not parse.
        """
        found = structure_of(draft.plain, self._format)
        stand = [span.path for span in found.values]
        if [(start, end) for start, end, _ in found.values] != draft.spans:
            return stand, {_first_difference(found.values, draft.spans)}
        both = zip(stand, draft.choices, strict=True)
        wrong = {path for path, choice in both if path not in self._allowed(choice)}
        wrong |= found.doubled - self._ours.structure.doubled - self._theirs.structure.doubled
        for side, slots in (
            (self._ours, [choice.ours for choice in draft.choices]),
            (self._theirs, [choice.theirs for choice in draft.choices]),
        ):
            wrong |= _mixed_up(side, slots, found.addresses)
        return stand, wrong | (self._wrong_others(found.others) if is_whole else set())

    def _allowed(self, choice: Choice) -> set[bytes]:
        """Return the key paths at which *choice* is allowed."""
        _, base, ours, theirs = choice
        allowed: set[bytes] = set()
        for slot, moves in ((ours, self._moves[1]), (theirs, self._moves[0])):
            if slot:
                allowed |= {slot.path} | _moved(slot.path, moves)
        if not (base and ours and theirs):
            return allowed
        if ours.path == base.path:
            return {theirs.path} if _may_move(choice, ours, theirs) else {ours.path}
        if theirs.path in (base.path, ours.path):
            return {ours.path} if _may_move(choice, theirs, ours) else {theirs.path}
        # Both sides renamed a key above it.
        return allowed - {ours.path, theirs.path}

    def _wrong_others(self, found: Counter[tuple[bytes, str]]) -> set[bytes]:
        ours, theirs = self._ours.structure.others, self._theirs.structure.others
        wrong = set()
        for what in {*found, *ours, *theirs, *self._others}:
            before = self._others[what]
            changes = sorted((ours[what] - before, theirs[what] - before))
            most = before + sum(changes)
            # The same change of both sides counts once, or twice.
            fewest = most
            if changes[0] > 0:
                fewest = before + changes[1]
            elif changes[1] < 0:
                most = before + changes[0]
            if not fewest <= found[what] <= most:
                wrong.add(what[0])
        return wrong


def _may_move(choice: Choice, value: Slot, place: Slot) -> bool:
    """Return True if *choice* may go to the *place* that the other side has given *value*.

    A value that was decrypted here would be sealed for that place; see ``_moves`` for who may choose it.
    What already stands there stays as it is.
    """
    is_sealed_anew = value.is_open and choice.literal != place.literal
    return value.path == place.path or place.is_open or not is_sealed_anew


def _others_of(base: ParsedVersion, file_format: Format) -> Counter[tuple[bytes, str]]:
    try:
        return structure_of(base.plain, file_format).others
    except FormatError:  # the base of a merge with several bases may hold conflicts
        return Counter()


def _first_difference(values: list[Span], spans: list[tuple[int, int]]) -> bytes:
    for value, span in zip(values, spans, strict=False):
        if (value.start, value.end) != span:
            return value.path
    return values[len(spans)].path if len(values) > len(spans) else paths.ROOT


def _moves(pairing: Pairing) -> dict[_Steps, set[_Steps]]:
    """Return the new paths of the base's collections in a side, as far as their values show them.

    If a path has changed, only a token that was decrypted counts: it proves that whoever renamed a key has
    the keys. Otherwise someone without a key could choose the place of a value that the other side added.
    """
    found: dict[_Steps, set[_Steps]] = {}
    for base, side in pairing.slots.items():
        if base.path == side.path or side.is_open:
            before, after = tuple(paths.steps(base.path)), tuple(paths.steps(side.path))
            # The common end was not renamed, only the keys above it.
            while before and after and before[-1] == after[-1]:
                before, after = before[:-1], after[:-1]
                found.setdefault(before, set()).add(after)
    return found


def _moved(path: bytes, moves: dict[_Steps, set[_Steps]]) -> set[bytes]:
    """Return the path for a value at *path* if its nearest known collection has moved to one other place."""
    steps = tuple(paths.steps(path))
    for length in range(len(steps) - 1, -1, -1):
        places = moves.get(steps[:length])
        if places:
            return {_encoded((*next(iter(places)), *steps[length:]))} if len(places) == 1 else set()
    return set()


def _encoded(steps: _Steps) -> bytes:
    return b"".join(paths.ITEM if step is None else paths.key_step(step) for step in steps)


def _mixed_up(
    side: MergeSide, slots: Sequence[Slot | None], addresses: list[Address]
) -> set[bytes]:
    """Return the paths of values that are in one list item with values of another item.

    Asked is for what the side has changed: that it stays with what it stood with.
    """
    if not addresses or not side.structure.addresses:
        return set()
    there: dict[Address, Address] = {}
    back: dict[Address, Address] = {}
    wrong = set()
    both = [
        (slot, side.structure.addresses[slot.number], address)
        for slot, address in zip(slots, addresses, strict=True)
        if slot
    ]
    for changed in (True, False):
        for slot, before, now in both:
            if _is_changed(slot, side.pairing) != changed:
                continue
            for one, other in zip(_items_of(before), _items_of(now), strict=False):
                if changed:
                    there.setdefault(one, other)
                    back.setdefault(other, one)
                if there.get(one, other) != other or back.get(other, one) != one:
                    wrong.add(slot.path)
    return wrong


def _is_changed(slot: Slot, pairing: Pairing) -> bool:
    origin = pairing.origins.get(slot)
    return origin is None or origin.literal != slot.literal or origin.path != slot.path


def _items_of(address: Address) -> Iterator[Address]:
    """Yield the addresses of the list items on the way to *address*."""
    for end, step in enumerate(address, 1):
        if isinstance(step, int):
            yield address[:end]
