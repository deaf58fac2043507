"""One run of `sealedfiles scan`: from the request to the report."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import chain
from pathlib import Path

from sealedfiles.app.scan.baseline import Baseline, load_baseline
from sealedfiles.app.scan.engines import Engine
from sealedfiles.app.scan.findings import HISTORY, INDEX, Leak, leak_of, named_leak
from sealedfiles.app.scan.held_search import HeldSearch
from sealedfiles.app.scan.named_secrets import (
    LARGEST,
    may_have_values,
    named_secrets,
    secrets_in_lines,
)
from sealedfiles.app.scan.objects import scan_history, scan_objects
from sealedfiles.app.scan.places import (
    contents,
    files_of,
    index_blobs,
    index_contents,
    scan_files,
    scan_index,
    scan_stdin,
    work_tree_files,
)
from sealedfiles.app.scan.programs import PROGRAMS
from sealedfiles.app.scan.provider_tokens import EXTRA, load_detector
from sealedfiles.app.scan.scanner import Scanner
from sealedfiles.app.scan.sealed_versions import sealed_versions
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.git.commits import is_shallow
from sealedfiles.git.pushed import unpushed
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.sealing.file import describe_file, show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import Note, counted
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.scan.places import Found, PlacedFile
    from sealedfiles.app.scan.provider_tokens import Detector
    from sealedfiles.git.clone import Clone
    from sealedfiles.model.policy import Policy

AUTO, KINGFISHER = "auto", "kingfisher"
ENGINES = (AUTO, KINGFISHER, *PROGRAMS, "none")
"""What searches for secrets that are not sealed values; AUTO is kingfisher if it is installed."""
_MOST_NAMES = 5


class Request(NamedTuple):
    """What to scan, one of these; by default the working tree and the index."""

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
    baseline: str = ""
    """The file with the findings that are allowed; empty for none."""
    engine: str = AUTO
    """One of ENGINES."""
    update_baseline: bool = False
    """Write the findings to the baseline."""


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
    unusable or a baseline needs a key, and GitError.
    """
    start = _now()
    baseline = _baseline(request)
    engine = _engine(clone, request)
    files, blobs = _current(clone, request)
    search = HeldSearch(clone)
    with Progress("versions of sealed files") as progress:
        search.add(progress.each(sealed_versions(clone)))
    notes = _notes_on_keys(clone, search)
    with Progress("objects" if request.history or request.push else "files") as progress:
        scanner = Scanner(search, progress, _detector(request, notes), engine)
        found = [
            *_of_request(clone, request, scanner, search, notes),
            *scan_files(scanner, files),
            *scan_index(clone, scanner, blobs),
        ]
    leaks = [leak_of(search, secret, spot) for secret, spot in found]
    unparsed: list[bytes] = []
    leaks += _named(clone, files, blobs, unparsed)
    leaks = _judged(clone, _distinct(leaks), baseline)
    for group in baseline.outdated(clone.ring) if baseline else ():
        what = f"the baseline was not made with the current key of {group}, so its findings are reported"
        notes.append(Note(what, ("review them, then run again with --update-baseline",)))
    if baseline and request.update_baseline:
        leaks = _update(clone, request, baseline, leaks)
    if engine:
        notes += engine.notes()
    notes += _note_on_files("not scanned to the end: {}", scanner.unreadable)
    notes += _note_on_files(
        "searched line by line for keys named like secrets: {} not readable as YAML, JSON, TOML or .env",
        unparsed,
    )
    weak = {WeakValue(one.path, search.key_of(one)): None for one in search.weak}
    return ScanReport(
        leaks, scanner.count, scanner.size, search.count, [*weak], notes, start, _now()
    )


def _current(clone: Clone, request: Request) -> tuple[list[PlacedFile], dict[str, list[bytes]]]:
    """Return the files to scan, and the blobs of the index with their paths; none for other requests."""
    if request.stdin or request.push or request.history:
        return [], {}
    if request.paths:
        return [*files_of(clone, request.paths)], {}
    files = [] if request.staged else [*work_tree_files(clone, ignored=request.ignored)]
    return files, index_blobs(clone, only_staged=request.staged)


def _of_request(
    clone: Clone, request: Request, scanner: Scanner, search: HeldSearch, notes: list[Note]
) -> Iterator[Found]:
    """Yield the secrets in the standard input or in objects, if these are to be scanned."""
    if request.stdin:
        yield from scan_stdin(scanner)
    elif request.push:
        outgoing = unpushed(clone.repository)
        notes += outgoing.notes
        if outgoing.revisions:
            yield from scan_objects(clone, scanner, search, outgoing.revisions)
    elif request.history:
        notes += _notes_on_history(clone)
        yield from scan_history(clone, scanner, search)


def _named(
    clone: Clone, files: list[PlacedFile], blobs: dict[str, list[bytes]], unparsed: list[bytes]
) -> Iterator[Leak]:
    """Yield the values at keys named like secrets, in current files only: there are too many versions.

    Adds the paths of files that do not parse, and are read line by line, to *unparsed*.
    """
    named = ((oid, [*filter(may_have_values, paths)]) for oid, paths in blobs.items())
    readable = {oid: paths for oid, paths in named if paths}
    on_disk = contents((one for one in files if may_have_values(one.path)), LARGEST)
    versions = chain(
        ((one.where, one.path, data) for one, data in on_disk),
        ((INDEX, path, data) for path, data in index_contents(clone, readable, LARGEST)),
    )
    for where, path, data in versions:
        version = SealedText(data, describe_file(path))
        is_parsed = version.scan is not None or version.whole is not None
        if not is_parsed:
            unparsed.append(path)
        for secret in named_secrets(version) if is_parsed else secrets_in_lines(data):
            yield named_leak(where, path, secret)


def _distinct(leaks: list[Leak]) -> list[Leak]:
    """Return *leaks* by path and line, without those of the index that the working tree has as well."""
    known = {(one.finding.path, one.finding.line): one.secret for one in leaks if not one.rule}
    found: dict[object, Leak] = {}
    for leak in leaks:
        same = known.get((leak.finding.path, leak.finding.line), b"") if leak.rule else b""
        if same and (leak.secret in same or same in leak.secret):
            continue  # the other finding says more
        one = leak.finding
        oid = leak.oid if leak.where == HISTORY else ""
        found.setdefault((one.path, one.line, oid, one.what), leak)
    return sorted(found.values(), key=lambda leak: (leak.finding.path, leak.finding.line, leak.oid))


def _judged(clone: Clone, leaks: list[Leak], baseline: Baseline | None) -> list[Leak]:
    """Return *leaks* with the reasons for which the policy or the baseline allows them."""
    policy = policy_of(clone)
    leaks = [leak._replace(finding=leak.finding.judged(policy)) for leak in leaks]
    if baseline is None:
        return leaks
    return [baseline.judged(leak, clone.ring) for leak in leaks]


def _baseline(request: Request) -> Baseline | None:
    if not request.baseline:
        return None
    path = Path(request.baseline)
    is_new = request.update_baseline and not path.exists()
    # An existing file is replaced only if it is a baseline.
    known = None if is_new else load_baseline(path)
    return Baseline({}, ()) if request.update_baseline else known


def _update(clone: Clone, request: Request, baseline: Baseline, leaks: list[Leak]) -> list[Leak]:
    """Write *baseline* with all *leaks* that the policy does not allow, and return them as allowed."""
    for leak in leaks:
        if leak.is_open:
            baseline.add(leak, clone.ring)
    baseline.save(Path(request.baseline))
    return [baseline.judged(leak, clone.ring) for leak in leaks]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def _engine(clone: Clone, request: Request) -> Engine | None:
    if request.engine not in PROGRAMS:
        return None
    if PROGRAMS[request.engine].is_remote and request.history:
        # Values of sealed files that no commit has are known only after the whole history was read.
        raise UsageError(
            f"--history cannot be scanned with {request.engine}, which would send it to GitGuardian",
            "choose another --engine",
        )
    return Engine(request.engine, clone.repository.top)


def _detector(request: Request, notes: list[Note]) -> Detector | None:
    if request.engine not in (AUTO, KINGFISHER):
        return None
    detector = load_detector()
    hint = f"run: pip install '{EXTRA}'; or choose: --engine none"
    if detector is None and request.engine == KINGFISHER:
        raise UsageError("kingfisher is not installed", hint)
    if detector is None:
        what = "not searched for: secrets that are not sealed values, because kingfisher is not installed"
        notes.append(Note(what, (hint,)))
    return detector


def policy_of(clone: Clone) -> Policy | None:
    """Return the policy in force; None if there is no valid one."""
    with suppress(SealedFilesError):
        return clone.policy()
    return None


def _notes_on_keys(clone: Clone, search: HeldSearch) -> list[Note]:
    """Return notes on the values that could not be decrypted, and so were not searched for."""
    if search.closed and not (search.count or search.weak):
        error = clone.identities.no_key("sealed values were not searched for: no key is available")
        return [Note(error.message, error.hints)]
    return [
        Note(f"not searched for because no key is available: {counted(count, 'value')} of {group}")
        for group, count in sorted(search.closed.items())
    ]


def _note_on_files(text: str, found: list[bytes]) -> list[Note]:
    """Return the note *text*, with the number of the files *found* in place of ``{}``; none without files."""
    files = sorted(set(found))
    if not files:
        return []
    names = ", ".join(map(show_path, files[:_MOST_NAMES]))
    more = ", …" if len(files) > _MOST_NAMES else ""
    return [Note(f"{text.format(counted(len(files), 'file'))}: {names}{more}")]


def _notes_on_history(clone: Clone) -> list[Note]:
    if clone.repository.is_partial:
        what = "this is a partial clone: objects that it lacks were not scanned"
        return [Note(what, ("to get all objects: git fetch --refetch --no-filter",))]
    if is_shallow(clone.repository):
        what = "this clone is shallow: older commits were not scanned"
        return [Note(what, ("run: git fetch --unshallow",))]
    return []
