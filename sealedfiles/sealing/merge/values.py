"""Merge structured files: values are compared decrypted, and tokens are reused."""

from __future__ import annotations

from collections import Counter
from functools import partial

from sealedfiles.errors import FormatError
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.file import File, Keys, choose_file_id
from sealedfiles.sealing.merge.checking import Expectations
from sealedfiles.sealing.merge.diff3 import common_ends
from sealedfiles.sealing.merge.draft import Draft, seal_draft
from sealedfiles.sealing.merge.markers import Merged, Style, conflict_bytes
from sealedfiles.sealing.merge.pairing import Pairing
from sealedfiles.sealing.merge.proposal import Item, Proposal, ProposedLine, side_of
from sealedfiles.sealing.merge.units import ParsedVersion, Unit, line_end

_ATTEMPTS = 4
"""The number of tries, each with the problems of the one before as conflicts, before all of the file is one.
"""


class _Conflicted(NamedTuple):
    """A part of the result that differs between the sides, sealed."""

    ours: list[Unit]
    base: list[Unit]
    theirs: list[Unit]


Versions = tuple[ParsedVersion, ParsedVersion, ParsedVersion]
"""Base, ours, theirs."""


class Merge:
    """The merge of two versions of a structured file with their base."""

    def __init__(
        self, versions: Versions, file: File, rules: FileRules | None, keys: Keys, style: Style
    ) -> None:
        assert file.format is not None  # noqa: S101 - the versions have been read by it
        base, ours, theirs = versions
        self._versions = versions
        self._format = file.format
        self._has_commas = all(version.has_commas for version in versions)
        self._style = style
        self._bom = ours.bom if ours.bom != base.bom else theirs.bom
        self._line_end = next((line_end(unit) for unit in (*ours.units, *theirs.units)), "\n")
        self._seal = partial(
            seal_draft,
            file=file,
            file_id=_file_id(file, versions),
            rules=rules,
            keys=keys,
            sides=(ours, theirs),
        )

    def result(self) -> Merged | None:
        """Return the merge, or None if it cannot be sealed."""
        versions = self._versions
        pairings = Pairing(versions[0], versions[1]), Pairing(versions[0], versions[2])
        check = Expectations(self._format, versions, pairings)
        refusal = ""
        if self._style.favor:
            # A conflict that was widened would discard changes that only the other side has.
            merged, refusal = self._favored(self._style.favor, pairings, check)
            if merged is not None:
                return merged
            self._style = self._style._replace(favor=None)
        found = self._in_conflict(pairings, check)
        return found and found._replace(refusal=refusal if found.conflicts else "")

    def _favored(
        self, favor: str, pairings: tuple[Pairing, Pairing], check: Expectations
    ) -> tuple[Merged | None, str]:
        """Return the merge in which *favor* wins in every conflict, or None and the reason.

        It has every change of the other side that git would keep, and changes of neighboring lines too.
        """
        base, ours, theirs = self._versions
        items = Proposal(self._versions, *pairings).items()
        merged, _ = self._settled(items, check)
        if merged is not None and all(isinstance(item, ProposedLine) for item in items):
            return merged, ""
        as_git = Pairing(base, ours, as_git=True), Pairing(base, theirs, as_git=True)
        hunks = Proposal(self._versions, *as_git).favored(favor)
        other = theirs if favor == "ours" else ours
        if merged is not None and _keeps(
            side_of(items, is_ours=favor == "ours"), hunks, base, other
        ):
            return merged, ""
        return self._checked(hunks, Expectations(self._format, self._versions, as_git))

    def _checked(self, lines: list[ProposedLine], check: Expectations) -> tuple[Merged | None, str]:
        """Return *lines* sealed, or None and the reason."""
        draft = Draft(lines, self._line_end, has_commas=self._has_commas)
        try:
            paths, misplaced = check.look(draft, is_whole=False)
        except FormatError:
            return None, "the result would not parse"
        if misplaced:
            return None, "a value would get another key, or another item of a list"
        units = self._seal(draft, self._bom, paths)
        if units is None:
            return None, "the result cannot be sealed"
        return Merged(b"".join([self._bom.encode("utf-8"), *_sealed(units)]), 0), ""

    def _in_conflict(self, pairings: tuple[Pairing, Pairing], check: Expectations) -> Merged | None:
        """Return the merge with all its conflicts, or None if it cannot be sealed."""
        versions = self._versions
        doubted: set[bytes] = set()
        strict = False
        for _ in range(_ATTEMPTS):
            proposal = Proposal(versions, *pairings, strict=strict, doubted=doubted)
            items = proposal.items()
            merged, wrong = self._settled(items, check)
            if merged is not None:
                return merged
            if wrong <= doubted:
                if strict:
                    break
                strict = True
            doubted = doubted | wrong
        items = Proposal(versions, *pairings).all_in_conflict()
        return self._settled(items, check)[0]

    def _settled(self, items: list[Item], check: Expectations) -> tuple[Merged | None, set[bytes]]:
        """Return *items* as text, or None and the key paths of the problems in it."""
        wrong = check.lost(items)
        is_whole = all(isinstance(item, ProposedLine) for item in items)
        sealed = []
        for is_ours in (True,) if is_whole else (True, False):
            lines = side_of(items, is_ours=is_ours)
            draft = Draft(lines, self._line_end, has_commas=self._has_commas)
            try:
                paths, misplaced = check.look(draft, is_whole=is_whole)
            except FormatError:
                return None, wrong
            wrong |= misplaced
            units = None if wrong else self._seal(draft, self._bom, paths)
            if units is None:
                return None, wrong
            sealed.append(units)
        return self._written(items, sealed[0], sealed[-1]), wrong

    def _written(self, items: list[Item], ours: list[Unit], theirs: list[Unit]) -> Merged:
        """Return the text of *items*, with the lines *ours* on one side of every conflict and *theirs* on the
        other."""
        bom = self._bom.encode("utf-8")
        if ours is theirs or self._style.favor:
            chosen = theirs if self._style.favor == "theirs" else ours
            return Merged(b"".join([bom, *_sealed(chosen)]), 0)
        out = [bom]
        conflicts = 0
        for part in self._parts(items, ours, theirs):
            if isinstance(part, list):
                out += _sealed(part)
            else:
                sides = _sealed(part.ours), _sealed(part.base), _sealed(part.theirs)
                out.append(conflict_bytes(self._style, *sides, self._line_end.encode("ascii")))
                conflicts += 1
        return Merged(b"".join(out), conflicts)

    def _parts(
        self, items: list[Item], ours: list[Unit], theirs: list[Unit]
    ) -> list[list[Unit] | _Conflicted]:
        """Return the common parts of both sides, and the conflicts between them."""
        parts: list[list[Unit] | _Conflicted] = []
        at = side_at = 0
        for item in items:
            lengths = (
                (1, 1) if isinstance(item, ProposedLine) else (len(item.ours), len(item.theirs))
            )
            mine = ours[at : at + lengths[0]]
            yours = theirs[side_at : side_at + lengths[1]]
            at, side_at = at + lengths[0], side_at + lengths[1]
            base = self._versions[0].units[item.base.start : item.base.stop]
            if isinstance(item, ProposedLine) and _looks(mine[0]) == _looks(yours[0]):
                parts.append(mine)
                continue
            last = parts[-1] if parts else None
            if not isinstance(last, _Conflicted):
                last = _Conflicted([], [], [])
                parts.append(last)
            last.ours.extend(mine)
            last.base.extend(base)
            last.theirs.extend(yours)
        return [some for part in parts for some in self._shortened(part)]

    def _shortened(self, part: list[Unit] | _Conflicted) -> list[list[Unit] | _Conflicted]:
        """Move the common beginning and end of both sides out of a conflict.

        If git does not do so, only lines that the base has too are moved.
        """
        if isinstance(part, list):
            return [part]
        looks = [[_looks(unit) for unit in units] for units in part]
        start, end = common_ends(looks[0], looks[2])
        if not self._style.is_short:
            before = [common_ends(looks[1], side) for side in (looks[0], looks[2])]
            start, end = (min(numbers) for numbers in zip((start, end), *before, strict=True))
        inner = _Conflicted(*(units[start : len(units) - end] for units in part))
        if self._style.is_short:
            inner = inner._replace(base=part.base)
        if not (inner.ours or inner.theirs):
            return [part.ours]
        return [part.ours[:start], inner, part.ours[len(part.ours) - end :]]


def _keeps(
    lines: list[ProposedLine], hunks: list[ProposedLine], base: ParsedVersion, other: ParsedVersion
) -> bool:
    """Return True if *lines* have all that *other* added and removed in *hunks*."""
    found, kept = (Counter(line.body for line in some) for some in (lines, hunks))
    before, after = (Counter(unit.body for unit in one.units) for one in (base, other))
    return not (((after - before) & kept) - found or (before - after) & (found - kept))


def _sealed(units: list[Unit]) -> list[bytes]:
    return [unit.sealed.encode("utf-8") for unit in units]


def _looks(unit: Unit) -> tuple[str, list[bytes]]:
    """Return what must be equal for a line to be shown once for both sides of a conflict.

    Below a key that one side renamed, no token of a line would decrypt on both sides.
    """
    return unit.plain, [slot.path for slot in unit.slots]


def _file_id(file: File, versions: Versions) -> str:
    """Return the file id of the result: that of the side that changed it."""
    base, ours, theirs = (
        choose_file_id(file.path, TOKEN.findall(version.data.decode("utf-8", "replace")))
        for version in versions
    )
    return theirs if ours == base else ours
