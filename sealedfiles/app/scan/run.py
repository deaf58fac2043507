"""One run of `sealedfiles scan`: from the request to the report."""

from __future__ import annotations

import time
from contextlib import suppress

from sealedfiles.app.scan.findings import HISTORY, Leak, held_leak
from sealedfiles.app.scan.held_search import HeldSearch
from sealedfiles.app.scan.objects import scan_history, scan_objects
from sealedfiles.app.scan.places import scan_files, scan_index, scan_stdin, scan_work_tree
from sealedfiles.app.scan.scanner import Scanner
from sealedfiles.app.scan.sealed_versions import sealed_versions
from sealedfiles.errors import SealedFilesError
from sealedfiles.git.commits import is_shallow
from sealedfiles.git.pushed import unpushed
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import Note, counted
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.scan.findings import Spot
    from sealedfiles.app.scan.held_search import HeldValue
    from sealedfiles.git.clone import Clone
    from sealedfiles.model.policy import Policy

_MOST_NAMES = 5


class Request(NamedTuple):
    """What to scan; by default the working tree and the index."""

    paths: tuple[str, ...] = ()
    """Files and folders, in the repository or not."""
    ignored: bool = False
    """Also files of the working tree that git ignores."""
    staged: bool = False
    """Only what is staged."""
    history: bool = False
    """All objects."""
    push: bool = False
    """Only what a push would send."""
    stdin: bool = False


class WeakValue(NamedTuple):
    """A value that is too short or too common to search for."""

    path: bytes
    key: bytes


class ScanReport(NamedTuple):
    """The result of a scan."""

    leaks: list[Leak]
    """In the order of paths and lines."""
    objects: int
    """The number of files and objects that were scanned."""
    size: int
    """Bytes."""
    values: int
    """The number of values that were searched for."""
    weak: list[WeakValue]
    notes: list[Note]
    """What was not scanned, and why."""
    start: str
    end: str
    """When the scan started and ended, as in GitLab's report: ``YYYY-MM-DDTHH:MM:SS`` in UTC."""


def scan(clone: Clone, request: Request) -> ScanReport:
    """Scan what is requested.

    Raises UsageError for a file that does not exist, NoKeyError if an identity that the user named is
    unusable, and GitError.
    """
    start = _now()
    search = HeldSearch(clone)
    with Progress("versions of sealed files") as progress:
        search.add(progress.each(sealed_versions(clone)))
    notes = _notes_on_keys(clone, search)
    with Progress("objects" if request.history or request.push else "files") as progress:
        scanner = Scanner(search, progress)
        found = list(_found(clone, request, scanner, search, notes))
    policy = _policy(clone)
    leaks: dict[object, Leak] = {}
    for value, spot in found:
        leak = held_leak(search, value, spot)
        finding = leak.finding.judged(policy)
        # A file of the working tree is usually the same in the index.
        place = finding.path, finding.line, finding.commit, leak.encoding, value.token
        oid = leak.oid if leak.where == HISTORY else ""
        leaks.setdefault((place, oid), leak._replace(finding=finding))
    ordered = sorted(leaks.values(), key=lambda one: (one.finding.path, one.finding.line, one.oid))
    if scanner.unreadable:
        names = ", ".join(map(show_path, sorted(set(scanner.unreadable))[:_MOST_NAMES]))
        notes.append(
            Note(f"not scanned to the end: {counted(len(scanner.unreadable), 'file')}: {names}")
        )
    weak = {WeakValue(one.path, search.key_of(one)): None for one in search.weak}
    return ScanReport(
        ordered, scanner.count, scanner.size, search.count, [*weak], notes, start, _now()
    )


def _found(
    clone: Clone, request: Request, scanner: Scanner, search: HeldSearch, notes: list[Note]
) -> Iterator[tuple[HeldValue, Spot]]:
    if request.stdin:
        yield from scan_stdin(scanner)
    if request.paths:
        yield from scan_files(clone, scanner, request.paths)
    if request.staged:
        yield from scan_index(clone, scanner, only_staged=True)
    if request.push:
        outgoing = unpushed(clone.repository)
        notes += outgoing.notes
        if outgoing.revisions:
            yield from scan_objects(clone, scanner, search, outgoing.revisions)
    if request.history:
        notes += _notes_on_history(clone)
        yield from scan_history(clone, scanner, search)
    if not (request.stdin or request.paths or request.staged or request.push or request.history):
        yield from scan_work_tree(clone, scanner, ignored=request.ignored)
        yield from scan_index(clone, scanner, only_staged=False)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def _policy(clone: Clone) -> Policy | None:
    with suppress(SealedFilesError):
        return clone.policy()
    return None


def _notes_on_keys(clone: Clone, search: HeldSearch) -> list[Note]:
    if search.count or search.weak or not search.has_tokens:
        return []
    error = clone.identities.no_key("sealed values were not searched for: no key is available")
    return [Note(error.message, error.hints)]


def _notes_on_history(clone: Clone) -> list[Note]:
    if clone.repository.is_partial:
        what = "this is a partial clone: objects that it lacks were not scanned"
        return [Note(what, ("to get all objects: git fetch --refetch --no-filter",))]
    if is_shallow(clone.repository):
        what = "this clone is shallow: older commits were not scanned"
        return [Note(what, ("run: git fetch --unshallow",))]
    return []
