"""Find the commit that last changed each value.

As in `git blame`, each value is followed from commit to parent as long as a parent has the same value.  A
new token is not a change if both tokens decrypt to the same value.  Renamed files are recognized by their
file id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from sealedfiles.app.history.values import ELSEWHERE, Contents, PastValue, TokenOpener, file_id_of
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import Commit, Parent, read_commits, staged
from sealedfiles.git.worktree import tracked_sealed_files
from sealedfiles.light_typing import NamedTuple
from sealedfiles.sealing.collector import without_collector
from sealedfiles.util.progress import Progress


class CurrentValue(NamedTuple):
    """A value of a file in the index."""

    file: bytes
    value: PastValue


class Age(NamedTuple):
    """The last change of a value."""

    file: bytes
    path: bytes
    """Its place (see ``history.values``)."""
    commit: Commit | None
    """The commit, as returned by ``since``."""
    is_open: bool
    """Whether values were compared.  If not, only tokens were, and resealing counts as a change."""


@without_collector
def ages(
    clone: Clone, wanted: Callable[[bytes, bytes], bool], keys: TokenOpener, now: int
) -> list[Age]:
    """Return the age of each sealed value in the index, in file order, if *wanted* (file, place) is true.

    *now* is used as the time at which staged values changed.  Sealed comments are not values.
    """
    clone.allow_fetching()
    contents = Contents(clone, keys)
    subjects = [
        CurrentValue(entry.path, value)
        for entry in tracked_sealed_files(clone)
        for value in contents.of(entry.path, entry.oid)
        if value.token and value.path != ELSEWHERE and wanted(entry.path, value.path)
    ]
    if not subjects:
        return []
    found = since_head(clone, subjects, contents, now)
    lines: dict[tuple[bytes, bytes, str | None], Age] = {}
    for (file, value), commit in zip(subjects, found, strict=True):
        # List items share one place; those with the same age are reported once.
        line = file, value.path, commit.oid if commit else None
        lines[line] = Age(file, value.path, commit, value.text is not None)
    return list(lines.values())


def since_head(
    clone: Clone, subjects: list[CurrentValue], contents: Contents, now: int
) -> list[Commit | None]:
    """Return what ``since`` does, for the staged version and the commits of this branch."""
    index = staged(clone.repository, now)
    with Progress("commits") as progress:
        commits = read_commits(clone.repository, "HEAD", progress=progress) if index else iter(())
        return since(subjects, chain([index] if index else (), commits), contents)


_Suspects = dict[bytes, set[int]]
"""Positions of the subjects that a commit may have changed, by the path of their file in that commit."""


def since(
    subjects: list[CurrentValue], commits: Iterable[Commit], contents: Contents
) -> list[Commit | None]:
    """Return for each of *subjects* the commit that last changed it.

    A commit with an empty id means that the change is only staged, None that no commit has the value.
    *commits* start with the staged version, and list children before parents; they are read only as far
    as needed.
    """
    return _Ages(subjects, contents).trace(commits)


class _Removed(NamedTuple):
    """A file that a commit removed."""

    position: int
    path: bytes
    values: list[PastValue]


class _Ages:
    def __init__(self, subjects: list[CurrentValue], contents: Contents) -> None:
        self._subjects = subjects
        self._contents = contents
        self._found: list[Commit | None] = [None] * len(subjects)
        self._waiting: dict[str, _Suspects] = {}
        self._removed: tuple[Parent | None, dict[str, _Removed]] = None, {}
        """The result of ``_removed_from`` for the last parent, as many files may be new in a commit."""

    def trace(self, commits: Iterable[Commit]) -> list[Commit | None]:
        start: _Suspects = {}
        for number, subject in enumerate(self._subjects):
            start.setdefault(subject.file, set()).add(number)
        self._waiting[""] = start
        for commit in commits if start else ():
            mine = self._waiting.pop(commit.oid, None)
            if mine:
                self._blame(commit, mine)
            if not self._waiting:
                break
        return self._found

    def _blame(self, commit: Commit, mine: _Suspects) -> None:
        changed = [{one.path: one for one in parent.changes} for parent in commit.parents]
        first, rows = commit.parents[0], changed[0]
        moved = {path: mine.pop(path) for path in rows if path in mine}
        for path, numbers in moved.items():
            # If another parent has the same file, the merge took it from that parent.
            same = next((n for n, other in enumerate(changed) if path not in other), None)
            if same is not None:
                self._wait(commit.parents[same].oid, {path: numbers})
                continue
            left = numbers
            for parent, own in zip(commit.parents, changed, strict=True):
                before, old = self._before(parent, path, own[path].old, left)
                kept = {n for n in left if any(self._subjects[n].value.is_same(v) for v in old[n])}
                if kept and parent.oid:
                    self._wait(parent.oid, {before: kept})
                    left = left - kept
            for number in left:
                self._found[number] = commit
        if mine and first.oid:
            self._wait(first.oid, mine)

    def _before(
        self, parent: Parent, path: bytes, old: str, numbers: set[int]
    ) -> tuple[bytes, dict[int, list[PastValue]]]:
        """Return the path of the file in a parent, and for each of *numbers* the values at its place."""
        values = self._contents.of(path, old)
        if not old:
            ids = {file_id_of([self._subjects[number].value]) for number in numbers} - {""}
            removed = self._removed_from(parent) if ids else {}
            candidates = [removed[one] for one in ids if one in removed]
            if candidates:
                _, path, values = min(candidates, key=lambda one: one.position)
        places: dict[bytes, list[PastValue]] = {}
        for value in values:
            places.setdefault(value.path, []).append(value)
        return path, {n: places.get(self._subjects[n].value.path, []) for n in numbers}

    def _removed_from(self, parent: Parent) -> dict[str, _Removed]:
        """Return the files of a parent that the commit removed, by their file ids."""
        if self._removed[0] is not parent:
            found: dict[str, _Removed] = {}
            for position, gone in enumerate(parent.changes):
                if gone.old and not gone.new:
                    values = self._contents.of(gone.path, gone.old)
                    found.setdefault(file_id_of(values), _Removed(position, gone.path, values))
            self._removed = parent, found
        return self._removed[1]

    def _wait(self, commit: str, suspects: _Suspects) -> None:
        there = self._waiting.get(commit, {})
        # Most files do not change for many commits: avoid copying them at each one.
        many, few = (there, suspects) if len(there) > len(suspects) else (suspects, there)
        for path, numbers in few.items():
            many[path] = many.get(path, set()) | numbers
        self._waiting[commit] = many
