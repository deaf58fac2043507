"""Find the first and the last commit, and the path, of blobs that may be anywhere in history."""

from __future__ import annotations

from collections import defaultdict

from sealedfiles.app.check.held_findings import MESSAGE
from sealedfiles.git.all_objects import all_commits
from sealedfiles.git.commits import read_first_parents
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sealedfiles.git.commits import Commit
    from sealedfiles.git.repository import Repository

_Place = tuple[bytes, str]
"""A path and a blob."""


class CommitDate(NamedTuple):
    """A commit and its position among all commits, parents first."""

    number: int
    oid: str
    date: str


class Span(NamedTuple):
    """The commits that have a file."""

    path: bytes
    first: CommitDate
    last: CommitDate
    is_reachable: bool
    """Whether a ref reaches one of them."""

    def joined(self, other: Span) -> Span:
        """Return the span from the first to the last commit of both."""
        first, last = min(self.first, other.first), max(self.last, other.last)
        return Span(self.path, first, last, self.is_reachable or other.is_reachable)


def find_spans(repository: Repository, oids: Collection[str]) -> dict[str, list[Span]]:
    """Return for each of the objects *oids* the paths at which commits have it.

    A blob that no commit has is missing in the result.  A commit itself is at the path ``MESSAGE``.
    """
    if not oids:
        return {}
    reachable = set(repository.run("rev-list", "--all").decode("ascii").split())
    with Progress("commits") as progress:
        commits = read_first_parents(repository, all_commits(repository), progress=progress)
        states = _states(commits, frozenset(oids), reachable)
    found: dict[_Place, Span] = {}
    for places, span in states.items():
        for place in places:
            own = span._replace(path=place[0])
            found[place] = found[place].joined(own) if place in found else own
    spans: dict[str, list[Span]] = defaultdict(list)
    for (_, oid), span in sorted(found.items()):
        spans[oid].append(span)
    return spans


def _states(
    commits: Iterable[Commit], oids: frozenset[str], reachable: set[str]
) -> dict[frozenset[_Place], Span]:
    """Return which of *oids* commits have, and where, with the span of the commits that have just these.

    Few commits change one of the blobs, so there are few states.
    """
    states: dict[frozenset[_Place], Span] = {}
    of_commit: dict[str, frozenset[_Place]] = {}
    nothing: frozenset[_Place] = frozenset()
    for number, commit in enumerate(commits):
        state = of_commit.get(commit.parents[0].oid, nothing)
        changed = set(_changed(commit, oids))
        if changed:
            paths = {path for path, _ in changed}
            kept = (place for place in state if place[0] not in paths)
            state = frozenset([*kept, *(place for place in changed if place[1] in oids)])
        if state:
            of_commit[commit.oid] = state
        own = frozenset({(MESSAGE, commit.oid)} if commit.oid in oids else ())
        if state or own:
            here = CommitDate(number, commit.oid, commit.date)
            span = Span(b"", here, here, commit.oid in reachable)
            for one in filter(None, (state, own)):
                states[one] = states[one].joined(span) if one in states else span
    return states


def _changed(commit: Commit, oids: frozenset[str]) -> Iterator[_Place]:
    """Yield the places that *commit* adds or takes one of the blobs from."""
    for change in commit.changes():
        if change.new in oids or change.old in oids:
            yield change.path, change.new
