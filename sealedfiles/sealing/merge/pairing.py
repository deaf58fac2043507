"""Pair the lines and values of a side with those of the base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from sealedfiles.model import paths
from sealedfiles.sealing.merge.diff3 import Hunk, align, hunks, slide_down
from sealedfiles.sealing.merge.units import ParsedVersion, Slot, Unit
from sealedfiles.sealing.sealed_text import TELLING
from sealedfiles.util.lazy_pattern import lazy_pattern

_WORD = lazy_pattern(r"\w")


class Pairing:
    """The lines of *side* that are lines of *base*, in order, and its values that are values of *base*.

    With *as_git*, only equal lines are paired.
    """

    def __init__(self, base: ParsedVersion, side: ParsedVersion, *, as_git: bool = False) -> None:
        pair = _equal_lines if as_git else pair_lines
        self.pairs = pair(base.units, side.units)
        self.hunks: list[Hunk] = hunks(self.pairs, len(base.units), len(side.units))
        self.unit_at: list[int | None] = [None] * len(base.units)
        self.slots: dict[Slot, Slot] = {}
        """The value of the side for each value of the base."""
        self.origins: dict[Slot, Slot] = {}
        """The value of the base for each value of the side."""
        for here, there in self.pairs:
            self.unit_at[here] = there
            base_slots, side_slots = base.units[here].slots, side.units[there].slots
            if len(base_slots) == len(side_slots):
                for one, other in zip(base_slots, side_slots, strict=True):
                    self._match(one, other)
        self._match_moved(base, side)

    def _match(self, one: Slot, other: Slot) -> None:
        self.slots[one] = other
        self.origins[other] = one

    def _match_moved(self, base: ParsedVersion, side: ParsedVersion) -> None:
        """Match values that are on another line now: by key, otherwise by content."""
        for key in (_key, _key_and_literal, _telling_literal):
            there = _by_key((s for s in side.slots if s not in self.origins), key)
            for name, ones in _by_key((s for s in base.slots if s not in self.slots), key).items():
                others = there.get(name, [])
                if len(ones) == len(others) == 1 or (
                    key is not _telling_literal and _literals(ones) == _literals(others)
                ):
                    for one, other in zip(ones, others, strict=True):
                        self._match(one, other)


def is_keyed(path: bytes) -> bool:
    """Return True if a key path leads to one value: it has only keys, and at least one."""
    return path != paths.ROOT and None not in paths.steps(path)


def _equal_lines(base: list[Unit], side: list[Unit]) -> list[tuple[int, int]]:
    bodies = [unit.body for unit in base], [unit.body for unit in side]
    return slide_down(align(*bodies), *bodies)


def pair_lines(base: list[Unit], side: list[Unit]) -> list[tuple[int, int]]:
    """Pair equal lines, and between them those that differ only in their values, in trailing blanks, or in
    their key."""
    pairs = align(
        [unit.body for unit in base],
        [unit.body for unit in side],
        ([unit.face for unit in base], [unit.face for unit in side]),
    )
    for key in (_named_face, _bare_face):
        pairs = _refine(pairs, [key(unit) for unit in base], [key(unit) for unit in side])
    found = list(pairs)
    for hunk in hunks(pairs, len(base), len(side)):
        found += _pair_hunk(hunk, base, side)
    return sorted(found)


def pair_added(
    ours: list[Unit], theirs: list[Unit], origins: tuple[Pairing, Pairing]
) -> list[tuple[int, int]]:
    """Pair the lines that both sides inserted: equal lines, then lines with the same keys.

    A value that one side only moved there (*origins* show it) is not one that the other side added.
    """
    bodies: list[list[Hashable]] = []
    faces: list[list[Hashable]] = []
    for side, own in zip((ours, theirs), origins, strict=True):
        values = [tuple((s.path, own.origins.get(s)) for s in unit.slots) for unit in side]
        both = list(zip(side, values, strict=True))
        bodies.append([(unit.body, some) for unit, some in both])
        faces.append([(unit.face, some) if _named_face(unit) else None for unit, some in both])
    return _refine(align(bodies[0], bodies[1]), faces[0], faces[1])


def _refine(
    pairs: list[tuple[int, int]], base: list[Hashable], side: list[Hashable]
) -> list[tuple[int, int]]:
    found = list(pairs)
    for start, end, side_start, side_end in hunks(pairs, len(base), len(side)):
        inner = align(base[start:end], side[side_start:side_end])
        found += [(start + here, side_start + there) for here, there in inner]
    return sorted(found)


def _named_face(unit: Unit) -> Hashable:
    """Return the line without its values, or None if it is not distinctive: ``- …``, ``},``."""
    return unit.face if any(map(_WORD.search, unit.face)) else None


def _bare_face(unit: Unit) -> Hashable:
    if _named_face(unit) is None:
        return None
    first, *others = unit.face
    return (first.lstrip(), *others[:-1], others[-1].rstrip()) if others else (first.strip(),)


def _pair_hunk(hunk: Hunk, base: list[Unit], side: list[Unit]) -> list[tuple[int, int]]:
    """Pair the lines of a hunk one by one if their values or their faces are the same."""
    ones, others = base[hunk.start : hunk.end], side[hunk.side_start : hunk.side_end]
    numbers = range(hunk.start, hunk.end), range(hunk.side_start, hunk.side_end)
    if len(ones) == len(others):
        both = list(zip(ones, others, strict=True))
        if all(
            one.face == other.face or _literals(one.slots) == _literals(other.slots) != []
            for one, other in both
        ):
            return list(zip(*numbers, strict=True))
    inner = align(_telling_values(ones), _telling_values(others))
    return [(hunk.start + here, hunk.side_start + there) for here, there in inner]


def _literals(slots: list[Slot]) -> list[str]:
    return [slot.literal for slot in slots]


def _telling_values(units: list[Unit]) -> list[Hashable]:
    """Return the values of each line; None if they are short, or the same as in another line."""
    values = [tuple(slot.literal for slot in unit.slots) for unit in units]
    counts = Counter(values)
    return [one if counts[one] == 1 and sum(map(len, one)) >= TELLING else None for one in values]


def _by_key(slots: Iterable[Slot], key: Callable[[Slot], Hashable]) -> dict[Hashable, list[Slot]]:
    found: dict[Hashable, list[Slot]] = {}
    for slot in slots:
        name = key(slot)
        if name is not None:
            found.setdefault(name, []).append(slot)
    return found


def _key(slot: Slot) -> Hashable:
    # The paths of list items are all the same.
    return slot.path if is_keyed(slot.path) else None


def _key_and_literal(slot: Slot) -> Hashable:
    return (slot.path, slot.literal) if len(slot.literal) >= TELLING else None


def _telling_literal(slot: Slot) -> Hashable:
    return slot.literal if len(slot.literal) >= TELLING else None
