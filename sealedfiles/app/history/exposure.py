"""Find the values that a reader could have read, and report which of them are still in use.

A key file contains all previous keys of its group.  So its owner could read every value that was ever sealed
with one of these keys, including values in commits from before access was granted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from sealedfiles.app.history.ages import CurrentValue, since
from sealedfiles.app.history.values import ELSEWHERE as IN_COMMENT
from sealedfiles.app.history.values import (
    WHOLE,
    Contents,
    PastValue,
    TokenOpener,
    file_id_of,
)
from sealedfiles.errors import TamperedError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Change, Commit, is_shallow, read_commits, staged
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.git.plaintext_records import rests
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.keys.epochs import epoch_ids
from sealedfiles.keys.folder import NAME, MetadataSource
from sealedfiles.keys.recipients import group_names, members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import NAME as NAME_RE
from sealedfiles.sealing.collector import without_collector
from sealedfiles.sealing.sealed_text import TELLING
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.progress import Progress

MUST_CHANGE, CHANGED, REMOVED = "must-change", "changed", "removed"
ELSEWHERE, NEVER, UNKNOWN = "elsewhere", "never", "cannot-compare"

_OWN = f"{NAME}/".encode()

_KEY_ID = lazy_pattern(rb"^([a-z2-7]{16}) ", re.MULTILINE)
"""A line of an ``epochs`` file, including one with a conflict."""


class Membership(NamedTuple):
    """A reader's access to one group."""

    group: str
    keys: frozenset[str]
    """The ids of the keys that the reader had."""
    begin: Commit | None
    """The first commit with the key file; None if only the index has it."""
    end: Commit | None
    """The last commit that removed the key file; None if this is still a reader, or if it is unknown."""
    is_reader: bool
    """Whether this is a reader in the index."""
    has_current_key: bool
    """Whether new values are sealed with one of the keys."""


class Row(NamedTuple):
    """The result for the values at one place of one file."""

    kind: str
    """``must-change``; ``changed`` or ``removed`` since; ``elsewhere``: never on this branch;
    ``never`` readable; ``cannot-compare``: a key needed for the comparison is missing."""
    file: bytes
    path: bytes
    """The place (see ``history.values``)."""
    commit: Commit | None
    """The commit that last changed or removed the value; None if unknown or irrelevant."""
    known_at: tuple[bytes, bytes] | None = None
    """File and place where the same value was readable, if it was readable only elsewhere."""
    was_plaintext: bool = False
    """Whether it was committed in plaintext, so that anyone could read it."""


class ExposureReport(NamedTuple):
    """The result of ``exposure``.  It contains no secret."""

    access: list[Membership]
    """The reader's access to groups; empty if there was never a reader of that name."""
    rows: list[Row]
    shallow: bool
    missing: int
    """The number of blobs that are missing in this clone."""
    closed: list[str]
    """The groups for which a key is missing."""

    @property
    def is_open(self) -> bool:
        """Whether any value must change or cannot be compared."""
        return any(row.kind in (MUST_CHANGE, UNKNOWN) for row in self.rows)


_LINES = 1000
"""The number of lines of one text that are compared."""

_Place = tuple[object, bytes]
"""A file, by path or file id, and a place in it."""


@dataclass
class _Known:
    """The values that the reader could read at one place, in the whole history."""

    texts: set[str] = field(default_factory=set)
    is_open: bool = True
    """Whether all of them could be decrypted here."""


@without_collector
def exposure(name: str, clone: Clone, now: int | None = None) -> ExposureReport:
    """Compare the values that the reader *name* could have read with the values in the index.

    *now* (Unix time; by default the current time) is used as the time at which staged values changed.  Reads
    every commit that is reachable from a ref.  Raises GitError, and the errors of parsing files.
    """
    clone.allow_fetching()
    with Progress("commits") as progress:
        commits = list(read_commits(clone.repository, "--all", progress=progress))
    access = _access_of(name, clone, commits)
    if not access:
        return ExposureReport([], [], is_shallow(clone.repository), 0, [])
    keys = TokenOpener(clone)
    contents = Contents(clone, keys)
    changes = _since_setup(commits)
    index = staged(clone.repository, int(time.time()) if now is None else now)
    begin = [index] if index else []
    changes += [change for commit in begin for change in commit.changes() if _is_file(change)]
    wanted = {(change.path, oid): None for change in changes for oid in change[1:]}
    with Progress("versions of files", len(wanted)) as progress:
        for _ in progress.each(contents.load(wanted)):
            pass
    had = frozenset((one.group, key) for one in access for key in one.keys)
    compared = _Comparison(clone, contents, had)
    compared.learn(changes)
    compared.learn_plaintext(commits)
    rows = compared.of_index([*begin, *commits])
    rows += compared.of_removed(_of_head([*begin, *commits]))
    rows.sort(key=lambda row: row.file)
    shallow, missing = is_shallow(clone.repository), len(contents.missing)
    return ExposureReport(access, rows, shallow, missing, sorted(keys.closed))


class _Comparison:
    def __init__(self, clone: Clone, contents: Contents, had: frozenset[tuple[str, str]]) -> None:
        self._clone = clone
        self._contents = contents
        self._had = had
        self._known: dict[_Place, _Known] = {}
        self._texts: dict[str, tuple[bytes, bytes]] = {}
        self._paths: dict[_Place, set[bytes]] = {}
        """The paths of the files with a file id and a value at a place."""
        self._present: set[_Place] = set()
        self._covered = {entry.path for entry in tracked_sealed_files(clone)}
        self._sealed = set(self._covered)
        """Every path that ever had a sealed value, or that is tracked."""
        self._clear: dict[_Place, set[str]] = {}

    def learn(self, changes: list[Change]) -> None:
        """Record every value in the blobs of *changes* that the reader could read."""
        for path, oid in {(one.path, oid): None for one in changes for oid in one[1:] if oid}:
            values = self._contents.sealed(path, oid)
            file_id = file_id_of(values)
            if values:
                self._sealed.add(path)
            for value in values:
                if value.keys <= self._had:
                    self._paths.setdefault((file_id, value.path), set()).add(path)
                    for name in (path, file_id):
                        known = self._known.setdefault((name, value.path), _Known())
                        if value.text is None:
                            known.is_open = False
                        else:
                            known.texts.add(value.text)
                    for text in _texts_of(value):
                        self._texts.setdefault(text, (path, value.path))

    def learn_plaintext(self, commits: list[Commit]) -> None:
        """Record the plaintext values in *commits* of files that have sealed values in another version."""
        blobs = {
            (change.path, oid): None
            for commit in commits
            for change in commit.changes()
            if change.path in self._sealed
            for oid in change[1:]
        }
        for path, oid in blobs:
            values = self._contents.of(path, oid)
            file_id = file_id_of(values)
            for value in values:
                if not value.token and value.text:
                    for name in (path, file_id):
                        self._clear.setdefault((name, value.path), set()).add(value.text)

    def of_index(self, commits: list[Commit]) -> list[Row]:
        """Return the rows of the current values, including values that are now in plaintext."""
        subjects = []
        known_paths = {name for name, _ in self._known}
        for entry in self._clone.index.files():
            path = entry.path
            if path.startswith(_OWN) or not entry.mode.startswith("100"):
                continue
            is_sealed = self._contents.has_sealed(path, entry.oid)
            if not (is_sealed or path in self._covered or path in known_paths):
                continue
            values = self._contents.of(path, entry.oid)
            file_id = file_id_of(values)
            for value in values:
                self._present |= {(path, value.path), (file_id, value.path)}
                row = self._judge(path, file_id, value)
                if row:
                    subjects.append((CurrentValue(path, value), row))
        dates = since([subject for subject, _ in subjects], commits, self._contents)
        rows: dict[tuple[bytes, bytes], Row] = {}
        for (_, row), commit in zip(subjects, dates, strict=True):
            place = row.file, row.path
            row = row if row.kind == NEVER else row._replace(commit=commit)
            if place not in rows or _takes_precedence(row, rows[place]):
                rows[place] = row
        return list(rows.values())

    def _judge(self, path: bytes, file_id: str, value: PastValue) -> Row | None:
        """Return the row of a current value, or None if it was never sealed."""
        row = Row(MUST_CHANGE, path, value.path, None)
        if value.token and value.keys <= self._had:
            return row
        places = [(path, value.path), (file_id, value.path)]
        known = [self._known[place] for place in places if place in self._known]
        if any(value.text in one.texts for one in known):
            return row
        if not (known or value.token):
            return None
        clear = [self._clear[place] for place in places if value.token and place in self._clear]
        if any(value.text in texts for texts in clear):
            return row._replace(was_plaintext=True)
        if value.text in self._texts:
            return row._replace(known_at=self._texts[value.text])
        if not (known or clear):
            return row._replace(kind=NEVER)
        is_open = value.text is not None and all(one.is_open for one in known)
        return row._replace(kind=CHANGED if is_open else UNKNOWN)

    def of_removed(self, commits: list[Commit]) -> list[Row]:
        """Return the rows of the places that the reader could read and that no longer exist."""
        gone = {
            place: paths
            for place, paths in self._paths.items()
            if place not in self._present
            and not any((path, place[1]) in self._present for path in paths)
        }
        rows = []
        for commit in commits:
            if not gone:
                break
            for change in commit.changes():
                if not change.old or not _is_file(change):
                    continue
                values = self._contents.sealed(change.path, change.old)
                file_id = file_id_of(values)
                new = {value.path for value in self._contents.of(change.path, change.new)}
                old = dict.fromkeys(value.path for value in values if value.path not in new)
                rows += [
                    Row(REMOVED, change.path, path, commit)
                    for path in old
                    if gone.pop((file_id, path), None)
                ]
        rows += [Row(ELSEWHERE, min(paths), path, None) for (_, path), paths in gone.items()]
        return rows


def _texts_of(value: PastValue) -> Iterator[str]:
    """Yield what is recognized at another place: a value, or a part of a comment, file or longer value."""
    text = value.text or ""
    if len(text) >= TELLING:
        yield text
    if "\0" in text or not (value.path in (WHOLE, IN_COMMENT) or "\n" in text):
        return
    for line in islice(text.split("\n"), _LINES):
        for part in (line, *rests(line), *line.split()):
            bare = part.strip(" \t\r,;\"'`")
            if len(bare) >= TELLING:
                yield bare


def _takes_precedence(row: Row, other: Row) -> bool:
    """Return True if *row* must be reported rather than *other*, a row of the same place (in a list)."""
    order = (NEVER, CHANGED, UNKNOWN, MUST_CHANGE)
    if row.kind != other.kind:
        return order.index(row.kind) > order.index(other.kind)
    # Report the newer change, but for values that must change the older one.
    times = [one.commit.time if one.commit else 0 for one in (row, other)]
    return times[0] < times[1] if row.kind == MUST_CHANGE else times[0] > times[1]


def _is_file(change: Change) -> bool:
    return not change.path.startswith(_OWN)


def _since_setup(commits: list[Commit]) -> list[Change]:
    """Return the changes of all commits since the first change in ``.sealedfiles``.

    Earlier versions need not be read: without a group there are no tokens.
    """
    begun: set[str] = set()
    changes: list[Change] = []
    for commit in reversed(commits):
        if any(parent.oid in begun for parent in commit.parents) or not all(
            map(_is_file, commit.changes())
        ):
            begun.add(commit.oid)
            changes += filter(_is_file, commit.changes())
    return changes


def _of_head(commits: list[Commit]) -> list[Commit]:
    """Return the *commits* that are reachable from the first of them, the staged version."""
    reached = {""}
    found = []
    for commit in commits:
        if commit.oid in reached:
            reached.update(parent.oid for parent in commit.parents)
            found.append(commit)
    return found


def _access_of(name: str, clone: Clone, commits: list[Commit]) -> list[Membership]:
    """Return the access of *name* to every group, from all *commits* (children first) and the index.

    Every key that a group had in any version with the reader's key file counts as known to the reader.
    """
    file = re.compile(rf"{re.escape(NAME)}/keys/([^/]+)/(?:{re.escape(name)}\.age|epochs)".encode())
    keys: dict[str, set[str]] = {}
    begin: dict[str, Commit] = {}
    end: dict[str, Commit] = {}
    for commit in reversed(commits):
        groups = set()
        for change in commit.changes():
            match = file.fullmatch(change.path)
            if match is None or not NAME_RE.fullmatch(group := match[1].decode("utf-8", "replace")):
                continue
            groups.add(group)
            if not change.path.endswith(b".age"):
                continue
            if change.new:
                begin.setdefault(group, commit)
            else:
                end[group] = commit
        folder = TreeFolder(clone.objects, commit.oid)
        for group in groups:
            keys.setdefault(group, set()).update(_keys_in(folder, group, name))
    index = IndexFolder(clone.objects, clone.index)
    now = {group for group in group_names(index) if name in members(index, group)}
    for group in now:
        keys.setdefault(group, set()).update(_keys_in(index, group, name))
    return [
        Membership(
            group,
            frozenset(ids),
            begin.get(group),
            None if group in now else end.get(group),
            group in now,
            not ids.isdisjoint(epoch_ids(index, group)[-1:]),
        )
        for group, ids in sorted(keys.items())
        if ids
    ]


def _keys_in(folder: MetadataSource, group: str, name: str) -> Iterable[str]:
    """Return the ids of all keys of *group* in a version of the folder in which *name* is a reader of it."""
    if name not in members(folder, group):
        return ()
    data = b""
    with suppress(TamperedError):  # in a past commit, it may have been a symbolic link
        data = folder.read(f"keys/{group}/epochs") or b""
    return [match.decode("ascii") for match in _KEY_ID.findall(data)]
