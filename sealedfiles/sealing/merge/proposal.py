"""Propose a merge of three versions, line by line and value by value.

It is only a proposal: the check of the whole decides whether it means what both sides meant
(``sealedfiles.sealing.merge``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sealedfiles.light_typing import NamedTuple, TypeVar
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.merge.diff3 import Region, hunks, merge_lines, regions, side_range
from sealedfiles.sealing.merge.pairing import Pairing, is_keyed, pair_added
from sealedfiles.sealing.merge.units import ParsedVersion, Slot, Unit, interleave
from sealedfiles.util.lazy_pattern import lazy_pattern

T = TypeVar("T")

_LINE_END = lazy_pattern(r"\r\n|\n|\r")
_LINE = lazy_pattern(r"[^\r\n]*(?:\r\n|\n|\r)")


class Choice(NamedTuple):
    """One value of the result: its content, and the slots that it comes from."""

    literal: str
    base: Slot | None
    ours: Slot | None
    theirs: Slot | None


class ProposedLine(NamedTuple):
    """One line of the result: a ``Unit`` with choices in place of slots."""

    texts: list[str]
    sources: list[str]
    choices: list[Choice]
    comma: bool
    end: str
    base: range = range(0)
    """The position of the line in the base, if it is there."""

    @property
    def body(self) -> str:
        """The decrypted line, without comma and end."""
        return interleave(self.texts, [choice.literal for choice in self.choices])


class Conflict(NamedTuple):
    """Lines that a person has to choose from."""

    ours: list[ProposedLine]
    base: range
    """Positions of lines in the base."""
    theirs: list[ProposedLine]


Item = ProposedLine | Conflict


class Proposal:
    """The merge of three versions: base, ours and theirs.

    With *strict*, changes of neighboring lines are a conflict, as in git; and so are all added or removed
    lines with values at or below a key path that is *doubted*.
    """

    def __init__(
        self,
        versions: tuple[ParsedVersion, ParsedVersion, ParsedVersion],
        ours: Pairing,
        theirs: Pairing,
        *,
        strict: bool = False,
        doubted: Collection[bytes] = (),
    ) -> None:
        self._base, self._ours, self._theirs = versions
        self._our_pairing = ours
        self._their_pairing = theirs
        self._strict = strict
        self._doubted = doubted

    def all_in_conflict(self) -> list[Item]:
        """Return all lines of both sides as one conflict."""
        everything = range(len(self._base.units))
        return [_conflict(self._ours.units, everything, self._theirs.units)]

    def items(self) -> list[Item]:
        """Return the lines of the result, and its conflicts, in order."""
        found: list[Item] = []
        at = 0
        changes = self._our_pairing.hunks, self._their_pairing.hunks
        for region in regions(*changes, touching=self._strict):
            found += (self._paired(number) for number in range(at, region.start))
            found += self._region(region)
            at = region.end
        found += (self._paired(number) for number in range(at, len(self._base.units)))
        return found

    def favored(self, favor: str) -> list[ProposedLine]:
        """Return the lines of the result if the side *favor* wins in each hunk that both sides changed.

        The other changes are taken as they are. With pairings ``as_git``, this is what git makes of the
        decrypted texts.
        """
        found: list[ProposedLine] = []
        at = 0
        changes = self._our_pairing.hunks, self._their_pairing.hunks
        for region in regions(*changes, touching=True):
            found += (self._favored_line(number, favor) for number in range(at, region.start))
            at = region.end
            is_ours = bool(region.ours) and (favor == "ours" or not region.theirs)
            units, own, pairing = (
                (self._ours.units, region.ours, self._our_pairing)
                if is_ours
                else (self._theirs.units, region.theirs, self._their_pairing)
            )
            side = _part(units, side_range(region, own, pairing.unit_at))
            found += _as_they_are(side, is_ours=is_ours)
        end = len(self._base.units)
        found += (self._favored_line(number, favor) for number in range(at, end))
        return found

    def _favored_line(self, number: int, favor: str) -> ProposedLine:
        item = self._paired(number)
        if isinstance(item, ProposedLine):
            return item
        return (item.theirs if favor == "theirs" else item.ours)[0]

    # -- a line that both sides have

    def _paired(self, number: int) -> Item:
        base = self._base.units[number]
        ours = self._ours.units[_known(self._our_pairing.unit_at[number])]
        theirs = self._theirs.units[_known(self._their_pairing.unit_at[number])]
        return self._merged(base, range(number, number + 1), ours, theirs)

    def _merged(self, base: Unit | None, where: range, ours: Unit, theirs: Unit) -> Item:
        """Merge one line; in a conflict of values, nothing else in it differs."""
        before = (base.face, base.comma, base.end) if base else (None, None, None)
        face = _three_way(before[0], ours.face, theirs.face)
        comma = _three_way(before[1], ours.comma, theirs.comma)
        end = _three_way(before[2], ours.end, theirs.end)
        if face is None:
            return _conflict([ours], where, [theirs])
        unit = ours if ours.face == face else theirs
        slots = self._slots(unit, ours, theirs)
        choices = [merged_value(*three) for three in slots]
        lines = [
            ProposedLine(
                unit.texts,
                _sources(face, base, ours, theirs),
                [
                    choice or _one_sided(*three, ours_wins=ours_wins)
                    for choice, three in zip(choices, slots, strict=True)
                ],
                bool(comma),
                ours.end if end is None else end,
                where,
            )
            for ours_wins in (True, False)
        ]
        return Conflict(lines[:1], where, lines[1:]) if None in choices else lines[0]

    def _slots(
        self, unit: Unit, ours: Unit, theirs: Unit
    ) -> list[tuple[Slot | None, Slot | None, Slot | None]]:
        """Return for each value of *unit* (one of the two) the slots of base, ours, and theirs."""
        is_ours = unit is ours
        own, far = self._pairings(is_ours=is_ours)
        other = theirs if is_ours else ours
        found: list[tuple[Slot | None, Slot | None, Slot | None]] = []
        for at, slot in enumerate(unit.slots):
            base = own.origins.get(slot)
            there = other.slots[at] if unit.face == other.face else base and far.slots.get(base)
            base = base or (there and far.origins.get(there))
            found.append((base, slot, there) if is_ours else (base, there, slot))
        return found

    # -- lines that were added, taken away, or replaced

    def _region(self, region: Region) -> list[Item]:
        base = range(region.start, region.end)
        our_range = side_range(region, region.ours, self._our_pairing.unit_at)
        their_range = side_range(region, region.theirs, self._their_pairing.unit_at)
        ours = _part(self._ours.units, our_range)
        theirs = _part(self._theirs.units, their_range)
        conflict = _conflict(ours, base, theirs)
        units = [*ours, *theirs, *_part(self._base.units, base)]
        doubted = tuple(self._doubted)
        if doubted and any(s.path.startswith(doubted) for unit in units for s in unit.slots):
            return [conflict]
        found: list[Item] | None = None
        if [unit.body for unit in ours] == [unit.body for unit in theirs]:
            nothing = range(base.start, base.start)
            both = zip(ours, theirs, strict=True)
            found = [self._merged(None, nothing, *pair) for pair in both]
        elif not region.theirs:
            found = self._one_side(base, ours, is_ours=True)
        elif not region.ours:
            found = self._one_side(base, theirs, is_ours=False)
        elif not base:
            found = self._insertions(base, ours, theirs)
        return [conflict] if found is None else found

    def _one_side(self, base: range, units: list[Unit], *, is_ours: bool) -> list[Item] | None:
        """Return the lines of the side that changed *base*.

        None if the other side changed one of these lines, so that the change has no place.
        """
        own, far = self._pairings(is_ours=is_ours)
        there = (self._theirs if is_ours else self._ours).units
        for number in base:
            before, now = self._base.units[number], there[_known(far.unit_at[number])]
            if before.body == now.body:
                continue
            changed = [
                slot
                for slot, new in zip(before.slots, now.slots, strict=False)
                if slot.literal != new.literal
            ]
            if before.face != now.face or any(slot not in own.slots for slot in changed):
                return None
        return self._added(units, is_ours=is_ours)

    def _added(self, units: list[Unit], *, is_ours: bool) -> list[Item] | None:
        """Return lines as one side has them, with the other side's changes of values that were elsewhere
        before.

        None if that is a conflict.
        """
        own, far = self._pairings(is_ours=is_ours)
        lines: list[Item] = []
        for unit in units:
            choices = []
            for slot in unit.slots:
                base = own.origins.get(slot)
                other = base and far.slots.get(base)
                choice = merged_value(base, *((slot, other) if is_ours else (other, slot)))
                if choice is None:
                    return None
                choices.append(choice)
            lines.append(ProposedLine(unit.texts, unit.sources, choices, unit.comma, unit.end))
        return lines

    def _insertions(self, base: range, ours: list[Unit], theirs: list[Unit]) -> list[Item]:
        """Merge what both sides inserted at one place: common lines once, different keys one after the other.

        The order of list items, and whether two are the same, is unknown.
        """
        if not all(is_keyed(slot.path) for unit in (*ours, *theirs) for slot in unit.slots):
            return [_conflict(ours, base, theirs)]
        pairs = pair_added(ours, theirs, (self._our_pairing, self._their_pairing))
        gaps = {hunk.start: hunk for hunk in hunks(pairs, len(ours), len(theirs))}
        found: list[Item] = []
        at = 0
        for here, there in [*pairs, (len(ours), len(theirs))]:
            if at in gaps:
                _, end, start, side_end = gaps[at]
                found += self._apart(base, ours[at:end], theirs[start:side_end])
            if here < len(ours):
                found.append(self._merged(None, base, ours[here], theirs[there]))
            at = here + 1
        return found

    def _apart(self, base: range, ours: list[Unit], theirs: list[Unit]) -> list[Item]:
        our_lines = self._added(ours, is_ours=True)
        their_lines = self._added(theirs, is_ours=False)
        together = not (ours and theirs) or (
            not self._strict and _have_different_keys(ours, theirs)
        )
        if our_lines is None or their_lines is None or not together:
            return [_conflict(ours, base, theirs)]
        # Deeper lines belong to the line above both.
        if _indentation(theirs) > _indentation(ours):
            return [*their_lines, *our_lines]
        return [*our_lines, *their_lines]

    def _pairings(self, *, is_ours: bool) -> tuple[Pairing, Pairing]:
        """Return a side's own pairing, and the other side's."""
        both = self._our_pairing, self._their_pairing
        return both if is_ours else both[::-1]


def side_of(items: Iterable[Item], *, is_ours: bool) -> list[ProposedLine]:
    """Return the lines of the result, in every conflict those of one side."""
    found: list[ProposedLine] = []
    for item in items:
        if isinstance(item, ProposedLine):
            found.append(item)
        else:
            found += item.ours if is_ours else item.theirs
    return found


def merged_value(base: Slot | None, ours: Slot | None, theirs: Slot | None) -> Choice | None:
    """Merge one value in plaintext; None if both sides changed it, or one removed it.

    None also if one side changed it and the other moved it to another group, whose readers were not meant to
    have it, or if one part comes from one key and another part from another key: a person has to decide.
    """
    if not (ours and theirs):
        only = ours or theirs
        return Choice(only.literal, base, ours, theirs) if only and not base else None
    literal = _three_way(base.literal if base else None, ours.literal, theirs.literal)
    if literal is None:
        same_key = ours.key == theirs.key
        literal = _merged_lines(base.literal, ours.literal, theirs.literal) if base else None
        return Choice(literal, base, ours, theirs) if literal is not None and same_key else None
    owner, other = (ours, theirs) if ours.literal == literal else (theirs, ours)
    is_moved = base and other.literal != literal and other.prefix and other.group != base.group
    if is_moved and owner.prefix and owner.group != other.group:
        return None
    return Choice(literal, base, ours, theirs)


def _three_way(base: T | None, ours: T, theirs: T) -> T | None:
    """Return the version of the one side that changed *base*; None if both did."""
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else None


def _merged_lines(base: str, ours: str, theirs: str) -> str | None:
    """Merge a value of several lines line by line; None if that is a conflict."""
    literals = (base, ours, theirs)
    ends = [_LINE_END.search(literal) for literal in literals]
    end = ends[0]
    if end is None or None in ends:
        return None
    # End the last line like the others, so that another line can follow.
    merged = merge_lines(*([*_LINE.findall(literal + end[0])] for literal in literals))
    lines = [chunk.lines for chunk in merged]
    if None in lines:
        return None
    return "".join(line for some in lines for line in some or ()).removesuffix(end[0])


def _one_sided(
    base: Slot | None, ours: Slot | None, theirs: Slot | None, *, ours_wins: bool
) -> Choice:
    """Return one side's version of a value that is in conflict."""
    chosen = (ours or theirs) if ours_wins else (theirs or ours)
    return Choice(chosen.literal if chosen else "", base, ours, theirs)


def _conflict(ours: list[Unit], base: range, theirs: list[Unit]) -> Conflict:
    """Return the conflict between lines as they are on both sides."""
    return Conflict(_as_they_are(ours, is_ours=True), base, _as_they_are(theirs, is_ours=False))


def _as_they_are(units: list[Unit], *, is_ours: bool) -> list[ProposedLine]:
    """Return lines as one side has them."""
    lines = []
    for unit in units:
        sides = ((slot, None) if is_ours else (None, slot) for slot in unit.slots)
        choices = [Choice(s.literal, None, *one) for s, one in zip(unit.slots, sides, strict=True)]
        lines.append(ProposedLine(unit.texts, unit.sources, choices, unit.comma, unit.end))
    return lines


def _sources(face: tuple[str, ...], base: Unit | None, ours: Unit, theirs: Unit) -> list[str]:
    """Return the texts of a line with its comments sealed.

    They are those of the side that changed them, and never in plaintext if a side has them sealed.
    """
    first, second = (theirs, ours) if base and base.sources == ours.sources else (ours, theirs)
    candidates = [unit.sources for unit in (first, second) if unit.face == face]
    return max(candidates, key=lambda sources: sum(len(TOKEN.findall(s)) for s in sources))


def _have_different_keys(ours: list[Unit], theirs: list[Unit]) -> bool:
    """Return True if two insertions have values, and no key in common."""
    paths = [{slot.path for unit in units for slot in unit.slots} for units in (ours, theirs)]
    return all(paths) and not paths[0] & paths[1]


def _indentation(units: list[Unit]) -> int:
    text = next((unit.texts[0] for unit in units if unit.body.strip()), "")
    return len(text) - len(text.lstrip())


def _part(units: Sequence[Unit], positions: range) -> list[Unit]:
    return list(units[positions.start : positions.stop])


def _known(position: int | None) -> int:
    assert position is not None  # noqa: S101 - outside of all hunks every line is paired
    return position
