"""Scan git objects: all of a repository, or those that a push sends."""

from __future__ import annotations

from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.scan.attribution import find_spans
from sealedfiles.app.scan.findings import HISTORY, INDEX, Spot
from sealedfiles.app.scan.sealed_versions import SealedVersion
from sealedfiles.git.all_objects import list_all_objects, list_objects, read_objects
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealedfiles.app.scan.attribution import Span
    from sealedfiles.app.scan.held_search import HeldSearch
    from sealedfiles.app.scan.places import Found
    from sealedfiles.app.scan.scanner import Match, Scanner
    from sealedfiles.git.all_objects import ObjectList
    from sealedfiles.git.clone import Clone


class ObjectMatch(NamedTuple):
    """A secret in an object."""

    oid: str
    type: str
    match: Match


def scan_history(clone: Clone, scanner: Scanner, search: HeldSearch) -> Iterator[Found]:
    """Yield the secrets in all objects: of commits, stashes, tags, and those that no ref reaches.

    Values in sealed versions that no commit has are searched for in a second pass.
    """
    listed = list_all_objects(clone.repository)
    scanner.expect(listed.length)
    found, unknown = _scan(clone, scanner, search, listed)
    yield from _located(clone, found)
    if search.add_only(_versions(clone, unknown)):
        scanner.search_held_values_only()
        scanner.expect(listed.length)
        yield from _located(clone, _scan(clone, scanner, search, listed)[0])


def scan_objects(
    clone: Clone, scanner: Scanner, search: HeldSearch, revisions: list[str]
) -> Iterator[Found]:
    """Yield the secrets in the objects that ``git rev-list --objects`` lists for *revisions*."""
    lines = "".join(f"{one}\n" for one in revisions).encode("ascii")
    run = clone.repository.run
    out = run("rev-list", "--objects", "--no-object-names", "--stdin", stdin=lines)
    listed = list_objects(clone.repository, out.decode("ascii").split())
    scanner.expect(listed.length)
    yield from _located(clone, _scan(clone, scanner, search, listed)[0])


def _scan(
    clone: Clone, scanner: Scanner, search: HeldSearch, listed: ObjectList
) -> tuple[list[ObjectMatch], list[str]]:
    """Return the secrets in objects, and the blobs with tokens that *search* does not have."""
    found: list[ObjectMatch] = []
    unknown: list[str] = []
    for one in read_objects(clone.repository, listed):
        before = search.unknown
        place = one.oid, one.type
        label = f"object {one.oid[:12]}".encode("ascii")
        matches = scanner.scan(b"", one.content, context=place, label=label)
        found += [ObjectMatch(*place, match) for match in matches]
        if search.unknown > before and one.type == "blob":
            unknown.append(one.oid)
    for context, match in scanner.late():
        found.append(ObjectMatch(*cast("tuple[str, str]", context), match))
    return found, unknown


def _versions(clone: Clone, oids: Iterable[str]) -> Iterator[SealedVersion]:
    for oid in oids:
        data = clone.objects.blob(oid.encode("ascii"))
        if data:
            yield SealedVersion(b"", oid, data, is_current=False)


def _located(clone: Clone, found: list[ObjectMatch]) -> Iterator[Found]:
    """Yield *found* with commits and paths, one for each secret, encoding and path."""
    staged = {entry.oid: entry.path for entry in clone.index.entries()}
    spans = find_spans(clone.repository, {one.oid for one in found})
    merged: dict[object, Found] = {}
    for oid, kind, match in found:
        if kind == "tag":
            yield match.value, Spot(HISTORY, MESSAGE, match.line, oid=oid)
            continue
        of_blob: list[Span | None] = [*spans.get(oid, [])]
        for span in of_blob or [None]:
            path = (span.path if span else staged.get(oid, b"")) + match.name
            where = INDEX if span is None and oid in staged else HISTORY
            spot = Spot(where, path, match.line, span, oid)
            # Each dangling blob, and each message, is a separate finding.
            identity = oid if span is None or span.path == MESSAGE else ""
            place = match.value.identity, path, identity
            known = merged.get(place)
            merged[place] = match.value, _joined(known[1], spot) if known else spot
    yield from merged.values()


def _joined(one: Spot, other: Spot) -> Spot:
    """Return the later of two spots, with the span of both."""
    if one.span is None or other.span is None:
        return other
    later = max(one, other, key=lambda spot: spot.span.last if spot.span else ())
    return later._replace(span=one.span.joined(other.span))
