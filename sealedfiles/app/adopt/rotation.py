"""List the values that git's history has in plaintext, and whether each was changed since.

Everything is derived from the history, so the list needs no state: a value leaves it when it is changed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from sealedfiles.app.adopt.likely import is_likely_secret
from sealedfiles.app.adopt.providers import Provider, provider_of
from sealedfiles.app.check.earlier import is_ciphertext
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.app.history.ages import CurrentValue, since
from sealedfiles.app.history.values import (
    ELSEWHERE,
    WHOLE,
    Contents,
    PastValue,
    TokenOpener,
    file_id_of,
    shown_place,
)
from sealedfiles.app.scan.findings import HISTORY, Leak
from sealedfiles.app.scan.run import Request, policy_of, scan
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Change, Commit, is_shallow, read_commits, staged
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.other_tools import encrypting_tool, is_of_tool
from sealedfiles.util.progress import Progress

MUST_CHANGE, REVIEW, UNKNOWN = "must-change", "review", "cannot-compare"
CHANGED, REMOVED, ALLOWED = "changed", "removed", "allowed"


class FirstCommit(NamedTuple):
    """The first commit that has a value in plaintext."""

    date: str
    number: int
    """Its position among the commits of the same date, parents first."""
    oid: str
    path: bytes
    """The file that has it there, or ``MESSAGE``."""


class Row(NamedTuple):
    """A value that the history has in plaintext.  ``texts`` are secrets: never print them."""

    kind: str
    """``must-change``: the current value is in plaintext; ``review``: it is, and does not look like a secret;
    ``changed`` or ``removed`` since; ``allowed`` by the policy; ``cannot-compare``: no key."""
    file: bytes
    path: bytes
    """The place (see ``history.values``)."""
    first: FirstCommit | None
    """None if no commit has it, but another object does, such as one of a deleted branch."""
    commit: Commit | None = None
    """The last change of a value that was changed."""
    provider: Provider | None = None
    is_pushed: bool = False
    """Whether a remote-tracking branch has the first commit."""
    texts: tuple[str, ...] = ()
    """The texts that were in plaintext, and are like secrets or current."""
    spellings: tuple[str, ...] = ()
    """How files had them in plaintext, where that is not the text itself: with escapes or line ends."""


class RotationReport(NamedTuple):
    """The values that the history has in plaintext."""

    rows: list[Row]
    remotes: list[str]
    """The remotes of this clone, as ``name (host/path)``."""
    shallow: bool

    @property
    def is_open(self) -> bool:
        """Whether any value must change or cannot be compared."""
        return any(row.kind in (MUST_CHANGE, UNKNOWN) for row in self.rows)


_Place = tuple[object, bytes]
"""A file, by path or file id, and a place in it."""


def rotation_list(clone: Clone, leaks: Iterable[Leak] | None = None) -> RotationReport:
    """Return the sealed values that the history has in plaintext.

    *leaks* are the findings of a scan of the history; by default, it is scanned.  Raises GitError, and the
    errors of parsing files.
    """
    clone.allow_fetching()
    if leaks is None:
        leaks = scan(clone, Request(history=True, engine="none")).leaks
    return _Search(clone, leaks).report()


class _Search:
    def __init__(self, clone: Clone, leaks: Iterable[Leak]) -> None:
        self._clone = clone
        self._contents = Contents(clone, TokenOpener(clone))
        self._is_covered: dict[bytes, bool] = {}
        """Whether the files at these paths are sealed now."""
        self._elsewhere: dict[bytes, FirstCommit | None] = {}
        """The first commit that has a text anywhere; None if no commit has it."""
        self._earlier: dict[_Place, dict[str, FirstCommit | None]] = defaultdict(dict)
        """Of earlier sealed values by place: their texts, each with the first commit that has it anywhere."""
        with Progress("commits") as progress:
            self._commits = list(read_commits(clone.repository, "--all", progress=progress))
        self._numbers = {one.oid: number for number, one in enumerate(reversed(self._commits))}
        for leak in leaks:
            # A blob that no commit has was only staged here.
            is_public = leak.span is not None or leak.finding.path == MESSAGE
            if leak.where == HISTORY and leak.sealed_key and leak.is_open and is_public:
                self._add(leak)
        self._plain: dict[_Place, dict[str, FirstCommit]] = defaultdict(dict)
        self._spellings: dict[str, set[str]] = defaultdict(set)
        """Of texts in plaintext: the other forms in which files had them."""
        self._policy = policy_of(clone)
        self._pushed = set(clone.repository.run("rev-list", "--remotes").decode("ascii").split())

    def _add(self, leak: Leak) -> None:
        first = None
        if leak.span:
            commit = leak.span.first
            first = self._first(commit.date, commit.oid, leak.finding.path)
        known = self._elsewhere.get(leak.secret)
        self._elsewhere[leak.secret] = _earliest(filter(None, (known, first)))
        if not leak.is_current and leak.finding.key is not None:
            texts = self._earlier[leak.sealed_file, leak.finding.key]
            texts[leak.secret.decode("utf-8", "replace")] = self._elsewhere[leak.secret]

    def _first(self, date: str, oid: str, path: bytes) -> FirstCommit:
        return FirstCommit(date, self._numbers.get(oid, 0), oid, path)

    def report(self) -> RotationReport:
        self._learn_plaintext()
        current: list[CurrentValue] = []
        rows: list[Row | None] = []
        for entry in tracked_sealed_files(self._clone):
            values = self._contents.of(entry.path, entry.oid)
            file_id = file_id_of(values)
            sealed = [CurrentValue(entry.path, value) for value in values if value.token]
            rows += [self._judged(one, file_id) for one in sealed]
            current += sealed
        found = [*filter(None, rows), *self._removed(current)]
        shallow = is_shallow(self._clone.repository)
        return RotationReport(self._dated(found, current), _remotes(self._clone), shallow)

    def _learn_plaintext(self) -> None:
        """Record what the files that are sealed now had in plaintext, at which place."""
        for commit in reversed(self._commits):  # parents first
            for change in commit.changes():
                if change.path not in self._is_covered:
                    self._is_covered[change.path] = self._clone.covers(change.path)
                if not change.new or not self._is_covered[change.path]:
                    continue
                values = self._contents.of(change.path, change.new)
                first = self._first(commit.date, commit.oid, change.path)
                file_id = file_id_of(values)
                for value, text in self._in_plaintext(values, change):
                    if value.literal.strip("\"'") != text:
                        self._spellings[text].add(_inner(value.literal))
                    for name in filter(None, (change.path, file_id)):
                        self._plain[name, value.path].setdefault(text, first)

    def _in_plaintext(
        self, values: list[PastValue], change: Change
    ) -> Iterator[tuple[PastValue, str]]:
        """Yield those of the *values* of the new version that are in plaintext, with their texts.

        What another tool has encrypted is not.
        """
        plain = [(value, value.text) for value in values if not value.token and value.text]
        data = (plain and self._clone.objects.blob(change.new.encode("ascii"))) or b""
        tool = encrypting_tool(data)
        for value, text in plain:
            if value.path == WHOLE:
                is_encrypted = is_ciphertext(change.path, data, tool)
            else:
                is_encrypted = is_of_tool(tool, value.path, value.literal)
            if not is_encrypted:
                yield value, text

    def _judged(self, current: CurrentValue, file_id: str) -> Row | None:
        """Return the row of a current value; None if the history does not have it in plaintext."""
        path, value = current
        plain = self._plain.get((path, value.path)) or self._plain.get((file_id, value.path)) or {}
        earlier = self._earlier.get((path, value.path), {})
        if value.text is None:
            first = _earliest(plain.values())
            return Row(UNKNOWN, path, value.path, first) if plain else None
        hits = [self._elsewhere[line] for line in _lines_of(value) if line in self._elsewhere]
        firsts = [plain[value.text]] if value.text in plain else []
        firsts += filter(None, hits)
        known = {**earlier, **plain}
        texts = tuple(text for text in known if is_likely_secret(value.path, text))
        if firsts or hits:
            row = Row(MUST_CHANGE, path, value.path, _earliest(firsts))
            texts = tuple(dict.fromkeys([value.text, *texts]))
            if self._is_allowed(row):
                row = row._replace(kind=ALLOWED)
            elif not is_likely_secret(value.path, value.text):
                row = row._replace(kind=REVIEW)
        elif texts:
            row = Row(CHANGED, path, value.path, _earliest(filter(None, known.values())))
        else:
            return None
        return row._replace(texts=texts, provider=provider_of(value.text.strip()))

    def _removed(self, current: list[CurrentValue]) -> Iterator[Row]:
        """Yield the rows of secrets that tracked files had in plaintext, and that no longer exist."""
        present = {(path, value.path) for path, value in current}
        known = {value.text for _, value in current}
        for name, path in {**self._plain, **self._earlier}:
            if not isinstance(name, bytes) or (name, path) in present:
                continue
            if self._clone.rules(name).group_of(path) is None:
                continue  # it is in plaintext on purpose
            texts = {**self._earlier.get((name, path), {}), **self._plain.get((name, path), {})}
            likely = tuple(t for t in texts if t not in known and is_likely_secret(path, t))
            if likely:
                first = _earliest(filter(None, texts.values()))
                yield Row(REMOVED, name, path, first, texts=likely)

    def _is_allowed(self, row: Row) -> bool:
        key = None if row.path in (WHOLE, ELSEWHERE) else row.path
        finding = Finding("earlier-plaintext", row.file, "", key=key)
        return bool(finding.judged(self._policy).reason)

    def _dated(self, rows: list[Row], current: list[CurrentValue]) -> list[Row]:
        """Return *rows*, one for each place, in order, with the last change of those that were changed."""
        places: dict[tuple[bytes, bytes, str], Row] = {}
        for row in rows:  # the items of a list share their place
            place = row.file, row.path, row.kind
            known = places.get(place, row)
            texts = tuple(dict.fromkeys([*known.texts, *row.texts]))
            first = _earliest(filter(None, (known.first, row.first)))
            places[place] = known._replace(texts=texts, first=first)
        ordered = sorted(places.values(), key=lambda row: (row.file, shown_place(row.path)))
        wanted = {(row.file, row.path) for row in ordered if row.kind == CHANGED}
        changed = self._changes([one for one in current if (one.file, one.value.path) in wanted])
        return [
            row._replace(
                commit=changed.get((row.file, row.path)) if row.kind == CHANGED else None,
                is_pushed=row.first is not None and row.first.oid in self._pushed,
                spellings=tuple(s for text in row.texts for s in sorted(self._spellings[text])),
            )
            for row in ordered
        ]

    def _changes(self, subjects: list[CurrentValue]) -> dict[tuple[bytes, bytes], Commit | None]:
        """Return the last change of the values at the places of *subjects*."""
        index = staged(self._clone.repository, int(time.time())) if subjects else None
        found = since(subjects, [*([index] if index else []), *self._commits], self._contents)
        return {
            (one.file, one.value.path): commit for one, commit in zip(subjects, found, strict=True)
        }


def _inner(literal: str) -> str:
    """Return *literal* without its quotes."""
    is_quoted = len(literal) > 1 and literal[0] in "\"'" and literal[0] == literal[-1]
    return literal[1:-1] if is_quoted else literal


def _earliest(commits: Iterable[FirstCommit]) -> FirstCommit | None:
    """Return the first of *commits*; of several files in one commit, the one that is listed first."""
    return min(commits, key=lambda one: (one.date, one.number), default=None)


def _lines_of(value: PastValue) -> list[bytes]:
    """Return the texts of *value* for which a scan searches: its lines; of a whole file, its words, too."""
    data = (value.text or "").encode("latin-1" if value.path == WHOLE else "utf-8", "surrogatepass")
    lines = data.replace(b"\r", b"\n").split(b"\n")
    words = data.split() if value.path == WHOLE else []
    return [line.strip(b" \t\"'") for line in [*lines, *words]]


def _remotes(clone: Clone) -> list[str]:
    """Return the remotes of the clone with their addresses, without users and passwords."""
    names = clone.repository.run("remote").decode("utf-8", "replace").split("\n")[:-1]
    return [f"{name} ({_address(clone, name)})" for name in names]


def _address(clone: Clone, name: str) -> str:
    _, out, _ = clone.repository.try_run("remote", "get-url", "--", name)
    url = out.decode("utf-8", "replace").strip()
    return url.rpartition("@")[2].partition("://")[2] or url.rpartition("@")[2]
